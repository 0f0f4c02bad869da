"""The health of a version, stored or not: what should be looked at, what leaks, and what was left out."""

import streamlit as st

from core.datasets.health import Health, findings
from core.datasets.versions import Version
from dashboard import page


def show(version: Version, health: Health) -> None:
    """The findings in sentences, and the lists behind them, folded."""
    st.subheader("Health", anchor=False)
    for sentence in findings(version, health):
        st.write(page.plain(sentence))
    if health.leaking:
        with st.expander("Images to learn from that leak into the test set"):
            st.dataframe([pair.model_dump() for pair in health.leaking], alt="Leaking pairs")
    if version.refused_files:
        with st.expander("Files that were left out"):
            st.dataframe([file.model_dump() for file in version.refused_files], alt="Files that were left out")
