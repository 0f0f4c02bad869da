"""The report of one run."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.statistics import wording
from core.statistics.calibration import accuracy_by_coverage, calibration, fit_temperature, with_temperature
from core.statistics.metrics import per_class
from jobs.reports import drawing, report_charts, report_sections, run_tables
from jobs.reports.document import Beside, Block, Document, Finding, Items, Paragraph, Section
from jobs.reports.report_charts import Curve
from jobs.reports.report_sections import Images
from jobs.results import run_wording
from jobs.store.records import Attempt, Epoch, Predictions, Run


@dataclass(frozen=True)
class RunFacts:
    """What is stored of one run; a run that has not finished has no predictions.

    An older run may have none of the validation images.
    """

    run: Run
    epochs: Sequence[Epoch]
    attempts: Sequence[Attempt]
    tested: Predictions | None
    validated: Predictions | None = None


def document(facts: RunFacts, images: Images | None = None) -> Document:
    """The report of a run; with the test images (n, 28, 28) its surest errors are shown."""
    run, tested = facts.run, facts.tested
    return Document(
        title=f"Run {run.name}",
        subtitle=f"{run.model}, seed {run.seed}, {run_wording.state(run)}; run {run.id}",
        opening=_opening(facts),
        sections=(
            Section("The run", (run_tables.facts(run), Paragraph(report_sections.data_sentence(run)))),
            *([_curves(facts)] if facts.epochs else []),
            *(_tested(tested, facts.validated, images) if tested is not None else []),
            Section("Configuration", (run_tables.config(run),)),
            Section(
                "Environment",
                (run_tables.environment({run.id: "Value"}, [run]), run_tables.attempts(facts.attempts)),
            ),
            *([Section("Epochs", (run_tables.epochs(facts.epochs, run),))] if facts.epochs else []),
            report_sections.method(),
        ),
    )


def _opening(facts: RunFacts) -> tuple[Block, ...]:
    run, tested = facts.run, facts.tested
    remarks = [remark for remark in (run.error_message, run.warning, run.inexact_because) if remark]
    noted = [Items(tuple(remarks))] if remarks else []
    if tested is None:
        return (Finding(f"{run.name} is {run_wording.state(run)}: it has no test metrics."), *noted)
    return (Finding(report_sections.accuracy_sentence(run, tested)), *noted)


def _curves(facts: RunFacts) -> Section:
    epochs, best = facts.epochs, facts.run.best_epoch
    look = drawing.looks([facts.run.id])[facts.run.id]
    best_words = f"Best validation: {run_wording.best_validation(facts.run)}." if best else ""
    last = epochs[-1]
    loss = (Curve("training", epochs, "train_loss", drawing.QUIET), Curve("validation", epochs, "val_loss", look, best))
    accuracy = (
        Curve("training", epochs, "train_accuracy", drawing.QUIET),
        Curve("validation", epochs, "val_accuracy", look, best),
    )
    loss_words = f"After {len(epochs)} epochs training {last.train_loss:.4f}, validation {last.val_loss:.4f} nats."
    accuracy_words = (
        f"After {len(epochs)} epochs training {wording.percent(last.train_accuracy)}, "
        f"validation {wording.share_of(last.val_accuracy, run_wording.validation_count(facts.run))}. {best_words}"
    )
    pair = (
        report_charts.curves("Loss", loss_words, loss, percent=False),
        report_charts.curves("Accuracy", accuracy_words, accuracy, percent=True),
    )
    marked = Paragraph("The large mark is the epoch with the lowest validation loss; its weights are the model.")
    return Section("Learning curves", (Beside(*pair), *([marked] if best else [])))


def _tested(tested: Predictions, validated: Predictions | None, images: Images | None) -> list[Section]:
    matrix, classes = tested.confusion, tested.classes
    calibrated = calibration(tested.labels, tested.probabilities)
    reliability = report_charts.reliability(
        {"this run": calibrated}, {"this run": drawing.looks([tested.run_id])[tested.run_id]}
    )
    covered = accuracy_by_coverage(tested.labels, tested.probabilities, run_tables.SHARES_ANSWERED)
    errors: list[Block] = [] if images is None else [report_sections.surest_errors(tested, images)]
    return [
        Section(
            "Class by class", (Beside(run_tables.per_class(per_class(matrix, classes)), run_tables.overall(tested)),)
        ),
        Section(
            "Confusions",
            (
                Beside(report_charts.confusion_matrix(matrix, classes), run_tables.confusions(matrix, classes)),
                *errors,
            ),
        ),
        Section(
            "Calibration",
            (
                Paragraph(calibrated.sentence),
                Paragraph(_temperature(tested, validated)),
                Beside(reliability, run_tables.reliability(calibrated)),
                run_tables.coverage(covered),
            ),
        ),
    ]


def _temperature(tested: Predictions, validated: Predictions | None) -> str:
    """What one number, fitted on the validation images, would change on the test images."""
    if validated is None:
        return "The predictions for the validation images were not kept, so no temperature can be fitted."
    fitted = fit_temperature(validated.labels, validated.probabilities)
    after = calibration(tested.labels, with_temperature(tested.probabilities, fitted.value))
    if not fitted.settled or after.expected_error is None:
        return fitted.sentence
    return (
        f"{fitted.sentence} These are the validation images; on the test images it brings the expected calibration "
        f"error to {wording.percent(after.expected_error)}."
    )
