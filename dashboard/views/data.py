"""Data: what a data set is, a browser for all its images, and what may be wrong with them."""

import streamlit as st

from dashboard import page, permitted, pickers
from dashboard.queries import data_queries
from dashboard.sections.data import (
    data_images,
    difference_section,
    label_corrections,
    near_duplicates,
    overview,
    pictures_import,
    stored_pairs,
    suspect_labels,
    upload_list,
)
from dashboard.sections.shared.data_picker import pick_version
from jobs.people import Role

TAKES = {"marking labels": Role.REVIEW, "importing, storing and deleting data sets": Role.LAUNCH}

page.title("Data", "What is it learning from?")
permitted.say_missing(TAKES)
if upload_id := next(iter(pickers.in_url("upload")), ""):
    pictures_import.show(upload_id)
    st.stop()
upload_list.show()
version = pick_version()
if version.is_built_in and (problem := data_queries.data_problem()):
    if not data_queries.data_is_present():
        page.say(problem)
        st.stop()
    st.warning(page.trouble(str(problem)))
sections = {
    "overview": ("Overview", overview.show),
    "images": ("Images", data_images.show),
    "suspects": ("Label issues", suspect_labels.show),
    "duplicates": ("Near-duplicates", near_duplicates.show if version.is_built_in else stored_pairs.show),
    "corrections": ("Corrections", label_corrections.show),
    "difference": ("Difference", difference_section.show),
}
closed = ("page", "image", "split", "class", "suggested", "sort", "show", "kind")
pickers.pick_section("Section", sections, "section", clears=closed)(version)
