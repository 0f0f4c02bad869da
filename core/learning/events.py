"""What a run tells while it learns; free of torch, so that everyone can import it."""

from dataclasses import dataclass

from core.config import Selection
from core.learning.pretrained_file import PretrainedReport


@dataclass(frozen=True)
class Facts:
    """Where and on what a run computes. `inexact_because` is empty where it can be repeated bit for bit."""

    device: str
    device_name: str
    precision: str
    threads: int
    parameters_total: int
    parameters_trained: int
    pretrained: PretrainedReport | None
    inexact_because: str

    @property
    def exact(self) -> bool:
        """Whether a resumed or repeated run gives the same bits."""
        return not self.inexact_because


@dataclass(frozen=True)
class Progress:
    """After a batch: `batch` of `batches` of `epoch` (all counted from 1) are done; images per second of late."""

    epoch: int
    batch: int
    batches: int
    images_per_s: float


@dataclass(frozen=True)
class EpochFigures:
    """One complete epoch (counted from 1): losses in nats, accuracies 0 to 1, seconds at work.

    The training figures are means over the epoch's augmented batches while the model changed.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    duration_s: float
    val_balanced_accuracy: float | None = None
    """The mean recall of the classes; None for an epoch older than this figure, as the next."""
    val_macro_f1: float | None = None

    def merit(self, selection: Selection) -> float:
        """How good the epoch is by that metric: the more the better."""
        merits = {
            "loss": -self.val_loss,
            "accuracy": self.val_accuracy,
            "balanced-accuracy": self.val_balanced_accuracy,
            "macro-f1": self.val_macro_f1,
        }
        return merits[selection] or 0.0


@dataclass(frozen=True)
class EpochEnded:
    """An epoch is complete; the event after it says whether a checkpoint that includes it is on disk."""

    figures: EpochFigures


@dataclass(frozen=True)
class CheckpointSaved:
    """A checkpoint is on disk: it continues after `batch` batches of `epoch` and took so long to write."""

    epoch: int
    batch: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class CheckpointFailed:
    """There was no room for a checkpoint. Learning goes on, the checkpoint before is kept, and it is tried again."""

    reason: str


Event = Progress | EpochEnded | CheckpointSaved | CheckpointFailed
