"""Errors that a person can act on: each says what is wrong, what kind of trouble it is, and what to do next."""


class LookbookError(Exception):
    """Base of every error that is shown to a person as it stands.

    `message` says what is wrong in one sentence, `advice` what to do next. `kind` is one of
    data, weights, configuration, memory, disk, checkpoint, store, photo, run, code.
    """

    kind = "code"

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class DataError(LookbookError):
    """Fashion-MNIST is missing, damaged or could not be fetched."""

    kind = "data"


class DataSetError(LookbookError):
    """A data set cannot be imported as it is, is not there, is damaged, or does not fit on the disk."""

    kind = "data"


class WeightsError(LookbookError):
    """Pretrained weights are missing, damaged or do not fit the model."""

    kind = "weights"


class ConfigurationError(LookbookError):
    """A value of the configuration is not allowed."""

    kind = "configuration"


class CheckpointError(LookbookError):
    """A checkpoint or model file is missing, damaged or of another version."""

    kind = "checkpoint"


class CheckpointUnreadable(CheckpointError):
    """The operating system does not let a checkpoint or model file be read; it may be whole all the same."""

    kind = "disk"
