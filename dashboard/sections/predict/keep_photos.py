"""Photos with known classes on the page Predict: their results, and keeping them as a named photo set."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.answers.class_sets import SetCalibration
from core.answers.verdict import Verdict
from core.errors import LookbookError
from core.statistics import wording
from core.statistics.metrics import SMALLEST_PROBABILITY
from dashboard import page, pickers
from dashboard.queries import model_queries, run_queries
from dashboard.sections.predict.photo_judging import JudgedPhoto
from jobs.results import photo_sets
from jobs.results.photo_calibration import SetResult, sets_by
from jobs.store.records import Predictions

_KEPT = "sets_kept"


def results_of(
    known: Sequence[JudgedPhoto], names: Mapping[str, str], calibrations: Mapping[str, SetCalibration | None]
) -> tuple[dict[str, Predictions], dict[str, list[Verdict | None]], dict[str, SetResult | None], np.ndarray, list[str]]:
    """What each run, by its name, says of photos with a known class, its verdicts, how well its sets do, their views,
    and their names."""
    seen = [photo.seen for photo in known if photo.seen]
    labels = np.array([photo.truth for photo in known], dtype=np.int64)
    answers, verdicts, sets = {}, {}, {}
    for run_id in names:
        shares = np.array([view.judgements[run_id].probabilities for view in seen])
        logs = np.log(np.maximum(shares, SMALLEST_PROBABILITY)).astype(np.float32)
        verdicts[names[run_id]] = [view.judgements[run_id].verdict for view in seen]
        answers[names[run_id]] = Predictions(run_id, "photos", labels, logs)
        calibration = calibrations[run_id]
        sets[names[run_id]] = None if calibration is None else sets_by(calibration, answers[names[run_id]])
    return answers, verdicts, sets, np.array([view.image for view in seen]), [photo.file.name for photo in known]


def offer_to_keep(known: Sequence[JudgedPhoto]) -> None:
    """A field and a button to keep these photos, as they are without corrections, under a name."""
    kept_before = st.session_state.get(_KEPT, 0)
    with st.container(border=True, key="keep_photos"):
        count = wording.counted(len(known), "labelled photo")
        st.markdown(f"**Keep {count} as a photo set**")
        st.caption(
            "Pixels and labels are kept on this machine until you delete the set. Later runs can be measured on it."
        )
        # No form: what is typed into one is gone after a look at another page.
        key = f"set_name_{kept_before}"
        name = st.text_input("Name of the set", placeholder="phone photos", key=key, persist_state="session")
        if not st.button("Keep photos", key="keep_them"):
            return
    photos = ((model_queries.photo(photo.file.content, photo.file.name), photo.truth or 0) for photo in known)
    try:
        kept = photo_sets.keep(run_queries.store(), name, photos)
    except LookbookError as error:
        page.say(error)
        return
    st.session_state[_KEPT] = kept_before + 1
    st.success(f"{wording.counted(kept.count, 'photo')} kept as {page.plain(kept.name)}.")
    st.button("Open the set", on_click=pickers.change_url, args=({"about": "sets", "set": kept.id},))
