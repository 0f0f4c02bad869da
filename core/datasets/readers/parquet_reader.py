"""Parquet files as Hugging Face lays them out: encoded images in one column, labels in another, a file a split."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from core.datasets.readers.class_spelling import wrong_with
from core.datasets.readers.listing import Content, Item, Listing, Refusal, Split, split_of
from core.datasets.readers.trees import Tree, TreeFile, stamp_of
from core.errors import DataSetError
from core.photos.archives import ZIP_ERRORS
from core.texts import clean_name

KIND = "parquet files"
_IMAGE_NAMES = ("image", "img", "picture", "photo", "image_bytes")
_LABEL_NAMES = ("label", "labels", "class", "target", "fine_label", "category", "coarse_label")
_BATCH = 256
_COPY_AGAIN = "Copy or download it again."


@dataclass(frozen=True)
class _Columns:
    """Where image, label and group are, the names of the labels, and whether images are structs with bytes."""

    image: str
    label: str
    group: str | None
    names: tuple[str, ...]
    is_struct: bool


def has_parquet_files(tree: Tree) -> bool:
    """Whether there is a parquet file, by its name."""
    return any(file.path.lower().endswith(".parquet") for file in tree.files)


def read_parquet(tree: Tree, group_column: str | None = None) -> Listing:
    """List the images of parquet files; raise DataSetError where they are damaged or lack images or labels."""
    files = [file for file in tree.files if file.path.lower().endswith(".parquet")]
    columns = _columns(tree, files[0], group_column)
    items: list[Item] = []
    refused = list(tree.refused)
    rows: list[list[int]] = []
    splits = [_split(file) for file in files]
    stated = splits if all(splits) else [None] * len(files)
    for file, split in zip(files, stated, strict=True):
        rows.append(_list(tree, file, split, columns, items, refused))
    notes = [f"Images are in the column {columns.image!r}, labels in {columns.label!r}."]
    return Listing(
        KIND,
        items,
        lambda first, step: _contents(tree, files, rows, columns, range(first, len(items), step)),
        stamp_of(files, KIND, str(columns)),
        refused,
        notes,
        columns.names,
    )


def _split(file: TreeFile) -> Split | None:
    """By the beginning of the file's name, "train-00000-of-00001.parquet", or by a folder."""
    words = [re.split(r"[-_.]", file.parts[-1])[0], *reversed(file.parts[:-1])]
    return next((split for word in words if (split := split_of(word)) is not None), None)


def _opened(tree: Tree, file: TreeFile) -> tuple[Any, IO[bytes]]:
    import pyarrow
    from pyarrow import parquet  # a third of a second that other sources need not spend

    try:
        opened = tree.opened(file)
        return parquet.ParquetFile(opened), opened
    except (pyarrow.ArrowException, *ZIP_ERRORS) as error:
        raise DataSetError(f"{file.path} is no parquet file, or damaged.", _COPY_AGAIN) from error


def _columns(tree: Tree, file: TreeFile, group_column: str | None) -> _Columns:
    import pyarrow

    opened, stream = _opened(tree, file)
    with stream:
        schema = opened.schema_arrow
    features = _features(schema.metadata or {})
    names = list(schema.names)
    image = _chosen(names, features, "Image", _IMAGE_NAMES)
    label = _chosen(names, features, "ClassLabel", _LABEL_NAMES)
    for what, column in (("images", image), ("labels", label), ("groups", group_column or label)):
        if column not in names:
            raise DataSetError(
                f"{file.path} has no column of {what}; its columns are {', '.join(map(clean_name, names))}.",
                f"Call the columns {_IMAGE_NAMES[0]} and {_LABEL_NAMES[0]}.",
            )
    stated = features.get(label or "", {}).get("names", ())
    kind = schema.field(image).type
    is_struct = pyarrow.types.is_struct(kind)
    return _Columns(str(image), str(label), group_column, tuple(map(str, stated)), is_struct)


def _features(metadata: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {name: feature for name, feature in features.items() if isinstance(feature, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _chosen(names: Sequence[str], features: dict[str, dict[str, Any]], kind: str, usual: Sequence[str]) -> str | None:
    """The column of this kind of feature, else the first that is called as usual."""
    of_kind = [name for name in names if features.get(name, {}).get("_type") == kind]
    if of_kind:
        return of_kind[0]
    return next((name for word in usual for name in names if name.casefold() == word), None)


def _list(
    tree: Tree, file: TreeFile, split: Split | None, columns: _Columns, items: list[Item], refused: list[Refusal]
) -> list[int]:
    """Add the rows of a file to the items; return which rows they are."""
    wanted = [columns.label, *([columns.group] if columns.group else [])]
    opened, stream = _opened(tree, file)
    kept: list[int] = []
    with stream:
        table = _read_columns(opened, file, wanted)
    groups = table.column(columns.group).to_pylist() if columns.group else [None] * table.num_rows
    for row, (label, group) in enumerate(zip(table.column(columns.label).to_pylist(), groups, strict=True)):
        name = f"{clean_name(file.path)}:{row + 1}"
        words = _words(label, columns.names)
        if wrong := wrong_with(words):
            refused.append(Refusal(name, wrong))
            continue
        items.append(Item(name, words, split, None if group is None else str(group)))
        kept.append(row)
    return kept


def _read_columns(opened: Any, file: TreeFile, wanted: list[str]) -> Any:
    import pyarrow

    try:
        return opened.read(columns=wanted)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataSetError(f"{file.path} is damaged, or not laid out as the first file is.", _COPY_AGAIN) from error


def _words(label: object, names: Sequence[str]) -> str:
    if isinstance(label, int) and names:
        return names[label] if 0 <= label < len(names) else ""
    return "" if label is None else str(label)


def _contents(
    tree: Tree, files: Sequence[TreeFile], rows: Sequence[Sequence[int]], columns: _Columns, wanted: range
) -> Iterator[Content]:
    end = 0
    for file, kept in zip(files, rows, strict=True):
        start, end = end, end + len(kept)
        places = {kept[place - start] for place in wanted if start <= place < end}
        if places:
            yield from _images(tree, file, places, columns)


def _images(tree: Tree, file: TreeFile, wanted: set[int], columns: _Columns) -> Iterator[Content]:
    import pyarrow

    column = f"{columns.image}.bytes" if columns.is_struct else columns.image
    opened, stream = _opened(tree, file)
    row = 0
    with stream:
        try:
            for batch in opened.iter_batches(_BATCH, columns=[column]):
                for cell in batch.column(0):
                    if row in wanted:
                        yield _bytes(cell.as_py(), f"{clean_name(file.path)}:{row + 1}")
                    row += 1
        except (pyarrow.ArrowException, OSError) as error:
            raise DataSetError(f"{file.path} is damaged from row {row + 1} on.", _COPY_AGAIN) from error


def _bytes(cell: object, name: str) -> Content:
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    return content if isinstance(content, bytes) else Refusal(name, "has no image in its row")
