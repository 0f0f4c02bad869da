"""The figures of every epoch as a table."""

from collections.abc import Sequence

import pandas as pd

from core.statistics import wording
from jobs.store.records import Epoch


def epoch_table(epochs: Sequence[Epoch], validation_count: int) -> pd.DataFrame:
    """One row per complete epoch, every figure as it is read; so many images decide the validation accuracy.

    The training accuracy is that of a model that changes from batch to batch, so that no interval belongs to it.
    """
    return pd.DataFrame(
        {
            "epoch": row.epoch,
            "training loss": wording.number(row.train_loss),
            "validation loss": wording.number(row.val_loss),
            "training accuracy": wording.percent(row.train_accuracy),
            "validation accuracy (95 % interval)": wording.share_of(row.val_accuracy, validation_count),
            "learning rate": wording.setting(row.learning_rate),
            "time": wording.duration(row.duration_s),
        }
        for row in epochs
    )
