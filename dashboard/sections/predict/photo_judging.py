"""What runs say of the photos of one visitor: worked out once for each photo, its corrections and a run."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.answers.class_sets import SetCalibration
from core.answers.verdict import Judgement
from core.classes import CLASS_NAMES
from core.labelling.photo_labels import PhotoLabels, Sources, label_photos
from core.machine.threads import in_order
from core.photos.decoder import read_photo
from core.photos.photo_files import PhotoFile
from core.photos.picture import UnreadablePhoto
from dashboard.queries import model_queries, quotas
from dashboard.queries.corrections import Corrections
from dashboard.sections.predict.photo_row import chosen_corrections
from dashboard.tables.answers import PhotoAnswer

if TYPE_CHECKING:
    from core.answers.prediction import Predictor
    from core.photos.model_view import ModelView

_KEPT, _UNREADABLE, _LABELLED = "photos_judged", "photos_unreadable", "photos_labelled"
_QUICK = 3
"""So many photos are answered before anybody wonders how long it takes."""
_SHOW_EVERY_S = 0.7
"""How often the answers so far are shown while the others are worked out."""


@dataclass
class Seen:
    """What the model sees of a photo, uint8 (28, 28), by which polarity, and what runs say of it, by id."""

    image: NDArray[np.uint8]
    polarity: str
    judgements: dict[str, Judgement] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgedPhoto:
    """A photo with its answers, or the error that says why it has none; `key` is for its controls."""

    file: PhotoFile
    key: str
    truth: int | None
    seen: Seen | None = None
    error: UnreadablePhoto | None = None

    @property
    def true_class(self) -> str:
        """The name of the true class, empty where nobody said it."""
        return "" if self.truth is None else CLASS_NAMES[self.truth]

    def answers(
        self,
        names: Mapping[str, str],
        classes: Mapping[str, Sequence[str]],
        calibrations: Mapping[str, SetCalibration | None],
    ) -> list[PhotoAnswer]:
        """An answer per run, by the names, classes and calibrations of sets of runs, or one that holds the error."""
        if self.seen is None:
            return [PhotoAnswer(self.file.name, error=str(self.error), truth=self.true_class)]
        return [
            PhotoAnswer(
                file=self.file.name,
                run=names[run_id],
                polarity=self.seen.polarity,
                probabilities=judgement.probabilities,
                verdict=judgement.verdict or "",
                truth=self.true_class,
                classes=classes[run_id],
                set_names=calibration.names(judgement, classes[run_id]) if calibration else (),
                set_images=calibration.images if calibration else "",
            )
            for run_id, judgement in self.seen.judgements.items()
            for calibration in (calibrations[run_id],)
        ]


@dataclass(frozen=True)
class _Asked:
    """A photo that runs are asked about, with its key, its true class and the corrections chosen for it."""

    file: PhotoFile
    key: str
    truth: int | None
    corrections: Corrections


def judge(
    files: Sequence[PhotoFile],
    labels: PhotoLabels,
    models: Mapping[str, "Predictor"],
    show: Callable[[Sequence[JudgedPhoto]], None],
) -> list[JudgedPhoto]:
    """Every photo with the answers of all runs, by their ids; raise TooMuch beyond the quota of a person.

    Where that takes a while it says how far it is, and shows the photos answered so far until all are. What cannot be
    read is tried once, until it is removed and added again.
    """
    keys = _keys(files)
    _forget_unreadable(keys)
    photos = [
        _Asked(file, key, labels.of(file).label, chosen_corrections(key)) for key, file in zip(keys, files, strict=True)
    ]
    unanswered = [photo for photo in photos if _missing(photo, models)]
    with quotas.predicting(len(unanswered)):
        together = _judged_together(unanswered, models, show) if len(unanswered) > _QUICK else {}
        return [together.get(photo.key) or _judged(photo, models) for photo in photos]


def labelled(files: Sequence[PhotoFile]) -> PhotoLabels:
    """The true classes of uploads by their folders and by the tables among them, worked out when either changes."""
    given = tuple((file.name, file.kind, hash(file.content)) for file in files)
    before: tuple[object, PhotoLabels] | None = st.session_state.get(_LABELLED)
    if before is None or before[0] != given:
        before = given, label_photos(files, Sources(folders=True, among=True))
        st.session_state[_LABELLED] = before
    return before[1]


def forget() -> None:
    """Drop what is known of this visitor's photos."""
    for kept in (_KEPT, _UNREADABLE, _LABELLED):
        st.session_state.pop(kept, None)


