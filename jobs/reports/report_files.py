"""Reports of what is stored: of one run, or of several compared with the first."""

from collections.abc import Callable, Sequence

from core.datasets import opening
from core.errors import DataError, DataSetError
from jobs.reports import comparison_report, recipe_report, run_report
from jobs.reports.document import Document
from jobs.reports.html import as_html
from jobs.reports.markdown import as_markdown
from jobs.reports.report_sections import Images
from jobs.reports.run_report import RunFacts
from jobs.results.comparisons import NotComparable, compare_groups, compare_runs, other_images
from jobs.results.seed_groups import Group
from jobs.settings import settings
from jobs.store.queries import NoPredictions, get_predictions, list_attempts, list_epochs
from jobs.store.records import Predictions, Run, RunStatus
from jobs.store.store import Store

FORMATS: dict[str, Callable[[Document], str]] = {"html": as_html, "md": as_markdown}

MOST = 500
"""So many runs make a file of some 4 MB."""


def report(store: Store, runs: Sequence[Run], form: str = "html") -> str:
    """The report of one run, or of the comparison of several with the first, in one of FORMATS.

    Raise NotComparable if the runs cannot be compared, or are too many for one file.
    """
    if len(runs) > 1:
        return FORMATS[form](_of_several(store, runs))
    facts = facts_of(store, runs[0])
    return FORMATS[form](
        run_report.document(facts, None if facts.tested is None else _images_of(runs[0], facts.tested))
    )


def report_recipes(store: Store, groups: Sequence[Group], form: str = "html") -> str:
    """The report of groups of seeds compared as recipes with the first, in one of FORMATS. Raise NotComparable."""
    return FORMATS[form](recipe_report.document(compare_groups(store, groups)))


def facts_of(store: Store, described: Run) -> RunFacts:
    """Everything that is stored of a run."""
    return RunFacts(
        run=described,
        epochs=list_epochs(store, [described.id])[described.id],
        attempts=list_attempts(store, described.id),
        tested=get_predictions(store, described.id) if described.status == RunStatus.FINISHED else None,
        validated=_validated(store, described) if described.status == RunStatus.FINISHED else None,
    )


def _validated(store: Store, described: Run) -> Predictions | None:
    try:
        return get_predictions(store, described.id, "validation")
    except NoPredictions:
        return None


def _of_several(store: Store, runs: Sequence[Run]) -> Document:
    if len(runs) > MOST:
        raise NotComparable(
            f"A report covers at most {MOST} runs, and {len(runs):,} are named.",
            "Name fewer; `python -m jobs compare --json` compares any number.",
        )
    compared = compare_runs(store, runs)
    tested = compared.predictions[compared.runs[0].id]
    return comparison_report.document(
        compared, list_epochs(store, [run.id for run in compared.runs]), _images_of(compared.runs[0], tested)
    )


def _images_of(run: Run, tested: Predictions) -> Images | None:
    """The test images, if they are here and are those that were answered."""
    try:
        data = opening.open_version(settings().data, run.config.data)
    except (DataError, DataSetError):
        return None
    return None if other_images(tested, data.test_labels) else data.test_images
