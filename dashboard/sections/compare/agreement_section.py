"""The two-by-two of agreement: how many images each of two runs has right, with the way to those images."""

import streamlit as st

from core.statistics import wording
from core.statistics.comparison import Comparison
from dashboard import page
from dashboard.charts import galleries
from jobs.reports.html import words
from jobs.store.records import Run

_ARROW = ":material/arrow_forward:"


def show_agreement(comparison: Comparison, baseline: Run, other: Run) -> None:
    """Four counts that add up to all images, each with a link that opens them in Explore."""
    st.subheader("Agreement", anchor=False)
    a, b = comparison.name_a, comparison.name_b
    rows = (
        (
            ("Both right", comparison.both_right, galleries.BOTH_RIGHT),
            (f"Only {b} right", comparison.only_b, galleries.ONLY_RUN),
        ),
        (
            (f"Only {a} right", comparison.only_a, galleries.ONLY_AGAINST),
            ("Both wrong", comparison.both_wrong, galleries.BOTH_WRONG),
        ),
    )
    for row in rows:
        with st.container(horizontal=True):
            for label, count, show in row:
                with st.container(border=True, width="stretch", key=f"agreement_{show}"):
                    st.html(f'<div class="count">{words(label)}<div>{wording.count(count)}</div></div>')
                    page.link("View images", "explore", icon=_ARROW, run=other.id, against=baseline.id, show=show)
    st.caption(f"Both give the same prediction, right or wrong, on {wording.counted(comparison.same_answer, 'image')}.")
