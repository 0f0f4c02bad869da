"""Uploaded pictures: read by a process of their own, stored when told so; killed, discarded, refused, sent twice."""

import io
import os
import resource
import signal
import time
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from core.datasets import versions
from core.datasets.health import findings
from core.datasets.importing import Options
from core.errors import DataSetError, LookbookError
from jobs.people import Role
from jobs.running import background
from jobs.running.background import TaskState, TaskStatus
from jobs.settings import settings
from jobs.store import locks
from jobs.store.store import Store
from jobs.tasks import uploads
from jobs.tasks.upload_files import SentFile, receive
from jobs.tasks.uploads import Upload
from jobs.team import members
from jobs.team.change_record import Action, Wanted, list_changes
from tests.colleagues import ANNA
from tests.core.datasets.pictures import encoded

PATIENCE_S = 60
INTERRUPTED = TaskState(TaskStatus.FAILED, "It was interrupted. Try again.")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that the settings name."""
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "data"))
    settings.cache_clear()
    return tmp_path / "data"


def pets(cats: int = 8, dogs: int = 7) -> dict[str, bytes]:
    """Files of pictures in two folders, by their names."""
    return {
        **{f"cat/{number}.png": encoded(number) for number in range(cats)},
        **{f"dog/{number}.png": encoded(number) for number in range(cats, cats + dogs)},
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def sent(name: str, content: bytes) -> SentFile:
    return SentFile(sha256(content).hexdigest(), name, memoryview(content))


def uploaded(data: Path, files: Mapping[str, bytes], name: str = "pets", **options: object) -> Upload:
    """A zip of these files, received."""
    return receive(data, name, Options(**options), [sent("pets.zip", zipped(files))], None)  # type: ignore[arg-type]


def wait(upload: Upload) -> TaskState:
    deadline = time.monotonic() + PATIENCE_S
    while (state := upload.state).status == TaskStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return state


def prepare(store: Store, upload: Upload) -> Upload:
    assert uploads.start_reading(store, upload)
    assert wait(upload) == TaskState(TaskStatus.ABSENT)
    return upload


def pictures_left(data: Path) -> list[Path]:
    """Whatever an import has left among the data sets that holds pictures."""
    return [path for path in (data / "sets").rglob("*") if path.suffix in (".png", ".zip", ".raw", ".npz")]


@pytest.mark.slow
def test_an_upload_is_shown_first_and_stored_when_told_so(store: Store, data: Path) -> None:
    upload = prepare(store, uploaded(data, pets(), side=28, licence="CC0"))
    prepared = upload.prepared
    assert prepared.version.classes == ("cat", "dog")
    assert any("test images an accuracy of" in sentence for sentence in findings(prepared.version, prepared.health))
    assert [version.label for version in versions.list_versions(data)] == ["fashion-mnist"]
    assert [waiting.id for waiting in uploads.list_uploads(data)] == [upload.id]

    assert uploads.start_storing(store, upload, prepared.version.hash)
    assert wait(upload) == TaskState(TaskStatus.DONE)
    version = versions.find(data, "pets")
    assert (version.hash, version.source_name, version.licence) == (prepared.version.hash, "pets.zip", "CC0")
    assert upload.stored_hash == version.hash
    assert uploads.list_uploads(data) == []
    assert pictures_left(data) == []


@pytest.mark.slow
def test_what_is_stored_is_of_who_stored_it_and_is_in_the_record_once_it_is(store: Store, data: Path) -> None:
    members.give_role(store, ANNA.id, Role.ADMIN)
    upload = prepare(store, uploaded(data, pets()))
    assert uploads.start_storing(store.acting(ANNA), upload, upload.prepared.version.hash)
    assert wait(upload) == TaskState(TaskStatus.DONE)
    (stored,) = list_changes(store, Wanted(actions=[Action.STORED]))
    assert (stored.person, stored.subject) == (ANNA.id, "data set pets@1")


@pytest.mark.slow
def test_of_two_visitors_who_store_the_same_one_does(store: Store, data: Path) -> None:
    upload = prepare(store, uploaded(data, pets()))
    shown = upload.prepared.version.hash
    assert uploads.start_storing(store, upload, shown)
    assert not uploads.start_storing(store, upload, shown)
    wait(upload)
    assert not uploads.start_storing(store, upload, shown)
    assert [version.label for version in versions.list_versions(data)] == ["fashion-mnist", "pets@1"]


@pytest.mark.slow
def test_what_is_stored_is_what_was_shown(store: Store, data: Path) -> None:
    first, second = (prepare(store, uploaded(data, pets(cats))) for cats in (8, 9))
    shown = second.prepared.version.hash
    uploads.start_storing(store, first, first.prepared.version.hash)
    wait(first)
    # The test set of the first version stays, so that the second one is not what it was.
    assert uploads.start_storing(store, second, shown)
    state = wait(second)
    assert state.status == TaskStatus.FAILED
    assert "Nothing is stored. Look at it again" in state.detail
    assert [version.number for version in versions.versions_called(data, "pets")] == [1]
    assert second.prepared.version.hash != shown
    assert uploads.start_storing(store, second, second.prepared.version.hash)
    assert wait(second).status == TaskStatus.DONE
    assert [version.number for version in versions.versions_called(data, "pets")] == [2, 1]


@pytest.mark.slow
def test_an_import_whose_process_is_killed_says_so_and_goes_on(store: Store, data: Path) -> None:
    upload = uploaded(data, pets())
    assert uploads.start_reading(store, upload)
    os.kill(background.holder(upload.task.lock), signal.SIGKILL)
    assert wait(upload) == INTERRUPTED
    assert prepare(store, upload).prepared.version.size == 15


@pytest.mark.slow
def test_storing_that_is_killed_stores_nothing_by_halves_and_can_be_done_again(store: Store, data: Path) -> None:
    upload = prepare(store, uploaded(data, pets()))
    shown = upload.prepared.version.hash
    assert uploads.start_storing(store, upload, shown)
    os.kill(background.holder(upload.task.lock), signal.SIGKILL)
    assert wait(upload) == INTERRUPTED
    assert len(versions.list_versions(data)) == 1
    assert uploads.start_storing(store, upload, shown)
    assert wait(upload).status == TaskStatus.DONE


@pytest.mark.slow
def test_the_same_content_is_known_again(store: Store, data: Path) -> None:
    first = prepare(store, uploaded(data, pets()))
    uploads.start_storing(store, first, first.prepared.version.hash)
    wait(first)
    again = prepare(store, uploaded(data, pets(), name="animals"))
    assert again.prepared.same.label == "pets@1"


@pytest.mark.slow
def test_what_is_discarded_is_gone_with_its_process_and_all_that_was_decoded(store: Store, data: Path) -> None:
    upload = prepare(store, uploaded(data, pets()))
    assert pictures_left(data)
    uploads.discard(store, upload)
    assert list((data / "sets").iterdir()) == []
    reading = uploaded(data, pets())
    assert uploads.start_reading(store, reading)
    uploads.discard(store, reading)
    assert not locks.is_held(reading.task.lock)
    assert list((data / "sets").iterdir()) == []
    with pytest.raises(DataSetError, match="not here any more"):
        uploads.get_upload(data, reading.id)


@pytest.mark.slow
def test_what_is_being_stored_is_not_discarded(store: Store, data: Path) -> None:
    upload = prepare(store, uploaded(data, pets()))
    with locks.holding(upload.task.lock), pytest.raises(DataSetError, match="is being stored"):
        uploads.discard(store, upload)
    assert upload.prepared is not None


def test_what_is_sent_twice_is_one_upload(data: Path) -> None:
    assert uploaded(data, pets()) == uploaded(data, pets())
    assert len(uploads.list_uploads(data)) == 1
    assert uploaded(data, pets(), side=64).id != uploaded(data, pets()).id


@pytest.mark.parametrize("upload_id", ["", "..", "../sets", "0" * 16, "x" * 16])
def test_an_address_of_no_upload_says_so(data: Path, upload_id: str) -> None:
    with pytest.raises(DataSetError, match="discarded, or left for more than a week"):
        uploads.get_upload(data, upload_id)


@pytest.mark.slow
def test_a_folder_with_a_table_of_its_labels_is_imported_whole(store: Store, data: Path) -> None:
    files = [sent(f"shots/{number}.png", encoded(number)) for number in range(12)]
    table = "".join(f"{number}.png,{'cat' if number % 2 else 'dog'},{number // 2}\n" for number in range(12))
    labels = sent("labels.csv", f"file,label,owner\n{table}".encode())
    upload = prepare(store, receive(data, "pets", Options(group_column="owner"), files, labels))
    assert upload.prepared.version.grouped
    assert (upload.prepared.version.source_name, upload.prepared.version.size) == ("shots", 12)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cat/1.png", "cat/1.png"),
        ("cat\\1.png", "cat/1.png"),
        ("../../../etc/passwd", "etc/passwd"),
        ("/etc/./passwd", "etc/passwd"),
        ("a/\x00/\u202e1.png", "a/�/�1.png"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_no_name_leads_out_of_the_folder_of_its_upload(data: Path, name: str, path: str) -> None:
    upload = receive(data, "pets", Options(), [sent(name, b"x"), sent("y.png", b"y")], None)
    inside = upload.folder / "your upload"
    assert {str(file.relative_to(inside)) for file in inside.rglob("*") if file.is_file()} == {path, "y.png"}
    assert list(data.rglob("*.png")) == list(inside.rglob("*.png"))


def test_only_its_owner_can_look_into_an_upload(data: Path) -> None:
    upload = uploaded(data, pets())
    assert upload.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"pets.rar": b"Rar!\x1a\x07\x00"}, "pets.rar is a RAR archive. Pack the pictures as a zip"),
        ({"pets.zip": b"nothing"}, "pets.zip is no zip. Pack the pictures as a zip"),
        ({"a.zip": zipped({}), "1.png": b"x"}, "a.zip is a zip beside other files. Upload one zip alone"),
        ({"1.png": b"x", "./1.png": b"y"}, "2 files are called 1.png. Upload the folder above them"),
        ({"1.png": bytes(1_000_001)}, "The upload has 1.0 MB; the limit is 1 MB. Copy the pictures to the machine"),
    ],
)
def test_what_cannot_be_an_upload_is_refused_at_once_and_nothing_is_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], words: str
) -> None:
    monkeypatch.setenv("LOOKBOOK_UPLOAD_MB", "1")
    settings.cache_clear()
    with pytest.raises(DataSetError) as refused:
        receive(data, "pets", Options(), [sent(name, content) for name, content in files.items()], None)
    assert words in str(refused.value)
    assert not list(data.rglob("*"))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a/b", {}, "Write it without @ and /."),
        ("", {}, "Use 1 to 60."),
        ("fashion-mnist", {}, "Choose another name."),
        ("pets", {"side": 8}, "Use 28 to 256."),
        ("pets", {"test_share": 0.99}, "Use a share from"),
    ],
)
def test_a_name_or_a_choice_that_cannot_be_is_refused_at_once(
    data: Path, name: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(LookbookError) as refused:
        uploaded(data, pets(), name=name, **options)
    assert words in str(refused.value)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """A disk that takes no more than 2 kB of a file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("full_disk")
