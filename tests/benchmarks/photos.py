"""How well do runs do on labelled photos? The report's way beside ours, by run and by kind of photo.

python -m tests.benchmarks.photos --manifest FILE --images FOLDER --run RUN... [--half develop|aside] [--no-others]

The manifest is a CSV with the columns file, label_index, kind and background. RUN is a run's id or name, or a model
file. The halves are told apart by the file's name: the first byte of its SHA-256 is even (develop) or odd (aside).
At the end pictures that show none of the ten classes are asked about: sample pictures of scikit-image and
scikit-learn, and drawn ones.
"""

import argparse
import csv
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core import metrics
from core.classes import CLASS_NAMES
from core.intervals import accuracy_interval
from core.photos import ModelView, to_model_view
from core.prediction import Predictor
from core.reading import Photo, read
from core.verdict import Judgement
from jobs.launching import open_here
from jobs.predicting import predictor_of
from jobs.runs import find_run
from tests.benchmarks.others import other_pictures


@dataclass(frozen=True)
class Labelled:
    """A photo of the manifest with its label, its kind and background, and its way to a model view."""

    row: dict[str, str]
    photo: Photo
    view: ModelView
    seconds: float

    @property
    def label(self) -> int:
        """Its class, 0 to 9."""
        return int(self.row["label_index"])


Group = Callable[[dict[str, str]], bool]

GROUPS: dict[str, Group] = {
    "all": lambda _: True,
    "product, light ground": lambda row: (row["kind"], row["background"]) == ("product", "light"),
    "product": lambda row: row["kind"] == "product",
    "phone": lambda row: row["kind"] == "phone",
    "worn": lambda row: row["kind"] == "worn",
    "light ground": lambda row: row["background"] == "light",
    "dark ground": lambda row: row["background"] == "dark",
    "busy ground": lambda row: row["background"] == "busy",
}


