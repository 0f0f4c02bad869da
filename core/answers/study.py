"""The study of a trained model: how it sees the images, worked out once and kept.

Its features of the test and of its own training images, for each test image the training images that it finds most
alike, and a map on which alike test images lie together. Free of torch: the features are given.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from core.answers.neighbours import nearest, unit
from core.errors import LookbookError
from core.files import written_aside

VERSION = 1
"""Stored with each study; to be raised when its arrays mean something else."""

NEIGHBOURS = 12
AXES = 64
"""Principal axes that features are kept in: 0.91 of the variance of a CNN's 1000 features."""

STEPS, COARSENESS = 750, 0.8
"""Of t-SNE. On a ResNet18's features of the test images scikit-learn's defaults, 1,000 steps at a coarseness of 0.5,
took 109 s of one core instead of 50 s, and kept 0.39 of the ten nearest neighbours instead of 0.38."""

AGAIN = "Compute it again."


class StudyError(LookbookError):
    """A study is missing, damaged or of another version."""

    kind = "checkpoint"


@dataclass(frozen=True)
class Study:
    """A study of n test images by a model that learnt from m training images; k is NEIGHBOURS, a is AXES, or fewer."""

    mean: np.ndarray
    """Of the features of length 1 of the training images: float32 (d,)."""
    basis: np.ndarray
    """Their principal axes: float32 (d, a)."""
    training_indices: np.ndarray
    """Which images of the training set the model learnt from: int32 (m,)."""
    training_coordinates: np.ndarray
    """Their features of length 1 in the principal axes: float16 (m, a)."""
    test_coordinates: np.ndarray
    """The same of the test images: float16 (n, a)."""
    neighbours: np.ndarray
    """For each test image the nearest of the images learnt from, as indices into the training set: int32 (n, k)."""
    distances: np.ndarray
    """Their cosine distances, exact, in all d features: float32 (n, k)."""
    places: np.ndarray
    """Where each test image lies on the map, both coordinates 0 to 1: float32 (n, 2)."""

    def nearest_to(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The training images nearest to an image that is not in the data set, by its features (d,).

        Indices into the training set, int32 (k,), and distances float32 (k,): half the square of the distance in the
        principal axes, which for features of length 1 is the cosine distance but for what the axes leave out.
        """
        place = (unit(features[None]) - self.mean) @ self.basis
        distances = ((self.training_coordinates.astype(np.float32) - place) ** 2).sum(axis=1) / 2
        order = np.argsort(distances, kind="stable")[:NEIGHBOURS]
        return self.training_indices[order], distances[order].astype(np.float32)


def make(
    test_features: np.ndarray,
    training_features: np.ndarray,
    training_indices: np.ndarray,
    say: Callable[[str], None] = lambda _words: None,
) -> Study:
    """The study of features float32 (n, d) of the test and (m, d) of the training images; `say` hears each step.

    The same features give the same study.
    """
    # Takes a second to import, and no page needs it.
    from sklearn.decomposition import PCA

    test, training = unit(test_features), unit(training_features)
    say("principal axes")
    axes = PCA(min(AXES, *training.shape), svd_solver="covariance_eigh").fit(training)
    coordinates = axes.transform(test)
    say("nearest training images")
    neighbours, distances = nearest(test, training, NEIGHBOURS)
    say("map")
    return Study(
        mean=axes.mean_,
        basis=axes.components_.T,
        training_indices=training_indices.astype(np.int32),
        training_coordinates=axes.transform(training).astype(np.float16),
        test_coordinates=coordinates.astype(np.float16),
        neighbours=training_indices.astype(np.int32)[neighbours],
        distances=distances,
        places=lay_out(coordinates),
    )


def lay_out(coordinates: np.ndarray, seed: int = 0) -> np.ndarray:
    """Images with these features (n, a) on a plane, alike ones together: float32 (n, 2), 0 to 1 in both directions.

    t-SNE (van der Maaten and Hinton 2008; Barnes-Hut, van der Maaten 2014) with perplexity 30, or less for fewer than
    120 images, from the first two principal axes. One thread, so that the same features give the same map. Images that
    are all the same to the model lie all in one place.
    """
    from sklearn.manifold import TSNE

    if not np.ptp(coordinates, axis=0).any():
        return np.zeros((len(coordinates), 2), np.float32)
    perplexity = min(30.0, (len(coordinates) - 1) / 4)
    method = TSNE(init="pca", perplexity=perplexity, max_iter=STEPS, angle=COARSENESS, random_state=seed, n_jobs=1)
    places = method.fit_transform(coordinates)
    lowest = places.min(axis=0)
    # One scale for both directions: distances in the map stay what they are.
    return ((places - lowest) / (places - lowest).max()).astype(np.float32)


def write(path: Path, study: Study) -> None:
    """Store a study at `path` at one stroke. Raise OSError if there is no room, or no folder."""
    arrays = {field.name: getattr(study, field.name) for field in fields(Study)}
    with written_aside(path) as aside, aside.open("wb") as file:
        np.savez(file, version=np.array(VERSION), **arrays)


def read(path: Path) -> Study:
    """The study stored at `path`; raise StudyError if it is gone, damaged or of another version."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["version"]) != VERSION:
                raise StudyError(f"The study {path} was made by another version.", AGAIN)
            return Study(**{field.name: stored[field.name] for field in fields(Study)})
    except OSError as error:
        raise StudyError(f"The study {path} cannot be read: {error.strerror or error}.", AGAIN) from error
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise StudyError(f"The study {path} is damaged.", AGAIN) from error
