"""The report of a comparison: runs compared with a baseline."""

from collections.abc import Mapping, Sequence

from core.statistics import wording
from core.statistics.calibration import calibration
from core.statistics.comparison import Comparison
from jobs.reports import comparison_tables, drawing, report_charts, report_sections, run_tables
from jobs.reports.document import Beside, Block, Document, Finding, Items, Paragraph, Section
from jobs.reports.drawing import Look
from jobs.reports.report_charts import Curve
from jobs.reports.report_sections import Images
from jobs.results import run_wording
from jobs.results.comparisons import RunsCompared, validation_sentence
from jobs.store.records import Epoch, Run

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
    findings: list[Block] = [Finding(comparison.sentence) for comparison in compared.comparisons]
    if len(others) > 1:
        findings.append(Paragraph(compared.best_sentence))
    if others[DETAILED:]:
        findings.append(Paragraph(_SHORTENED))
    if compared.left_out:
        findings.append(Items(tuple(left_out.sentence for left_out in compared.left_out)))
    return Document(
        title=f"{wording.listed(names[1:], 3)} against {names[0]}",
        subtitle=f"{len(names)} runs on the same {len(compared.predictions[baseline.id].labels):,} test images",
        opening=tuple(findings),
        sections=(
            Section(
                "What was compared",
                (comparison_tables.runs(compared.runs), comparison_tables.against_baseline(compared.comparisons)),
            ),
            _curves(compared, epochs),
            *(
                _against_baseline(compared, other, comparison, images)
                for other, comparison in list(zip(others, compared.comparisons, strict=True))[:DETAILED]
            ),
            _calibration(compared),
            _settings(compared),
            Section("Environment", (run_tables.environment(compared.names, compared.runs),)),
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
    answers = [compared.predictions[run.id] for run in (compared.runs[0], other)]
    names = (comparison.name_a, comparison.name_b)
    chart = report_charts.class_differences(comparison.classes, _looks(compared)[other.id], comparison.class_sentence)
    blocks: list[Block] = [
        Paragraph(comparison.class_sentence),
        chart,
        Paragraph("Filled marks are significant after correction for all classes, open ones are not."),
        comparison_tables.classes(comparison),
        Paragraph(comparison.pair_sentence),
        Beside(report_charts.difference_matrix(answers[0], answers[1], names), comparison_tables.pairs(comparison)),
    ]
    if images is not None:
        blocks += [
            report_sections.only_one_right(
                *(answers[place], answers[1 - place], images),
                f"Only {names[place]} predicts these right; below each the prediction of {names[1 - place]}",
            )
            for place in (0, 1)
        ]
    title = f"{names[1]} against {names[0]}" if len(compared.runs) > 2 else "Where the difference lies"
    return Section(title, tuple(blocks))


def _looks(compared: RunsCompared) -> dict[str, Look]:
    return drawing.looks([run.id for run in compared.runs])


def _calibration(compared: RunsCompared) -> Section:
    calibrations = {
        compared.names[run.id]: calibration(
            compared.predictions[run.id].labels, compared.predictions[run.id].probabilities
        )
        for run in compared.runs
    }
    looks = {compared.names[run_id]: look for run_id, look in _looks(compared).items()}
    sentences = Items(tuple(f"{name}: {calibrated.sentence}" for name, calibrated in calibrations.items()))
    return Section("Calibration", (sentences, report_charts.reliability(calibrations, looks)))


def _settings(compared: RunsCompared) -> Section:
    configs = {compared.names[run.id]: run.config for run in compared.runs}
    return Section(
        "Configuration", (report_sections.differing_settings(configs), comparison_tables.same_settings(configs))
    )
