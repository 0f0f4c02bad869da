"""Runs: what has been done? All runs as a table, by groups of seeds, or by what they cost; or the one in the URL."""

from dashboard import page, permitted, pickers
from dashboard.queries import run_queries
from dashboard.sections.runs import (
    cost_view,
    group_list,
    machines_panel,
    queue_panel,
    run_actions,
    run_dialogs,
    run_list,
)
from jobs.store.queries import get_run

VIEWS = {
    "list": ("All runs", run_list.show),
    "groups": ("Seed groups", group_list.show),
    "costs": ("Accuracy vs. cost", cost_view.show),
}

run_dialogs.answer()
if asked := next(iter(pickers.in_url("run")), None):
    from dashboard.sections.runs import run_page  # with all its sections a tenth of a second that the list is spared

    run_page.show(get_run(run_queries.store(), asked))
else:
    page.title("Runs", "What has been done?")
    permitted.say_missing(run_actions.TAKES)
    queue_panel.show_queue(folded=True)
    machines_panel.show_machines()
    pickers.pick_section("View", VIEWS, "by", clears=("page",))()
