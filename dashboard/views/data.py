"""Data: the classes of a data set, a browser for all its images, and what may be wrong with them."""

import streamlit as st

from dashboard import page, pickers
from dashboard.queries import data_queries
from dashboard.sections.data import (
    data_images,
    near_duplicates,
    pictures_import,
    stored_set,
    suspect_labels,
    upload_list,
)
from dashboard.sections.shared.data_picker import pick_version

SECTIONS = {
    "images": ("Images", data_images.show),
    "suspects": ("Label issues", suspect_labels.show),
    "duplicates": ("Near-duplicates", near_duplicates.show),
}

page.title("Data", "What is it learning from?")
if upload_id := next(iter(pickers.in_url("upload")), ""):
    pictures_import.show(upload_id)
    st.stop()
upload_list.show()
version = pick_version()
if not version.is_built_in:
    stored_set.show(version)
    st.stop()
if problem := data_queries.data_problem():
    if not data_queries.data_is_present():
        page.say(problem)
        st.stop()
    st.warning(page.plain(str(problem)))
pickers.pick_section("Section", SECTIONS, "section", clears=("page", "split", "class", "suggested", "sort"))()
