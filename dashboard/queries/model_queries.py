"""What the pages ask of models, about test images and photos; and of the weights that they start from."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.answers.study import Study
from core.errors import WeightsError
from core.learning.pretrained_file import check_cached
from core.photos.decoder import read_photo
from core.photos.picture import Photo
from dashboard.queries import data_queries, run_queries
from dashboard.queries.corrections import Corrections
from dashboard.queries.read_only import read_only
from jobs.results import photo_sets
from jobs.results.photo_sets import PhotoSet
from jobs.store import run_files
from jobs.tasks import studies

if TYPE_CHECKING:
    from core.answers.prediction import Predictor
    from core.photos.model_view import ModelView


@st.cache_resource(max_entries=6, show_spinner="Loading the model")
def predictor(run_id: str) -> "Predictor":
    """The model of a finished run, ready to be asked. Raise CheckpointError if its file is gone or damaged."""
    # Torch takes seconds to import, and no other page needs it.
    from core.answers.prediction import Predictor

    return Predictor.load(run_files.files_of(run_queries.store(), run_id).model)


def study(run_id: str) -> Study:
    """The study of a run; shared by all and closed to writing. Raise StudyError."""
    return _study(run_id, studies.study_stamp(run_queries.store(), run_id))


@st.cache_resource(max_entries=6, show_spinner="Loading the map")
def _study(run_id: str, _stamp: int) -> Study:
    return read_only(studies.get_study(run_queries.store(), run_id))


@st.cache_data(max_entries=512, show_spinner="Computing the heat map")
def saliency(run_id: str, position: int, label: int) -> np.ndarray:
    """How much each place of a test image speaks for a class in a run's model: float32 (28, 28), 0 to 1.

    Raise CheckpointError without the model, NoMaps if it has no maps.
    """
    return predictor(run_id).saliency(data_queries.data_set(predictor(run_id).config.data).test_images[position], label)


@st.cache_resource(max_entries=32, show_spinner="Reading the photo")
def photo(content: bytes, name: str) -> Photo:
    """A photo, decoded; shared by all and closed to writing. Raise UnreadablePhoto."""
    return read_only(read_photo(content, name))


@st.cache_resource(max_entries=32, show_spinner="Cutting out the item")
def model_view(content: bytes, name: str, corrections: Corrections) -> "ModelView":
    """The way of a photo to what a model sees; shared by all and closed to writing. Raise UnreadablePhoto."""
    return read_only(corrections.view(photo(content, name)))


@st.cache_data(max_entries=8, show_spinner="Cutting out the photos of the set")
def photo_set_images(photo_set: PhotoSet) -> np.ndarray:
    """What a model sees of the photos of a set, uint8 (n, 28, 28). Raise UnreadablePhoto where a picture is gone."""
    from core.photos.model_view import to_model_view

    photos = photo_sets.photos_of(run_queries.store(), photo_set)
    return np.array([to_model_view(photo.load()).image for photo in photos])


@st.cache_data(max_entries=256, show_spinner="Computing the heat map")
def photo_saliency(run_id: str, image: np.ndarray, label: int) -> np.ndarray:
    """The same as `saliency` of what the model sees of a photo, uint8 (s, s) or (s, s, 3)."""
    return predictor(run_id).saliency(image, label)


@st.cache_data(max_entries=256, show_spinner="Finding the nearest training images")
def photo_neighbours(run_id: str, study_stamp: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest training images (k,) of what the model sees of a photo, and their distances (k,). Raise StudyError.

    `study_stamp` is that of the study it is looked up in.
    """
    features = predictor(run_id).features(image[None])
    return _study(run_id, study_stamp).nearest_to(features[0])


def forget_photos() -> None:
    """Drop every photo that is kept here, and what was worked out from it."""
    for kept in (photo, model_view, photo_saliency, photo_neighbours):
        kept.clear()


def weights_problem(file: Path) -> WeightsError | None:
    """Why the file in torch's cache is not torchvision's ImageNet weights, None where it is."""
    status = file.stat()
    return _weights_problem(file, status.st_size, status.st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner="Verifying the ImageNet weights")
def _weights_problem(file: Path, size: int, changed_ns: int) -> WeightsError | None:
    assert size >= 0
    assert changed_ns >= 0
    try:
        check_cached(file)
    except WeightsError as error:
        return error
    return None
