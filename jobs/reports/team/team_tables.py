"""The tables of a team in words, composed once for pages and the command line."""

import json
from collections.abc import Callable, Sequence

from core.statistics import wording
from jobs.people import Role
from jobs.reports.document import Table
from jobs.settings import settings
from jobs.team.change_record import Change
from jobs.team.deliveries import Delivery
from jobs.team.members import Grant, Member

LONGEST_RECORDED = 120
"""Letters of what was there before or after a change; the record itself and its CSV have all."""
_Moment = Callable[[float | None], str]


def changes(listed: Sequence[Change], moment: _Moment = wording.moment, *, of_one_run: bool = False) -> Table:
    """Who did what and when, with what was there before and after; without the run where all are of one."""
    rows = tuple(
        (
            moment(change.at),
            _who(change),
            change.action,
            *([] if of_one_run else [change.run_id or wording.NOTHING]),
            change.subject or wording.NOTHING,
            *map(_recorded, (change.before, change.after)),
        )
        for change in listed
    )
    header = ("When", "Who", "What", *([] if of_one_run else ["Run"]), "Of what", "Before", "After")
    return Table("", header, rows, figures_from=None)


def people(members: Sequence[Member], grants: Sequence[Grant], moment: _Moment = wording.moment) -> Table:
    """Who has signed in, with the role that they have by their address, who gave it, and whether they may come in."""
    given = {grant.subject: grant for grant in grants}
    rows = tuple(
        (
            member.name,
            member.id,
            *_role_of(member, given.get(member.id)),
            moment(member.first_at),
            moment(member.seen_at),
            wording.NOTHING if member.removed_at is None else moment(member.removed_at),
        )
        for member in members
    )
    header = ("Name", "E-mail address", "Role", "Given by", "First signed in", "Last signed in", "Kept out since")
    return Table("", header, rows, figures_from=None)


def other_grants(members: Sequence[Member], grants: Sequence[Grant], moment: _Moment = wording.moment) -> Table:
    """The roles of groups, and of people who have not signed in yet."""
    here = {member.id for member in members}
    rows = tuple(
        (grant.subject, grant.role.word, grant.given_by, moment(grant.given_at))
        for grant in grants
        if grant.subject not in here
    )
    return Table("", ("Of whom", "Role", "Given by", "Given"), rows, figures_from=None)


def newcomers() -> str:
    """What people may do who have been given no role, as a sentence."""
    role = Role.named(settings().newcomers)
    may = f"has the role {role.word}" if role else "may not come in"
    return f"Whoever signs in and has been given no role {may}."


def _role_of(member: Member, grant: Grant | None) -> tuple[str, str]:
    if member.id in settings().admin_ids:
        return Role.ADMIN.word, "the settings of the server"
    return (grant.role.word, grant.given_by) if grant else (wording.NOTHING, wording.NOTHING)


def _who(change: Change) -> str:
    """The name at that time, and the address that tells people of one name apart."""
    return change.person_name if change.person_name == change.person else f"{change.person_name} ({change.person})"


def _recorded(value: object) -> str:
    """A value of the record in one line of at most LONGEST_RECORDED letters."""
    if value is None or value in ("", []):
        return wording.NOTHING
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_RECORDED else f"{line[: LONGEST_RECORDED - 1]}…"


def deliveries_table(listed: Sequence[Delivery], moment: _Moment = wording.moment) -> Table:
    """What is told outside, with the last problem of each delivery."""
    header = ("Id", "Event", "Since", "State", "Tries", "Last problem", "Text")
    return Table("Deliveries", header, tuple(_delivery_row(delivery, moment) for delivery in listed))


def _delivery_row(delivery: Delivery, moment: _Moment) -> tuple[str, ...]:
    waiting = delivery.next_at is not None
    state = f"to be tried at {moment(delivery.next_at)}" if waiting else "given up"
    return (
        delivery.id,
        delivery.event,
        moment(delivery.created_at),
        state if delivery.delivered_at is None else "delivered",
        str(delivery.tries),
        (delivery.problem or wording.NOTHING).splitlines()[-1],
        delivery.text,
    )