def _keys(files: Sequence[PhotoFile]) -> list[str]:
    """A key for each file by its content and how many equal ones stand before it, the same when others come and go."""
    digests = [sha256(file.content).hexdigest()[:16] for file in files]
    before: Counter[str] = Counter()
    keys = []
    for digest in digests:
        keys.append(f"{digest}_{before[digest]}")
        before[digest] += 1
    return keys


def _judged_together(
    photos: Sequence[_Asked],
    models: Mapping[str, "Predictor"],
    show: Callable[[Sequence[JudgedPhoto]], None],
) -> dict[str, JudgedPhoto]:
    """The photos with their answers, by their keys; all cores make their views."""
    so_far, judged = st.empty(), dict[str, JudgedPhoto]()
    so_far.progress(0.0, "Reading the photos")
    shown = time.monotonic()
    with closing(in_order(_view, photos)) as views:
        for photo, view in zip(photos, views, strict=True):
            judged[photo.key] = _judged(photo, models, view)
            if time.monotonic() - shown < _SHOW_EVERY_S:
                continue
            with so_far.container():
                st.progress(len(judged) / len(photos), f"{len(judged):,} of {len(photos):,} photos")
                show(list(judged.values()))
            shown = time.monotonic()
    so_far.empty()
    return judged


def _view(photo: _Asked) -> "ModelView | UnreadablePhoto":
    """What models see of a photo; asks nothing of the session, for other threads have none."""
    try:
        return photo.corrections.view(read_photo(photo.file.content, photo.file.name))
    except UnreadablePhoto as error:
        return error


def _judged(
    photo: _Asked, models: Mapping[str, "Predictor"], view: "ModelView | UnreadablePhoto | None" = None
) -> JudgedPhoto:
    """The photo with its answers; its view is looked up where none is given and a model has not answered yet."""
    error = _why_unreadable(photo)
    if error is None:
        try:
            if isinstance(view, UnreadablePhoto):
                raise view
            return JudgedPhoto(photo.file, photo.key, photo.truth, _seen(photo, models, view))
        except UnreadablePhoto as unreadable:
            error = _unreadable()[photo.key, photo.corrections] = unreadable.with_traceback(None)
            quotas.count_photo()
    return JudgedPhoto(photo.file, photo.key, photo.truth, error=error)


def _seen(photo: _Asked, models: Mapping[str, "Predictor"], view: "ModelView | None") -> Seen:
    seen = _kept().get((photo.key, photo.corrections))
    missing = _missing(photo, models)
    if seen is None or missing:
        view = view or model_queries.model_view(photo.file.content, photo.file.name, photo.corrections)
        seen = seen or Seen(view.image, view.polarity)
        seen.judgements |= {run_id: models[run_id].judge(view) for run_id in missing}
        _kept()[photo.key, photo.corrections] = seen
        quotas.count_photo()
    # In the order in which the runs were chosen, and without those that were given up.
    return Seen(seen.image, seen.polarity, {run_id: seen.judgements[run_id] for run_id in models})


def _missing(photo: _Asked, models: Mapping[str, "Predictor"]) -> list[str]:
    """The runs that have not answered for this photo; none for one that cannot be read."""
    if _why_unreadable(photo):
        return []
    seen = _kept().get((photo.key, photo.corrections))
    return [run_id for run_id in models if seen is None or run_id not in seen.judgements]


def _why_unreadable(photo: _Asked) -> UnreadablePhoto | None:
    """Why a photo cannot be read, as far as that is known already."""
    return photo.file.error or _unreadable().get((photo.key, photo.corrections))


def _forget_unreadable(keys: Sequence[str]) -> None:
    """Drop what is known of photos that are there no more: added again, they are tried again."""
    here = set(keys)
    st.session_state[_UNREADABLE] = {place: error for place, error in _unreadable().items() if place[0] in here}


def _unreadable() -> dict[tuple[str, Corrections], UnreadablePhoto]:
    errors: dict[tuple[str, Corrections], UnreadablePhoto] = st.session_state.setdefault(_UNREADABLE, {})
    return errors


def _kept() -> dict[tuple[str, Corrections], Seen]:
    kept: dict[tuple[str, Corrections], Seen] = st.session_state.setdefault(_KEPT, {})
    return kept
