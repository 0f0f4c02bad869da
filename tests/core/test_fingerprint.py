"""Which sources make a run what it is: those that training imports, and no others."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.machine import fingerprint
from core.machine.fingerprint import code_fingerprint, training_sources

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Another folder with the same sources."""
    shutil.copytree(ROOT / "core", tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    return tmp_path


def fingerprint_in(folder: Path) -> str:
    """The fingerprint of the sources in another folder, by the code that is here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "_ROOT", folder)
        patch.setattr(fingerprint, "_MODELS", folder / "core" / "models")
        return code_fingerprint.__wrapped__()


def append(path: Path, line: str) -> None:
    assert path.is_file()
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


def test_the_same_sources_in_another_folder_are_the_same_code(copy: Path) -> None:
    program = "from core.machine.fingerprint import code_fingerprint; print(code_fingerprint())"
    done = subprocess.run([sys.executable, "-c", program], cwd=copy, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == code_fingerprint() == fingerprint_in(copy)


@pytest.mark.parametrize(
    "source", ["core/statistics/intervals.py", "core/photos/archives.py", "core/answers/verdict.py"]
)
def test_what_training_never_imports_leaves_a_run_what_it_was(copy: Path, source: str) -> None:
    append(copy / source, "\nANOTHER = 1\n")
    assert fingerprint_in(copy) == code_fingerprint()


@pytest.mark.parametrize("source", ["core/learning/batches.py", "core/models/cnn.py", "core/data/preprocessing.py"])
def test_what_training_imports_is_another_code_once_it_changes(copy: Path, source: str) -> None:
    append(copy / source, "\nANOTHER = 1\n")
    assert fingerprint_in(copy) != code_fingerprint()


def test_words_for_people_in_what_training_imports_leave_a_run_what_it_was(copy: Path) -> None:
    config = copy / "core" / "config.py"
    text = config.read_text(encoding="utf-8")
    described = text.replace("The preset this configuration started from.", "Its preset.")
    explained = described.replace('"""Build a config;', '"""Build and check a config;')
    assert len({text, described, explained}) == 3
    config.write_text(f"# What a run is.\n{explained}", encoding="utf-8")
    assert fingerprint_in(copy) == code_fingerprint()
    config.write_text(
        text.replace("patience: int = Field(\n        5", "patience: int = Field(\n        6"), encoding="utf-8"
    )
    assert fingerprint_in(copy) != code_fingerprint()


def test_no_page_report_or_statistic_decides_what_a_training_computes() -> None:
    rooms = {str(path.parent.relative_to(ROOT)) for path in training_sources()}
    assert rooms <= {"core", "core/data", "core/learning", "core/machine", "core/models", "core/models/kernels"}
