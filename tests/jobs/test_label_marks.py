"""What people mark: the last word of each counts, and where they disagree nothing follows."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.datasets.pixels.pixel_rows import PixelRows
from core.datasets.storing import Content
from core.errors import ConfigurationError
from jobs.results import label_marks
from jobs.results.label_marks import review_of
from jobs.store.store import Store

DATA = "0a" * 32


@pytest.fixture
def content() -> Content:
    """Five images of two classes, without pixels."""
    rows = PixelRows((), 28, 1, np.arange(5), 1)
    return Content(("cat", "dog"), rows, np.array([0, 0, 1, 1, 0]), np.zeros(5, np.uint8), tuple("abcde"))


def test_a_later_mark_of_a_person_replaces_the_earlier_and_can_be_taken_back(store: Store) -> None:
    label_marks.mark(store, DATA, 3, "anna", 0)
    label_marks.mark(store, DATA, 3, "  anna ", None)
    assert review_of(store, DATA, 5, 2).corrections == {3: None}
    label_marks.withdraw(store, DATA, 3, "anna")
    assert review_of(store, DATA, 5, 2).marks == {}


def test_marks_on_which_two_people_disagree_are_in_dispute_until_they_agree(store: Store, content: Content) -> None:
    label_marks.mark(store, DATA, 2, "anna", 0)
    assert review_of(store, DATA, 5, 2).corrections == {2: 0}
    label_marks.mark(store, DATA, 2, "ben", 1)
    label_marks.mark(store, DATA, 1, "ben", None)
    review = review_of(store, DATA, 5, 2)
    assert (review.corrections, review.disputed) == ({1: None}, [2])
    assert review.sentence(2, content) == (
        "Marked by anna: cat, ben: right as it is. They disagree, so nothing is applied."
    )
    assert review.sentence(1, content) == "Marked by ben: not usable."
    assert review.sentence(0, content) == ""
    label_marks.mark(store, DATA, 2, "ben", 0)
    assert review_of(store, DATA, 5, 2).corrections == {1: None, 2: 0}


def test_marks_of_other_versions_and_beyond_the_images_and_classes_of_this_one_do_not_count(store: Store) -> None:
    label_marks.mark(store, "fashion-mnist", 0, "anna", 0)
    label_marks.mark(store, DATA, 5, "anna", 0)
    label_marks.mark(store, DATA, 1, "anna", 2)
    assert review_of(store, DATA, 5, 2).marks == {}
    assert list(review_of(store, "fashion-mnist", 5, 2).marks) == [0]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\u202eb"])
def test_a_name_that_cannot_be_told_from_others_marks_nothing(store: Store, name: str) -> None:
    with pytest.raises(ConfigurationError, match="name of the person"):
        label_marks.mark(store, DATA, 0, name, 0)
    assert review_of(store, DATA, 5, 2).marks == {}


def test_what_many_mark_at_once_is_all_kept(store: Store) -> None:
    def mark(number: int) -> None:
        label_marks.mark(store, DATA, number % 3, f"person {number}", 0)

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(mark, range(24)))
    marks = review_of(store, DATA, 5, 2).marks
    assert sorted(each.person for of_image in marks.values() for each in of_image) == sorted(
        f"person {number}" for number in range(24)
    )
