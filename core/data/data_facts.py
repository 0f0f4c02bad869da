"""What every run and model keeps of the data that it learnt from, so that it can be read without them."""

from hashlib import sha256
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.classes import CLASS_NAMES
from core.config import FASHION_MNIST, IMAGE_SIDE, MOST_IMAGES, TEST_IMAGES, RunConfig
from core.data.data_set import DataSet
from core.texts import clean_name

_Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean_name)]
_Count = Annotated[int, Field(ge=0, le=MOST_IMAGES)]


class DataFacts(BaseModel):
    """A data set version, its classes in order, and how many of its images a run used for what."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1, max_length=64)
    name: _Name
    classes: tuple[_Name, ...] = Field(min_length=2, max_length=1000)
    side: int = Field(ge=1, le=10_000, description="Side of the square images as they are stored, in pixels.")
    colour: bool
    cut_out: bool = Field(False, description="Whether the images are items cut out of their surroundings.")
    training_images: _Count
    validation_images: _Count
    test_images: _Count
    test_hash: str = Field(max_length=64, description="As of hash_of_tests: equal where runs are tested on the same.")


def facts_of(data: DataSet, training_images: int, validation_images: int) -> DataFacts:
    """The facts of a run that uses so many of the training images for training and for validation."""
    return DataFacts(
        id=data.id,
        name=data.name,
        classes=data.classes,
        side=data.side,
        colour=data.is_colour,
        cut_out=data.cut_out,
        training_images=training_images,
        validation_images=validation_images,
        test_images=len(data.test_labels),
        test_hash=hash_of_tests(data),
    )


def hash_of_tests(data: DataSet) -> str:
    """SHA-256 of the classes and the test images with their labels, the same wherever the images lie."""
    digest = sha256(repr((data.classes, data.test_images.shape)).encode())
    digest.update(np.ascontiguousarray(data.test_images).data)
    digest.update(np.ascontiguousarray(data.test_labels.astype("<i8")).data)
    return digest.hexdigest()


def fashion_mnist_facts(config: RunConfig) -> DataFacts:
    """The facts of a run that learnt from Fashion-MNIST: those of every run that is older than data sets."""
    return DataFacts(
        id=FASHION_MNIST,
        name="Fashion-MNIST",
        classes=CLASS_NAMES,
        side=IMAGE_SIDE,
        colour=False,
        training_images=config.training_images(),
        validation_images=config.validation_images(),
        test_images=TEST_IMAGES,
        test_hash=FASHION_MNIST_TEST_HASH,
    )


FASHION_MNIST_TEST_HASH = "607fde43d52bd91179c29ce04640739a5f8cc4a0e320a5df7399cf749dcebd2f"
