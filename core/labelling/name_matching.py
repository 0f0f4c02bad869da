"""Which row of a table means which photo: names that differ in how they are written, and in where the path begins."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from core.labelling.class_names import label_of
from core.labelling.label_tables import PICTURE_NAME

_DEEPEST = 16
"""Folders above a file that are looked at."""
_URL = re.compile(r"[a-z][a-z0-9+.]+://[^/]*/?", re.I)
_LABEL_STUDIO_QUERY = re.compile(r".*/local-files/\?d=")
_LABEL_STUDIO_PREFIX = re.compile("[0-9a-f]{8}-(?=.)")
_SAME_KIND = dict.fromkeys(("jpg", "jpeg", "jfif", "heic", "heif"), "jpg") | dict.fromkeys(("tif", "tiff"), "tif")
_SPLITS = {"train": 0, "training": 0, "test": 1, "testing": 1, "val": 2, "valid": 2, "validation": 2, "dev": 2}

_Parts = tuple[str, ...]
_Way = Callable[[_Parts], "_Parts | None"]


@dataclass(frozen=True)
class Link:
    """Rows of which each may mean any of these photos; all by their positions."""

    rows: tuple[int, ...]
    photos: tuple[int, ...]


def parts_of(name: str) -> _Parts:
    """The folders and the file of a path, in NFC, with forward or backward slashes, without `.` and `..`."""
    parts: list[str] = []
    for part in unicodedata.normalize("NFC", name).replace("\\", "/").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part.strip() and part != ".":
            parts.append(part.strip())
    return tuple(parts[-_DEEPEST:])


def match(
    rows: Sequence[str], photos: Sequence[str], inside: Sequence[int] | None = None, above: Sequence[str] = ()
) -> list[Link]:
    """Link rows to photos by the longest common end of their paths, those written alike before all others.

    Of the parts of a photo's path the last `inside` are its place in what was given; those before, the name of a zip
    say, may stand for folders that are not known. `above` are folders that all photos are in: they decide between rows
    that fit as well. No photo is in two links. Other ways of writing come in order: case, percent signs,
    extensions, the prefixes of Label Studio, the colons of old Macs, names without extension, and numbers without
    their zeros.
    """
    named, shot = {at: _row_parts(name) for at, name in enumerate(rows)}, dict(enumerate(map(parts_of, photos)))
    links: list[Link] = []
    for of_row, of_photo in _WAYS:
        linked_rows = {at for link in links for at in link.rows}
        linked_photos = {at for link in links for at in link.photos}
        links += _Ends(
            {at: parts for at, path in named.items() if at not in linked_rows and (parts := of_row(path))},
            {at: parts for at, path in shot.items() if at not in linked_photos and (parts := of_photo(path))},
            inside,
            parts_of("/".join(above)),
        ).links()
    return links


class _Ends:
    """Rows and photos by the ends of their paths, the longest first; what is linked is taken out."""

    def __init__(
        self, rows: Mapping[int, _Parts], photos: Mapping[int, _Parts], inside: Sequence[int] | None, above: _Parts
    ) -> None:
        ends = {_without_case(path[-1:]) for path in photos.values()}
        self._rows = {at: path for at, path in rows.items() if _without_case(path[-1:]) in ends}
        self._photos, self._inside, self._outside = dict(photos), inside, above
        self._all = tuple(rows.values()), tuple(photos.values())
        self._links: list[Link] = []
        self._unsure: set[int] = set()

    def links(self) -> list[Link]:
        """All links."""
        deepest = min(max(map(len, paths.values()), default=0) for paths in (self._rows, self._photos))
        for depth in range(deepest, 0, -1):
            for written in (_as_written, _without_case):
                self._link_common(depth, written)
        return self._links

    def _link_common(self, depth: int, written: Callable[[_Parts], _Parts]) -> None:
        """Link what has its last `depth` parts in common."""
        rows, photos = (_by_end(paths, depth, written) for paths in (self._rows, self._photos))
        common = [end for end in rows if end in photos]
        if not common:
            return
        folders = [{written(path[-depth - 1 : -depth]) for path in paths if len(path) > depth} for paths in self._all]
        for end in common:
            for link in self._within(rows[end], photos[end], depth, folders):
                if not self._unsure.issuperset(link.rows):
                    self._take(link)

    def _take(self, link: Link) -> None:
        """Keep a link. Rows that may mean one photo may yet mean another one, though not by themselves."""
        self._links.append(link)
        for at in link.photos:
            self._photos.pop(at)
        if len(link.rows) > 1:
            self._unsure.update(link.rows)
        else:
            self._rows.pop(link.rows[0])

    def _within(self, rows: list[int], photos: list[int], depth: int, folders: list[set[_Parts]]) -> list[Link]:
        """The link among rows and photos of one end: whole photos take every row, whole rows every photo.

        A photo whose whole path is named may have lost its upper folders on its way here, so that rows with longer
        paths may mean it as well.
        """
        whole_photos = [at for at in photos if len(self._photos[at]) == depth]
        whole_rows = [at for at in rows if len(self._rows[at]) == depth]
        if whole_photos:
            meant = rows if whole_rows else self._nearest(rows, self._photos[whole_photos[0]])
            return [Link(tuple(meant), tuple(whole_photos))] if meant else []
        if not whole_rows:
            return self._apart(rows, photos, depth, folders)
        photos = [at for at in photos if folders[0].isdisjoint(self._above(self._photos[at], depth))]
        if not photos:
            return []
        is_open = len(photos) == 1 and self._inside is not None and self._inside[photos[0]] <= depth
        return [Link(tuple(rows if is_open else whole_rows), tuple(photos))]

    def _nearest(self, rows: list[int], photo: _Parts) -> list[int]:
        """Of rows with longer paths than a photo those that go on with most of the folders that all photos are in."""
        path = (*self._outside, *photo)
        common = {at: _common_end(row, path) for at in rows if not _differ(row := self._rows[at], path)}
        return [at for at, count in common.items() if count == max(common.values())]

    @staticmethod
    def _above(path: _Parts, depth: int) -> tuple[_Parts, _Parts]:
        """The folder above the common end, as written and without case."""
        folder = path[-depth - 1 : -depth]
        return folder, _without_case(folder)

    def _apart(self, rows: list[int], photos: list[int], depth: int, folders: list[set[_Parts]]) -> list[Link]:
        """The link between paths that begin differently, if no folder says that they are of different files.

        A folder says so that the other side knows and would have named, and one of another class or another split.
        """
        of_rows, of_photos = folders
        free_rows = [at for at in rows if of_photos.isdisjoint(self._above(self._rows[at], depth))]
        free_photos = [at for at in photos if of_rows.isdisjoint(self._above(self._photos[at], depth))]
        if len(free_photos) == 1:
            (photo,) = free_photos
            possible = [at for at in free_rows if not _differ(self._rows[at], self._photos[photo])]
            # If one of them may be meant, the photo has no label by it unless the others say the same.
            free_rows = rows if possible else []
        elif len(free_rows) == 1:
            (row,) = free_rows
            free_photos = [at for at in free_photos if not _differ(self._rows[row], self._photos[at])]
        else:
            return []
        return [Link(tuple(free_rows), tuple(free_photos))] if free_rows and free_photos else []


def _by_end(paths: Mapping[int, _Parts], depth: int, written: Callable[[_Parts], _Parts]) -> dict[_Parts, list[int]]:
    by_end: dict[_Parts, list[int]] = defaultdict(list)
    for at, path in paths.items():
        if len(path) >= depth:
            by_end[written(path[-depth:])].append(at)
    return by_end


def _common_end(first: _Parts, second: _Parts) -> int:
    pairs = zip(reversed(_without_case(first)), reversed(_without_case(second)), strict=False)
    return next((count for count, (left, right) in enumerate(pairs) if left != right), min(len(first), len(second)))


def _as_written(parts: _Parts) -> _Parts:
    return parts


def _without_case(parts: _Parts) -> _Parts:
    """The parts with letters in one case and blanks of one kind, of which Macs put narrow ones into names."""
    return tuple(unicodedata.normalize("NFC", " ".join(part.casefold().split())) for part in parts)


def _differ(row: _Parts, photo: _Parts) -> bool:
    """Whether the folders above the common end are of two classes, or of two splits of a data set."""
    depth = _common_end(row, photo)
    if depth in (len(row), len(photo)):
        return False
    row_folder, photo_folder = row[-depth - 1], photo[-depth - 1]
    labels = {label_of(row_folder), label_of(photo_folder)} - {None}
    splits = {_SPLITS.get(row_folder.casefold()), _SPLITS.get(photo_folder.casefold())} - {None}
    return len(labels) == 2 or len(splits) == 2


def _row_parts(name: str) -> _Parts:
    """The parts of a name in a table, which may be an address."""
    address = _URL.match(name)
    if address:
        name = unquote(re.sub("[?#].*", "", name[address.end() :], flags=re.S))
    return parts_of(_LABEL_STUDIO_QUERY.sub("", name))


def _unquoted(parts: _Parts) -> _Parts | None:
    return parts_of(unquote("/".join(parts))) if any("%" in part for part in parts) else None


def _as_converted(parts: _Parts) -> _Parts | None:
    """Phones give a photo away as JPEG that they keep as HEIC, and programs write one extension in several ways."""
    stem, _, extension = parts[-1].rpartition(".") if parts else ("", "", "")
    kind = _SAME_KIND.get(extension.casefold())
    return (*parts[:-1], f"{stem}.{kind}") if kind else None


def _without_prefix(parts: _Parts) -> _Parts | None:
    """Label Studio puts eight digits before the name of an upload."""
    file = unquote(parts[-1]) if parts else ""
    return (*parts[:-1], _LABEL_STUDIO_PREFIX.sub("", file)) if _LABEL_STUDIO_PREFIX.match(file) else None


def _with_underscores(parts: _Parts) -> _Parts | None:
    """Label Studio stores a name without blanks and signs."""
    return (*parts[:-1], re.sub(r"[^-\w.]", "", parts[-1].replace(" ", "_"))) if parts else None


def _by_colons(parts: _Parts) -> _Parts | None:
    return parts_of(parts[0].replace(":", "/")) if len(parts) == 1 and ":" in parts[0] else None


def _without_extension(parts: _Parts) -> _Parts | None:
    return (*parts[:-1], parts[-1].rpartition(".")[0]) if parts and PICTURE_NAME.fullmatch(parts[-1]) else None


def _unextended(parts: _Parts) -> _Parts | None:
    return None if not parts or PICTURE_NAME.fullmatch(parts[-1]) else parts


def _number(parts: Iterable[str] | None) -> _Parts | None:
    """A file whose name is a number as spreadsheets write it: "00123" and "123.0" as "123"."""
    *folders, file = parts or ("",)
    number = re.fullmatch(r"0*([0-9]+?)(\.0+)?", file)
    return (*folders, number[1]) if number else None


_WAYS: tuple[tuple[_Way, _Way], ...] = (
    (tuple, tuple),
    (_unquoted, tuple),
    (_as_converted, _as_converted),
    (_without_prefix, tuple),
    (_without_prefix, _with_underscores),
    (_by_colons, tuple),
    (_unextended, _without_extension),
    (_number, lambda parts: _number(_without_extension(parts))),
)
