"""The true classes of photos, wherever they are stated: a photo gets one for certain, or it is said why not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from os.path import commonprefix

from core.labelling.class_names import read_words
from core.labelling.folder_labels import Statement, ask_folders, folders_of, parts_inside
from core.labelling.label_tables import LabelTable, NoLabelColumns, Row, UnreadableLabels, read_table
from core.labelling.name_matching import Link, match
from core.photos.photo_files import PhotoFile
from core.statistics.wording import counted, listed

NO_LABEL = "It has no label."
_NAMED = 3
_CONFLICTS_NAMED = 10
_LONGEST_NAME = 200
_Key = tuple[str, int]


@dataclass(frozen=True)
class Sources:
    """Where labels are looked for: the names of folders, tables among the photos, one table from elsewhere.

    `roots` are the paths that a person named: of a folder its own name and what lies below count, of a file the folder
    that it is in. Without any the whole path counts; the name of a zip never does.
    """

    folders: bool = False
    among: bool = False
    table: LabelTable | None = None
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrueClass:
    """The label of a photo, 0 to 9, or None and the reason, which may be that statements conflict."""

    label: int | None = None
    reason: str = NO_LABEL
    conflict: bool = False


@dataclass(frozen=True)
class PhotoLabels:
    """What is known of the classes of photos, and what has to be said of it.

    `sentences` name conflicts, rows without a class, rows that match no photo, and photos without a label; there are
    none where nothing was stated at all. `faults` are tables that cannot be read, `of_other_things` names of those
    that hold no labels.
    """

    classes: Mapping[_Key, TrueClass]
    sentences: tuple[str, ...] = ()
    tables: int = 0
    faults: tuple[UnreadableLabels, ...] = ()
    of_other_things: tuple[str, ...] = ()

    def of(self, file: PhotoFile) -> TrueClass:
        """The true class of one of the photos that were labelled."""
        return self.classes.get(_key(file), TrueClass())


@dataclass
class _Gathered:
    """The photos, whether each was refused, and the tables among them with those that could not be read."""

    photos: dict[_Key, bool] = field(default_factory=dict)
    tables: list[LabelTable] = field(default_factory=list)
    faults: list[UnreadableLabels] = field(default_factory=list)
    of_other_things: list[str] = field(default_factory=list)


@dataclass
class _Statements:
    """What is said of each photo, by position, and what has to be said of rows and folders besides."""

    keys: list[_Key]
    by_photo: list[list[Statement]]
    unclear: dict[int, str] = field(default_factory=dict)
    rows: int = 0
    unmatched: list[str] = field(default_factory=list)
    no_class: list[str] = field(default_factory=list)
    several: list[str] = field(default_factory=list)
    other_numbers: list[str] = field(default_factory=list)


def label_photos(files: Iterable[PhotoFile], sources: Sources) -> PhotoLabels:
    """Label all photos among the files by all that is stated of them.

    Statements that disagree leave a photo without a label, and so does a row that may mean another photo as well. A
    table among the photos speaks of what lies in its folder or zip; a number as the name of a folder counts only where
    nothing else is said.
    """
    gathered = _gathered(files, sources)
    keys = list(gathered.photos)
    statements = _Statements(keys, [[] for _ in keys])
    # The nearest first: what it says of a photo, a table further out does not mean by a name that fits several.
    for table in sorted(gathered.tables, key=lambda table: len(table.where), reverse=True):
        _ask_table(table, statements, sources.roots)
    if sources.folders:
        from_folders, statements.other_numbers = ask_folders([folders_of(name, sources.roots) for name, _ in keys])
        for of_table, of_folders in zip(statements.by_photo, from_folders, strict=True):
            of_table += of_folders
    classes = {key: _decided(statements, at) for at, key in enumerate(keys)}
    missing = [key[0] for key, refused in gathered.photos.items() if not refused and classes[key].label is None]
    sentences = tuple(_sentences(statements, classes, missing, gathered.tables))
    return PhotoLabels(
        classes, sentences, len(gathered.tables), tuple(gathered.faults), tuple(gathered.of_other_things)
    )


def _gathered(files: Iterable[PhotoFile], sources: Sources) -> _Gathered:
    gathered = _Gathered(tables=[sources.table] if sources.table else [])
    for file in files:
        if file.kind == "photo":
            gathered.photos[_key(file)] = file.error is not None
        elif file.kind == "table" and sources.among:
            where = _folder(file.name)
            try:
                gathered.tables.append(read_table(file.content, file.name, where))
            except UnreadableLabels as error:
                if where and isinstance(error, NoLabelColumns):
                    gathered.of_other_things.append(file.name)
                else:
                    gathered.faults.append(type(error)(f"{file.name}: {error.message}", error.advice))
    return gathered


def _key(file: PhotoFile) -> _Key:
    """Two uploads may have one name, and one photo may be uploaded twice."""
    return file.name, hash(file.content)


def _folder(name: str) -> str:
    """The folder that a file is in, with the slash behind it; "" for a file by itself."""
    above, slash, _ = name.replace("\\", "/").rpartition("/")
    return above + slash


def _ask_table(table: LabelTable, statements: _Statements, roots: Sequence[str]) -> None:
    """Put down what a table says of the photos that it speaks of, and which of its rows match none."""
    names = [name.replace("\\", "/") for name, _ in statements.keys]
    where = _scope(table.where, names)
    inside = [at for at, name in enumerate(names) if name.startswith(where)]
    rows, links = _best_reading(table, *_places([names[at] for at in inside], where, roots))
    by_name = _by_name(rows)
    claimed, matched = {at for at, stated in enumerate(statements.by_photo) if stated}, set[str]()
    for link in links:
        written = [by_name[at] for at in link.rows]
        matched |= {some[0].name for some in written}
        _state(
            table, [row for some in written for row in some], [inside[at] for at in link.photos], statements, claimed
        )
    statements.rows += len(rows)
    statements.unmatched += [row.name or f"line {row.line}" for row in rows if row.name not in matched]
    statements.no_class += [f"{row.words} in line {row.line} of {table.name}" for row in rows if row.is_no_class]


def _places(names: Sequence[str], where: str, roots: Sequence[str]) -> tuple[list[str], list[int], list[str]]:
    """Photos by their paths below what all are in, how many parts of each are its place in there, and what all are in.

    That is the folder of the table, or else what is common to the folders and zips that were given.
    """
    inside = [parts_inside(name, roots) for name in names]
    if where:
        return [name.removeprefix(where) for name in names], inside, where.rstrip("/").split("/")
    above = list(commonprefix([name.split("/")[:-count] for name, count in zip(names, inside, strict=True)]))
    return ["/".join(name.split("/")[len(above) :]) for name in names], inside, above


def _scope(where: str, names: Sequence[str]) -> str:
    """Of which files a table speaks: those in its folder, or around it where no photo is in there.

    A folder called like a class is left alone: its table is no more about others for its photos being gone.
    """
    while where and not any(name.startswith(where) for name in names):
        if read_words(where.rstrip("/").rpartition("/")[2]).name is not None:
            return where
        where = _folder(where.rstrip("/"))
    return where


def _best_reading(
    table: LabelTable, names: Sequence[str], inside: Sequence[int], above: Sequence[str]
) -> tuple[tuple[Row, ...], list[Link]]:
    """The reading of a table of which most rows match; of several that match as many, what all agree on."""
    tried = [(rows, match([some[0].name for some in _by_name(rows)], names, inside, above)) for rows in table.readings]
    matched = [sum(len(link.rows) for link in links) for _, links in tried]
    best = [reading for reading, count in zip(tried, matched, strict=True) if count == max(matched)]
    rows, links = best[0]
    return rows, [link for link in links if all(link in others for _, others in best[1:])]


def _by_name(rows: Sequence[Row]) -> list[list[Row]]:
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    return list(by_name.values())


def _state(
    table: LabelTable, rows: Sequence[Row], meant: Sequence[int], statements: _Statements, claimed: Set[int]
) -> None:
    """Put down what rows say of the photo that they mean, or that they may mean several."""
    if _are_several(meant, statements):
        meant = [at for at in meant if at not in claimed] or meant
    if _are_several(meant, statements):
        names = sorted({statements.keys[at][0] for at in meant})
        fitting = _some(names) if len(names) > 1 else f"{len(meant)} photos of the name {_short(names[0])}"
        statements.several.append(f"Line {rows[0].line} of {table.name} fits {fitting}, but can mean only one.")
        statements.unclear |= dict.fromkeys(meant, statements.several[-1])
        return
    # Two rows that say the same are one statement, in whatever words.
    first = {row.label if row.label is not None else row.words: row for row in reversed(rows) if row.words}
    for at in meant:
        statements.by_photo[at] += [
            Statement(row.label, row.words, f"line {row.line} of {table.name}", conflict=row.conflict)
            for row in reversed(first.values())
        ]


def _are_several(meant: Iterable[int], statements: _Statements) -> bool:
    """Whether photos are more than copies of one."""
    return len({statements.keys[at][1] for at in meant}) > 1


def _decided(statements: _Statements, at: int) -> TrueClass:
    """The label on which all that is said of a photo agrees, or why it has none."""
    stated = statements.by_photo[at]
    stated = [statement for statement in stated if not statement.by_number] or stated
    labels = {statement.label for statement in stated}
    if not stated:
        return TrueClass(reason=statements.unclear.get(at, NO_LABEL))
    if len(labels) == 1 and None not in labels:
        return TrueClass(stated[0].label, "")
    if len(stated) == 1 and not stated[0].conflict:
        return TrueClass(reason=f"It has no label: {stated[0].words} in {stated[0].by} is not a class.")
    told = " and ".join(statement.told for statement in stated)
    return TrueClass(reason=f"Its labels conflict: {told}.", conflict=True)


def _sentences(
    statements: _Statements, classes: Mapping[_Key, TrueClass], missing: Sequence[str], tables: Sequence[LabelTable]
) -> Iterator[str]:
    """All that has to be said, conflicts first; nothing where nothing was stated."""
    if not tables and not any(statements.by_photo) and not statements.other_numbers:
        return
    conflicts = [
        f"{_short(name)}: {true.reason}" for (name, _), true in classes.items() if true.conflict
    ] + statements.several
    yield from conflicts[:_CONFLICTS_NAMED]
    if len(conflicts) > _CONFLICTS_NAMED:
        yield f"There are {counted(len(conflicts) - _CONFLICTS_NAMED, 'more conflict')} of this kind."
    rows = f"of {statements.rows:,} rows"
    if statements.no_class:
        yield f"{len(statements.no_class):,} {rows} have a label that is not a class: {_some(statements.no_class)}."
    if statements.unmatched:
        yield f"{len(statements.unmatched):,} {rows} match no photo: {_some(statements.unmatched)}."
    if statements.other_numbers:
        numbers = _some([f"{number!r}" for number in statements.other_numbers])
        yield f"Folders named by numbers are not used as labels 0 to 9 because of {numbers}."
    if missing:
        has = "has" if len(missing) == 1 else "have"
        yield f"{counted(len(missing), 'photo')} {has} no label: {_some(missing)}."


def _some(names: Sequence[str]) -> str:
    return listed(list(map(_short, names)), _NAMED)


def _short(name: str) -> str:
    """The end of a path, which tells files apart, where all of it is longer than a sentence should be."""
    return name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME:]}"
