"""The people who have signed in and the roles that were given, with what gives and takes them."""

from collections.abc import Sequence

import streamlit as st

from dashboard import page
from dashboard.elements.linked_table import linked_table
from dashboard.queries import run_queries
from jobs.people import Role
from jobs.reports.team import team_tables
from jobs.team import members
from jobs.team.members import Member
from jobs.team.permission import what_may

_NONE = "none"
_ROLES = {
    _NONE: "None of their own: what everybody new has",
    **{role.word: f"{role.word.capitalize()}: {what_may(role)}" for role in Role},
}


def show() -> None:
    """Tables of people and of the other roles that were given, then the controls."""
    store = run_queries.store()
    people, grants = members.list_members(store), members.list_grants(store)
    st.caption(f"{team_tables.newcomers()} Of several roles, by address and by group, the highest counts.")
    if people:
        table = team_tables.people(people, grants, page.moment)
        linked_table(table.header, table.rows, "People", key="people", figures_from=len(table.header))
    else:
        st.info("Nobody has signed in yet. Roles can be given beforehand.")
    others = team_tables.other_grants(people, grants, page.moment)
    if others.rows:
        st.subheader("Groups and people who have not signed in", anchor=False)
        linked_table(others.header, others.rows, "Other roles", key="grants", figures_from=len(others.header))
    left, right = st.columns(2)
    with left:
        _give()
    with right:
        _keep_out(people)


def _give() -> None:
    st.subheader("Give or take away a role", anchor=False)
    with st.form("give_role"):
        subject = st.text_input(
            "E-mail address, or group: and the name of a group", placeholder="anna@example.org"
        ).strip()
        role = st.selectbox("Role", list(_ROLES), format_func=_ROLES.__getitem__, index=1)
        st.caption("Takes effect at once in every page that they have open.")
        if st.form_submit_button("Save the role", type="primary"):
            with page.errors_said():
                members.give_role(run_queries.store(), subject, Role.named(role))
                page.notice(
                    f"{subject} has no role of their own now."
                    if role == _NONE
                    else f"{subject} has the role {role} now."
                )
                st.rerun()


def _keep_out(people: Sequence[Member]) -> None:
    st.subheader("Keep somebody out", anchor=False)
    with st.form("keep_out"):
        names = {person.id: f"{person.name} · {person.id}" for person in people}
        chosen = st.selectbox("Person", list(names), None, format_func=names.__getitem__, placeholder="Choose")
        st.caption("Takes effect at once in every page that they have open. Their runs go on and stay theirs.")
        with st.container(horizontal=True):
            removed = st.form_submit_button("Keep out")
            let_in = st.form_submit_button("Let in again")
        if removed or let_in:
            with page.errors_said():
                members.set_removed(run_queries.store(), chosen or "", removed)
                page.notice(f"{chosen} {'is kept out' if removed else 'may come in again'}.")
                st.rerun()
