"""The tables of how well a run does on labelled photos: by kind of photo, by source, by fold of sources.

Photos of a source are alike, so that intervals are over sources: they say what photos of sources not seen yet show.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.answers.class_sets import COVERAGE
from core.classes import CLASS_COUNT, CLASS_NAMES
from core.statistics import metrics
from core.statistics.conformal import class_sets, set_threshold
from core.statistics.intervals import LEVEL, accuracy_interval

Row = Mapping[str, str]
Groups = Mapping[str, np.ndarray]
"""Which of the photos, bool (n,), are in each group."""

ALL, LIGHT_PRODUCT, PHONE = "all", "product, light ground", "phone"
KINDS: dict[str, Callable[[Row], bool]] = {
    ALL: lambda _: True,
    LIGHT_PRODUCT: lambda row: (row["kind"], row["background"]) == ("product", "light"),
    "product": lambda row: row["kind"] == "product",
    PHONE: lambda row: row["kind"] == "phone",
    "worn": lambda row: row["kind"] == "worn",
    "light ground": lambda row: row["background"] == "light",
    "dark ground": lambda row: row["background"] == "dark",
    "busy ground": lambda row: row["background"] == "busy",
}
DRAWS = 10_000
LEAST_OF_A_SOURCE = 10
FOLDS = 5
BY_VALIDATION, BY_OTHER_SOURCES = "by validation images", "by other sources"


@dataclass(frozen=True)
class Answers:
    """What a run says of n photos with labels (n,), and where these are from.

    `ways` holds probabilities (n, classes) by way of asking, the last of them ours; `verdicts` (n,) is empty text where
    there is none; `sets` holds sets of classes, bool (n, classes), by their calibration. `sources` (n,) is None where
    the manifest has no column `repo`.
    """

    labels: np.ndarray
    sources: np.ndarray | None
    ways: dict[str, np.ndarray]
    verdicts: np.ndarray
    sets: dict[str, np.ndarray]

    @property
    def ranks(self) -> np.ndarray:
        """Where the true class of each photo stands among our probabilities, 0 for the first (n,)."""
        return metrics.true_class_rank(self.labels, list(self.ways.values())[-1])

    def share(self, hits: np.ndarray, members: np.ndarray) -> str:
        """The share of hits, bool (n,), among these photos, bool (n,), in per cent with its interval."""
        if not members.any():
            return "-"
        sources = None if self.sources is None else self.sources[members]
        low, high = share_interval(hits[members], sources)
        return f"{100 * hits[members].mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"

    def covered(self, calibration: str) -> np.ndarray:
        """Whether the set of each photo holds its true class, bool (n,)."""
        held: np.ndarray = self.sets[calibration][np.arange(len(self.labels)), self.labels]
        return held


def sources_of(rows: Sequence[Row]) -> np.ndarray | None:
    """The source of each photo (n,); None where the manifest does not say."""
    return np.array([row["repo"] for row in rows]) if all(row.get("repo") for row in rows) else None


def by_kind(rows: Sequence[Row]) -> Groups:
    """The kinds and grounds of which there are photos."""
    groups = {kind: np.array([belongs(row) for row in rows]) for kind, belongs in KINDS.items()}
    return {kind: members for kind, members in groups.items() if members.any()}


def by_source(sources: np.ndarray) -> Groups:
    """The sources of at least LEAST_OF_A_SOURCE photos, the largest first, and the others together."""
    names, counts = np.unique(sources, return_counts=True)
    large = [str(name) for name in names[np.argsort(-counts, kind="stable")][: (counts >= LEAST_OF_A_SOURCE).sum()]]
    rest = ~np.isin(sources, large)
    groups = {name: sources == name for name in large}
    return groups | {f"{len(names) - len(large)} other sources": rest} if rest.any() else groups


def folds_of(sources: np.ndarray) -> np.ndarray:
    """The fold of each photo (n,), 0 to FOLDS - 1: the next largest source goes to the fold with the fewest photos."""
    folds, dealt = np.zeros(len(sources), dtype=int), np.zeros(FOLDS, dtype=int)
    names, counts = np.unique(sources, return_counts=True)
    for place in np.argsort(-counts, kind="stable"):
        fold = int(dealt.argmin())
        folds[sources == names[place]] = fold
        dealt[fold] += counts[place]
    return folds


def share_interval(hits: np.ndarray, sources: np.ndarray | None) -> tuple[float, float]:
    """Where a share lies with 95 %, by hits, bool (n,), at least one, of photos of these sources (n,).

    The percentile interval of DRAWS draws of whole sources (cluster bootstrap; Davison and Hinkley 1997, section 3.8),
    always the same. Wilson's over photos where sources are not known, there is one only, or all photos are alike.
    """
    right = int(np.count_nonzero(hits))
    names, places = (None, None) if sources is None else np.unique(sources, return_inverse=True)
    if names is None or len(names) == 1 or right in (0, len(hits)):
        return accuracy_interval(right, len(hits))
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    shares = (drawn @ np.bincount(places, weights=hits)) / (drawn @ np.bincount(places))
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def sets_by_other_sources(labels: np.ndarray, probabilities: np.ndarray, sources: np.ndarray) -> np.ndarray | None:
    """The set, bool (n, classes), of each photo by the photos of all other sources; None where these are too few."""
    sets = np.zeros(probabilities.shape, dtype=bool)
    for source in np.unique(sources):
        members = sources == source
        threshold = set_threshold(labels[~members], probabilities[~members], COVERAGE)
        if threshold is None:
            return None
        sets[members] = class_sets(probabilities[members], threshold)
    return sets


def print_accuracies(answers: Answers, groups: Groups, title: str) -> None:
    """Top 1 of each way and top 2 of ours."""
    _print_head(f"{title}: top 1, %", [*answers.ways, "ours, top 2"])
    right = [shares.argmax(axis=1) == answers.labels for shares in answers.ways.values()]
    for group, members in groups.items():
        _print_row(answers, group, [answers.share(hits, members) for hits in (*right, answers.ranks < 2)], members)


def print_verdicts(answers: Answers, groups: Groups, title: str) -> None:
    """How many photos have which verdict, and how many of the sure answers are wrong."""
    _print_head(f"{title}: verdicts", ["sure, %", "of the sure, right", "none of these, %"])
    sure, nothing = answers.verdicts == "sure", answers.verdicts == "none of these"
    for group, members in groups.items():
        right_when_sure = answers.share(answers.ranks == 0, members & sure)
        _print_row(
            answers, group, [answers.share(sure, members), right_when_sure, answers.share(nothing, members)], members
        )


def print_sets(answers: Answers, groups: Groups, title: str) -> None:
    """How many sets of classes hold the truth, in per cent, and how many classes they have on average."""
    _print_head(f"{title}: sets, coverage, %", [words for name in answers.sets for words in (name, "classes")])
    for group, members in groups.items():
        cells = []
        for calibration, sets in answers.sets.items():
            cells += [answers.share(answers.covered(calibration), members), f"{sets[members].sum(axis=1).mean():.2f}"]
        _print_row(answers, group, cells, members)


def print_folds(answers: Answers) -> None:
    """How far five folds of whole sources lie apart in our top 1."""
    assert answers.sources is not None
    folds, right = folds_of(answers.sources), answers.ranks == 0
    shares = [100 * right[folds == fold].mean() for fold in np.unique(folds)]
    told = ", ".join(f"{share:.1f} (n = {n})" for share, n in zip(shares, np.bincount(folds), strict=False))
    print(f"top 1 by fold of sources, %: {told}; lowest {min(shares):.1f}, highest {max(shares):.1f}")


def print_classes(answers: Answers) -> None:
    """The confusion matrix of our answers, and how often each class is said as a multiple of its true count."""
    predicted = list(answers.ways.values())[-1].argmax(axis=1)
    matrix = metrics.confusion_matrix(answers.labels, predicted, CLASS_COUNT)
    print(f"{'true, down; said, across':14}" + "".join(f"{name[:7]:>8}" for name in CLASS_NAMES))
    for name, row in zip(CLASS_NAMES, matrix, strict=True):
        print(f"{name:24}" + "".join(f"{count:8}" for count in row))
    counts = matrix.sum(axis=0)
    shares = counts / matrix.sum(axis=1).clip(1)
    print(f"{'said, times its share':24}" + "".join(f"{share:8.1f}" for share in shares))
    largest = int(counts.argmax())
    print(f"said most: {CLASS_NAMES[largest]}, {100 * counts[largest] / counts.sum():.1f} % of the answers")


def print_targets(answers: Answers, groups: Groups, others: np.ndarray | None) -> None:
    """Whether each target is met, by the share itself: its interval may reach to the other side.

    `others` (m,) are the verdicts on pictures of other things, where they were asked about.
    """
    everything, judged = groups[ALL], bool(answers.verdicts.all())
    sure, right = answers.verdicts == "sure", answers.ranks == 0
    nobody = np.zeros(len(everything), dtype=bool)
    print_target = partial(_print_target, answers)
    print_target("top 1, 72 % or more", right, everything, 72, 100)
    print_target(f"top 1, {LIGHT_PRODUCT}, 87 % or more", right, groups.get(LIGHT_PRODUCT, nobody), 87, 100)
    print_target("top 1, phone, 62 % or more", right, groups.get(PHONE, nobody), 62, 100)
    print_target("right when sure, 97 % or more", right, everything & sure, 97, 100)
    print_target("sure, 45 % or more", sure, everything if judged else nobody, 45, 100)
    nothing = answers.verdicts == "none of these"
    print_target("called none of these, 3 % or less", nothing, everything if judged else nobody, 0, 3)
    for calibration, sets in answers.sets.items():
        print_target(f"sets {calibration}, coverage 87 to 93 %", answers.covered(calibration), everything, 87, 93)
        size = sets.sum(axis=1).mean()
        print(f"{_met(size, 1, 1.9)}  sets {calibration}, 1.9 classes or fewer on average: {size:.2f}")
    for words, verdicts, least in (
        ("other things, not called sure, 95 % or more", ("not sure", "none of these"), 95),
        ("other things, called none of these, 50 % or more", ("none of these",), 50),
    ):
        if others is None:
            print(f"not measured  {words}")
        else:
            share = 100 * np.isin(others, verdicts).mean()
            print(f"{_met(share, least, 100)}  {words}: {share:.1f} of {len(others)}")


def _print_target(
    answers: Answers, words: str, hits: np.ndarray, members: np.ndarray, least: float, most: float
) -> None:
    if members.any():
        print(f"{_met(100 * hits[members].mean(), least, most)}  {words}: {answers.share(hits, members)}")
    else:
        print(f"not measured  {words}")


def _met(value: float, least: float, most: float) -> str:
    return f"{'PASS' if least <= value <= most else 'miss':12}"


def _print_head(title: str, columns: Sequence[str]) -> None:
    print(f"\n{title:38}" + "".join(f"{column:>24}" for column in columns) + f"{'n':>6}{'sources':>9}")


def _print_row(answers: Answers, group: str, cells: Sequence[str], members: np.ndarray) -> None:
    sources = "" if answers.sources is None else len(np.unique(answers.sources[members]))
    print(f"{group:38}" + "".join(f"{cell:>24}" for cell in cells) + f"{members.sum():>6}{sources:>9}")
