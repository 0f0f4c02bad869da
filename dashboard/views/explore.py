"""Explore: a confusion matrix or a map of the test images, and the very images behind each cell or area of it."""

import streamlit as st

from core.statistics import wording
from dashboard import page, permitted, pickers
from dashboard.charts import galleries
from dashboard.charts.galleries import Pair, Wanted
from dashboard.charts.gallery_pictures import predicted_pictures
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries, run_queries
from dashboard.sections.explore.image_page import image_page
from dashboard.sections.explore.map_section import area_in_url, area_mask, show_map
from dashboard.sections.explore.run_pair import pick_pair
from dashboard.sections.shared.gallery_filters import CLOSED, filters_in_url, gallery_filters
from dashboard.sections.shared.image_way import image_in_url, open_image
from dashboard.sections.shared.matrix_section import show_matrix_section
from jobs.people import Role
from jobs.results.comparisons import other_images

PAGE_SIZE = 40
MATRIX, MAP = "matrix", "map"
SECTIONS = {MATRIX: "Confusion matrix", MAP: "Map"}


def images_wanted(wanted: Wanted) -> galleries.Indices:
    """The images of the gallery in their order."""
    mask, area = pair.among(wanted.show), area_mask(pair.run)
    return galleries.pick_images(pair.quoted(wanted.show), mask if area is None else mask & area, wanted)


page.title("Explore", "What does it get wrong, and what do those images look like?")
permitted.say_missing({"marking labels and computing maps": Role.REVIEW})
run, against = pick_pair()
data = data_queries.data_set(run.config.data)
pair = Pair(run, run_queries.predictions(run.id), against, run_queries.predictions(against.id) if against else None)
classes = pair.answers.classes
if difference := other_images(pair.answers, data.test_labels):
    st.error(page.plain(f"{run.name} was not tested on the images that are stored now: {difference}."))
    st.stop()
opened = image_in_url(len(data.test_labels))
if opened is not None:
    image_page(data, opened, pair, images_wanted(filters_in_url(classes, paired=against is not None)))
    st.stop()

left, right = st.columns([1, 1], gap="large")
with right:
    wanted = gallery_filters(classes, run.name, against.name if against else None)
with left:
    closed = (*CLOSED, "area")
    section = pickers.pick_one("Section", SECTIONS, "section", segmented=True, hide_label=True, clears=closed)
    if section == MAP:
        show_map(run, pair.answers)
    else:
        show_matrix_section(pair, wanted)

with right:
    order = images_wanted(wanted)
    st.subheader(wording.counted(len(order), "image"), anchor=False)
    within_area = area_mask(run) is not None
    words = galleries.describe(wanted, classes, run.name, against.name if against else None, within_area=within_area)
    st.caption(page.plain(words))
    if area_in_url() and not within_area:
        st.warning(f"The map area in the link is ignored: {page.plain(run.name)} has no map yet.")
    if not len(order):
        st.write("No images match: choose another cell or area, or remove filters.")
    shown = order[pickers.pick_slice(len(order), PAGE_SIZE)]
    pictures = predicted_pictures(data.test_images, pair.quoted(wanted.show), shown, pickers.whole_url())
    gallery(pictures, "Test images", key="gallery", on_open=open_image)