def main() -> None:
    """Print what each run says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="the folder that holds the manifest's files")
    parser.add_argument("--run", nargs="+", required=True, help="id or name of a run, or a model file")
    parser.add_argument("--half", choices=("develop", "aside"), help="only this half of the photos")
    parser.add_argument("--no-others", action="store_true", help="do not ask about pictures of other things")
    chosen = parser.parse_args()
    photos = list(_labelled(chosen.manifest, chosen.images, chosen.half))
    print(f"{len(photos)} photos{f', half {chosen.half!r}' if chosen.half else ''}")
    print("photo to model view: " + _times([photo.seconds for photo in photos]))
    for name in chosen.run:
        predictor = _predictor(name)
        print(f"\n== {name} ({predictor.config.model}, augmentation {predictor.config.augmentation})")
        _print_run(predictor, photos)
        if not chosen.no_others:
            _print_others(predictor)


def half_of(file: str) -> str:
    """The half that a file belongs to, by its name alone."""
    return ("develop", "aside")[hashlib.sha256(file.encode()).digest()[0] % 2]


def report_view(photo: Photo) -> np.ndarray:
    """Uint8 (28, 28) as the report made it: grey, squeezed to 28x28, negative."""
    grey = Image.fromarray(photo.pixels).convert("L").resize((28, 28), Image.Resampling.BILINEAR)
    return 255 - np.asarray(grey)


def _labelled(manifest: Path, images: Path, half: str | None) -> Iterable[Labelled]:
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if half in (None, half_of(row["file"]))]
    for row in rows:
        content = (images / row["file"]).read_bytes()
        start = time.perf_counter()
        photo = read(content, row["file"])
        view = to_model_view(photo)
        yield Labelled(row, photo, view, time.perf_counter() - start)


def _predictor(name: str) -> Predictor:
    if Path(name).is_file():
        return Predictor.load(Path(name))
    store = open_here()
    return predictor_of(store, find_run(store, name))


def _print_run(predictor: Predictor, photos: list[Labelled]) -> None:
    start = time.perf_counter()
    judged = [predictor.judge(photo.view) for photo in photos]
    seconds = (time.perf_counter() - start) / len(photos)
    ways = {
        "the report's way": predictor.probabilities(np.stack([report_view(photo.photo) for photo in photos])),
        "one view": predictor.probabilities(np.stack([photo.view.image for photo in photos])),
        "ours": np.stack([judgement.probabilities for judgement in judged]),
    }
    print(f"{'top 1, % (95 % interval)':28}" + "".join(f"{way:>26}" for way in ways) + f"{'ours, top 2':>13}{'n':>6}")
    for group, belongs in GROUPS.items():
        chosen = np.array([belongs(photo.row) for photo in photos])
        if chosen.any():
            _print_group(group, photos, ways, chosen)
    labels = np.array([photo.label for photo in photos])
    _print_classes(labels, ways["ours"].argmax(axis=1))
    _print_verdicts(photos, judged)
    print(f"answer: {1000 * seconds:.1f} ms a photo (mean)")


def _print_group(group: str, photos: list[Labelled], ways: dict[str, np.ndarray], chosen: np.ndarray) -> None:
    labels = np.array([photo.label for photo in photos])[chosen]
    cells = [_accuracy(int((said[chosen].argmax(axis=1) == labels).sum()), len(labels)) for said in ways.values()]
    top2 = metrics.top_k_accuracy(labels, ways["ours"][chosen], 2) or 0.0
    print(f"{group:28}" + "".join(f"{cell:>26}" for cell in cells) + f"{100 * top2:>13.1f}{len(labels):>6}")


def _accuracy(right: int, n: int) -> str:
    low, high = accuracy_interval(right, n)
    return f"{100 * right / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _print_classes(labels: np.ndarray, said: np.ndarray) -> None:
    matrix = metrics.confusion_matrix(labels, said)
    print(f"{'true, down; said, across':14}" + "".join(f"{name[:7]:>8}" for name in CLASS_NAMES))
    for name, row in zip(CLASS_NAMES, matrix, strict=True):
        print(f"{name:24}" + "".join(f"{count:8}" for count in row))
    shares = matrix.sum(axis=0) / matrix.sum(axis=1).clip(1)
    print(f"{'said, times its share':24}" + "".join(f"{share:8.1f}" for share in shares))


def _print_verdicts(photos: list[Labelled], judged: list[Judgement]) -> None:
    if judged[0].verdict is None:
        print(judged[0].reason)
        return
    for group in ("all", "product", "phone"):
        members = [(p, j) for p, j in zip(photos, judged, strict=True) if GROUPS[group](p.row)]
        verdicts = Counter(judgement.verdict for _, judgement in members)
        sure = [judgement.probabilities.argmax() != p.label for p, judgement in members if judgement.verdict == "sure"]
        counts = ", ".join(f"{verdicts[name]} {name}" for name in ("sure", "not sure", "none of these"))
        print(f"{group}: {counts}; of the sure ones {sum(sure)} wrong ({100 * sum(sure) / max(1, len(sure)):.1f} %)")


def _print_others(predictor: Predictor) -> None:
    """What is said about pictures that show none of the classes."""
    judged = {name: predictor.judge(to_model_view(Photo(name, pixels, None, ()))) for name, pixels in other_pictures()}
    verdicts = Counter(judgement.verdict for judgement in judged.values())
    sure = [f"{n} as {CLASS_NAMES[j.probabilities.argmax()]}" for n, j in judged.items() if j.verdict == "sure"]
    print(f"{len(judged)} pictures of other things: {dict(verdicts)}; sure about: {', '.join(sure) or 'none'}")


def _times(seconds: list[float]) -> str:
    low, middle, high = (1000 * float(value) for value in np.quantile(seconds, [0.1, 0.5, 0.95]))
    return f"median {middle:.0f} ms, a tenth below {low:.0f}, one in twenty above {high:.0f} ms"


if __name__ == "__main__":
    main()
