"""Team: who may do what, and who did what? For admins alone."""

from dashboard import page, pickers
from dashboard.queries import run_queries
from dashboard.sections.team import deliveries_section, people_section, record_section
from jobs.people import Role
from jobs.team.permission import require

SECTIONS = {
    "people": ("People and roles", people_section.show),
    "record": ("Record", record_section.show),
    "deliveries": ("Told outside", deliveries_section.show),
}

page.title("Team", "Who may do what, and who did what?")
require(run_queries.store(), Role.ADMIN)
pickers.pick_section("Section", SECTIONS, "section", clears=("page",))()
