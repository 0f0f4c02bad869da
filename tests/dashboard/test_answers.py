"""What runs say of photos, as table, CSV and sentence."""

import csv
import io

import numpy as np
import pytest

from core.classes import CLASS_NAMES
from core.photos import to_model_view
from core.reading import read
from dashboard import samples
from dashboard.charts.bars import Answer, legend, probability_bars
from dashboard.style import run_style
from dashboard.tables.answers import PhotoAnswer, answer_csv, answer_table, verdict


def sure_of(label, share=0.91):
    shares = np.full(10, (1 - share) / 9)
    shares[label] = share
    return shares


RIGHT = PhotoAnswer("a.jpg", "plain", "dark-on-light", sure_of(8))
OTHER = PhotoAnswer("a.jpg", "frozen", "dark-on-light", sure_of(6))
BROKEN = PhotoAnswer("b.jpg", error="b.jpg is empty (0 bytes).")


def test_the_table_has_the_three_most_probable_classes_and_errors_where_there_are_any():
    table = answer_table([RIGHT, BROKEN])
    assert table.loc[0, "First"] == "Bag 91.0 %"
    assert table.loc[1, "Error"] == "b.jpg is empty (0 bytes)."
    assert "Error" not in answer_table([RIGHT]).columns


def test_the_csv_has_all_ten_probabilities_of_every_answer_and_a_row_for_a_file_that_failed():
    rows = list(csv.DictReader(io.StringIO(answer_csv([RIGHT, OTHER, BROKEN]))))
    assert [row["predicted"] for row in rows] == ["Bag", "Shirt", ""]
    assert sum(float(rows[0][name]) for name in CLASS_NAMES) == pytest.approx(1)
    assert rows[2]["error"] == "b.jpg is empty (0 bytes)."


def test_agreement_and_disagreement_are_said_in_words():
    assert verdict([RIGHT]) == "plain says Bag."
    assert verdict([RIGHT, PhotoAnswer("a.jpg", "frozen", "", sure_of(8))]) == "All 2 runs say Bag."
    assert verdict([RIGHT, OTHER]) == "The runs disagree: plain says Bag, frozen says Shirt."
    assert verdict([BROKEN]) == ""


def test_bars_show_the_top_three_in_order_with_a_number_each():
    bars = probability_bars([Answer("plain", sure_of(8), run_style("x"))], "", top=3)
    assert bars.count('<th scope="row"') == 3
    assert bars.index("Bag") < bars.index("T-shirt/top")
    assert "91.0 %" in bars


def test_a_run_cannot_smuggle_markup_into_the_page():
    assert "<b>" not in legend([Answer("<b>", sure_of(8), run_style("x"))])


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_a_drawn_sample_is_found_and_inverted(name):
    view = to_model_view(read(samples.draw_sample(name), name))
    assert view.polarity == "dark-on-light"
    assert 100 < (view.image > 60).sum() < 700
