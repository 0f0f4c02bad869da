"""How a run fares class by class, and on average."""

from collections.abc import Sequence

from core.statistics import metrics, wording
from core.statistics.metrics import ClassFigures
from jobs.store.records import Predictions


def weakest_first(figures: Sequence[ClassFigures]) -> list[ClassFigures]:
    """The classes by F1, those that have none before all others."""
    return sorted(figures, key=lambda one: one.f1 if one.f1 is not None else -1)


def class_cells(one: ClassFigures) -> list[str]:
    """A class's name, F1, precision, recall with its 95 % interval, and number of images."""
    return [
        one.name,
        wording.percent(one.f1),
        wording.percent(one.precision),
        wording.share_of(one.recall, one.support),
        wording.count(one.support),
    ]


def macro_figures(said: Predictions, figures: Sequence[ClassFigures]) -> dict[str, str]:
    """The figures of the whole test set that stand above the table, by name."""
    macro = metrics.macro(figures)
    top_two = metrics.top_k_accuracy(said.labels, said.probabilities)
    area = metrics.roc_auc(said.labels, said.probabilities)
    return {
        "Macro F1": wording.percent(macro.f1),
        "Macro precision": wording.percent(macro.precision),
        "Macro recall": wording.share_of(macro.recall, metrics.images_of_mean_recall(figures)),
        "Top-2 accuracy": wording.share_of(top_two, len(said.labels)),
        "ROC-AUC": wording.NOTHING if area is None else f"{area:.4f}",
    }
