"""The report of a comparison: runs held against a baseline."""

from collections.abc import Mapping, Sequence

from core.classes import CLASS_NAMES
from core.statistics import wording
from core.statistics.calibration import calibration
from core.statistics.comparison import Comparison
from core.statistics.metrics import confusion_matrix
from jobs.reports import drawing, report_charts, report_sections
from jobs.reports.document import Beside, Block, Chart, Document, Finding, Items, Paragraph, Section, Table
from jobs.reports.drawing import Look
from jobs.reports.report_charts import Curve
from jobs.reports.report_sections import Images
from jobs.results import run_wording
from jobs.results.comparisons import RunsCompared, validation_sentence
from jobs.store.records import Epoch, Run

PAIRS_LISTED = 10
DETAILED = 30
"""Runs that are told of class by class and with images: more would make a file that few programs open at once."""
_SHORTENED = (
    f"Classes, confusions and images are shown for the first {DETAILED} runs after the baseline. The tables have the "
    "metrics of the others, and a report of fewer runs has the rest."
)


def document(compared: RunsCompared, epochs: Mapping[str, Sequence[Epoch]], images: Images | None = None) -> Document:
    """The report of a comparison; with the test images (n, 28, 28) it shows some that the runs disagree on."""
    baseline, *others = compared.runs
    names = [compared.names[run.id] for run in compared.runs]
    findings: list[Block] = [Finding(one.sentence) for one in compared.comparisons]
    if len(others) > 1:
        findings.append(Paragraph(compared.best_sentence))
    if others[DETAILED:]:
        findings.append(Paragraph(_SHORTENED))
    if compared.left_out:
        findings.append(Items(tuple(one.sentence for one in compared.left_out)))
    return Document(
        title=f"{wording.listed(names[1:], 3)} against {names[0]}",
        subtitle=f"{len(names)} runs on the same {len(compared.predictions[baseline.id].labels):,} test images",
        opening=tuple(findings),
        sections=(
            _compared(compared),
            _curves(compared, epochs),
            *(
                _against_baseline(compared, other, comparison, images)
                for other, comparison in list(zip(others, compared.comparisons, strict=True))[:DETAILED]
            ),
            _calibration(compared),
            _settings(compared),
            Section("Environment", (report_sections.environment(compared.names, compared.runs),)),
            report_sections.method(
                "Two runs are compared on the images that both predicted. Images that both have right, or both "
                "wrong, do not tell which is better: the exact McNemar test asks how surprising the split of the "
                "others would be if both were equally good. The interval of a difference is from the paired "
                "bootstrap.",
                "Looking at many runs, classes or confusions finds some differences by chance alone. Holm's "
                "correction keeps the probability of even one false positive at 5 % among the runs compared with the "
                "baseline, and, within one comparison, among its classes and among its confusions. It does not cover "
                "the classes of several comparisons together: across many runs, some classes will differ by chance.",
                "Tied as the best are all runs that no other run is significantly better than, by that correction or "
                "at 5 % divided by the number of other runs; the truly best run is among them with a probability of "
                "at least 95 %.",
                "This compares trained models. To compare recipes, train several seeds of each.",
            ),
        ),
    )


def _compared(compared: RunsCompared) -> Section:
    rows = tuple(
        (
            compared.names[run.id],
            run.id,
            run_wording.model(run),
            str(run.seed),
            run_wording.accuracy(run),
            wording.number(run.test_loss),
            run_wording.best_validation(run),
            wording.duration(run.work_s),
            wording.count(run.parameters_trained),
        )
        for run in compared.runs
    )
    header = (
        *("Run", "Id", "Model", "Seed", "Test accuracy (95 % interval)", "Test loss"),
        *("Best validation", "Training time", "Trained parameters"),
    )
    table = Table("The runs, the baseline first", header, rows, figures_from=3)
    return Section("What was compared", (table, _differences(compared)))


def _differences(compared: RunsCompared) -> Table:
    rows = tuple(
        (
            one.name_b,
            wording.count(one.both_right),
            wording.count(one.only_a),
            wording.count(one.only_b),
            wording.count(one.both_wrong),
            wording.difference(one.difference, one.low, one.high),
            wording.p_value(one.p_adjusted),
            one.better or "tied",
        )
        for one in compared.comparisons
    )
    corrected = "p (Holm)" if len(rows) > 1 else "p"
    header = (
        *("Against the baseline", "Both right", "Only baseline right", "Only this right", "Both wrong"),
        *("Difference in points (95 % interval)", corrected, "Better"),
    )
    return Table("Images by who is right, and exact McNemar test", header, rows)


