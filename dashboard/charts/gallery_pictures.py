"""The pictures of a gallery with their descriptions, captions and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from core.classes import short_names
from core.data.data_set import DataSet
from core.statistics.label_errors import LabelQuality
from dashboard.charts.galleries import Indices
from dashboard.charts.images import data_uri
from jobs.store.records import Predictions

DATA_PAGE = 48
"""Images on a page of the browser on the page Data."""


@dataclass(frozen=True)
class Picture:
    """One picture: its position in the data set, its data URI, its description, the line below it, and its address."""

    position: int
    source: str
    alt: str
    caption: str
    href: str


def predicted_pictures(
    images: np.ndarray, answers: Predictions, positions: Indices, parameters: Mapping[str, str | Sequence[str]]
) -> list[Picture]:
    """Test images (n, 28, 28) at these positions, captioned "true → predicted (p)"; links keep the URL's parameters."""
    pictures = []
    for at in map(int, positions):
        words, caption = _outcome(answers, at)
        share = f"({answers.probabilities[at, answers.predicted[at]]:.2f})"
        href = _opened(parameters, at)
        alt = f"Test image {at}: {words} {share}"
        pictures.append(Picture(at, data_uri(images[at]), alt, f"{caption} {share}", href))
    return pictures


def photo_pictures(images: np.ndarray, names: Sequence[str], answers: Predictions, positions: Indices) -> list[Picture]:
    """What the model sees (n, 28, 28) of photos at these positions, captioned "true → predicted"; they do not open."""
    pictures = []
    for at in map(int, positions):
        words, caption = _outcome(answers, at)
        pictures.append(Picture(at, data_uri(images[at]), f"{names[at]}: {words}", caption, ""))
    return pictures


def _opened(parameters: Mapping[str, str | Sequence[str]], position: int) -> str:
    """The address with these parameters at which an image is open."""
    return "?" + urlencode({**parameters, "image": position}, doseq=True)


def _outcome(answers: Predictions, at: int) -> tuple[str, str]:
    """What an image is and is taken for, as a description and as a caption."""
    true, predicted = answers.labels[at], answers.predicted[at]
    names = answers.classes[true], answers.classes[predicted]
    return f"true {names[0]}, predicted {names[1]}", " → ".join(short_names(names))


def labelled_pictures(
    images: np.ndarray,
    names: Sequence[str],
    positions: Indices,
    split: str,
    parameters: Mapping[str, str | Sequence[str]],
) -> list[Picture]:
    """Images of a split at these positions, with the names of their classes (p,), captioned by their position.

    Links keep the URL's parameters.
    """
    return [
        Picture(
            int(at),
            data_uri(images[at]),
            f"{split} image {at}, {name}",
            f"{at}",
            _opened(parameters, int(at)),
        )
        for at, name in zip(positions, names, strict=True)
    ]


def suspect_pictures(
    images: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    quality: LabelQuality,
    positions: Indices,
    parameters: Mapping[str, str | Sequence[str]],
) -> list[Picture]:
    """Images at these positions, captioned "label → suggested (quality)"; links keep the URL's parameters."""
    pictures = []
    for at in map(int, positions):
        names, trust = (classes[labels[at]], classes[quality.suggested[at]]), f"{quality.trust[at]:.3f}"
        alt = f"Image {at}: labelled {names[0]}, suggested {names[1]}, label quality {trust}"
        caption = f"{' → '.join(short_names(names))} ({trust})"
        href = _opened(parameters, at)
        pictures.append(Picture(at, data_uri(images[at]), alt, caption, href))
    return pictures


def named_pictures(
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    names: Sequence[str],
    positions: Indices,
    parameters: Mapping[str, str | Sequence[str]] | None = None,
) -> list[Picture]:
    """Images (p,) at these positions of a version, by captions and names; with the URL's parameters they open."""
    return [
        Picture(
            int(at),
            data_uri(image),
            f"{name}: {caption}",
            caption,
            "" if parameters is None else _opened(parameters, int(at)),
        )
        for at, image, caption, name in zip(positions, images, captions, names, strict=True)
    ]


def with_marks(pictures: Sequence[Picture], marks: Mapping[int, str]) -> list[Picture]:
    """The pictures with what people have marked, by position, in their descriptions, and a sign in their captions."""
    return [
        replace(picture, alt=f"{picture.alt}. {marks[picture.position]}", caption=f"{picture.caption} ✓")
        if picture.position in marks
        else picture
        for picture in pictures
    ]


def neighbour_pictures(data: DataSet, positions: Indices, distances: NDArray[np.floating]) -> list[Picture]:
    """Training images of a data set at these positions, captioned by the names of their classes and distance (p,).

    Each leads to its page of the browser on the page Data.
    """
    names = data.class_names(data.train_labels[positions])
    browser = {"data": data.id, "section": "images", "split": "train"}
    return [
        Picture(
            int(at),
            data_uri(data.train_images[at]),
            f"Training image {at}: {name}, at a distance of {distance:.3f}",
            f"{short} {distance:.3f}",
            "data?" + urlencode({**browser, "page": int(at) // DATA_PAGE + 1}),
        )
        for at, name, short, distance in zip(positions, names, short_names(names), distances, strict=True)
    ]
