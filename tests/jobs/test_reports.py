"""Reports to take along: complete, true to the store, and readable anywhere."""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_NAMES
from core.data import fashion_mnist
from core.statistics.intervals import accuracy_interval
from jobs.cli import main
from jobs.line_styles import line_styles
from jobs.reports import comparison_report, report_files, run_report
from jobs.reports.document import Cell, Document, Items, Matrix, Paragraph, Section, Table
from jobs.reports.html import STRONG, as_html
from jobs.reports.markdown import as_markdown
from jobs.reports.report_files import facts_of, report
from jobs.results.comparisons import NotComparable, compare_runs
from jobs.settings import ROOT, settings
from jobs.store.queries import get_run, get_runs, list_epochs
from jobs.store.records import RunStatus
from jobs.store.store import Store
from tests import stores
from tests.blank_data import write_blank_data
from tests.stores import Sample

MOST_BYTES = 5_000_000
EVIL = '<script>alert(1)</script> | *x* "q" & [a](b)'
IMAGES = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28), dtype=np.uint8)
CSS = (Path(run_report.__file__).parent / "report.css").read_text(encoding="utf-8")


class Page(HTMLParser):
    """The tags of a page with their attributes, its words, and whether every tag that was opened is closed."""

    VOID = ("meta", "img", "br", "line", "circle", "polygon", "polyline")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def finished(store: Store, *samples: Sample) -> list[str]:
    return [stores.add(store, sample) for sample in samples]


def compared(store: Store, ids: Sequence[str], images: np.ndarray | None = None) -> Document:
    return comparison_report.document(compare_runs(store, get_runs(store, ids)), list_epochs(store, ids), images)


def assert_self_contained(page: str) -> None:
    tags = Page(page).tags
    assert {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in tags} == set()
    links = [values[name] for _, values in tags for name in ("src", "href") if name in values]
    anchors = {values["id"] for _, values in tags if "id" in values}
    assert all(str(link).startswith("data:image/png;base64,") or str(link)[1:] in anchors for link in links)
    assert "url(" not in page
    assert "@import" not in page
    assert len(page.encode()) < MOST_BYTES


def test_the_report_of_a_run_tells_its_figures_with_their_intervals(store: Store) -> None:
    (run_id,) = finished(store, Sample("cnn", tags=("baseline",), columns={"note": "kept for the meeting"}))
    described = get_run(store, run_id)
    text = Page(report(store, [described])).text
    low, high = accuracy_interval(round((described.test_accuracy or 0) * 10_000), 10_000)
    interval = f"(95 % interval {100 * low:.2f} to {100 * high:.2f})"
    right = f"{100 * (described.test_accuracy or 0):.2f} % of these 10,000 test images right {interval}"
    for words in (right, *CLASS_NAMES, run_id):
        assert words in text
    for words in ("kept for the meeting", "learning_rate", "Expected", "torch", "2.9.0", "Brier score"):
        assert words.lower() in text.lower()
    assert "workshop" not in text.lower(), "a report is passed on, and does not name the machine"


def test_the_report_of_a_comparison_opens_with_the_sentence_and_names_what_is_left_out(store: Store) -> None:
    ids = finished(
        store, Sample("cnn"), Sample("resnet18"), Sample("cnn", 1, name="cut short", status=RunStatus.STOPPED)
    )
    runs_compared = compare_runs(store, get_runs(store, ids))
    page = report(store, get_runs(store, ids))
    assert runs_compared.comparisons[0].sentence in Page(page).text
    assert runs_compared.left_out[0].sentence in Page(page).text
    assert_self_contained(page)


@pytest.mark.parametrize("form", ["html", "md"])
def test_no_report_has_an_empty_figure_written_as_nan_or_none(store: Store, form: str) -> None:
    ids = finished(store, Sample("cnn"), Sample("cnn", 1, status=RunStatus.STOPPED, epochs_done=0), Sample("resnet18"))
    for chosen in ([ids[0]], [ids[1]], ids):
        assert re.findall(r"\b(nan|None|inf)\b", report(store, get_runs(store, chosen), form)) == []


def test_a_run_that_has_not_finished_has_a_report_that_says_so(store: Store) -> None:
    (run_id,) = finished(store, Sample("cnn", status=RunStatus.STOPPED))
    text = Page(report(store, [get_run(store, run_id)])).text
    assert "cnn seed 0 is stopped: it has no test metrics." in text
    assert "Learning curves" in text


