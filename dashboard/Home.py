"""The dashboard: streamlit run dashboard/Home.py."""

import sys
from pathlib import Path

import streamlit as st

ROOT = str(Path(__file__).resolve().parent.parent)


def main() -> None:
    """Show the page that the URL names, and start what waits in the queue."""
    from dashboard import page, queries

    st.set_page_config(page_title="Lookbook", page_icon="👕", layout="wide")
    page.apply_style_sheet()
    pages = [st.Page(f"views/{name}.py", title=name.title(), default=name == "home") for name in page.VIEWS]
    view = st.navigation(pages, position="top")
    with page.errors_said():
        if problem := queries.keep_work_going():
            st.warning(page.plain(problem))
        page.say_notices()
        view.run()


# Streamlit puts only this folder on the path; the packages stand beside it unless they are installed.
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)
main()
