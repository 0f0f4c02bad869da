"""The dashboard: streamlit run dashboard/Home.py.

Streamlit imports this file once as a server, which is what `app` is, and runs it as a script for every page.
"""

import sys
from pathlib import Path

import streamlit as st

ROOT = str(Path(__file__).resolve().parent.parent)


def main() -> None:
    """Show the page that the URL names, and start what waits in the queue."""
    from dashboard import page, permitted, pickers

    st.set_page_config(page_title="Lookbook", page_icon="👕", layout="wide")
    page.apply_style_sheet()
    pickers.begin()
    with permitted.rights_read_once():
        _show_page()


def _show_page() -> None:
    from dashboard import page, sessions, sign_in
    from dashboard.queries import run_queries

    refused = sign_in.refusal()
    hidden = () if sign_in.leads_team() else (page.TEAM,)
    pages = [
        st.Page(
            f"views/{name}.py",
            title=name.title(),
            default=name == page.VIEWS[0],
            visibility="hidden" if name in hidden else "visible",
        )
        for name in page.VIEWS
    ]
    view = st.navigation(pages, position="hidden" if refused else "top")
    if refused:
        sign_in.ask(refused)
        return
    with page.errors_said():
        sign_in.name_plate()
        if problem := run_queries.keep_work_going():
            st.warning(page.trouble(problem))
        page.say_notices()
        sessions.come_back()
        sessions.say_begun_anew(view.url_path)
        view.run()


# Streamlit puts only this folder on the path; the packages stand beside it unless they are installed.
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)
if __name__ == "__main__":
    main()
else:
    from starlette.middleware import Middleware

    from dashboard import page
    from dashboard.addresses import Addresses, opened_in_browser
    from dashboard.gates import start_check
    from dashboard.gates.gate import sign_in_gate
    from dashboard.health_endpoint import HealthEndpoint
    from dashboard.protection import Protection

    stack = [
        Middleware(Protection),
        Middleware(HealthEndpoint),
        Middleware(sign_in_gate, views=page.VIEWS),
        Middleware(Addresses, views=page.VIEWS, home=page.VIEWS[0]),
    ]
    app = st.App(Path(__file__).resolve(), middleware=stack, lifespan=opened_in_browser)
    # With the app Streamlit has found its configuration beside this file, whatever server has imported it.
    start_check.check()
