"""The launch form: a control for every field of RunConfig, made from the model's own defaults and descriptions."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from core.architectures import ARCHITECTURES
from core.config import FREEZABLE_LAYERS, RunConfig
from jobs.running.queue import MOST_SEEDS
from jobs.settings import settings

BASIC = ("seed", "train_size")
"""Fields that stand above the fold; `preset` and `data` have no control."""
GROUPING = ("folds", "fold")
"""Fields that stand beside the number of seeds: they decide how many runs are launched."""

Values = dict[str, Any]

_TITLES = {"train_size": "Training images", "memory_mb": "Memory (MB)"}
_NOTES = {"fold": " Here, 0 launches one run per fold."}


def title_of(name: str) -> str:
    """A field's name as a label: learning_rate -> "Learning rate"."""
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def basic_fields(base: Values, scope: str) -> Values:
    """Seed and training set size; `scope` keeps the controls of one preset or clone apart from another's."""
    return {name: _control(column, name, base, scope) for column, name in zip(st.columns(2), BASIC, strict=True)}


@dataclass(frozen=True)
class Several:
    """The runs that one launch makes: one, a group of seeds, or a group of folds."""

    seeds: int = 1
    folds: int = 0
    """With 2 or more a run for each of the folds, where no single one is chosen."""
    fold: int = 0

    @property
    def all_folds(self) -> bool:
        """Whether a run of each fold is launched."""
        return self.folds > 1 and self.fold == 0

    @property
    def count(self) -> int:
        """How many runs there will be."""
        return self.folds if self.all_folds else self.seeds

    @property
    def first(self) -> Values:
        """What the config of the first run says of folds."""
        return {"folds": self.folds, "fold": 1 if self.all_folds else self.fold}


ONE_RUN = Several()


def grouping(base: Values, scope: str) -> Several:
    """The number of seeds or of folds: a group has several of one of them."""
    columns = st.columns(3)
    folds, fold = (_control(column, name, base, scope) for column, name in zip(columns[1:], GROUPING, strict=True))
    all_folds = Several(folds=folds, fold=fold).all_folds
    seeds = columns[0].number_input(
        "Number of seeds",
        1,
        MOST_SEEDS,
        key=f"{scope}_seeds",
        persist_state="session",
        disabled=all_folds,
        help=(
            "More than one launches a seed group: the same configuration with consecutive seeds, to measure how much "
            "results vary."
        ),
    )
    if all_folds:
        st.caption(
            f"One run for each of the {folds} folds. Together they give every training image a held-out prediction, "
            "which finds label issues (see Data)."
        )
    return Several(1 if all_folds else seeds, folds, fold)


def advanced_fields(base: Values, scope: str) -> Values:
    """Every other field, three beside each other."""
    elsewhere = (*BASIC, *GROUPING, "preset", "data", *([] if settings().has_cluster else ["memory_mb"]))
    names = [name for name in RunConfig.model_fields if name not in elsewhere]
    values: Values = {}
    for start in range(0, len(names), 3):
        row = names[start : start + 3]
        for column, name in zip(st.columns(3), row, strict=False):
            values[name] = _control(column, name, base, scope)
    return values


class _Common(TypedDict):
    """What every control is given."""

    label: str
    key: str
    help: str
    persist_state: Literal["session"]


def _control(column: st.delta_generator.DeltaGenerator, name: str, base: Values, scope: str) -> Any:
    """The control that fits the field's type. No limits here: the config says itself what is allowed."""
    field, value = RunConfig.model_fields[name], base[name]
    common = _Common(label=title_of(name), key=f"{scope}_{name}", help=_help(name, field), persist_state="session")
    if name == "model":
        # A run that is cloned may have an architecture that is not installed here: the config says so.
        options = list(dict.fromkeys([*ARCHITECTURES, value]))
        return column.selectbox(options=options, index=options.index(value), **common)
    if name == "unfrozen_layers":
        return tuple(column.multiselect(options=FREEZABLE_LAYERS, default=list(value), **common))
    if get_origin(field.annotation) is Literal:
        options = list(get_args(field.annotation))
        return column.selectbox(options=options, index=options.index(value), **common)
    if field.annotation is bool:
        return column.checkbox(value=value, **common)
    if field.annotation is int:
        return column.number_input(value=value, step=1, **common)
    if field.annotation is float:
        return column.number_input(value=float(value), step=float(value) / 2 or 1e-4, format="%g", **common)
    if name == "companions":
        named = column.text_input(value=", ".join(value), **common)
        return tuple(words.strip() for words in named.split(",") if words.strip())
    return column.text_input(value=value or "", **common).strip() or None


def _help(name: str, field: FieldInfo) -> str:
    default = field.default
    shown = ", ".join(default) or "none" if isinstance(default, tuple) else "none" if default is None else default
    return f"{field.description} Default: {shown}.{_NOTES.get(name, '')}"
