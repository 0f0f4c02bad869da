"""The configuration of a run: one validated, frozen object, stored whole with the run."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from core.architectures import ARCHITECTURES
from core.errors import ConfigurationError

FASHION_MNIST = "fashion-mnist"
"""The data set that a run learns from where nobody says otherwise; the constants that follow are of it."""
TRAINING_IMAGES = 54_000
VALIDATION_IMAGES = 6_000
TEST_IMAGES = 10_000
IMAGE_SIDE = 28
VALIDATION_SHARE = 0.1
"""Of the images of a training set, the share that is kept for validation where the set names none."""
SMALLEST_INPUT, LARGEST_INPUT = 4, 256
MOST_IMAGES = 10_000_000
MOST_FOLDS = 20
LAST_SEED = 2**31 - 1
MOST_THREADS = 256
MOST_MEMORY_MB = 10_000_000
MOST_COMPANIONS = 8
_STORED = "stored"
_MOST_SHOWN = 200
FREEZABLE_LAYERS = ("conv1", "layer1", "layer2", "layer3", "layer4")

Augmentation = Literal[
    "none", "flip", "flip-rotate", "flip-rotate-jitter", "flip-shift-erase", "flip-trivial-augment", "photo"
]
Normalisation = Literal["half", "imagenet"]
Schedule = Literal["constant", "step", "cosine"]
Optimizer = Literal["adam", "adamw"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]
ClassWeights = Literal["none", "balanced"]
Selection = Literal["loss", "accuracy", "balanced-accuracy", "macro-f1"]


class RunConfig(BaseModel):
    """Everything that decides what a run computes: with equal configs on like machines, runs are equal bit for bit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = Field("custom", description="The preset this configuration started from.")
    data: str = Field(
        FASHION_MNIST, pattern="^[0-9a-z-]{1,64}$", description="The data set version learnt from, by its id."
    )
    model: str = Field("cnn", description="Architecture, by its name in the registry.")
    epochs: int = Field(
        20, ge=1, le=500, description="Maximum number of epochs; early stopping may end the run sooner."
    )
    batch_size: int = Field(64, ge=2, le=4096, description="Images per training step; batch norm needs two.")
    optimizer: Optimizer = Field(
        "adam",
        description="Optimizer; it also decides how weight decay works: with adam it is added to the gradient; adamw "
        "shrinks the weights of convolutions and linear layers directly, apart from the gradient.",
    )
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Initial learning rate of the optimizer.")
    weight_decay: float = Field(
        0.0,
        ge=0,
        le=1,
        description="With adam an L2 penalty; with adamw the fraction of the learning rate by which weights shrink.",
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description=(
            "Label smoothing: the share of the target that is spread evenly over all classes, in the training "
            "loss only."
        ),
    )
    weight_averaging: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Validate, keep and test an exponential moving average of the weights with this decay; 0 uses "
        "the weights as they are.",
    )
    test_time_flips: bool = Field(
        False,
        description="Test-time flips: predict with the mean of the logits of an image and of its mirror image, in "
        "validation, in the test and ever after; each prediction takes twice as long.",
    )
    schedule: Schedule = Field(
        "constant",
        description="How the learning rate changes: constant; down in steps; or cosine, up during the first tenth of "
        "all epochs and then down to 0.",
    )
    step_epochs: int = Field(5, ge=1, le=500, description="With schedule step: epochs between two steps down.")
    step_factor: float = Field(
        0.1, gt=0, le=1, description="With schedule step: factor applied to the rate at each step down."
    )
    patience: int = Field(
        5,
        ge=0,
        le=500,
        description=(
            "Early stopping: epochs without a better validation loss, or what selection names, before the run ends; "
            "0 never stops early."
        ),
    )
    selection: Selection = Field(
        "loss",
        description="What the validation images decide the best epoch and early stopping by; balanced-accuracy and "
        "macro-f1 count every class alike, however many images it has.",
    )
    class_weights: ClassWeights = Field(
        "none",
        description="Weights of the classes in the training loss: balanced gives every class the same sum, however "
        "many images it has.",
    )
    seed: int = Field(
        0, ge=0, le=LAST_SEED, description="Determines the split, initial weights, order and augmentation."
    )
    augmentation: Augmentation = Field("flip-rotate", description="Random changes to the training images.")
    normalisation: Normalisation = Field(
        "half", description="half: mean and std 0.5; imagenet: ImageNet's per channel."
    )
    input_size: int = Field(
        IMAGE_SIDE,
        ge=SMALLEST_INPUT,
        le=LARGEST_INPUT,
        description="Side of the square image fed to the model, in pixels.",
    )
    pretrained: bool = Field(False, description="Start from ImageNet weights (ResNet18 only).")
    weights_file: str | None = Field(
        None, description="A torchvision ResNet18 state dict to start from instead of the downloaded weights."
    )
    start_from: str | None = Field(
        None, max_length=200, description="A finished run of the same model whose weights this one starts from."
    )
    companions: tuple[str, ...] = Field(
        (),
        max_length=MOST_COMPANIONS,
        description="Finished runs of the built-in data set that predict together with it, for photos of clothes.",
    )
    unfrozen_layers: tuple[str, ...] = Field(
        (), description="With pretrained: layers trained besides the new fc; the others stay frozen."
    )
    pretrained_rate: float = Field(
        1.0,
        gt=0,
        le=1,
        description=(
            "With pretrained or start_from: the fraction of the learning rate for layers that do not start afresh."
        ),
    )
    fixed_statistics: bool = Field(
        False,
        description=(
            "With pretrained: batch norms up to layer3 keep the statistics that they came with, which those of a few "
            "hundred images are no match for; those of layer4 follow the data."
        ),
    )
    train_size: int = Field(
        TRAINING_IMAGES, ge=2, le=MOST_IMAGES, description="Training images used at most (a stratified subset)."
    )
    folds: int = Field(
        0,
        ge=0,
        le=MOST_FOLDS,
        description="With 2 or more, the training set is split into this many folds, and one of them is used for "
        "validation; 0 holds out a tenth.",
    )
    fold: int = Field(0, ge=0, le=MOST_FOLDS, description="With folds: the fold used for validation, from 1.")
    threads: int = Field(
        0, ge=0, le=MOST_THREADS, description="CPU threads; 0 uses every core. Fixed when the run is launched."
    )
    memory_mb: int = Field(
        0,
        ge=0,
        le=MOST_MEMORY_MB,
        description="Memory that a machine of a cluster must have for the run, in MB; 0 leaves that open.",
    )
    device: Device = Field("auto", description="Device; auto uses CUDA, then MPS, then the CPU.")
    precision: Precision = Field(
        "float32",
        description="Number format of convolutions and matrix products; auto uses bfloat16, twice as fast or more, "
        "where the hardware has instructions for it, and float32 elsewhere.",
    )

    def validation_images(self, of: int = TRAINING_IMAGES + VALIDATION_IMAGES) -> int:
        """How many of the `of` images of a training set are kept for validation, without small classes or groups.

        A fold may have one more.
        """
        return of // self.folds if self.folds else round(of * VALIDATION_SHARE)

    def training_images(self, of: int = TRAINING_IMAGES + VALIDATION_IMAGES) -> int:
        """How many images are learnt from."""
        return min(self.train_size, of - self.validation_images(of))

    @property
    def has_constant_images(self) -> bool:
        """Whether each epoch shows the same images, or their mirror images: what frozen layers make of them stays."""
        return self.augmentation in ("none", "flip")

    @property
    def needs_mirrored(self) -> bool:
        """Whether mirror images are learnt from, or vote."""
        return self.augmentation == "flip" or self.test_time_flips

    def ends_after(self, epoch: int, best_epoch: int | None) -> bool:
        """Whether `epoch` complete epochs are all, or validation has not become better for `patience` epochs."""
        return epoch >= self.epochs or 0 < self.patience <= epoch - (best_epoch or 0)

    @field_validator("model")
    @classmethod
    def _known_model(cls, name: str, info: ValidationInfo) -> str:
        if info.context != _STORED and name not in ARCHITECTURES:
            raise ValueError(f"unknown architecture; known are {', '.join(ARCHITECTURES)}")
        return name

    @field_validator("unfrozen_layers")
    @classmethod
    def _known_layers(cls, layers: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [layer for layer in layers if layer not in FREEZABLE_LAYERS]
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is not a layer; allowed are {', '.join(FREEZABLE_LAYERS)}")
        return tuple(layer for layer in FREEZABLE_LAYERS if layer in layers)

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> "RunConfig":
        if info.context == _STORED:
            return self
        architecture = ARCHITECTURES[self.model]
        if self.pretrained and not architecture.pretrained:
            raise ValueError(f"pretrained is not possible with model {self.model}")
        if architecture.only_pretrained and not self.pretrained:
            raise ValueError(f"model {self.model} learns from pretrained weights alone: set pretrained=true")
        if self.normalisation == "imagenet" and not architecture.pretrained:
            raise ValueError(
                f"normalisation imagenet belongs to ImageNet's weights, which model {self.model} cannot take: "
                "choose half"
            )
        if self.input_size < architecture.smallest_input:
            raise ValueError(
                f"model {self.model} needs at least {architecture.smallest_input} pixels; input_size is "
                f"{self.input_size}"
            )
        if self.weights_file and self.start_from:
            raise ValueError("a run starts from a weights_file or from a run (start_from), not from both")
        if self.weights_file and not self.pretrained:
            raise ValueError("weights_file is only used with pretrained=true")
        if self.folds == 1 or not min(self.folds, 1) <= self.fold <= self.folds:
            raise ValueError(
                f"there is no fold {self.fold} of {self.folds}; allowed are folds=0 with fold=0, and folds from 2 to "
                f"{MOST_FOLDS} with a fold from 1 to folds"
            )
        return self


def validated(values: dict[str, Any]) -> RunConfig:
    """Build a config; raise ConfigurationError naming each wrong field, its value and what is allowed."""
    return _built(values, context=None)


def _built(values: dict[str, Any], context: str | None) -> RunConfig:
    try:
        return RunConfig.model_validate(values, context=context)
    except ValidationError as error:
        problems = "; ".join(_problem(detail) for detail in error.errors())
        raise ConfigurationError(f"Invalid configuration: {problems}.", "Correct it and launch again.") from error


def with_changes(config: RunConfig, **changes: Any) -> RunConfig:
    """A config with some values changed, looked at as a whole once more; raise ConfigurationError as `validated`."""
    return validated({**config.model_dump(), **changes})


def require_augmentable(config: RunConfig, *, colour: bool) -> None:
    """Raise ConfigurationError unless images of this kind can be changed as the configuration says."""
    if colour and config.augmentation == "photo":
        raise ConfigurationError(
            "The augmentation photo imitates grey cut-outs on black, and these images are in colour.",
            "Choose another augmentation, or import the images in grey.",
        )


def stored_config(values: dict[str, Any]) -> RunConfig:
    """The config that a run was stored with, perhaps by an older version or for an architecture that is gone.

    A field that is added to RunConfig has a default that does what runs did before it was there. Raise
    ConfigurationError where a value has the wrong type or a field is unknown.
    """
    return _built(values, context=_STORED)


def _problem(detail: Any) -> str:
    field = ".".join(str(part) for part in detail["loc"]) or "configuration"
    if detail["type"] == "extra_forbidden":
        return f"{field} is not a setting (known are {', '.join(RunConfig.model_fields)})"
    reason = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return reason
    return f"{field} = {_short(detail['input'])}: {reason[0].lower()}{reason[1:]}"


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= _MOST_SHOWN else f"{words[:_MOST_SHOWN]}..."
