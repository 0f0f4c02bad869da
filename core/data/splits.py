"""Which training images a run learns from and which it is validated on: stratified by class, groups kept together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.config import VALIDATION_SHARE, RunConfig
from core.data.data_set import DataSet
from core.errors import ConfigurationError

_MORE_IMAGES = "Import more images, so that every class has at least two."


def split_for(config: RunConfig, data: DataSet) -> tuple[np.ndarray, np.ndarray]:
    """Indices (training, validation) into the training set, both ascending, of a run of this configuration.

    Folds divide the whole training set among them. Without folds the validation images that the set itself names are
    taken, or else chosen by the seed. Raise ConfigurationError where that leaves too few images.
    """
    labels, groups = data.train_labels, data.train_groups
    if config.folds:
        parts = fold_split(labels, config.seed, config.folds, config.fold, config.train_size, groups)
    elif data.validation is not None:
        shuffled = _shuffled(len(labels), config.seed)
        rest = shuffled[~np.isin(shuffled, data.validation)]
        parts = _limited(labels, rest, config.train_size), np.sort(data.validation)
    else:
        parts = split(labels, config.seed, config.train_size, groups)
    training, validation = parts
    if len(training) < 2 or not len(validation):
        raise ConfigurationError(
            f"{data.name} has too few training images: {len(training)} to learn from and {len(validation)} for "
            f"validation, where at least two and one are needed.",
            "Import more images, or use fewer folds." if config.folds else _MORE_IMAGES,
        )
    return training, validation


def split(
    labels: np.ndarray, seed: int, train_size: int | None = None, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (training, validation) into the training set, both ascending and stratified by class.

    A tenth is for validation, with at least one image of each class that has two; of the rest, train_size are for
    training (all, if None or more than there are). The validation images depend on the seed alone, and a smaller
    training set is part of a larger one. Images of one group (n,) stay on one side, and then the shares of the classes
    are as close as groups allow.
    """
    shuffled = _shuffled(len(labels), seed)
    if groups is None:
        members = np.unique(labels, return_counts=True)[1]
        in_validation = _stratified(
            labels[shuffled],
            round(len(labels) * VALIDATION_SHARE),
            least=np.minimum(members - 1, 1),
            most=members - 1,
        )
    else:
        in_validation = _held_out_groups(labels, groups, shuffled)[shuffled]
    validation, rest = shuffled[in_validation], shuffled[~in_validation]
    return _limited(labels, rest, train_size), np.sort(validation)


