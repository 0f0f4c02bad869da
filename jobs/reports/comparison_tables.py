"""The tables of several runs or recipes in words, composed once for pages, reports and the command line."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.answers.verdict import Verdict
from core.config import RunConfig
from core.statistics import wording
from core.statistics.breakdown import PairDifference
from core.statistics.comparison import Comparison
from core.statistics.metrics import accuracy, top_k_accuracy
from core.statistics.recipes import RecipeComparison, RecipeFigures
from core.statistics.subsets import Subset
from jobs.reports.document import Table
from jobs.results import run_wording
from jobs.results.comparisons import distinct_names
from jobs.results.photo_calibration import BY_ITSELF, SetResult
from jobs.results.seed_groups import Group
from jobs.store.records import Predictions, Run

PAIRS_LISTED = 10
VERDICTS: tuple[Verdict, ...] = ("sure", "not sure", "none of these")


def runs(compared: Sequence[Run]) -> Table:
    """What each run is and has reached; the first of them is the baseline, from which losses have their difference."""
    names = distinct_names(compared)
    rows = tuple(
        (
            names[run.id],
            run.id,
            run_wording.model(run),
            str(run.seed),
            run_wording.accuracy(run),
            _loss(run, compared[0]),
            run_wording.best_validation(run),
            wording.duration(run.work_s),
            wording.count(run.parameters_trained),
        )
        for run in compared
    )
    header = (
        *("Run", "Id", "Model", "Seed", "Test accuracy (95 % interval)", "Test loss"),
        *("Best validation", "Training time", "Trained parameters"),
    )
    return Table("The runs, the baseline first", header, rows, figures_from=3)


def against_baseline(comparisons: Sequence[Comparison]) -> Table:
    """Each run but the baseline by the images that it and the baseline have right."""
    rows = tuple(
        (
            comparison.name_b,
            wording.count(comparison.both_right),
            wording.count(comparison.only_a),
            wording.count(comparison.only_b),
            wording.count(comparison.both_wrong),
            wording.difference(comparison.difference, comparison.low, comparison.high),
            wording.p_value(comparison.p_adjusted) if comparison.n else wording.NOTHING,
            _verdict(comparison),
        )
        for comparison in comparisons
    )
    header = (
        *("Against the baseline", "Both right", "Only baseline right", "Only this right", "Both wrong"),
        *("Difference in points (95 % interval)", "Exact McNemar p (Holm)", "Verdict"),
    )
    return Table("Images by who is right, and exact McNemar test", header, rows)


def classes(comparison: Comparison) -> Table:
    """Two runs class by class, in the order of the labels."""
    rows = tuple(
        (
            each.name,
            wording.share_of(each.accuracy_a, each.n),
            wording.share_of(each.accuracy_b, each.n),
            wording.count(each.only_a),
            wording.count(each.only_b),
            wording.difference(each.difference, each.low, each.high),
            wording.p_value(each.p_adjusted) if each.n else wording.NOTHING,
        )
        for each in comparison.classes
    )
    a, b = comparison.name_a, comparison.name_b
    header = ("Class", a, b, f"Only {a} right", f"Only {b} right", "Points (95 % interval)", "p (Holm)")
    return Table("Share of each class's images predicted right (95 % interval)", header, rows)


def most_changed(comparison: Comparison) -> list[PairDifference]:
    """The confusions that changed most, the surest changes first."""
    ordered = sorted(comparison.pairs, key=lambda pair: (pair.p_adjusted, -abs(pair.count_b - pair.count_a)))
    return ordered[:PAIRS_LISTED]


def pairs(comparison: Comparison) -> Table:
    """The confusions that changed most, in images."""
    names = [each.name for each in comparison.classes]
    rows = tuple(
        (
            names[pair.true],
            names[pair.predicted],
            *map(wording.count, (pair.count_a, pair.count_b, pair.only_a, pair.only_b)),
            wording.p_value(pair.p_adjusted),
        )
        for pair in most_changed(comparison)
    )
    a, b = comparison.name_a, comparison.name_b
    header = ("True", "Predicted", a, b, f"Only {a}", f"Only {b}", "p (Holm)")
    return Table("The confusions that changed most", header, rows, figures_from=2)


def settings(configs: Mapping[str, RunConfig], *, everything: bool = False, without: str = "") -> Table:
    """The settings in which configs, by the names of their runs, differ; or every setting; `without` one of them."""
    names = [name for name in RunConfig.model_fields if name != without]
    values = {name: [_brief(name, getattr(config, name)) for config in configs.values()] for name in names}
    rows = tuple((name, *row) for name, row in values.items() if everything or len(set(row)) > 1)
    return Table("Settings" if everything else "Settings that differ", ("Setting", *configs), rows, figures_from=None)


def same_settings(configs: Mapping[str, RunConfig]) -> Table:
    """The settings that all configs have alike."""
    rows = (row[:2] for row in settings(configs, everything=True).rows if len(set(row[1:])) == 1)
    return Table("Settings that are the same", ("Setting", "Value"), tuple(rows), figures_from=None)


def recipes(
    groups: Sequence[Group], figures: Sequence[RecipeFigures], against: Sequence[RecipeComparison] = ()
) -> Table:
    """The accuracy of groups over their finished seeds; with `against` each but the first against it, the baseline."""
    rows = [_recipe(group, accuracy) for group, accuracy in zip(groups, figures, strict=True)]
    header: tuple[str, ...] = ("Recipe", "Finished", "Mean accuracy (95 % interval)", "Standard deviation in points")
    if against:
        cells = [(wording.NOTHING, wording.NOTHING, "baseline"), *map(_against, against)]
        rows = [(*row, *more) for row, more in zip(rows, cells, strict=True)]
        header = (*header, "Difference in points (95 % interval)", "p (Holm)", "Verdict")
    return Table("Accuracy on the test images, over the finished seeds", header, tuple(rows))


def seeds(groups: Sequence[Group]) -> Table:
    """Every run of the groups."""
    rows = tuple(
        (run.name, run.id, group.name, str(run.seed), run_wording.state(run), run_wording.accuracy(run))
        for group in groups
        for run in group.runs
    )
    header = ("Run", "Id", "Recipe", "Seed", "State", "Test accuracy (95 % interval)")
    return Table("Every run of the groups", header, rows, figures_from=5)


def subsets(measured: Sequence[Subset]) -> Table:
    """The accuracy of runs on all test images, and without those that are flagged."""
    names = tuple(measured[0].right) if measured else ()
    rows = tuple(
        (
            subset.name,
            wording.count(subset.n),
            *(wording.share_of(subset.accuracy(name), subset.n) for name in names),
        )
        for subset in measured
    )
    return Table("Accuracy with and without data issues (95 % interval)", ("Test images", "Images", *names), rows)


def photo_results(
    answers: Mapping[str, Predictions],
    verdicts: Mapping[str, Sequence[Verdict | None]],
    sets: Mapping[str, SetResult | None],
) -> Table:
    """How runs, by their names, do on photos whose classes are known, and how many have which verdict.

    Of each verdict how many answers are wrong; nothing of a run that gives none. Of sets of classes how many hold the
    true class, how many classes they have on average, and what calibrated them.
    """
    rows = tuple(
        (name, *_photo_result(tested, verdicts[name]), *_set_result(sets[name])) for name, tested in answers.items()
    )
    header = (
        *("Run", "Accuracy (95 % interval)", "Among the first two", *map(str.capitalize, VERDICTS)),
        *("Sets with the true class", "Classes in a set", "Sets calibrated on"),
    )
    return Table("Accuracy on photos, and how many have which verdict", header, rows)


def _loss(run: Run, baseline: Run) -> str:
    words = wording.number(run.test_loss)
    if run.test_loss is None or baseline.test_loss is None or run.test_loss == baseline.test_loss:
        return words
    return f"{words} ({run.test_loss - baseline.test_loss:+.4f})"


def _verdict(comparison: Comparison) -> str:
    """How a run stands against the baseline, in the word that recipes have for it."""
    if comparison.better is None:
        return "tied"
    return "better" if comparison.better == comparison.name_b else "worse"


def _brief(name: str, value: object) -> str:
    """A setting as a column has room for it: of a file its name only; its whole path is in the run's own config."""
    return Path(str(value)).name if name == "weights_file" and value else wording.setting(value)


