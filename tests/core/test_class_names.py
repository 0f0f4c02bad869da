"""Words for a class, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.classes import CLASS_NAMES
from core.labelling.class_names import label_of, read_words


@pytest.mark.parametrize("label", range(10))
def test_every_class_is_known_by_its_name_and_its_number(label: int) -> None:
    name = CLASS_NAMES[label]
    for words in (name, name.upper(), f" {name} ", name.replace(" ", "_"), name + "s", str(label)):
        assert label_of(words) == label
    for words in (f"class_{label}", f"Label {label}", f"0{label}", f"{label}.0", f"{label},0", f"{label}.000e+00"):
        assert label_of(words) == label
    for words in (f"{label}_{name}", f"{label}. {name}s", f"0{label}-{name}", f"class {label}: {name}", f"'{name}'"):
        assert label_of(words) == label


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("tshirts", 0),
        ("T-Shirt", 0),
        ("T-Shirts/Tops", 0),
        ("T-shirts & tops", 0),
        ("t_shirt", 0),
        ("TShirt", 0),
        ("dresses", 3),
        ("ankle-boots", 9),
        ("AnkleBoot", 9),
        ("['Bag']", 8),
        ("Bag (2)", 8),
        ("2024 bags", 8),
        ("Ｂａｇ", 8),
        ("８", 8),
        ("007", 7),
    ],
)
def test_classes_are_understood_as_people_write_them(words: str, label: int) -> None:
    assert label_of(words) == label


@pytest.mark.parametrize(
    "words",
    [
        *(
            "hat",
            "",
            " ",
            "Tasche",
            "👜",
            "Bag 👜",
            "not a bag",
            "bag?",
            "dress shirt",
            "sneaker.old",
            "Bag.zip",
            "class",
        ),
        *(
            "Sandals & flip-flops",
            "10",
            "class_10",
            "1.5",
            "8.5",
            "-8",
            "1e1",
            "1e999",
            "9" * 5000,
            "٣",
            "3 hats",
            "3 4",
        ),
        *("handbag", "boot cut trousers", "Bag" * 100, "B\u00e4g", "B\u0430g"),
    ],
)
def test_what_is_no_class_for_certain_is_none(words: str) -> None:
    assert label_of(words) is None


@pytest.mark.parametrize("words", ["3 - Bag", "01-T-shirt", "class_0 Trouser", "10 - Ankle boot", "0. Dress"])
def test_a_number_before_the_name_of_another_class_contradicts_it(words: str) -> None:
    assert read_words(words).contradict
    assert label_of(words) is None


@given(st.text())
def test_any_words_are_a_class_or_none(words: str) -> None:
    assert label_of(words) in {None, *range(10)}


@given(st.sampled_from(range(10)), st.text(alphabet="_-. /", min_size=1, max_size=3), st.booleans(), st.booleans())
def test_what_joins_the_words_of_a_name_makes_no_difference(
    label: int, joint: str, plural: bool, is_numbered: bool
) -> None:
    name = CLASS_NAMES[label].replace("T-shirt", "T shirt").replace("/", " ").replace(" ", joint)
    words = (f"{label}{joint}" if is_numbered else "") + name + ("es" if label == 3 else "s") * plural
    assert label_of(words) == label
