"""The folder that a run resumes from: the last two checkpoints, the best weights, and the weights that never change."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import CheckpointError, CheckpointUnreadable
from core.learning import checkpoints

FROZEN_FILE = "frozen.pt"
START_OVER = "Restore a copy of its folder, or restart the run: python -m jobs resume RUN --from-start"


@dataclass
class ResumptionFolder:
    """Checkpoints of one run. `notes` collects, in plain words, what was damaged and what was done about it."""

    folder: Path
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        checkpoints.clear_unfinished(self.folder)

    def newest(self) -> dict[str, Any] | None:
        """The newest checkpoint that is whole, as are its best weights; None if there is none at all.

        Each damaged one is noted. Raises CheckpointError if all are damaged: what was learnt is lost, and not to be
        thrown away without a word. Raises CheckpointUnreadable if one may not be read: nothing is known to be lost.
        """
        damaged = ""
        for path in sorted(self.folder.glob("checkpoint-*.pt"), reverse=True):
            try:
                return self._read_whole(path)
            except CheckpointUnreadable:
                raise
            except CheckpointError as error:
                damaged = error.message
                self.notes.append(f"{damaged} Trying the checkpoint before it.")
        if damaged:
            raise CheckpointError(f"This run has no intact checkpoint. {damaged}", START_OVER)
        return None

    def _read_whole(self, path: Path) -> dict[str, Any]:
        """A checkpoint, once its best weights are known to be whole too: they are needed only at the end."""
        state = checkpoints.read(path)
        if state.get("best_epoch"):
            self.read_best(state["best_epoch"])
        return state

    def write(self, state: dict[str, Any], epoch: int, batch: int) -> int:
        """Store a checkpoint at that position, keep only the one before it besides, and return the bytes written.

        The weights of its `best_epoch`, if it names one, have been written before; those of the checkpoint before it
        stay for its sake.
        """
        path = self.folder / f"checkpoint-{epoch:04d}-{batch:06d}.pt"
        size = checkpoints.write(path, state)
        _keep_one_besides(path, self.folder.glob("checkpoint-*.pt"))
        if state.get("best_epoch"):
            _keep_one_besides(self._best_file(state["best_epoch"]), self.folder.glob("best-*.pt"))
        return size

    def write_best(self, state: dict[str, Any], epoch: int) -> None:
        """Store the best weights so far, those of `epoch`."""
        checkpoints.write(self._best_file(epoch), state)

    def read_best(self, epoch: int) -> dict[str, Any]:
        """The weights of the best epoch; raise CheckpointError if they are gone or damaged."""
        return checkpoints.read(self._best_file(epoch))

    def write_frozen(self, state: dict[str, Any]) -> None:
        """Store the weights that are never trained, once for all checkpoints."""
        checkpoints.write(self.folder / FROZEN_FILE, state)

    def read_frozen(self) -> dict[str, Any] | None:
        """The weights that are never trained, or None if they are not there or damaged (noted)."""
        if not (self.folder / FROZEN_FILE).exists():
            return None
        try:
            return checkpoints.read(self.folder / FROZEN_FILE)
        except CheckpointError as error:
            self.notes.append(f"{error.message} The pretrained weights are loaded from their source again.")
            return None

    def _best_file(self, epoch: int) -> Path:
        return self.folder / f"best-{epoch:04d}.pt"


def _keep_one_besides(newest: Path, files: Iterable[Path]) -> None:
    """Delete the files but the newest and the one before it; one with a later name was damaged and is replaced."""
    others = sorted(path for path in files if path != newest)
    before = [path for path in others if path < newest][-1:]
    for path in others:
        if path not in before:
            path.unlink(missing_ok=True)