def _recipe(group: Group, figures: RecipeFigures) -> tuple[str, ...]:
    over_seeds = figures.accuracy
    finished = f"{over_seeds.n} of {wording.counted(len(group.runs), 'seed')}"
    if over_seeds.low is None or over_seeds.high is None or over_seeds.sd is None:
        # One seed has the interval of its images.
        spread = "one seed: unknown" if over_seeds.n else wording.NOTHING
        return group.name, finished, wording.share_of(over_seeds.mean, figures.images), spread
    mean = f"{wording.percent(over_seeds.mean)} ({wording.percent_interval(over_seeds.low, over_seeds.high)})"
    return group.name, finished, mean, f"{100 * over_seeds.sd:.2f}"


def _against(comparison: RecipeComparison) -> tuple[str, ...]:
    difference = wording.difference(comparison.difference, comparison.low, comparison.high)
    p = wording.NOTHING if comparison.p_adjusted is None else wording.p_value(comparison.p_adjusted)
    return difference, p, comparison.verdict


def _photo_result(tested: Predictions, verdicts: Sequence[Verdict | None]) -> tuple[str, ...]:
    labels, wrong = tested.labels, tested.labels != tested.predicted
    given = np.array([verdict or "" for verdict in verdicts])
    return (
        wording.share_of(accuracy(labels, tested.predicted), len(labels)),
        wording.share_of(top_k_accuracy(labels, tested.probabilities), len(labels)),
        *(
            f"{(given == verdict).sum():,} ({(wrong & (given == verdict)).sum():,} wrong)"
            if given.all()
            else wording.NOTHING
            for verdict in VERDICTS
        ),
    )


def _set_result(sets: SetResult | None) -> tuple[str, ...]:
    if sets is None:
        return (wording.NOTHING,) * 3
    measures = sets.measures
    # Of sets that are calibrated by themselves the coverage is no measurement, and has no interval.
    images = None if sets.images == BY_ITSELF else measures.n
    return wording.share_of(measures.coverage, images), f"{measures.mean_size:.2f}", sets.images
