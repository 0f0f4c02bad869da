"""The form that pictures are imported by: their name, the files, and how they are read."""

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

import streamlit as st

from core.datasets import versions
from core.datasets.importing import LARGEST_DEFAULT_SIDE, LONGEST_LICENCE, Colour, Options
from core.datasets.pixels.squares import LEAST_SIDE, MOST_SIDE
from core.datasets.splitting import DEFAULT_SHARE, LEAST_SHARE, MOST_SHARE
from core.datasets.versions import LONGEST_NAME
from core.errors import LookbookError
from dashboard import page, pickers, sessions
from dashboard.queries import quotas, run_queries
from dashboard.sections.shared import upload_memory
from dashboard.sections.shared.upload_memory import UploadedFile
from jobs.settings import settings
from jobs.tasks import uploads
from jobs.tasks.upload_files import COMMAND, MOST_FILES, MOST_UNPACKED, SentFile, receive

_KINDS = {"": "A zip, or files", "folder": "A folder"}
_COLOURS: dict[Colour, str] = {"auto": "Grey if all are grey", "grey": "Grey", "colour": "Colour"}


def show() -> None:
    """The form; its button has the pictures read and opens the page of the import."""
    st.subheader("Import pictures", anchor=False)
    st.write("They become a data set that runs learn from. You see what was understood before anything is stored.")
    name = st.text_input("Name", key="import_name", max_chars=LONGEST_NAME)
    _say_name(name)
    files = _pick_files()
    with st.expander("Labels from a table, size, colour, test set, licence"):
        labels, options = _pick_options()
    clicked = st.button(
        "Read the pictures",
        type="primary",
        icon=":material/search:",
        disabled=not (name.strip() and files),
        help="Needs a name and files.",
    )
    if clicked and files:
        with st.spinner("Saving the upload"):
            _begin(name, options, files, labels)


def _most_mb() -> int:
    """The most that one upload may have, in MB: what is set, or what the server takes where that is less."""
    return min(settings().upload_mb, st.get_option("server.maxUploadSize"))


def _say_name(name: str) -> None:
    """What becomes of the name: an error, or the next version of a data set."""
    if not name.strip():
        return
    try:
        checked = versions.checked_name(name)
    except LookbookError as error:
        page.say(error)
        return
    if known := versions.versions_called(settings().data, checked):
        st.info(
            page.plain(
                f"There is a data set {known[0].name}: the pictures become its version {known[0].number + 1}, which "
                "keeps the test images that it has. Choose another name if they are something else."
            )
        )


def _pick_files() -> Sequence[UploadedFile]:
    kind = pickers.pick_one("Upload", _KINDS, "as", segmented=True)
    many: Literal["directory", True] = "directory" if kind else True
    files = st.file_uploader(
        f"Pictures, up to {_most_mb():,} MB in total",
        accept_multiple_files=many,
        max_upload_size=_most_mb(),
        key=f"import_{kind or 'files'}_{sessions.number()}",
    )
    st.caption(
        "A folder for each class, perhaps below train, val and test; or pictures and a table of their labels; or IDX "
        f"or parquet files. Up to {MOST_FILES:,} files; a zip may unpack to {MOST_UNPACKED // 2**20:,} MB. "
        f"For more, run `{COMMAND}` on the machine of the dashboard."
    )
    if kind and files and not any("/" in file.name for file in files):
        st.warning(
            "The files have arrived without their folders, as browsers send a folder that is dragged here. Remove them "
            "and choose the folder by the button, or upload it as a zip."
        )
    return files


def _pick_options() -> tuple[UploadedFile | None, Options]:
    labels, group_column = _pick_table()
    left, middle, right = st.columns(3)
    side = left.number_input(
        "Side in pixels",
        LEAST_SIDE,
        MOST_SIDE,
        None,
        placeholder="By the pictures",
        key="import_side",
        help=f"Images are stored as squares. Empty: as large as the pictures, at most {LARGEST_DEFAULT_SIDE} pixels.",
    )
    colour = middle.selectbox("Colour", get_args(Colour), format_func=_COLOURS.__getitem__, key="import_colour")
    share = right.number_input(
        "Test set in % of each class",
        round(100 * LEAST_SHARE),
        round(100 * MOST_SHARE),
        None,
        placeholder=f"{100 * DEFAULT_SHARE:.0f}",
        key="import_share",
        help="Does not count where the pictures have a folder test, or the table a column split. A later version is "
        "tested on the same images; with a share here, on some of the new ones too.",
    )
    cut_out = st.checkbox("Each picture shows one item: cut it out of its surroundings", key="import_cut_out")
    licence = st.text_input(
        "Licence (optional)",
        key="import_licence",
        max_chars=LONGEST_LICENCE,
        help="A note on who may use the pictures. It is kept with the data set.",
    )
    test_share = None if share is None else share / 100
    return labels, Options(None, group_column, side, colour, test_share, 0, licence, cut_out)


def _pick_table() -> tuple[UploadedFile | None, str | None]:
    """The table of labels, and the column of it that has groups."""
    labels = st.file_uploader(
        "Table of labels (optional)",
        type=["csv", "tsv", "tab", "jsonl"],
        max_upload_size=_most_mb(),
        key=f"import_labels_{sessions.number()}",
        help="With the columns file and label, perhaps split and group. It decides in place of the folders.",
    )
    group_column = st.text_input(
        "Group column (optional)",
        key="import_groups",
        help="The column of the table that tells what belongs together, the same product or person for example. A "
        "group is never both learnt from and tested on.",
    )
    return labels, group_column.strip() or None


def _begin(name: str, options: Options, files: Sequence[UploadedFile], labels: UploadedFile | None) -> None:
    """Keep the files, have them read, and open the page of the import; say what is wrong and stay where they cannot be.

    A second click begins nothing else: what is the same upload has the same id.
    """
    table = None if labels is None else _sent(labels)
    try:
        quotas.take_upload(sum(file.size for file in (*files, *filter(None, [labels]))))
        upload = receive(settings().data, name, options, [*map(_sent, files)], table)
    except LookbookError as error:
        page.say(error)
        return
    page.start(partial(uploads.start_reading, run_queries.store(), upload))
    pickers.change_url({"upload": upload.id, "as": None})
    upload_memory.let_go([*files, *filter(None, [labels])])
    st.rerun()


def _sent(file: UploadedFile) -> SentFile:
    return SentFile(file.file_id, file.name, file.getbuffer())
