"""A folder for each class, perhaps below train, validation and test."""

from collections import Counter

from core.datasets.readers.class_spelling import wrong_with
from core.datasets.readers.listing import Item, Listing, Refusal, Split, split_of
from core.datasets.readers.trees import MAX_PICTURE_BYTES, Tree, TreeFile, contents_of, stamp_of
from core.errors import DataSetError
from core.statistics.wording import listed
from core.texts import clean_name

_MOST_NAMED = 5
KIND = "a folder for each class"


def read_class_folders(tree: Tree) -> Listing:
    """List the pictures of a tree by the folders that they are in; raise DataSetError where there are no such folders.

    A folder around all others does not count, and files in folders of a class belong to it at any depth.
    """
    above = _common_folders(tree.files)
    splits = _splits(tree.files, above)
    deep = above + (1 if splits else 0)
    items: list[Item] = []
    files: list[TreeFile] = []
    refused = list(tree.refused)
    for file in tree.files:
        item = _item(file, above, deep, splits)
        if isinstance(item, Refusal):
            refused.append(item)
        else:
            items.append(item)
            files.append(file)
    if not items:
        raise DataSetError(
            f"{tree.name} has no folder with pictures in it.",
            "Put the pictures of each class into a folder of its own.",
        )
    return Listing(
        KIND,
        items,
        lambda first, step: contents_of(tree, files[first::step], MAX_PICTURE_BYTES),
        stamp_of(files, KIND),
        refused,
        [*_of_empty(tree, deep), *_of_splits(splits)],
    )


def _common_folders(files: list[TreeFile]) -> int:
    """How many folders lie around all that count: as long as there is one only, and further folders in it."""
    above = 0
    while True:
        names = {tuple(file.parts[: above + 1]) for file in files if len(file.parts) > above + 1}
        beside = any(len(file.parts) == above + 1 for file in files)
        deeper = any(len(file.parts) > above + 2 for file in files)
        if len(names) != 1 or beside or not deeper:
            return above
        above += 1


def _splits(files: list[TreeFile], above: int) -> dict[str, Split]:
    """The folders that are splits, by their names; none unless there is one to train on with folders in it."""
    names = {file.parts[above] for file in files if len(file.parts) > above + 2}
    splits = {name: split for name in names if (split := split_of(name)) is not None}
    counted = Counter(splits.values())
    if counted["train"] != 1 or len(splits) < 2:
        return {}
    if twice := [split for split, count in counted.items() if count > 1]:
        folders = sorted(name for name, split in splits.items() if split == twice[0])
        raise DataSetError(f"The folders {' and '.join(folders)} are both for {twice[0]}.", "Make them one folder.")
    return splits


def _item(file: TreeFile, above: int, deep: int, splits: dict[str, Split]) -> Item | Refusal:
    name, parts = clean_name(file.path), file.parts
    if len(parts) <= deep + 1:
        return Refusal(name, "lies beside the folders of the classes")
    split = splits.get(parts[above]) if splits else None
    if splits and split is None:
        return Refusal(name, "lies in a folder beside train and test")
    if wrong := wrong_with(clean_name(parts[deep])):
        return Refusal(name, wrong)
    return Item(name, clean_name(parts[deep]), split)


def _of_empty(tree: Tree, deep: int) -> list[str]:
    empty = [clean_name(path) for path in tree.empty_folders if path.count("/") == deep]
    if not empty:
        return []
    folders = "An empty folder is" if len(empty) == 1 else "Empty folders are"
    return [f"{folders} no class: {listed(empty, _MOST_NAMED)}. Add pictures and import again if it should be."]


def _of_splits(splits: dict[str, Split]) -> list[str]:
    told = [f"{name} ({split})" if name.casefold() != split else name for name, split in sorted(splits.items())]
    return [f"The folders give the splits: {', '.join(told)}."] if splits else []
