"""team: who may do what, and who did what."""

import sys
from dataclasses import asdict
from datetime import datetime, timedelta

import click

from core.statistics import wording
from jobs.cli import output
from jobs.cli.parameters import csv_option, json_option, text
from jobs.cli.parsing import command, refuse_both
from jobs.people import Role
from jobs.reports import csv_tables
from jobs.reports.team import team_tables
from jobs.running.background import open_here
from jobs.store.queries import RunNotFound, find_run
from jobs.store.store import Store
from jobs.team import members
from jobs.team.change_record import Action, Wanted, list_changes

_NONE = "none"
_day = click.DateTime(["%Y-%m-%d"])
_person_argument = click.argument("person", metavar="E-MAIL", type=text)


@click.group("team")
def team() -> None:
    """Give people roles, and show who did what.

    It acts for you as the operating system's user, who may do everything.
    """


@command("list")
@json_option
def list_team(as_json: bool) -> None:
    """List people and roles."""
    store = open_here()
    people, grants = members.list_members(store), members.list_grants(store)
    if as_json:
        given = [{**asdict(grant), "role": grant.role.word} for grant in grants]
        print(output.as_json({"people": [asdict(person) for person in people], "roles": given}))
        return
    tables = (team_tables.people(people, grants), team_tables.other_grants(people, grants))
    print("\n\n".join(output.table(table) for table in tables if table.rows) or "Nobody has signed in yet.")
    print(team_tables.newcomers(), file=sys.stderr)


@command("role")
@click.argument("subject", metavar="E-MAIL|group:NAME", type=text)
@click.argument("role", metavar="ROLE", type=click.Choice([_NONE, *(role.word for role in Role)]))
def give_role(subject: str, role: str) -> None:
    """Give somebody or a group a role, or with none take it away.

    ROLE is none, look, review, launch or admin.
    """
    members.give_role(open_here(), subject, Role.named(role))
    print(f"{subject} now has {'no role of their own' if role == _NONE else f'the role {role}'}.", file=sys.stderr)


@command("remove")
@_person_argument
def remove(person: str) -> None:
    """Keep somebody out; their runs go on."""
    members.set_removed(open_here(), person.lower(), True)
    print(f"{person} is kept out from now on.", file=sys.stderr)


@command("let-in")
@_person_argument
def let_in(person: str) -> None:
    """Let somebody in again who was kept out."""
    members.set_removed(open_here(), person.lower(), False)
    print(f"{person} may come in again.", file=sys.stderr)


@command("record")
@click.option("--run", type=text, metavar="RUN", help="Only changes of this run, also a deleted one by its id.")
@click.option("--person", type=text, default="", metavar="E-MAIL", help="Only by this person.")
@click.option(
    "--action", "actions", type=click.Choice(sorted(map(str, Action))), multiple=True, help="Only this (repeatable)."
)
@click.option("--from", "first", type=_day, metavar="DAY", help="From this day on, 2026-03-14.")
@click.option("--to", "last", type=_day, metavar="DAY", help="Up to this day, which counts.")
@click.option("--limit", type=click.IntRange(min=1, max=1_000_000_000), metavar="N", help="At most N changes.")
@csv_option
@json_option
def show_record(
    run: str | None,
    person: str,
    actions: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    limit: int | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show who changed what and when, newest first."""
    refuse_both(csv=as_csv, json=as_json)
    store = open_here()
    since = first.timestamp() if first else None
    until = (last + timedelta(days=1)).timestamp() if last else None
    wanted = Wanted(_run_id(store, run) if run else "", person.lower(), actions, since, until)
    listed = list_changes(store, wanted, limit=limit)
    if as_csv:
        print(csv_tables.changes(listed), end="")
    elif as_json:
        print(output.as_json([asdict(change) for change in listed]))
    elif listed:
        print(output.table(team_tables.changes(listed, wording.moment)))
    else:
        print("No changes match.", file=sys.stderr)


def _run_id(store: Store, words: str) -> str:
    """The id of a run; of one that is gone only the id itself is known."""
    try:
        return find_run(store, words).id
    except RunNotFound:
        return words


for _command in (list_team, give_role, remove, let_in, show_record):
    team.add_command(_command)
