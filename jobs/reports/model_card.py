"""The model card (Mitchell and others 2019): what an exported model is, how to use it, what it can and cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.answers.export import INPUT, LOGITS, PROBABILITIES, TOLERANCE, Agreement
from core.architectures import ARCHITECTURES
from core.config import FASHION_MNIST, RunConfig
from core.data.data_facts import DataFacts
from core.data.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from core.statistics import wording
from core.statistics.calibration import calibration
from core.statistics.metrics import per_class
from jobs.reports import report_sections, run_tables
from jobs.reports.document import Block, Code, Document, Finding, Items, Paragraph, Section, Table
from jobs.store.records import Predictions, Run

WEIGHTS, ONNX = "model.safetensors", "model.onnx"


@dataclass(frozen=True)
class FileFacts:
    """A file beside the card."""

    name: str
    size: int
    sha256: str
    content: str


def document(
    run: Run,
    tested: Predictions,
    config: RunConfig,
    data: DataFacts,
    files: Sequence[FileFacts],
    agreement: Agreement | None,
) -> Document:
    """The card of a finished run's model; `agreement` is None where no ONNX file was written."""
    return Document(
        title=f"Model card: {run.name}",
        subtitle=f"{ARCHITECTURES[config.model].title}; classifies {_pictures(data)} into {_count(data)} classes.",
        opening=(Finding(report_sections.accuracy_sentence(run, tested)),),
        sections=(
            Section("Input and output", _interface(config, data)),
            *([_onnx(agreement, data)] if agreement is not None else []),
            _safetensors(config, data),
            Section("Data", (Paragraph(report_sections.data_sentence(run)), *_origin(data))),
            Section(
                "Metrics",
                (
                    run_tables.overall(tested),
                    run_tables.per_class(per_class(tested.matrix, tested.classes)),
                    run_tables.confusions(tested),
                ),
            ),
            Section("Limits", (Items(_limits(run, tested, data)),)),
            _recipe(run),
            Section("Files", (_files(files),)),
            report_sections.method(),
        ),
    )


_LICENCE = Paragraph(
    "The data set was made by Zalando Research from product photographs and is published under the MIT licence:",
    "https://github.com/zalandoresearch/fashion-mnist",
)


def _is_fashion_mnist(data: DataFacts) -> bool:
    return data.id == FASHION_MNIST


def _pictures(data: DataFacts) -> str:
    kind = "colour" if data.colour else "grey"
    what = f"{kind} {data.side}x{data.side} images"
    return f"{what} of garments" if _is_fashion_mnist(data) else f"{what} of {data.name}"


def _count(data: DataFacts) -> str:
    return "ten" if len(data.classes) == 10 else f"{len(data.classes):,}"


def _shape(data: DataFacts, count: str = "n") -> str:
    return f"({count}, {data.side}, {data.side}{', 3' if data.colour else ''})"


def _origin(data: DataFacts) -> tuple[Block, ...]:
    if _is_fashion_mnist(data):
        return (_LICENCE,)
    return (Paragraph(f"Version {data.id}; SHA-256 of its classes and test images: {data.test_hash}."),)


def _input(data: DataFacts) -> str:
    if _is_fashion_mnist(data):
        return (
            "grey images of 28x28 pixels, uint8, one bright garment upright in the middle of a black ground (0), "
            "as Fashion-MNIST has them"
        )
    kind = "images in colour (red, green, blue)" if data.colour else "grey images"
    return f"{kind} of {data.side}x{data.side} pixels, uint8, as {data.name} has them{_cut_out(data)}"


def _cut_out(data: DataFacts) -> str:
    return ": one item each, in a window around it, its surroundings half faded to grey" if data.cut_out else ""


def _interface(config: RunConfig, data: DataFacts) -> tuple[Block, ...]:
    classes = ", ".join(f"{label} {name}" for label, name in enumerate(data.classes))
    return (
        Paragraph(
            f"In: {_input(data)}. Out: {_count(data)} logits, and the {_count(data)} probabilities that are their "
            "softmax."
        ),
        Paragraph(f"The classes in the order of the output: {classes}."),
        Paragraph("Preprocessing before the network sees the image:"),
        Items(preprocessing(config, data), numbered=True),
        *([Paragraph(_FLIPS)] if config.test_time_flips else []),
    )


_FLIPS = (
    "The network is run twice, on the image and on its mirror image (left and right exchanged); the logits are the "
    "mean of both. The metrics below include this."
)


def preprocessing(config: RunConfig, data: DataFacts) -> tuple[str, ...]:
    """Each step from a stored image p to the model's input, exactly."""
    size = config.input_size
    change, how = ("enlarged", "without") if size > data.side else ("shrunk", "with")
    resized = (
        f"The image stays {size}x{size} pixels."
        if size == data.side
        else f"It is {change} to {size}x{size} pixels by bilinear interpolation of uint8 values {how} antialiasing, "
        "rounded to whole grey levels as PyTorch and Pillow do it."
    )
    if config.normalisation == "half":
        channels = "three channels" if data.colour else "one channel"
        normalised = f"Each value becomes (p / 255 - 0.5) / 0.5, float32 from -1 to 1, in {channels}."
        if ARCHITECTURES[config.model].pretrained and not data.colour:
            normalised += " Three equal channels give the same."
    else:
        normalised = (
            f"Each value becomes (p / 255 - mean) / std, float32 in three channels, with mean {IMAGENET_MEAN} and "
            f"std {IMAGENET_STD}."
        )
    return resized, normalised


