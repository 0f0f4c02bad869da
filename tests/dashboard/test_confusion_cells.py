"""The cells of a confusion matrix: what they say, what they are called, and whether they can be read."""

import numpy as np
import pytest

from core.classes import CLASS_COUNT, CLASS_NAMES
from dashboard.charts import confusion
from dashboard.charts.confusion import COLUMN_PERCENT, COUNTS, ROW_PERCENT, Cell

MATRIX = np.eye(CLASS_COUNT, dtype=np.int64) * 900
MATRIX[4, 6], MATRIX[4, 2], MATRIX[7, 9] = 38, 62, 1
MATRIX[8] = 0


def cell(cells: list[Cell], row: int, column: int) -> Cell:
    return cells[row * CLASS_COUNT + column]


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


def test_of_many_classes_the_most_confused_have_cells() -> None:
    matrix = 50 * np.eye(200, dtype=np.int64)
    matrix[150, 7] = 9
    matrix[3, 150] = 4
    cells = confusion.matrix_cells(matrix, [f"class {label}" for label in range(200)])
    assert len(cells) == 30**2
    assert {3, 7, 150} <= {each.row for each in cells}
    assert next(each.name for each in cells if (each.row, each.column) == (150, 7)) == (
        "true class 150, predicted class 7: 9"
    )
