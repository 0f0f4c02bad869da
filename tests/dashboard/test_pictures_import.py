"""Data: pictures are imported on the page, whoever looks at it: the form, what is understood, what goes wrong."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import versions
from core.datasets.importing import Options
from dashboard.queries import run_queries
from jobs.settings import settings
from jobs.store import locks
from jobs.store.store import Store
from jobs.tasks import upload_process
from jobs.tasks.upload_files import SentFile, receive
from jobs.tasks.uploads import STORED, Upload, discard, get_upload, list_uploads
from tests.core.datasets.pictures import class_folders, encoded, imported
from tests.dashboard.app import OpenPage, press, texts

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> Path:
    """A data folder of its own, which the pages use."""
    monkeypatch.setenv("LOOKBOOK_DATA", str(tmp_path / "data"))
    settings.cache_clear()
    assert store.artifacts == settings().artifacts
    return tmp_path / "data"


@pytest.fixture
def upload(data: Path) -> Upload:
    """Pictures of cats and dogs that somebody has uploaded; nobody has read them yet."""
    files = {f"{'cat' if number < 8 else 'dog'}/{number}.png": encoded(number) for number in range(15)}
    sent = [SentFile(name, f"animals/{name}", memoryview(content)) for name, content in files.items()]
    return receive(data, "pets", Options(side=28), sent, None)


@pytest.fixture
def prepared(upload: Upload) -> Upload:
    """The same, read."""
    upload_process.main(str(upload.folder))
    return upload


def keys(app: AppTest) -> set[str]:
    """The keys of all buttons."""
    return {button.key for button in app.button}


def test_a_button_on_the_page_opens_the_form(data: Path, open_page: OpenPage) -> None:
    app = open_page("data")
    app.button(key="import").click().run()
    assert app.query_params["upload"] == "new"
    assert "Import pictures" in texts(app)
    assert "python -m jobs data add NAME PATH" in texts(app)
    assert not list_uploads(data)


@pytest.mark.usefixtures("data")
def test_the_form_states_the_limit_that_is_set(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKBOOK_UPLOAD_MB", "7")
    settings.cache_clear()
    app = open_page("data", upload="new")
    assert [uploader.label for uploader in app.file_uploader][0] == "Pictures, up to 7 MB in total"
    assert {uploader.proto.max_upload_size_mb for uploader in app.file_uploader} == {7}


def test_a_name_that_is_taken_becomes_the_next_version_and_the_form_says_so_before(
    data: Path, tmp_path: Path, open_page: OpenPage
) -> None:
    imported(data, class_folders(tmp_path / "pets", {"cat": 8, "dog": 7}))
    app = open_page("data", upload="new")
    app.text_input(key="import_name").set_value("Pets").run()
    assert "the pictures become its version 2" in app.info[0].value


@pytest.mark.parametrize(("name", "words"), [("a/b", "without @ and /"), ("fashion-mnist", "another name")])
@pytest.mark.usefixtures("data")
def test_a_name_that_cannot_be_is_told_before_anything_is_uploaded(open_page: OpenPage, name: str, words: str) -> None:
    app = open_page("data", upload="new")
    app.text_input(key="import_name").set_value(name).run()
    assert words in app.error[0].value


@pytest.mark.usefixtures("data")
def test_without_a_name_or_files_there_is_nothing_to_read(open_page: OpenPage) -> None:
    app = open_page("data", upload="new")
    assert next(button for button in app.button if button.label == "Read the pictures").disabled


def test_a_file_that_is_no_zip_of_pictures_stays_on_the_form_with_a_sentence(data: Path, open_page: OpenPage) -> None:
    app = open_page("data", upload="new")
    app.text_input(key="import_name").set_value("pets")
    app.file_uploader[0].upload("pets.zip", b"nothing", "application/zip")
    press(app.run(), "Read the pictures")
    assert "pets.zip is no zip." in app.error[0].value
    assert "Pack the pictures as a zip and upload that." in app.error[0].value
    assert not list_uploads(data)


def test_pictures_that_are_uploaded_are_read_and_their_import_has_an_address(data: Path, open_page: OpenPage) -> None:
    app = open_page("data", upload="new")
    app.text_input(key="import_name").set_value("pets")
    app.file_uploader[0].upload("1.png", encoded(1), "image/png")
    press(app.run(), "Read the pictures")
    upload = list_uploads(data)[0]
    assert app.query_params["upload"] == upload.id
    assert "Import of pets from 1.png" in texts(app)
    discard(run_queries.store(), upload)


def test_whoever_comes_sees_the_imports_and_opens_one(upload: Upload, open_page: OpenPage) -> None:
    app = open_page("data")
    assert "**pets** from animals: not read yet." in texts(app)
    app.button(key=upload.id).click().run()
    assert app.query_params["upload"] == upload.id
    assert "Import of pets from animals" in texts(app)


def test_while_the_pictures_are_read_every_visitor_sees_the_step_and_may_cancel(
    upload: Upload, open_page: OpenPage
) -> None:
    upload.task.log.write_text("progress 0.40 Decoding 15 pictures\n")
    with locks.holding(upload.task.lock):
        app = open_page("data", upload=upload.id)
        assert app.get("progress")[0].proto.text == "Decoding 15 pictures"
        assert "cancel_import" in keys(app)
        assert "Decoding 15 pictures, 40 %" in texts(open_page("data"))


def test_an_import_that_was_killed_says_so_and_can_be_tried_again(upload: Upload, open_page: OpenPage) -> None:
    upload.task.failure.write_text("It was interrupted. Try again.")
    app = open_page("data", upload=upload.id)
    assert app.error[0].value == "It was interrupted. Try again."
    assert {"read_again", "discard_import"} <= keys(app)


def test_what_was_understood_is_shown_before_anything_is_stored(prepared: Upload, open_page: OpenPage) -> None:
    app = open_page("data", upload=prepared.id)
    assert list(app.table[0].value.index) == ["cat", "dog", "All"]
    assert "test images an accuracy of 90 %" in texts(app)
    assert {"store_import", "discard_import"} <= keys(app)
    assert "waiting to be stored or discarded" in texts(open_page("data"))
    assert len(versions.list_versions(settings().data)) == 1


def test_what_is_stored_already_is_said_and_not_stored_again(prepared: Upload, data: Path, open_page: OpenPage) -> None:
    upload_process.main(str(prepared.folder), prepared.prepared.version.hash)
    again = receive(data, "animals", Options(side=28), sent_again(prepared), None)
    upload_process.main(str(again.folder))
    app = open_page("data", upload=again.id)
    assert "The same images are stored already, as pets@1." in app.info[0].value.replace(":color[]", "")
    assert "store_import" not in keys(app)
    press(app, "Open pets:color[]@1")
    assert "upload" not in app.query_params
    assert prepared.stored_hash in [code.value for code in app.code]


def sent_again(upload: Upload) -> list[SentFile]:
    """The pictures of the fixture, sent by somebody else."""
    files = {f"{'cat' if number < 8 else 'dog'}/{number}.png": encoded(number) for number in range(15)}
    assert upload.stored_hash
    return [SentFile(f"again {name}", name, memoryview(content)) for name, content in files.items()]


def test_after_storing_the_page_of_the_import_is_that_of_the_version(prepared: Upload, open_page: OpenPage) -> None:
    upload_process.main(str(prepared.folder), prepared.prepared.version.hash)
    app = open_page("data", upload=prepared.id)
    assert app.query_params["data"] == prepared.stored_hash
    assert prepared.stored_hash in [code.value for code in app.code]
    assert not app.exception


def test_an_import_whose_version_was_deleted_says_so(prepared: Upload, open_page: OpenPage) -> None:
    (prepared.folder / STORED).write_text("0" * 64)
    assert "the data set has been deleted since" in texts(open_page("data", upload=prepared.id))


def test_what_one_visitor_discards_another_is_told_of(prepared: Upload, open_page: OpenPage) -> None:
    first, second = (open_page("data", upload=prepared.id) for _ in range(2))
    first.button(key="discard_import").click().run()
    assert not prepared.folder.exists()
    assert first.query_params["upload"] == "new"
    second.run()
    assert "discarded, or left for more than a week" in second.error[0].value


def test_what_one_visitor_is_storing_another_cannot_discard(prepared: Upload, open_page: OpenPage) -> None:
    app = open_page("data", upload=prepared.id)
    with locks.holding(prepared.task.lock):
        app.button(key="discard_import").click().run()
    assert "is being stored" in app.toast[0].value
    assert get_upload(settings().data, prepared.id).prepared is not None


def test_launch_leads_to_the_form(open_page: OpenPage) -> None:
    links = [link.proto for link in open_page("launch").get("page_link")]
    assert any(link.label == "Import pictures" and link.query_string == "upload=new" for link in links)
