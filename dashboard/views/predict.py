"""Predict: photos in, answers of any number of runs side by side out."""

from collections.abc import Sequence
from functools import partial
from operator import attrgetter

import streamlit as st

from core.answers.class_sets import without_sets
from core.classes import CLASS_NAMES
from core.errors import CheckpointError
from core.photos.archives import MAX_ENTRIES
from dashboard import page, permitted, pickers
from dashboard.charts.bars import Answer
from dashboard.queries import model_queries, run_queries
from dashboard.sections.predict import photo_judging
from dashboard.sections.predict.correcting import ask_for_class, ask_for_consent
from dashboard.sections.predict.keep_photos import offer_to_keep, results_of
from dashboard.sections.predict.photo_drop import collect_photos
from dashboard.sections.predict.photo_judging import JudgedPhoto
from dashboard.sections.predict.photo_results import show_results
from dashboard.sections.predict.photo_row import Shown, chosen_corrections, show_photo
from dashboard.sections.predict.photo_saliency import show_neighbours, show_saliency, studied
from dashboard.sections.predict.photo_sets import show_sets
from dashboard.sections.predict.refusals import show_refusals
from dashboard.sections.shared.take_along import csv_button
from dashboard.style import run_styles
from dashboard.tables.answers import PhotoAnswer, answer_csv, answer_table, verdict, verdict_words
from jobs.people import Role
from jobs.results.comparisons import distinct_names
from jobs.results.photo_calibration import calibration_of

ROWS = 10
TAKES = {
    "labelling, keeping and measuring photos": Role.REVIEW,
    "deleting photo sets and learning from them": Role.LAUNCH,
}

page.title("Predict", "What is this?")
permitted.say_missing(TAKES)
offered = pickers.finished_runs("run")
if not offered:
    page.empty(
        "No finished runs yet, so there is no model to predict with. A one-minute run is enough to start.",
        "Launch a run",
        "launch",
    )
    st.stop()
views = {"photos": "Photos", "sets": "Photo sets"}
about = pickers.pick_one("Look at", views, "about", segmented=True, hide_label=True)
if about == "sets":
    show_sets(offered)
    st.stop()

left, right = st.columns([3, 2], gap="large")
with left:
    dropped = collect_photos()
with right:
    chosen = pickers.pick_runs("Predict with", offered, default=[offered[0].id])
    looking = pickers.switch("Show Grad-CAM heat maps", "saliency")
    comparing = pickers.switch("Show the nearest training images", "neighbours")
if not dropped.files or not chosen:
    page.empty("Add photos or choose a drawn sample, and choose at least one run. The predictions appear here.")
    st.stop()
if len(dropped.files) > MAX_ENTRIES:
    st.warning(f"Only the first {MAX_ENTRIES:,} of {len(dropped.files):,} photos are used.")

names, styles, models = distinct_names(chosen), run_styles([run.id for run in chosen]), {}
for run in chosen:
    try:
        models[run.id] = model_queries.predictor(run.id)
    except CheckpointError as error:
        st.warning(
            f"**{page.plain(run.name)}** cannot predict. {page.trouble(str(error))} The other runs are not affected."
        )

classes = {run_id: model.classes for run_id, model in models.items()}
calibrations = {
    run_id: calibration_of(run_queries.store(), run_id, model.set_calibration) for run_id, model in models.items()
}


def _answers(photos: Sequence[JudgedPhoto]) -> list[PhotoAnswer]:
    return [answer for photo in photos for answer in photo.answers(names, classes, calibrations)]


def _show_answers(photos: Sequence[JudgedPhoto]) -> None:
    alt = "The predictions of all runs for the photos"
    st.dataframe(answer_table(_answers(photos)), hide_index=True, alt=alt)


judged = photo_judging.judge(dropped.files[:MAX_ENTRIES], dropped.labels, models, _show_answers)
show_refusals([photo.error for photo in judged if photo.error])
readable = [(photo, photo.seen) for photo in judged if photo.seen]
with_study = studied([run for run in chosen if run.id in models]) if comparing and readable else []
may_label = permitted.may(Role.REVIEW)
if readable and may_label:
    ask_for_consent()
for photo, seen in readable[pickers.pick_slice(len(readable), ROWS)]:
    judgements = seen.judgements
    view = model_queries.model_view(photo.file.content, photo.file.name, chosen_corrections(photo.key))
    explained = verdict_words if len(judgements) > 1 else attrgetter("reason")
    told = photo.answers(names, classes, calibrations)
    shown = [
        Shown(
            Answer(names[each], judgement.probabilities, styles[each], classes[each]),
            explained(judgement),
            answer.promise,
            None if models[each].sees_cutouts else models[each].seen(view),
        )
        for (each, judgement), answer in zip(judgements.items(), told, strict=True)
    ]
    with st.container(border=True):
        show_photo(photo.key, photo.file.name, view, shown, verdict(told), photo.true_class)
        if may_label:
            ask_for_class(photo)
        if looking:
            labels = {run_id: int(judgement.probabilities.argmax()) for run_id, judgement in judgements.items()}
            show_saliency(photo.file.name, view, models, labels, names)
        show_neighbours(photo.key, view, with_study, models, names)

st.subheader("All predictions", anchor=False)
_show_answers(judged)
for run_id, calibration in calibrations.items():
    if calibration is None:
        st.caption(page.plain(without_sets(names[run_id], classes[run_id])))
csv_button("Download all probabilities (CSV)", partial(answer_csv, _answers(judged)), "answers")
if known := [photo for photo, _ in readable if photo.truth is not None]:
    st.subheader("Accuracy on labelled photos", anchor=False)
    # Photos are labelled by the classes of Fashion-MNIST.
    if fitting := {each: names[each] for each in models if tuple(classes[each]) == CLASS_NAMES}:
        show_results(*results_of(known, fitting, calibrations))
    if may_label:
        offer_to_keep(known)
