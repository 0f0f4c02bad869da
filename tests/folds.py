"""k-fold groups in a run store without any training: what each run says of its fold is drawn at random."""

import numpy as np

from core.data.splits import fold_split
from jobs.results.fold_groups import FoldGroup, list_fold_groups
from jobs.store import blobs
from jobs.store.records import RunStatus
from jobs.store.schema import predictions
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample


def add_fold_group(store: Store, labels: np.ndarray, folds: int = 3, *, unfinished: int = 0) -> FoldGroup:
    """Put a k-fold group of seed 0 into the store, the last `unfinished` of its runs stopped."""
    for fold in range(1, folds + 1):
        status = RunStatus.FINISHED if fold <= folds - unfinished else "stopped"
        sample = Sample(
            name=f"cnn seed 0 fold {fold} of {folds}",
            status=status,
            changes={"folds": folds, "fold": fold},
            columns={"group_id": f"group{folds}"},
        )
        run_id = stores.add(store, sample)
        if status == RunStatus.FINISHED:
            held_out = labels[fold_split(labels, 0, folds, fold)[1]]
            encoded = blobs.encode_log_probabilities(stores.log_probabilities("cnn", fold, held_out))
            row = {"count": len(held_out), "labels": blobs.encode_labels(held_out), "log_probabilities": encoded}
            with store.writing() as connection:
                connection.execute(predictions.insert().values(run_id=run_id, split="validation", **row))
    return next(group for group in list_fold_groups(store) if group.id == f"group{folds}")
