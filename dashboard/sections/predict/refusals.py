"""Files that cannot be read, each with its reason; after the third they are folded away."""

from collections.abc import Sequence

import streamlit as st

from core.photos.picture import UnreadablePhoto
from core.statistics import wording
from dashboard import page

_IN_FULL = 3


def show_refusals(errors: Sequence[UnreadablePhoto]) -> None:
    """The first three as messages, the rest as lines to unfold."""
    for error in errors[:_IN_FULL]:
        page.say(error)
    rest = errors[_IN_FULL:]
    if rest:
        with st.expander(f"{wording.counted(len(rest), 'more file')} could not be read", icon=":material/error:"):
            st.markdown("\n".join(f"- {page.trouble(str(error))}" for error in rest))
