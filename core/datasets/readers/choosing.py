"""Which reader a path is for, by what lies there."""

from pathlib import Path

from core.datasets.readers.class_folders import read_class_folders
from core.datasets.readers.idx_reader import has_idx_files, read_idx
from core.datasets.readers.label_rows import MAX_TABLE_BYTES, TABLE_NAME, has_columns, read_labelled_files
from core.datasets.readers.listing import Listing
from core.datasets.readers.parquet_reader import has_parquet_files, read_parquet
from core.datasets.readers.trees import ZIP_LIMITS, Tree, TreeFile, open_tree
from core.errors import DataSetError
from core.files import expanded, read_whole, shown
from core.photos.archives import Limits

_ADVICE = "Name a file that this user can read."


def read_source(
    path: Path, labels: Path | None = None, group_column: str | None = None, limits: Limits = ZIP_LIMITS
) -> Listing:
    """List the pictures of a folder, a zip, or a table of files; raise DataSetError that says what to do.

    A table is `labels`, or the path itself, or the only one that lies at the top of the folder or zip.
    """
    path = expanded(path, DataSetError)
    if TABLE_NAME.fullmatch(path.name) and path.is_file():
        path, labels = path.parent, labels or path
    tree = open_tree(path, limits)
    if not tree.files:
        raise _nothing_in(path, tree)
    if labels is not None:
        table = read_whole(expanded(labels, DataSetError), MAX_TABLE_BYTES, error=DataSetError, advice=_ADVICE)
        return read_labelled_files(tree, table, shown(labels.name), group_column)
    if has_parquet_files(tree):
        return read_parquet(tree, group_column)
    if has_idx_files(tree):
        return read_idx(tree)
    if (inside := _only_table(tree)) is not None:
        return read_labelled_files(tree, tree.read(inside, MAX_TABLE_BYTES + 1), inside.path, group_column)
    if group_column is not None:
        raise DataSetError("Groups need a table that has a column for them.", "Add a table of files and labels.")
    return read_class_folders(tree)


def _nothing_in(path: Path, tree: Tree) -> DataSetError:
    if not tree.refused:
        return DataSetError(f"{shown(path)} holds no files.", "Put pictures into a folder for each class.")
    first = tree.refused[0]
    return DataSetError(
        f"No file of {shown(path)} can be read ({first.name} {first.reason}, for example).",
        "Pack or copy the pictures again: without a password, without links, and with names that stay in their folder.",
    )


def _only_table(tree: Tree) -> TreeFile | None:
    """The one table of files and labels at the top, None where there is none or there are several."""
    top = min(len(file.parts) for file in tree.files)
    candidates = [file for file in tree.files if len(file.parts) == top and TABLE_NAME.fullmatch(file.path)]
    tables = [file for file in candidates if has_columns(tree.read(file, MAX_TABLE_BYTES))]
    return tables[0] if len(tables) == 1 else None
