"""The documentation of the command line: every command stands in it, and whatever stands in it works."""

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from core.data.data_set import DataSet
from jobs.results import duplicate_search
from jobs.running import queue
from jobs.settings import ROOT, settings
from jobs.store import locks, run_files
from jobs.store.store import Store
from jobs.team import members
from tests import stores
from tests.colleagues import ANNA
from tests.core.datasets.pictures import class_folders
from tests.folds import add_fold_group
from tests.jobs.configs import TINY
from tests.jobs.test_cli import Capture, every_command, run
from tests.jobs.test_faults import planted
from tests.stores import Sample
from tests.studied import add_study
from tests.untrained import add_run_with_model

REFERENCE = ROOT / "docs" / "commands.md"
DOCUMENTS = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
EXAMPLE = re.compile(r"python -m jobs ([a-z][^`#\n]*)")
NEED_MODELS = {"launch", "predict", "study", "export", "photo-set measure", "photo-set show", "photo-set compare"}
GROUPS = {"photo-set", "data", "team"}
OF_A_SET = {"launch", *(f"data {name}" for name in ("show", "repair", "delete", "marks", "correct", "diff"))}
OF_STATUS = {"stop": "queued", "move": "queued", "resume": "stopped"}
ELSEWHERE = {"worker", "node", "data fetch"}
"""What goes on until it is interrupted, and what needs a network: their own tests see to them."""


def examples(*documents: Path) -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in documents]
    return list(dict.fromkeys(words.strip() for text in texts for words in EXAMPLE.findall(text)))


def name_of(example: str) -> str:
    words = example.split()
    return " ".join(words[:2] if words[0] in GROUPS and len(words) > 1 else words[:1])


def documented() -> list[str]:
    """Every example that is tried here."""
    return [words for words in examples(*DOCUMENTS) if name_of(words) not in ELSEWHERE]


def test_the_reference_holds_every_command_and_no_other() -> None:
    assert {name_of(example) for example in examples(REFERENCE)} == {name for name, _ in every_command()}


class Workplace:
    """A store and a folder that have what the placeholders of an example stand for."""

    def __init__(self, store: Store, folder: Path, truth: DataSet, example: str) -> None:
        self.store, self.folder, self.truth, self.command = store, folder, truth, name_of(example)
        self.joins = "--to-existing" in example
        self.seeds = iter(range(100))
        (folder / "PHOTOS" / "Bag").mkdir(parents=True)
        Image.new("L", (40, 40), 200).save(folder / "PHOTOS" / "Bag" / "photo.jpg")
        shutil.copy(folder / "PHOTOS" / "Bag" / "photo.jpg", folder / "photo.jpg")
        shutil.make_archive(str(folder / "photos"), "zip", folder / "PHOTOS")
        class_folders(folder / "PICTURES" / "train", {"left": 12, "right": 12})
        class_folders(folder / "PICTURES" / "test", {"left": 4, "right": 4}, first=8)
        class_folders(folder / "CLOTHES", {"Bag": 12, "Coat": 12})
        rows = [f"train/{'left' if n < 12 else 'right'}/{n}.png,{n % 2},{n // 2}" for n in range(24)]
        (folder / "classes.csv").write_text("\n".join(["file,label,product", *rows]), encoding="utf-8")
        (folder / "marks.csv").write_text("position,label\n0,right\n1,not usable\n", encoding="utf-8")
        (folder / "labels.csv").write_text("file,label\nphoto.jpg,Bag\n", encoding="utf-8")

    def add_run(self) -> str:
        """A run in the state that the command needs."""
        seed, status = next(self.seeds), OF_STATUS.get(self.command, "finished")
        if status == "queued":
            return queue.launch(self.store, TINY)
        if self.command not in NEED_MODELS:
            return stores.add(self.store, Sample(seed=seed, status=status))
        run_id = add_run_with_model(self.store, f"run {seed}", truth=self.truth.test_labels)
        if self.command == "study":
            add_study(self.store, run_id)
        return run_id

    def add_group(self) -> str:
        group = f"recipe{next(self.seeds)}"
        for _ in range(3):
            stores.add(self.store, Sample(seed=next(self.seeds), columns={"group_id": group}))
        return group

    def arguments(self, example: str) -> list[str]:
        """The words of an example with something real in the place of each placeholder."""
        values: dict[str, Callable[[], str]] = {
            "RUN": self.add_run,
            "GROUP": self.add_group,
            "FOLDS": lambda: add_fold_group(self.store, self.truth.train_labels).id,
            "PRESET": lambda: "quick",
            "S": lambda: "0",
            "NAME": lambda: "shelf",
            "CLOTHES": lambda: "clothes",
            "companions=RUN": lambda: f"companions={self.add_run()}",
            "OTHER": lambda: "fashion-mnist",
            "FOLDER": lambda: "exported" if self.command == "export" else "PHOTOS",
            "PICTURES": lambda: "PICTURES",
            "FILE": lambda: "runs.backup",
            "URL": lambda: f"sqlite:///{self.folder / 'elsewhere.db'}",
        }
        words = [values[word]() if word in values else word for word in shlex.split(example)]
        # Nobody trains here.
        return [word for word in words if self.command != "launch" or word != "--wait"]

    def commands_before(self) -> Iterator[list[str]]:
        """What has to be done so that the command has something to work on."""
        if self.command == "restore":
            yield ["backup", "runs.backup"]
        if self.command in ("team role", "team remove", "team let-in"):
            members.meet(self.store, ANNA)
            yield ["team", "role", "ben@example.org", "admin"]
        if self.command == "photo-set learn":
            for number in range(30):
                place = self.folder / "PHOTOS" / ("Bag" if number % 2 else "Coat")
                place.mkdir(exist_ok=True)
                Image.new("L", (40, 40), 5 * number).save(place / f"{number}.png")
        if self.command.startswith("photo-set") and (self.command != "photo-set add" or self.joins):
            yield ["photo-set", "add", "shelf", "PHOTOS", "--labels", "folders"]
        if self.command in ("photo-set show", "photo-set compare"):
            yield ["photo-set", "measure", "shelf"]
        if self.command in (
            "data show",
            "data repair",
            "data delete",
            "data marks",
            "data correct",
            "data diff",
            "data clear-features",
            "launch",
        ):
            yield ["data", "add", "shelf", "PICTURES", "--yes"]
        if self.command == "launch":
            yield ["data", "add", "clothes", "CLOTHES", "--yes"]
        if self.command == "duplicates":
            duplicate_search.search(self.store, planted())


@pytest.fixture
def workplace(
    live_store: Store, real_data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> Iterator[Workplace]:
    monkeypatch.chdir(tmp_path)
    # No run is trained, so that the weights only have to be there.
    (tmp_path / "weights.pth").touch()
    monkeypatch.setenv("LOOKBOOK_RESNET18_WEIGHTS", str(tmp_path / "weights.pth"))
    settings.cache_clear()
    command = name_of(example)
    # So that no command starts a supervisor; a store with one at work is neither restored nor moved.
    lock = None if command in ("restore", "move-store") else locks.acquire(run_files.supervisor_lock(live_store))
    yield Workplace(live_store, tmp_path, real_data, example)
    if lock is not None:
        os.close(lock)


@pytest.mark.slow
@pytest.mark.usefixtures("own_data")
@pytest.mark.parametrize("example", documented())
def test_every_documented_command_works(workplace: Workplace, capsys: Capture, example: str) -> None:
    arguments = workplace.arguments(example)
    for command in workplace.commands_before():
        assert run(capsys, *command)[0] == 0
    status, _, error = run(capsys, *arguments)
    assert status == 0, error
