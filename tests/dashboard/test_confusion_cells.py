"""The cells of a confusion matrix: what they say, what they are called, and whether they can be read."""

import numpy as np
import pytest

from core.classes import CLASS_COUNT, CLASS_NAMES
from dashboard.charts import confusion
from dashboard.charts.confusion import COLUMN_PERCENT, COUNTS, ROW_PERCENT, Cell, Matrix

MATRIX = np.eye(CLASS_COUNT, dtype=np.int64) * 900
MATRIX[4, 6], MATRIX[4, 2], MATRIX[7, 9] = 38, 62, 1
MATRIX[8] = 0


def cell(cells: list[Cell], row: int, column: int) -> Cell:
    return next(each for each in cells if (each.row, each.column) == (row, column))


def test_a_cell_is_called_by_its_classes_and_its_count() -> None:
    assert cell(confusion.matrix_cells(MATRIX, CLASS_NAMES), 4, 6).name == "true Coat, predicted Shirt: 38"


def test_row_and_column_shares_keep_the_count_in_the_name() -> None:
    by_row = cell(confusion.matrix_cells(MATRIX, CLASS_NAMES, ROW_PERCENT), 4, 6)
    assert (by_row.text, by_row.name) == ("3.8", "true Coat, predicted Shirt: 38, 3.8 % of all true Coat")
    by_column = cell(confusion.matrix_cells(MATRIX, CLASS_NAMES, COLUMN_PERCENT), 4, 6)
    assert (by_column.text, by_column.name) == ("4.1", "true Coat, predicted Shirt: 38, 4.1 % of all predicted Shirt")


def test_an_empty_cell_shows_nothing_and_says_zero() -> None:
    empty = cell(confusion.matrix_cells(MATRIX, CLASS_NAMES), 0, 1)
    assert (empty.text, empty.name) == ("", "true T-shirt/top, predicted Trouser: 0")


@pytest.mark.parametrize("unit", confusion.UNITS)
def test_a_class_without_images_leaves_no_nan(unit: str) -> None:
    assert {cell.text for cell in confusion.matrix_cells(MATRIX, CLASS_NAMES, unit) if cell.row == 8} == {""}


def test_a_matrix_without_images_is_drawn_empty() -> None:
    assert {cell.text for cell in confusion.matrix_cells(np.zeros_like(MATRIX), CLASS_NAMES, dim_diagonal=True)} == {""}


def test_a_difference_carries_its_sign_and_both_counts() -> None:
    changed = MATRIX.copy()
    changed[4, 6], changed[4, 4] = 30, 908
    cells = confusion.difference_cells(MATRIX, changed, CLASS_NAMES, ("a", "b"))
    assert cell(cells, 4, 6).text == "-8"
    assert cell(cells, 4, 4).name == "true Coat, predicted Coat: +8 (a 900, b 908)"
    assert cell(cells, 0, 0).text == ""


def test_more_and_fewer_have_colours_that_differ() -> None:
    changed = MATRIX.copy()
    changed[4, 6], changed[4, 2] = 30, 70
    cells = confusion.difference_cells(MATRIX, changed, CLASS_NAMES)
    assert cell(cells, 4, 6).light != cell(cells, 4, 2).light


def test_a_dimmed_diagonal_leaves_the_strongest_colour_to_the_largest_error() -> None:
    plain, dimmed = (
        confusion.matrix_cells(MATRIX, CLASS_NAMES),
        confusion.matrix_cells(MATRIX, CLASS_NAMES, dim_diagonal=True),
    )
    assert cell(dimmed, 4, 2).light == cell(plain, 0, 0).light
    assert cell(dimmed, 0, 0).light not in {cell(plain, 0, 0).light, cell(dimmed, 0, 1).light}


def test_a_dimmed_diagonal_leaves_the_strongest_colours_to_the_errors_that_changed_most() -> None:
    changed = MATRIX.copy()
    changed[4, 6], changed[4, 4] = 30, 980
    plain, dimmed = (
        confusion.difference_cells(MATRIX, changed, CLASS_NAMES, dim_diagonal=dim) for dim in (False, True)
    )
    assert cell(dimmed, 4, 4).light not in {cell(plain, 4, 4).light, cell(dimmed, 4, 6).light}
    assert cell(dimmed, 4, 6).light[0] == "#8c3a00" != cell(plain, 4, 6).light[0]


