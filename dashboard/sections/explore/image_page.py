"""One test image: what the runs say of it, where they look, what they find alike, and the way to the next."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.data.data_set import DataSet
from core.statistics import wording
from core.statistics.metrics import true_class_loss
from dashboard import page
from dashboard.charts import bars, images
from dashboard.charts.bars import Answer
from dashboard.charts.galleries import Indices, Pair
from dashboard.queries import data_queries
from dashboard.sections.explore.saliency_section import show_saliency
from dashboard.sections.shared.comment_threads import show_comments
from dashboard.sections.shared.image_way import show_way
from dashboard.sections.shared.marking import show_marking
from dashboard.sections.shared.neighbour_section import show_neighbours
from dashboard.style import run_styles
from jobs.results.comparisons import distinct_names
from jobs.store.records import Run
from jobs.team.comments import Topic


def image_page(data: DataSet, position: int, pair: Pair, order: Indices) -> None:
    """The page of the test image at a position; `order` are the images of the gallery that it was opened from."""
    image, label = data.test_images[position], int(pair.answers.labels[position])
    answers = _answers(pair, position)
    show_way(position, order)
    picture, bars_of_runs = st.columns([2, 3], gap="large")
    with picture:
        st.html(images.enlarged(image, f"Test image {position}, {data.classes[label]}", 336))
        st.caption(f"Test image {position} · true class **{page.plain(data.classes[label])}**")
        _say_trust(position, [run for run, _ in answers])
    with bars_of_runs:
        for _, answer in answers:
            st.markdown(_verdict(answer, label))
        given = [answer for _, answer in answers]
        caption = f"Probability of each class; true class in bold with ✓<br>{bars.legend(given)}"
        st.html(bars.probability_bars(given, caption, truth=label))
        # A version has its images to learn from before those of the test.
        place = len(data.train_labels) + position
        show_marking(data.id, data_queries.content(data.id), place, int(pair.answers.predicted[position]))
        show_comments(Topic.image(data.id, place), "explore")
    show_saliency(image, position, label, answers)
    show_neighbours(data, position, label, answers)


def _answers(pair: Pair, position: int) -> list[tuple[Run, Answer]]:
    given = [(pair.run, pair.answers)] + ([(pair.against, pair.other)] if pair.against and pair.other else [])
    names = distinct_names([run for run, _ in given])
    styles = run_styles([run.id for run, _ in given])
    return [
        (run, Answer(names[run.id], of_run.probabilities[position], styles[run.id], of_run.classes))
        for run, of_run in given
    ]


def _say_trust(position: int, shown: Sequence[Run]) -> None:
    trust, left_out = data_queries.label_trust(position, shown)
    for refusal in left_out:
        st.caption(page.plain(refusal.sentence))
    if trust is None:
        st.caption("The label is checked by finished runs other than those shown; there are none yet.")
    else:
        st.caption(page.plain(trust.sentence))


def _verdict(answer: Answer, label: int) -> str:
    predicted = int(answer.probabilities.argmax())
    outcome = "right" if predicted == label else "wrong"
    loss = float(true_class_loss(np.array([label]), answer.probabilities[None])[0])
    return (
        f"{answer.style.sign} **{page.plain(answer.name)}** predicts **{page.plain(answer.classes[predicted])}** "
        f"({wording.percent(float(answer.probabilities[predicted]), 1)}): {outcome}, loss {wording.number(loss)}"
    )