def _curves(compared: RunsCompared, epochs: Mapping[str, Sequence[Epoch]]) -> Section:
    looks = _looks(compared)
    accuracy, loss = (
        report_charts.curves(
            title,
            " ".join(f"{compared.names[run.id]}: at best {best(run)}." for run in compared.runs),
            [
                Curve(compared.names[run.id], epochs.get(run.id, ()), field, looks[run.id], run.best_epoch)
                for run in compared.runs
            ],
            percent=percent,
        )
        for title, field, percent, best in (
            ("Validation accuracy", "val_accuracy", True, run_wording.best_validation),
            ("Validation loss", "val_loss", False, lambda run: wording.number(run.best_val_loss)),
        )
    )
    marked = Paragraph("The large mark is the epoch with the lowest validation loss; its weights are the model.")
    differing = validation_sentence(compared.runs)
    remarks = (marked, Paragraph(differing)) if differing else (marked,)
    return Section("Learning curves", (Beside(accuracy, loss), *remarks))


def _against_baseline(compared: RunsCompared, other: Run, comparison: Comparison, images: Images | None) -> Section:
    """Where one difference comes from, class by class and confusion by confusion."""
    said = [compared.predictions[run.id] for run in (compared.runs[0], other)]
    matrices = [confusion_matrix(one.labels, one.predicted) for one in said]
    names = (comparison.name_a, comparison.name_b)
    chart = report_charts.class_differences(comparison.classes, _looks(compared)[other.id], comparison.class_sentence)
    blocks: list[Block] = [
        Paragraph(comparison.class_sentence),
        Beside(chart, _classes(comparison)),
        Paragraph("Filled marks: significant after correction for ten classes. Open marks: not significant."),
        Paragraph(comparison.pair_sentence),
        Beside(report_charts.difference_matrix(matrices[0], matrices[1], names), _pairs(comparison)),
    ]
    if images is not None:
        blocks += [
            report_sections.only_one_right(
                *(said[place], said[1 - place], images),
                f"Only {names[place]} has these right; below each what {names[1 - place]} took it for, and how surely",
            )
            for place in (0, 1)
        ]
    title = f"{names[1]} against {names[0]}" if len(compared.runs) > 2 else "Where the difference lies"
    return Section(title, tuple(blocks))


def _looks(compared: RunsCompared) -> dict[str, Look]:
    return drawing.looks([run.id for run in compared.runs])


def _classes(comparison: Comparison) -> Table:
    rows = tuple(
        (
            one.name,
            wording.share_of(one.accuracy_a, one.n),
            wording.share_of(one.accuracy_b, one.n),
            wording.difference(one.difference, one.low, one.high),
            wording.p_value(one.p_adjusted),
        )
        for one in comparison.classes
    )
    header = ("Class", comparison.name_a, comparison.name_b, "Points (95 % interval)", "p (Holm)")
    return Table("Share of each class's images predicted right (95 % interval)", header, rows)


def _pairs(comparison: Comparison) -> Table:
    changed = sorted(comparison.pairs, key=lambda one: (one.p_adjusted, -abs(one.count_b - one.count_a)))
    rows = tuple(
        (
            CLASS_NAMES[one.true],
            CLASS_NAMES[one.predicted],
            wording.count(one.count_a),
            wording.count(one.count_b),
            wording.p_value(one.p_adjusted),
        )
        for one in changed[:PAIRS_LISTED]
    )
    header = ("True", "Predicted", comparison.name_a, comparison.name_b, "p (Holm)")
    return Table("Confusions that changed most", header, rows, figures_from=2)


def _calibration(compared: RunsCompared) -> Section:
    found = {
        compared.names[run.id]: calibration(
            compared.predictions[run.id].labels, compared.predictions[run.id].probabilities
        )
        for run in compared.runs
    }
    looks = {compared.names[run_id]: look for run_id, look in _looks(compared).items()}
    sentences = Items(tuple(f"{name}: {one.sentence}" for name, one in found.items()))
    chart: Chart = report_charts.reliability(found, looks)
    return Section("Calibration", (sentences, chart))


def _settings(compared: RunsCompared) -> Section:
    names = [compared.names[run.id] for run in compared.runs]
    settings = dict.fromkeys(name for run in compared.runs for name in run.config)
    values = {name: [wording.setting(run.config.get(name)) for run in compared.runs] for name in settings}
    differing = tuple((name, *row) for name, row in values.items() if len(set(row)) > 1)
    same = tuple((name, row[0]) for name, row in values.items() if len(set(row)) == 1)
    first: Block = (
        Table("Settings that differ", ("Setting", *names), differing, None)
        if differing
        else Paragraph("Every setting is the same.")
    )
    return Section("Configuration", (first, Table("Settings that are the same", ("Setting", "Value"), same, None)))