@pytest.mark.parametrize("dim_diagonal", [False, True])
def test_every_number_is_readable_in_both_themes(dim_diagonal: bool) -> None:
    steps = np.arange(100).reshape(10, 10) * 11
    cells = [
        *confusion.matrix_cells(steps, CLASS_NAMES, COUNTS, dim_diagonal=dim_diagonal),
        *confusion.difference_cells(steps, steps.T.copy(), CLASS_NAMES, dim_diagonal=dim_diagonal),
    ]
    worst = min(confusion.contrast(*colours) for cell in cells for colours in (cell.light, cell.dark))
    assert worst >= 4.5


def test_contrast_is_that_of_the_guideline() -> None:
    assert confusion.contrast("#000000", "#ffffff") == pytest.approx(21)
    # Published examples of WebAIM's checker for greys at the edge of level AA.
    assert confusion.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert confusion.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def many(errors: dict[tuple[int, int], int], classes: int = 200) -> Matrix:
    """A matrix of so many classes, right but for these errors."""
    matrix = 50 * np.eye(classes, dtype=np.int64)
    for (true, predicted), count in errors.items():
        matrix[true, predicted] = count
    return matrix


def names(classes: int = 200) -> list[str]:
    return [f"class {label}" for label in range(classes)]


def test_of_many_classes_both_of_the_most_confused_pairs_come_first() -> None:
    matrix = many({(150, 7): 9, (3, 150): 4, (199, 100): 20} | {(label, 50): 1 for label in range(60, 120)})
    cells = confusion.matrix_cells(matrix, names())
    assert len(cells) == 30**2
    assert list(dict.fromkeys(each.row for each in cells))[:5] == [100, 199, 7, 150, 3]
    assert cell(cells, 150, 7).name == "true class 150, predicted class 7: 9"


def test_the_ranks_together_show_every_class_once() -> None:
    matrix = many({(label, (7 * label) % 200): 1 + label % 5 for label in range(1, 120)})
    choices = [choice for choice in confusion.class_choices(names()) if choice.startswith("rank")]
    shown = [confusion.shown_classes(matrix, names(), choice) for choice in choices]
    assert [len(part.labels) for part in shown] == [30, 30, 30, 30, 30, 30, 20]
    assert sorted(label for part in shown for label in part.labels) == list(range(200))
    assert shown[1].words == "Of 200 classes those of rank 31 to 60 by their most frequent errors."


def test_a_class_is_shown_with_those_that_it_is_confused_with_the_most_first() -> None:
    matrix = many({(150, 7): 2, (3, 150): 4, (150, 199): 1, (150, 3): 1, (20, 21): 30})
    shown = confusion.shown_classes(matrix, names(), "class-150")
    assert shown.labels == [150, 3, 7, 199]
    assert shown.words == "class 150 and the 3 classes with which it has errors, the most first."
    assert confusion.shown_classes(matrix, names(), "class-9").words == "class 9 has no errors with other classes."


def test_of_a_class_that_is_confused_with_all_others_the_most_confused_are_shown() -> None:
    matrix = many({(5, label): 1 + label for label in range(200) if label != 5})
    shown = confusion.shown_classes(matrix, names(), "class-5")
    assert shown.labels == [5, *range(199, 170, -1)]
    assert shown.words == "class 5 and the 29 classes with which it has the most errors, the most first."


def test_of_a_difference_the_classes_that_changed_most_come_first_whichever_way() -> None:
    before, after = many({(150, 7): 9, (3, 4): 2}), many({(3, 4): 4})
    shown = confusion.shown_classes(after - before, names(), "rank-0", "changes")
    assert list(shown.labels[:4]) == [7, 150, 3, 4]
    cells = confusion.difference_cells(before, after, names(), shown=shown.labels)
    assert cell(cells, 150, 7).name == "true class 150, predicted class 7: -9 (baseline 9, other 0)"