def _onnx(agreement: Agreement, data: DataFacts) -> Section:
    checked = (
        f"Checked with ONNX Runtime against PyTorch on {agreement.images:,} test images: probabilities differ by at "
        f"most {agreement.largest_difference:.1e}; more than {TOLERANCE:g} would not have been exported."
    )
    what = (
        f"The ONNX file includes all of the above. It takes {INPUT}, uint8 {_shape(data)}, for any n, and gives "
        f"{LOGITS} and {PROBABILITIES}, float32 (n, {len(data.classes)}). It needs nothing else from this project."
    )
    return Section("Use it with ONNX Runtime", (Paragraph(what), Code("python", _onnx_code(data)), Paragraph(checked)))


def _onnx_code(data: DataFacts) -> str:
    return f"""
import numpy as np
import onnxruntime

classes = {data.classes}
images = np.zeros({_shape(data, "1")}, dtype=np.uint8)  # put yours here

session = onnxruntime.InferenceSession("{ONNX}")
logits, probabilities = session.run(["{LOGITS}", "{PROBABILITIES}"], {{"{INPUT}": images}})
print([classes[label] for label in probabilities.argmax(axis=1)])
"""


def _project_code(data: DataFacts) -> str:
    return f"""
import numpy as np
from core.answers.export import read_weights
from core.learning.evaluation import log_probabilities

images = np.zeros({_shape(data, "1")}, dtype=np.uint8)  # put yours here

loaded = read_weights("{WEIGHTS}")
probabilities = np.exp(log_probabilities(loaded.model, images, loaded.config))
"""


def _safetensors(config: RunConfig, data: DataFacts) -> Section:
    what = (
        f"{WEIGHTS} holds the weights under the names of the project's modules, and as metadata the configuration, "
        "the classes and the version of the preprocessing. In a checkout of the project it is loaded with its "
        "preprocessing:"
    )
    blocks: list[Block] = [Paragraph(what), Code("python", _project_code(data))]
    if config.model == "resnet18":
        blocks += [
            Paragraph("The names are those of torchvision, which needs nothing of the project:"),
            Code("python", _torchvision_code(config, data)),
        ]
    return Section("Use the weights with PyTorch", tuple(blocks))


def _torchvision_code(config: RunConfig, data: DataFacts) -> str:
    half = ((0.5,) * 3, (0.5,) * 3)
    mean, std = half if config.normalisation == "half" else (IMAGENET_MEAN, IMAGENET_STD)
    size = config.input_size
    logits = "((model(inputs) + model(inputs.flip(-1))) / 2)" if config.test_time_flips else "model(inputs)"
    maps = "permute(0, 3, 1, 2)" if data.colour else "unsqueeze(1)"
    antialias = ", antialias=True" if size < data.side else ""
    return f"""
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torchvision.models import resnet18

images = np.zeros({_shape(data, "1")}, dtype=np.uint8)  # put yours here

model = resnet18(num_classes={len(data.classes)}).eval()
model.load_state_dict(load_file("{WEIGHTS}"))
pixels = F.interpolate(torch.from_numpy(images).{maps}, size=({size}, {size}), mode="bilinear"{antialias})
mean, std = torch.tensor({mean}), torch.tensor({std})
inputs = (pixels / 255 - mean[:, None, None]) / std[:, None, None]
with torch.no_grad():
    probabilities = {logits}.softmax(dim=1).numpy()
"""


_ELSEWHERE_OF_GARMENTS = (
    "It is trained on product photographs, converted as those of Fashion-MNIST were. How well it does on other "
    "photographs is not measured here; they must at least be cut out, made bright on black and scaled to 28x28 pixels."
)
_ELSEWHERE = "How well it does on images from elsewhere is not measured here."
_BFLOAT16 = (
    "The metrics are of predictions in bfloat16, in which it was trained. Computed in float32, as by ONNX Runtime, a "
    "probability differs in its third digit, and a few predictions near a tie may change."
)


def _limits(run: Run, tested: Predictions, data: DataFacts) -> tuple[str, ...]:
    figures = per_class(tested.matrix, tested.classes)
    weakest = min(figures, key=lambda each: each.recall if each.recall is not None else 1.0)
    calibrated = calibration(tested.labels, tested.probabilities)
    return (
        f"It always predicts one of the {_count(data)} classes, with a confidence, even if the image shows none of "
        "them.",
        _ELSEWHERE_OF_GARMENTS if _is_fashion_mnist(data) else _ELSEWHERE,
        f"It is weakest on {weakest.name}: {wording.share_of(weakest.recall, weakest.support)} of them are recognised.",
        f"Its confidence: {calibrated.sentence}",
        f"The metrics are those of one model trained with one seed ({run.seed}). Another seed gives another model; "
        "the intervals do not cover that.",
        "The test images were collected and labelled like the training images, so they share their label issues.",
        *([f"Its training is not exactly reproducible: {run.inexact_because}"] if run.inexact_because else []),
        *([_BFLOAT16] if run.environment.get("precision") == "bfloat16" else []),
    )


def _recipe(run: Run) -> Section:
    return Section("Recipe", (run_tables.config(run), run_tables.environment({run.id: "Value"}, [run])))


def _files(files: Sequence[FileFacts]) -> Table:
    rows = tuple((file.name, file.content, f"{file.size:,}", file.sha256) for file in files)
    return Table("", ("File", "What it holds", "Bytes", "SHA-256"), rows, figures_from=None)
