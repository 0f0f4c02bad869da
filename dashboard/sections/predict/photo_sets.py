"""Photo sets on the page Predict: measure runs on one, compare them on it, look at its photos, delete it."""

from collections.abc import Sequence

import streamlit as st

from core.errors import LookbookError
from core.statistics import wording
from dashboard import page, page_wording, permitted, pickers
from dashboard.queries import model_queries, quotas, run_queries
from dashboard.sections.predict.learn_from_photos import offer_to_learn
from dashboard.sections.predict.photo_results import show_results
from dashboard.sections.shared.comment_threads import show_comments
from jobs.people import Role
from jobs.results import photo_sets
from jobs.results.comparisons import LeftOut, compare_runs, distinct_names
from jobs.results.photo_calibration import sets_on
from jobs.results.photo_sets import PhotoSet
from jobs.store.records import Run, RunName
from jobs.team.comments import Topic

_MOST_TOLD = 5
"""So many runs that were refused are told of one by one."""


def show_sets(offered: Sequence[RunName]) -> None:
    """One photo set, chosen in the URL, with what the chosen runs say of it."""
    store = run_queries.store()
    sets = {kept.id: kept for kept in photo_sets.list_sets(store)}
    if not sets:
        page.empty(
            "No photo sets yet. Drop a zip with one folder per class, and keep its photos as a set.",
            "Drop photos",
            "predict",
        )
        return
    labels = {
        kept.id: f"{page_wording.label(kept.name)} · {wording.counted(kept.count, 'photo')}" for kept in sets.values()
    }
    left, right = st.columns([2, 3], gap="large")
    with left:
        chosen = sets[pickers.pick_one("Photo set", labels, "set", clears=("photo",))]
    every = _without_learners(chosen, list(dict.fromkeys([*offered, *run_queries.finished_names()])))
    fitting = set(every)
    offered = [run for run in offered if run in fitting]
    with right:
        runs = pickers.pick_runs("Runs, baseline first", offered, default=[run.id for run in offered[:2]])
    known = photo_sets.answered_by(store, chosen)
    _offer_to_measure(chosen, runs, every, known)
    measured = [run for run in runs if run.id in known]
    if measured:
        _show_measured(chosen, measured)
    if chosen.count:
        _show_comments(chosen)
    if permitted.may(Role.LAUNCH):
        offer_to_learn(chosen)
        _offer_to_delete(chosen, len(known))


def _without_learners(photo_set: PhotoSet, offered: Sequence[RunName]) -> list[RunName]:
    """The runs that have not learnt from a set; says how many have."""
    learners = photo_sets.learners_of(run_queries.store(), photo_set)
    others = [run for run in offered if run.id not in learners]
    if len(others) < len(offered):
        left_out = wording.counted(len(offered) - len(others), "run")
        st.caption(
            f"Left out, because these photos were learnt, by the run or by one that it builds on: {left_out}. What the "
            "runs of the folds predict of held-out photos is on their pages."
        )
    return others


def _offer_to_measure(
    photo_set: PhotoSet, runs: Sequence[Run], offered: Sequence[RunName], known: Sequence[str]
) -> None:
    """Buttons for the chosen runs that are not measured as photos are read now, for all such runs, and for again."""
    old = photo_sets.outdated(run_queries.store(), photo_set)
    current = set(known) - set(old)
    missing = [run for run in runs if run.id not in current]
    rest = [run for run in offered if run.id not in current]
    asked: Sequence[Run] = []
    never = [run for run in missing if run.id not in known]
    if never:
        st.write(page.plain(f"Not measured on this set yet: {', '.join(distinct_names(never).values())}."))
    if outdated := [run for run in runs if run.id in old]:
        names = ", ".join(distinct_names(outdated).values())
        st.warning(page.plain(f"Measured with an older preprocessing of photos: {names}. Measure again to compare."))
    if not permitted.may(Role.REVIEW):
        return
    with st.container(horizontal=True):
        again = False
        if missing and st.button(f"Measure {wording.counted(len(missing), 'run')}", key="measure"):
            asked = missing
        if len(rest) > len(missing) and st.button(f"Measure all {len(rest)} remaining", key="measure_all"):
            asked = run_queries.chosen_runs([run.id for run in rest])
        if len(missing) < len(runs) and st.button("Measure again", key="measure_again"):
            asked, again = runs, True
    if asked:
        _measure(photo_set, asked, again=again)


def _measure(photo_set: PhotoSet, runs: Sequence[Run], *, again: bool) -> None:
    # Torch takes seconds to import, and only these buttons need it.
    from jobs.results.photo_answers import measure

    bar, left_out = st.progress(0.0, "Loading the models"), list[LeftOut]()
    try:
        with quotas.predicting(photo_set.count):
            for done in measure(run_queries.store(), photo_set, runs, again=again, left_out=left_out):
                quotas.count_photo()
                bar.progress(done / photo_set.count, f"Photo {done:,} of {photo_set.count:,}")
    except LookbookError as error:
        page.say(error)
        return
    for each in left_out[:_MOST_TOLD]:
        page.notice(each.sentence)
    if (rest := len(left_out) - _MOST_TOLD) > 0:
        page.notice(f"{wording.counted(rest, 'more run')} left out.")
    st.rerun()


def _show_measured(photo_set: PhotoSet, measured: Sequence[Run]) -> None:
    store, names = run_queries.store(), distinct_names(measured)
    if len(measured) > 1:
        for comparison in compare_runs(store, measured, photo_set.split).comparisons:
            st.markdown(page.plain(comparison.sentence))
    answers = {names[run.id]: photo_sets.answers_of(store, photo_set, run.id) for run in measured}
    try:
        images = model_queries.photo_set_images(photo_set)
    except LookbookError as error:
        page.say(error)
        return
    verdicts = {names[run.id]: photo_sets.verdicts_of(store, photo_set, run.id) for run in measured}
    sets = {names[run.id]: sets_on(store, photo_set, run.id) for run in measured}
    show_results(answers, verdicts, sets, images, [photo.name for photo in photo_sets.photos_of(store, photo_set)])


def _show_comments(photo_set: PhotoSet) -> None:
    """What people say of one photo of the set, chosen in the URL; the photos are listed when they are asked for."""
    folded = st.expander(
        "Comments on a photo", key="photo_comments", expanded=bool(pickers.in_url("photo")), on_change="rerun"
    )
    if not folded.open:
        return
    # A photo's file is named by its position, which stays when others leave the set.
    kept = {str(int(photo.file.stem)): photo for photo in photo_sets.photos_of(run_queries.store(), photo_set)}
    with folded:
        names = {"": "Choose a photo", **{position: photo.name for position, photo in kept.items()}}
        chosen = pickers.pick_one("Photo", names, "photo")
        if chosen:
            with page.errors_said():
                st.image(kept[chosen].load().pixels, page.plain(kept[chosen].name), width=224)
            show_comments(Topic.photo(photo_set.id, int(chosen)), "predict", folded=False)


def _offer_to_delete(photo_set: PhotoSet, answered: int) -> None:
    size = wording.size(photo_sets.bytes_used(run_queries.store(), photo_set))
    with st.popover("Delete this set"):
        st.write(
            page.plain(
                f"{photo_set.name}: {wording.counted(photo_set.count, 'photo')} ({size}) and the predictions of "
                f"{wording.counted(answered, 'run')} for them are deleted. This cannot be undone."
            )
        )
        if st.button("Delete permanently", type="primary", key="delete_set"):
            photo_sets.delete(run_queries.store(), photo_set)
            pickers.put_in_url("set", None)
            st.rerun()
