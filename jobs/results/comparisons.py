"""Runs and groups of seeds compared by their stored predictions: what the command line and reports say of them.

A run without predictions is left out by name; runs that did not answer the same images are refused.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from core.errors import LookbookError
from core.statistics.comparison import Comparison, best_sentence, compare_with_baseline, tied_with_best
from core.statistics.metrics import Labels
from core.statistics.recipes import RecipeComparison, RecipeFigures, compare_recipes_with_baseline, recipe_figures
from jobs.results.description import summarise
from jobs.results.seed_groups import Group, told_apart
from jobs.store.queries import NoPredictions, get_predictions
from jobs.store.records import Predictions, Run
from jobs.store.store import Store

_OTHER_DATA = "Runs with another data set, split or order of labels cannot be compared."

_SPLIT = ("seed", "folds", "fold")
"""The settings that choose the validation images."""

_OF_EACH_RUN = ("id", "name", "model", "seed", "test_accuracy", "test_accuracy_interval")


class NotComparable(LookbookError):
    """The runs named cannot be compared with each other."""

    kind = "run"


@dataclass(frozen=True)
class LeftOut:
    """A run that takes no part in a comparison, and why."""

    run: Run
    reason: str

    @property
    def sentence(self) -> str:
        """The reason with the run's id, as a reader is told it."""
        return f"{self.run.name} ({self.run.id}) is left out: {self.reason}"


@dataclass(frozen=True)
class RunsCompared:
    """Finished runs, the first of them the baseline, and each other one against it.

    `names` and `predictions` are by id; `best` are the names of the run, or the tied runs, that may be called best.
    """

    runs: tuple[Run, ...]
    names: Mapping[str, str]
    predictions: Mapping[str, Predictions]
    comparisons: tuple[Comparison, ...]
    best: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def best_sentence(self) -> str:
        """Which of the runs may be called best."""
        return best_sentence(self.best, len(self.runs))


@dataclass(frozen=True)
class GroupsCompared:
    """Recipes by the finished runs of their groups, and each but the first, the baseline, against the first."""

    groups: tuple[Group, ...]
    figures: tuple[RecipeFigures, ...]
    comparisons: tuple[RecipeComparison, ...]
    left_out: tuple[LeftOut, ...]


def compare_runs(store: Store, runs: Sequence[Run], split: str = "test") -> RunsCompared:
    """Compare each run but the first with the first, the baseline, on the test images or those of another split.

    Raise NotComparable when fewer than two different runs have predictions, when the baseline has none, or when the
    labels are not the same.
    """
    asked = list({run.id: run for run in runs}.values())
    predictions, left_out = _predictions_of(partial(get_predictions, store, split=split), asked)
    _require_two(asked, predictions, left_out)
    kept = tuple(run for run in asked if run.id in predictions)
    names = distinct_names(kept)
    _require_same_images({names[run.id]: predictions[run.id] for run in kept})
    labels, classes = predictions[kept[0].id].labels, predictions[kept[0].id].classes
    answers = {names[run.id]: predictions[run.id].predicted for run in kept}
    baseline = names[kept[0].id]
    others = {name: predicted for name, predicted in answers.items() if name != baseline}
    return RunsCompared(
        runs=kept,
        names=names,
        predictions=predictions,
        comparisons=tuple(compare_with_baseline(labels, answers[baseline], others, baseline, classes=classes)),
        best=tied_with_best(labels, answers, baseline),
        left_out=tuple(left_out),
    )


def comparable(runs: Sequence[Run], read: Callable[[str], Predictions]) -> tuple[dict[str, Predictions], list[LeftOut]]:
    """The predictions, by id, that can be compared with those of the first run that has any, and the runs left out.

    `read` gives the predictions of a run by its id, or raises NoPredictions.
    """
    predictions, left_out = _predictions_of(read, runs)
    names = distinct_names(runs)
    by_name = {names[run_id]: tested for run_id, tested in predictions.items()}
    others = dict(_of_other_images(by_name))
    first = next(iter(by_name), "")
    left_out += [
        LeftOut(run, f"It was not tested on the images of {first}: {others[names[run.id]]}. {_OTHER_DATA}")
        for run in runs
        if names[run.id] in others
    ]
    return {run_id: tested for run_id, tested in predictions.items() if names[run_id] not in others}, left_out


def other_images(tested: Predictions, labels: Labels) -> str:
    """How the labels that a run was tested by, and so its images or their order, differ from these; empty if not."""
    if len(tested.labels) != len(labels):
        return f"{len(tested.labels):,} images against {len(labels):,}"
    differing = np.count_nonzero(tested.labels != labels)
    return f"{differing:,} of {len(labels):,} labels differ" if differing else ""


