"""What runs say of the photos of one visitor: worked out once for each photo, its corrections and a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
from core.photos.photo_files import PhotoFile
from core.photos.picture import UnreadablePhoto
from dashboard.queries import model_queries
from dashboard.queries.corrections import Corrections
from dashboard.sections.predict.photo_row import chosen_corrections
from dashboard.tables.answers import PhotoAnswer

if TYPE_CHECKING:
    from core.answers.prediction import Predictor

_KEPT, _LABELLED = "photos_judged", "photos_labelled"
_QUICK = 3
"""So many photos are answered before anybody wonders how long it takes."""


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


def judge(files: Sequence[PhotoFile], labels: PhotoLabels, models: Mapping[str, "Predictor"]) -> list[JudgedPhoto]:
    """Every photo with the answers of all runs, by their ids; says how far it is where that takes a while."""
    bar = st.progress(0.0, "Reading the photos") if len(files) > _QUICK else None
    judged = []
    for position, (key, file) in enumerate(zip(_keys(files), files, strict=True)):
        judged.append(_judged(file, key, labels.of(file).label, models))
        if bar:
            bar.progress((position + 1) / len(files), f"Photo {position + 1:,} of {len(files):,}")
    if bar:
        bar.empty()
    return judged


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
    for kept in (_KEPT, _LABELLED):
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


def _judged(file: PhotoFile, key: str, truth: int | None, models: Mapping[str, "Predictor"]) -> JudgedPhoto:
    try:
        if file.error:
            raise file.error
        seen = _seen(file, key, chosen_corrections(key), models)
    except UnreadablePhoto as error:
        return JudgedPhoto(file, key, truth, error=error)
    return JudgedPhoto(file, key, truth, seen)


def _seen(file: PhotoFile, key: str, corrections: Corrections, models: Mapping[str, "Predictor"]) -> Seen:
    kept: dict[tuple[str, Corrections], Seen] = st.session_state.setdefault(_KEPT, {})
    seen = kept.get((key, corrections))
    missing = {run_id: model for run_id, model in models.items() if seen is None or run_id not in seen.judgements}
    if seen is None or missing:
        view = model_queries.model_view(file.content, file.name, corrections)
        seen = seen or Seen(view.image, view.polarity)
        seen.judgements |= {run_id: model.judge(view) for run_id, model in missing.items()}
        kept[key, corrections] = seen
    # In the order in which the runs were chosen, and without those that were given up.
    return Seen(seen.image, seen.polarity, {run_id: seen.judgements[run_id] for run_id in models})