def fold_split(
    labels: np.ndarray,
    seed: int,
    folds: int,
    fold: int,
    train_size: int | None = None,
    groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (training, validation) as of split, where validation is one of the folds, counted from 1.

    The folds of a seed divide the training set among them, so that models which have each left out another one give
    every image probabilities that no gradient of that image has shaped. Where such a model's epoch was chosen by its
    validation loss, that one choice has seen the fold: it can favour the fold as a whole by a little, but cannot
    learn the label of an image.
    """
    shuffled = _shuffled(len(labels), seed)
    fold_of = np.empty(len(labels), dtype=np.int64)
    if groups is None:
        # Dealt out like cards, class after class: neither a class nor a whole fold differs by more than one image.
        fold_of[shuffled[np.argsort(labels[shuffled], kind="stable")]] = np.arange(len(labels)) % folds + 1
    else:
        fold_of = _dealt_groups(labels, groups, shuffled, folds)
    in_validation = fold_of[shuffled] == fold
    return _limited(labels, shuffled[~in_validation], train_size), np.sort(shuffled[in_validation])


def _shuffled(count: int, seed: int) -> np.ndarray:
    # Only the raw stream of a bit generator is promised to stay the same in every version of numpy.
    keys = np.random.PCG64(seed).random_raw(count)
    return np.argsort(keys, kind="stable")


def _limited(labels: np.ndarray, indices: np.ndarray, count: int | None) -> np.ndarray:
    """The first of the indices, stratified by class and at most count of them, in ascending order.

    No class is lost where there is room for an image of each.
    """
    size = len(indices) if count is None else min(count, len(indices))
    members = np.unique(labels[indices], return_counts=True)[1]
    least = np.full(len(members), 1 if size >= len(members) else 0)
    return np.sort(indices[_stratified(labels[indices], size, least=least, most=members)])


def _stratified(labels: np.ndarray, count: int, *, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Mask of the first images of each class, about count in all, shared out by the largest remainders.

    Each class present, in ascending order, has at least `least` and at most `most`; what the small classes get more,
    the largest get less.
    """
    classes, members = np.unique(labels, return_counts=True)
    exact = members * (count / max(len(labels), 1))
    quota = np.floor(exact).astype(int)
    most_owed = np.argsort(quota - exact, kind="stable")
    quota[most_owed[: count - quota.sum()]] += 1
    quota = quota.clip(least, most)
    while quota.sum() > count and (quota > least).any():
        quota[np.argmax(quota - least)] -= 1
    chosen = np.zeros(len(labels), dtype=bool)
    for label, wanted in zip(classes, quota, strict=True):
        chosen[np.flatnonzero(labels == label)[:wanted]] = True
    return chosen


@dataclass(frozen=True)
class _Groups:
    """How many images of each class each of m groups has; groups stand in the order in which the shuffle meets them."""

    of_image: np.ndarray
    """The place (n,) of each image's group."""
    sizes: np.ndarray
    """(m,)"""
    starts: np.ndarray
    classes: np.ndarray
    counts: np.ndarray

    def __iter__(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Place of each group, the classes in it, and how many images it has of each."""
        for place in range(len(self.sizes)):
            yield self.of(place)

    def of(self, place: int) -> tuple[int, np.ndarray, np.ndarray]:
        """Place, classes and counts of one group."""
        part = slice(self.starts[place], self.starts[place + 1])
        return place, self.classes[part], self.counts[part]


def _grouped(labels: np.ndarray, groups: np.ndarray, shuffled: np.ndarray) -> _Groups:
    """The groups, with labels that are places among the classes present."""
    _, first, inverse = np.unique(groups[shuffled], return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    of_image = np.empty(len(labels), dtype=np.int64)
    of_image[shuffled] = place[inverse]
    width = int(labels.max()) + 1
    cells, counts = np.unique(of_image * width + labels, return_counts=True)
    starts = np.searchsorted(cells, np.arange(len(first) + 1) * width)
    return _Groups(of_image, np.bincount(of_image), starts, cells % width, counts)


def _held_out_groups(labels: np.ndarray, groups: np.ndarray, shuffled: np.ndarray) -> np.ndarray:
    """Mask (n,) of the images of those groups that are for validation.

    One group after the other is taken where that brings the classes closer to a tenth each; then, for every class that
    is still missing, the smallest group that has it. No group is taken with the last training images of a class.
    """
    known = _grouped(labels, groups, shuffled)
    members = np.bincount(labels)
    held_out, taken = np.zeros(len(members)), np.zeros(len(known.sizes), dtype=bool)
    wanted = members * VALIDATION_SHARE

    def take(place: int, classes: np.ndarray, counts: np.ndarray) -> None:
        if (held_out[classes] + counts < members[classes]).all():
            taken[place] = True
            held_out[classes] += counts

    for place, classes, counts in known:
        change = counts * (2 * (held_out - wanted)[classes] + counts) / members[classes].astype(float) ** 2
        if change.sum() < 0:
            take(place, classes, counts)
    for place in np.argsort(known.sizes, kind="stable").tolist():
        _, classes, counts = known.of(place)
        if not taken[place] and (held_out[classes] == 0).any():
            take(place, classes, counts)
    return taken[known.of_image]


def _dealt_groups(labels: np.ndarray, groups: np.ndarray, shuffled: np.ndarray, folds: int) -> np.ndarray:
    """The fold (n,), from 1, of each image: the largest groups first, each where there is least of its classes."""
    known = _grouped(labels, groups, shuffled)
    members = np.bincount(labels).astype(float)
    dealt, images = np.zeros((folds, len(members))), np.zeros(folds, dtype=np.int64)
    fold_of = np.empty(len(known.sizes), dtype=np.int64)
    for place in np.argsort(-known.sizes, kind="stable").tolist():
        _, classes, counts = known.of(place)
        crowded = dealt[:, classes] @ (counts / members[classes] ** 2)
        fold = np.lexsort((images, crowded))[0]
        fold_of[place] = fold + 1
        dealt[fold, classes] += counts
        images[fold] += counts.sum()
    return fold_of[known.of_image]