@pytest.mark.slow
def test_ten_long_runs_with_pictures_stay_small_and_ask_nothing_of_the_network(store: Store) -> None:
    ids = finished(store, *(Sample("cnn", seed, epochs_done=500) for seed in range(10)))
    assert_self_contained(as_html(compared(store, ids, IMAGES)))
    assert_self_contained(as_html(run_report.document(facts_of(store, get_run(store, ids[0])), IMAGES)))


def test_of_very_many_runs_the_first_are_told_of_in_detail_and_more_than_fit_are_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [get_run(store, stores.add(store, Sample(seed=seed, name=f"number {seed}"))) for seed in range(4)]
    assert "told of" not in report(store, runs, "md")
    monkeypatch.setattr(comparison_report, "DETAILED", 2)
    shortened = report(store, runs, "md")
    assert "runs after the baseline" in shortened
    assert "## number 2 against number 0" in shortened
    assert "## number 3 against number 0" not in shortened
    assert "number 3 " in shortened
    monkeypatch.setattr(report_files, "MOST", 3)
    with pytest.raises(NotComparable, match="at most 3 runs, and 4 are named"):
        report(store, runs)


def test_every_accuracy_of_a_report_has_its_interval(store: Store) -> None:
    run, other = (get_run(store, stores.add(store, Sample(seed=seed))) for seed in (1, 2))
    text = report(store, [run], "md")
    share = r"\d+\.\d\d %"
    interval = r" \(\d+\.\d\d to \d+\.\d\d\)"
    assert re.search(rf"\| Top-2 accuracy \| {share}{interval}", text)
    assert re.search(rf"\| Macro recall \| {share}{interval}", text)
    assert re.search(rf"\| 3 \| [\d.]+ \| [\d.]+ \| {share} \| {share}{interval}", text)
    assert re.search(rf"accuracy {share}{interval}; expected calibration error", text)
    compared = report(store, [run, other], "md")
    assert re.search(rf"\| Trouser \| {share}{interval} \| {share}{interval} \|", compared)
    assert "does not cover the classes of several comparisons together" in compared


