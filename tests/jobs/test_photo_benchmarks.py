"""The short forms of the benchmarks of photos: files that do harm, and how well a run does on labelled ones."""

import csv
from pathlib import Path

import pytest

from dashboard.sections.predict import samples
from jobs.store import run_files
from jobs.store.store import Store
from tests.benchmarks import photos, uploads
from tests.jobs.test_cli import Capture
from tests.untrained import add_run_with_model

pytestmark = pytest.mark.slow


def test_no_hostile_or_broken_file_does_any_harm() -> None:
    assert uploads.main(["--each", "6", "--seed", "1"]) == 0


def test_a_file_of_which_nothing_is_heard_fails_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "gather", lambda _paths: iter(()))
    outcome = uploads.Outcome()
    uploads._feed(tmp_path / "silent.zip", outcome)
    assert outcome.failures == ["silent.zip was neither answered nor refused"]


@pytest.mark.parametrize("sources", [False, True])
def test_labelled_photos_are_measured_and_one_that_cannot_be_read_is_named(
    store: Store, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, sources: bool
) -> None:
    run_id = add_run_with_model(store, "asked", verdict="sure", set_threshold=0.95)
    rows = [("bag.png", 8, "product", "light"), ("trouser.png", 1, "phone", "busy"), ("broken.png", 1, "worn", "dark")]
    for name in ("bag", "trouser"):
        (tmp_path / f"{name}.png").write_bytes(samples.draw_sample(name))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with (tmp_path / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        table = [("file", "label_index", "kind", "background", "repo"), *((*row, "shop") for row in rows)]
        csv.writer(file).writerows(row if sources else row[:4] for row in table)
    model = run_files.files_of(store, run_id).model
    told = ["photos", "--manifest", str(tmp_path / "manifest.csv"), "--images", str(tmp_path), "--run", str(model)]
    monkeypatch.setattr("sys.argv", [*told, "--no-others"])
    photos.main()
    out, error = capsys.readouterr()
    assert "2 photos" in out
    assert "Left out: broken.png: broken.png is not a picture" in error
    verdicts = out[out.index("by kind: verdicts") :]
    product = next(line for line in verdicts.splitlines() if line.startswith("product  "))
    assert product.split()[1] == "100.0"
    assert product.endswith("     1        1" if sources else ")     1         ")
    for target in ("top 1, 72 % or more", "right when sure, 97 % or more", "sure, 45 % or more"):
        assert target in out
    assert "not measured  other things" in out
    assert ("by source" in out) == ("top 1 by fold of sources" in out) == sources
    assert "sets by validation images, coverage 87 to 93 %" in out
