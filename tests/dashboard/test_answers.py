"""What runs say of photos, as table, CSV and sentence."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.classes import CLASS_NAMES
from core.photos.model_view import to_model_view
from core.photos.picture import read
from dashboard.charts.bars import Answer, legend, probability_bars
from dashboard.charts.saliency import overlay, placed, where
from dashboard.sections.predict import samples
from dashboard.style import run_style
from dashboard.tables.answers import PhotoAnswer, answer_csv, answer_table, verdict


def sure_of(label: int, share: float = 0.91) -> NDArray[np.float64]:
    shares = np.full(10, (1 - share) / 9)
    shares[label] = share
    return shares


RIGHT = PhotoAnswer("a.jpg", "plain", "dark-on-light", sure_of(8), classes=CLASS_NAMES)
OTHER = PhotoAnswer("a.jpg", "frozen", "dark-on-light", sure_of(6), classes=CLASS_NAMES)
BROKEN = PhotoAnswer("b.jpg", error="b.jpg is empty (0 bytes).")


def test_the_table_has_the_three_most_probable_classes_and_errors_where_there_are_any() -> None:
    table = answer_table([RIGHT, BROKEN])
    assert table.loc[0, "First"] == "Bag 91.0 %"
    assert table.loc[1, "Error"] == "b.jpg is empty (0 bytes)."
    assert "Error" not in answer_table([RIGHT]).columns


def test_the_csv_has_all_ten_probabilities_of_every_answer_and_a_row_for_a_file_that_failed() -> None:
    rows = list(csv.DictReader(io.StringIO(answer_csv([RIGHT, OTHER, BROKEN]))))
    assert [row["predicted"] for row in rows] == ["Bag", "Shirt", ""]
    assert sum(float(rows[0][name]) for name in CLASS_NAMES) == pytest.approx(1)
    assert rows[2]["error"] == "b.jpg is empty (0 bytes)."


def said(run: str, label: int, verdict: str = "") -> PhotoAnswer:
    shares = sure_of(label, 0.6)
    shares[6 if label != 6 else 0] = 0.2
    return PhotoAnswer("a.jpg", run, "", shares, verdict=verdict, classes=CLASS_NAMES)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([said("plain", 8)], "plain predicts Bag."),
        ([said("plain", 0, "sure")], "Sure: T-shirt/top."),
        ([said("plain", 8, "not sure")], "Not sure: Bag or Shirt."),
        ([said("plain", 8, "none of these")], "None of these."),
        ([BROKEN], ""),
    ],
)
def test_the_verdict_stands_first(answers: list[PhotoAnswer], words: str) -> None:
    assert verdict(answers) == words


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([RIGHT, said("frozen", 8)], "Both runs: Bag."),
        ([RIGHT, OTHER], "The runs disagree: plain: Bag, frozen: Shirt."),
        ([said("a", 8, "sure"), said("b", 8, "sure")], "Both runs: sure: Bag."),
        ([said("a", 8, "none of these"), said("b", 3, "none of these")], "Both runs: none of these."),
        ([said("a", 8, "sure"), said("b", 8, "not sure")], "Both runs predict Bag; 1 of them is sure."),
        (
            [said("a", 8, "sure"), said("b", 8, "none of these")],
            "The runs disagree: a: sure: Bag, b: none of these.",
        ),
        ([said("a", 8, "sure"), said("b", 0, "sure")], "The runs disagree: a: sure: Bag, b: sure: T-shirt/top."),
    ],
)
def test_runs_agree_only_where_their_verdicts_do(answers: list[PhotoAnswer], words: str) -> None:
    assert verdict(answers) == words


def test_sets_of_classes_have_a_column_in_the_table_and_say_in_the_csv_what_they_promise() -> None:
    images = "480 photos of office"
    with_set = replace(RIGHT, set_names=("Bag", "Shirt"), set_images=images)
    assert answer_table([with_set, OTHER])["Set of classes, 90 %"].tolist() == ["Bag or Shirt", ""]
    assert "Set of classes, 90 %" not in answer_table([RIGHT]).columns
    first, second = csv.DictReader(io.StringIO(answer_csv([with_set, OTHER])))
    assert (first["set"], first["set coverage"], first["set calibrated on"]) == ("Bag; Shirt", "0.9", images)
    assert (second["set"], second["set coverage"], second["set calibrated on"]) == ("", "", "")
    assert with_set.promise == f"Bag or Shirt: 9 in 10 such answers hold the truth (calibrated on {images})."
    assert OTHER.promise == ""


def test_a_name_that_a_spreadsheet_would_run_is_only_text_in_the_csv() -> None:
    answers = [PhotoAnswer(f"{start}cmd|' /C calc'!A0.png", error="-1 bytes") for start in "=+-@\t"]
    rows = list(csv.DictReader(io.StringIO(answer_csv(answers))))
    assert [row["file"][:2] for row in rows] == ["'=", "'+", "'-", "'@", "'\t"]
    assert {row["error"] for row in rows} == {"'-1 bytes"}
    (row,) = csv.DictReader(io.StringIO(answer_csv([RIGHT])))
    assert row["file"] == "a.jpg"
    assert float(row["Bag"]) == pytest.approx(0.91)


def test_the_heat_lies_on_the_photo_where_the_model_looked() -> None:
    salient = np.zeros((28, 28), np.float32)
    salient[:14] = 1
    heat = placed(salient, (0.5, -0.25, 1.0, 0.75), (40, 80))
    assert heat.shape == (40, 80)
    assert not heat[:, :40].any()
    assert heat[2:8, 42:78].min() > 0.9
    assert not heat[14:, :].any()
    photo = np.full((40, 80, 3), 60, np.uint8)
    shown = overlay(photo, heat)
    assert (shown[:, :40] == 60).all()
    assert shown[4, 60, 0] > 200
    assert where(heat) == "strongest upper right"


def test_bars_show_the_top_three_in_order_with_a_number_each() -> None:
    bars = probability_bars([Answer("plain", sure_of(8), run_style("x"), CLASS_NAMES)], "", top=3)
    assert bars.count('<th scope="row"') == 3
    assert bars.index("Bag") < bars.index("T-shirt/top")
    assert "91.0 %" in bars


def test_a_run_cannot_smuggle_markup_into_the_page() -> None:
    assert "<b>" not in legend([Answer("<b>", sure_of(8), run_style("x"), CLASS_NAMES)])


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_a_drawn_sample_is_found_and_inverted(name: str) -> None:
    view = to_model_view(read(samples.draw_sample(name), name))
    assert view.polarity == "dark-on-light"
    assert 100 < (view.image > 60).sum() < 700


def test_runs_of_other_classes_stand_beside_each_other_in_one_table() -> None:
    pets = PhotoAnswer("a.jpg", "pets", "kept", np.array([0.2, 0.8]), classes=("cat", "dog"))
    (first, second) = csv.DictReader(io.StringIO(answer_csv([RIGHT, pets])))
    assert (first["Bag"], first["dog"]) == ("0.91", "")
    assert (second["Bag"], second["dog"], second["predicted"]) == ("", "0.8", "dog")
    assert answer_table([RIGHT, pets])["Second"].tolist()[1] == "cat 20.0 %"
    assert "pets: dog" in verdict([RIGHT, pets])


def test_of_many_classes_the_likeliest_have_bars_and_the_true_one() -> None:
    shares = np.linspace(0, 1, 50)
    answer = Answer("plain", shares / shares.sum(), run_style("x"), [f"class {label}" for label in range(50)])
    drawn = probability_bars([answer], "", truth=3)
    assert drawn.count("<tr>") == 21
    assert "<b>class 3 ✓</b>" in drawn
    assert "class 49" in drawn