def compare_groups(store: Store, groups: Sequence[Group]) -> GroupsCompared:
    """Compare recipes over seeds and images, each but the first with the first, the baseline.

    Raise NotComparable when fewer than two different groups are given, when one is not of seeds, when no run has
    predictions, or when the labels are not the same.
    """
    asked = told_apart(list({group.id: group for group in groups}.values()))
    if len(asked) < 2:
        raise NotComparable("Everything named belongs to one group.", "Name two different groups.")
    if folds := [group.name for group in asked if not group.of_seeds]:
        raise NotComparable(f"{folds[0]} is a k-fold group, not a seed group.", "Leave it out.")
    predictions, left_out = _predictions_of(
        partial(get_predictions, store), [run for group in asked for run in group.runs]
    )
    if not predictions:
        raise NotComparable(" ".join(run.reason for run in left_out), "Wait until they have finished.")
    names = distinct_names([run for group in asked for run in group.runs])
    _require_same_images({names[run_id]: tested for run_id, tested in predictions.items()})
    labels = next(iter(predictions.values())).labels
    answers = {
        group.name: [predictions[run.id].predicted for run in group.runs if run.id in predictions] for group in asked
    }
    baseline = asked[0].name
    others = {name: predicted for name, predicted in answers.items() if name != baseline}
    return GroupsCompared(
        groups=tuple(asked),
        figures=tuple(recipe_figures(labels, of_seeds, name) for name, of_seeds in answers.items()),
        comparisons=tuple(compare_recipes_with_baseline(labels, answers[baseline], others, baseline)),
        left_out=tuple(left_out),
    )


def distinct_names(runs: Sequence[Run]) -> dict[str, str]:
    """A name for each run by id: its own, with its id where two runs have the same."""
    names = Counter(run.name for run in runs)
    return {run.id: run.name if names[run.name] == 1 else f"{run.name} ({run.id})" for run in runs}


def validation_sentence(runs: Sequence[Run]) -> str:
    """That runs were validated on different images, so that those figures do not compare; empty where they were not."""
    splits = {tuple(getattr(run.config, name) for name in _SPLIT) for run in runs}
    if len(splits) < 2:
        return ""
    return (
        "These runs were validated on different images, since the seed and the folds choose them: their validation "
        "metrics are not comparable. The test images are the same."
    )


def runs_as_data(compared: RunsCompared) -> dict[str, Any]:
    """A comparison of runs as plain data: every count, interval and sentence."""
    return {
        "baseline": _run_as_data(compared.runs[0]),
        "runs": [_run_as_data(run) for run in compared.runs],
        "comparisons": [
            {
                **_comparison_as_data(comparison),
                "class_sentence": comparison.class_sentence,
                "pair_sentence": comparison.pair_sentence,
            }
            for comparison in compared.comparisons
        ],
        "best": list(compared.best),
        "left_out": [_left_out_as_data(left_out) for left_out in compared.left_out],
    }


def groups_as_data(compared: GroupsCompared) -> dict[str, Any]:
    """A comparison of recipes as plain data."""
    return {
        "groups": [
            {"id": group.id, "runs": [run.id for run in group.runs], **asdict(figures), "sentence": figures.sentence}
            for group, figures in zip(compared.groups, compared.figures, strict=True)
        ],
        "comparisons": [_comparison_as_data(comparison) for comparison in compared.comparisons],
        "left_out": [_left_out_as_data(left_out) for left_out in compared.left_out],
    }


def _predictions_of(
    read: Callable[[str], Predictions], runs: Sequence[Run]
) -> tuple[dict[str, Predictions], list[LeftOut]]:
    predictions, left_out = {}, []
    for run in runs:
        try:
            predictions[run.id] = read(run.id)
        except NoPredictions as error:
            left_out.append(LeftOut(run, error.message))
    return predictions, left_out


def _require_two(asked: Sequence[Run], predictions: Mapping[str, Predictions], left_out: Sequence[LeftOut]) -> None:
    if len(asked) < 2:
        raise NotComparable("Only one run is named.", "Name two different runs.")
    if asked[0].id not in predictions:
        raise NotComparable(f"The baseline cannot be compared with: {left_out[0].reason}", "Name another run first.")
    if len(predictions) < 2:
        raise NotComparable(" ".join(run.reason for run in left_out), "Comparing takes two finished runs.")


def _require_same_images(predictions: Mapping[str, Predictions]) -> None:
    for name, difference in _of_other_images(predictions):
        raise NotComparable(
            f"{name} was not tested on the images of {next(iter(predictions))}: {difference}.", _OTHER_DATA
        )


def _of_other_images(predictions: Mapping[str, Predictions]) -> Iterator[tuple[str, str]]:
    """The names of those whose data or labels are not those of the first, and how not."""
    for name, tested in predictions.items():
        first = next(iter(predictions.values()))
        if difference := _other_data(tested, first) or other_images(tested, first.labels):
            yield name, difference


def _other_data(tested: Predictions, first: Predictions) -> str:
    """How the classes or images of another data set differ from these; empty of the same test set."""
    if tested.classes != first.classes:
        return "it tells other classes apart"
    return "its data set has other test images" if tested.test_hash != first.test_hash else ""


def _run_as_data(run: Run) -> dict[str, Any]:
    summary = summarise(run)
    return {name: summary[name] for name in _OF_EACH_RUN}


def _comparison_as_data(comparison: Comparison | RecipeComparison) -> dict[str, Any]:
    told = {"shown": comparison.shown, "better": comparison.better, "sentence": comparison.sentence}
    return asdict(comparison) | told


def _left_out_as_data(left_out: LeftOut) -> dict[str, Any]:
    return {"id": left_out.run.id, "name": left_out.run.name, "reason": left_out.reason}