def test_an_upload_that_does_not_fit_on_the_disk_is_refused_and_nothing_is_kept(data: Path) -> None:
    with pytest.raises(DataSetError, match="does not fit into .*Free some space"):
        uploaded(data, pets())
    assert list((data / "sets").iterdir()) == []


def test_an_upload_that_cannot_be_written_is_refused_and_nothing_is_kept(data: Path) -> None:
    too_long = "/".join(["x" * 300, "1.png"])
    with pytest.raises(DataSetError, match="cannot be written: File name too long"):
        receive(data, "pets", Options(), [sent(too_long, b"x")], None)
    assert uploads.list_uploads(data) == []
    assert list((data / "sets").iterdir()) == []


def encrypted(files: Mapping[str, bytes]) -> bytes:
    """A zip whose entries say that they need a password."""
    packed = bytearray(zipped(files))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = packed.find(mark)
        while at >= 0:
            packed[at + offset] |= 1
            at = packed.find(mark, at + 4)
    return bytes(packed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({f"cat/{n}.png": encoded(n) for n in range(12)}), "only one class, 'cat'; a classifier needs at least"),
        (zipped({}), "pets.zip holds no files. Put pictures into a folder for each class."),
        (b"PK\x03\x04 and then nothing", "pets.zip is a damaged zip"),
        (encrypted(pets()), "No file of pets.zip can be read (cat/0.png is encrypted, for example). Pack"),
        (zipped(pets(2, 1)), "3 pictures are too few to learn from. Use at least 10"),
        (zipped({f"../{name}": file for name, file in pets().items()}), "(../cat/0.png points outside the zip, for"),
        (zipped(dict.fromkeys(pets(), b"no picture")), "None of the files looked at can be read as a picture"),
    ],
)
def test_what_nothing_can_be_learnt_from_is_told_in_a_sentence_that_names_no_folder_of_the_server(
    store: Store, data: Path, content: bytes, words: str
) -> None:
    upload = receive(data, "pets", Options(), [sent("pets.zip", content)], None)
    assert uploads.start_reading(store, upload)
    state = wait(upload)
    assert state.status == TaskStatus.FAILED
    assert words in state.detail
    assert str(data) not in state.detail


@pytest.mark.slow
def test_a_table_that_matches_nothing_is_told_in_a_sentence(store: Store, data: Path) -> None:
    labels = sent("labels.csv", b"file,label\nlion.png,lion\ntiger.png,tiger\n")
    upload = receive(data, "pets", Options(), [sent("pets.zip", zipped(pets()))], labels)
    assert uploads.start_reading(store, upload)
    assert wait(upload).detail.startswith("labels.csv names no file that is in pets.")