def test_the_name_of_a_report_has_at_most_three_ids(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ids = [stores.add(store, Sample(seed=seed % 2)) for seed in range(5)]
    assert main(["report", *ids]) == 0
    assert [path.name for path in tmp_path.glob("report-*")] == [f"report-{'-'.join(ids[:3])}-and-2-more.html"]


def test_names_and_notes_stand_in_a_report_as_they_were_written(store: Store) -> None:
    (run_id,) = finished(store, Sample("cnn", name=EVIL, columns={"note": "# one\n- two | three"}))
    facts = facts_of(store, get_run(store, run_id))
    page = as_html(run_report.document(facts))
    assert "<script" not in page
    assert f"Run {EVIL}" in Page(page).text
    written = as_markdown(run_report.document(facts))
    assert r"# Run \<script\>alert(1)\</script\> \| \*x\* "
    assert r"| Note | # one - two \| three |" in written


def test_every_row_of_a_markdown_table_has_the_cells_of_its_header(store: Store) -> None:
    ids = finished(store, Sample("cnn", name=EVIL), Sample("resnet18"))
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", as_markdown(compared(store, ids)), re.MULTILINE)
    assert len(blocks) > 5
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_what_could_begin_a_list_or_a_heading_does_not() -> None:
    texts = ("# one", "- two", "3. three", "-0.42 points", "82.50 %")
    document = Document("t", "", (), (Section("s", tuple(map(Paragraph, texts))), Section("l", (Items(("- a",)),))))
    lines = as_markdown(document).splitlines()
    assert [line for line in lines if line[:1] in "\\-38" and line] == [
        *(r"\# one", r"\- two", r"3\. three", "-0.42 points", "82.50 %", r"- \- a"),
    ]


def test_every_table_has_a_header_of_its_width() -> None:
    with pytest.raises(ValueError, match="2 cells of the header"):
        Table("c", ("a", "b"), (("1", "2", "3"),))


def test_the_surest_errors_are_shown_only_with_the_images_that_were_answered(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKBOOK_DATA", str(write_blank_data(tmp_path / "data")))
    settings.cache_clear()
    labels = fashion_mnist.load(tmp_path / "data").test_labels
    others, ours = stores.add(store, Sample("cnn"), labels[::-1].copy()), stores.add(store, Sample("cnn", 1), labels)
    shown = [report(store, [get_run(store, run_id)]).count("data:image/png") for run_id in (others, ours)]
    assert shown == [0, 16]


def test_a_class_nobody_predicted_leaves_a_dash(store: Store) -> None:
    (run_id,) = finished(store, Sample("cnn"))
    facts = facts_of(store, get_run(store, run_id))
    assert facts.tested is not None
    never = np.where(np.arange(10) == 8, -50.0, facts.tested.log_probabilities).astype(np.float32)
    page = as_markdown(run_report.document(replace(facts, tested=replace(facts.tested, log_probabilities=never))))
    assert "| Bag | – | 0.00 % (0.00 to 0.38) | 0.00 % | 1,000 |" in page


def luminance(colour: Sequence[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.asarray(colour) / 255]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("scale", ["more", "less"])
def test_every_cell_of_a_matrix_can_be_read(theme: int, scale: str) -> None:
    def stated(name: str) -> str:
        return re.findall(rf"--{name}: ([^;]+);", CSS)[theme]

    ground = np.array([int(stated("ground")[place : place + 2], 16) for place in (1, 3, 5)])
    full, share = np.array([int(part) for part in stated(scale).split()]), float(stated(f"{scale}-scale"))
    for strength in np.linspace(0, 1, 101):
        ink = 255 if (stated("on-strong") if strength >= STRONG else stated("on-weak")) == "#fff" else 0
        cell = np.rint(ground + (full - ground) * strength * share)
        dark, bright = sorted((luminance(cell), luminance((ink,) * 3)))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_strong_cells_and_losses_are_marked_as_such() -> None:
    cells = ((Cell("+9", "more", 0.9), Cell("-3", "less", -0.4)),) * 2
    page = as_html(Document("t", "", (Matrix("m", ("a", "b"), cells),), ()))
    assert '<td class="more strong" style="--s:0.90" title="more">+9</td>' in page
    assert '<td class="less" style="--s:0.40" title="less">-3</td>' in page


def test_the_command_never_overwrites_a_report_without_being_told(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = finished(store, Sample("cnn"), Sample("resnet18"))
    path = tmp_path / "report.html"
    assert main(["report", *ids, "-o", str(path)]) == 0
    before = path.read_bytes()
    assert main(["report", ids[0], "-o", str(path)]) == 1
    assert path.read_bytes() == before
    assert "exists already" in capsys.readouterr().err
    assert main(["report", ids[0], "-o", str(path), "--replace"]) == 0
    assert path.read_bytes() != before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_report_goes_into_the_working_directory_or_to_the_screen(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_id,) = finished(store, Sample("cnn"))
    monkeypatch.chdir(tmp_path)
    assert main(["report", run_id, "--format", "md"]) == 0
    assert main(["report", run_id, "--format", "md", "-o", "-"]) == 0
    assert capsys.readouterr().out == (tmp_path / f"report-{run_id}.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_pages_and_commands_that_write_no_report_are_spared_the_templates() -> None:
    program = "import sys, jobs.cli, jobs.reports.report_files; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_a_report_that_cannot_be_written_says_so_in_one_line(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_id,) = finished(store, Sample("cnn"))
    assert main(["report", run_id, "-o", str(tmp_path / "no" / "such" / "folder.html")]) == 1
    message = capsys.readouterr().err
    assert "could not be written" in message
    assert message.count("\n") == 1


def test_groups_of_seeds_have_a_report_as_recipes(store: Store, tmp_path: Path) -> None:
    for model in ("cnn", "resnet18"):
        finished(store, *(Sample(model, seed, columns={"group_id": f"all-{model}"}) for seed in range(3)))
    for form in ("html", "md"):
        path = tmp_path / f"recipes.{form}"
        assert main(["report", "--groups", "all-cnn", "all-resnet18", "--format", form, "-o", str(path)]) == 0
        text = path.read_text(encoding="utf-8")
        assert "As a recipe cnn is better than resnet18" in text
        assert "standard deviation" in text
        assert "learning_rate" in text
    assert_self_contained((tmp_path / "recipes.html").read_text(encoding="utf-8"))


def test_a_run_has_the_same_colour_in_a_report_as_on_the_pages(store: Store) -> None:
    ids = finished(store, Sample("cnn", 0), Sample("cnn", 1))
    looks = line_styles(ids)
    for document, place in (
        (run_report.document(facts_of(store, get_run(store, ids[0]))), 0),
        (compared(store, ids), 1),
    ):
        assert f"run{looks[ids[place]].colour} " in as_html(document)
