"""How well do runs do on labelled photos? The report's way beside ours, by run and by kind of photo, and the targets.

python -m tests.benchmarks.photos --manifest FILE --images FOLDER --run RUN... [--half develop|aside] [--no-others]

The manifest is a CSV with the columns file, label_index, kind and background, and repo where it is known which source
a photo is from: then intervals are over sources, not photos, and sets of classes are calibrated on other sources too.
RUN is a run's id or name, or a model file. The halves are told apart by the file's name: the first byte of its SHA-256
is even (develop) or odd (aside). Photos are read as the page and the command line read them; those that cannot be are
named and left out.
At the end pictures that show none of the ten classes are asked about: sample pictures of scikit-image and
scikit-learn, and drawn ones.
"""

import argparse
import csv
import hashlib
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.answers.prediction import Predictor
from core.answers.verdict import Judgement
from core.classes import CLASS_NAMES
from core.photos.decoder import read_photo
from core.photos.model_view import ModelView, to_model_view
from core.photos.picture import Photo, UnreadablePhoto
from core.statistics.conformal import class_sets
from jobs.results.photo_answers import predictor_of
from jobs.running.background import open_here
from jobs.store.queries import find_run
from tests.benchmarks import photo_tables
from tests.benchmarks.others import other_pictures
from tests.benchmarks.photo_tables import (
    BY_OTHER_SOURCES,
    BY_VALIDATION,
    Answers,
    sets_by_other_sources,
    sources_of,
)


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
    if not photos:
        sys.exit("There is no photo to ask about.")
    print("photo to model view: " + _times([photo.seconds for photo in photos]))
    for name in chosen.run:
        predictor = _predictor(name)
        print(f"\n== {name} ({predictor.config.model}, augmentation {predictor.config.augmentation})")
        _print_run(predictor, photos, others=not chosen.no_others)


def half_of(file: str) -> str:
    """The half that a file belongs to, by its name alone."""
    return ("develop", "aside")[hashlib.sha256(file.encode()).digest()[0] % 2]


def report_view(photo: Photo) -> np.ndarray:
    """Uint8 (28, 28) as the report made it: grey, squeezed to 28x28, negative."""
    grey = Image.fromarray(photo.pixels).convert("L").resize((28, 28), Image.Resampling.BILINEAR)
    return 255 - np.asarray(grey)


def _labelled(manifest: Path, images: Path, half: str | None) -> Iterable[Labelled]:
    """The photos of the manifest that can be read; on standard error the others, and why."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if half in (None, half_of(row["file"]))]
    for row in rows:
        try:
            content = (images / row["file"]).read_bytes()
            start = time.perf_counter()
            photo = read_photo(content, row["file"])
        except (OSError, UnreadablePhoto) as error:
            print(f"Left out: {row['file']}: {error}", file=sys.stderr)
            continue
        view = to_model_view(photo)
        yield Labelled(row, photo, view, time.perf_counter() - start)


def _predictor(name: str) -> Predictor:
    if Path(name).is_file():
        return Predictor.load(Path(name))
    store = open_here()
    return predictor_of(store, find_run(store, name))


def _print_run(predictor: Predictor, photos: list[Labelled], others: bool) -> None:
    start = time.perf_counter()
    judged = [predictor.judge(photo.view) for photo in photos]
    seconds = (time.perf_counter() - start) / len(photos)
    answers = _answers(predictor, photos, judged)
    groups = photo_tables.by_kind([photo.row for photo in photos])
    tables = [photo_tables.print_accuracies]
    if judged[0].verdict:
        tables.append(photo_tables.print_verdicts)
    if answers.sets:
        tables.append(photo_tables.print_sets)
    for print_table in tables:
        print_table(answers, groups, "by kind")
    if answers.sources is not None:
        for print_table in tables:
            print_table(answers, photo_tables.by_source(answers.sources), "by source")
        photo_tables.print_folds(answers)
    photo_tables.print_classes(answers)
    print(judged[0].reason if judged[0].verdict is None else f"answer: {1000 * seconds:.1f} ms a photo (mean)")
    photo_tables.print_targets(answers, groups, _others(predictor) if others and judged[0].verdict else None)


def _answers(predictor: Predictor, photos: list[Labelled], judged: list[Judgement]) -> Answers:
    labels, sources = np.array([photo.label for photo in photos]), sources_of([photo.row for photo in photos])
    shares = np.stack([judgement.probabilities for judgement in judged])
    ways = {
        "the report's way": predictor.probabilities(np.stack([report_view(photo.photo) for photo in photos])),
        "one view": predictor.probabilities(np.stack([photo.view.image for photo in photos])),
        "ours": shares,
    }
    sets = {}
    if calibration := predictor.set_calibration:
        sets[BY_VALIDATION] = class_sets(shares, calibration.threshold)
    if sources is not None and (by_others := sets_by_other_sources(labels, shares, sources)) is not None:
        sets[BY_OTHER_SOURCES] = by_others
    return Answers(labels, sources, ways, np.array([judgement.verdict or "" for judgement in judged]), sets)


def _others(predictor: Predictor) -> np.ndarray:
    """The verdicts on pictures that show none of the classes; says which of them it is sure about."""
    judged = {name: predictor.judge(to_model_view(Photo(name, pixels, None, ()))) for name, pixels in other_pictures()}
    verdicts = np.array([judgement.verdict for judgement in judged.values()])
    sure = [f"{n} as {CLASS_NAMES[j.probabilities.argmax()]}" for n, j in judged.items() if j.verdict == "sure"]
    print(f"{len(judged)} pictures of other things; sure about: {', '.join(sure) or 'none'}")
    return verdicts


def _times(seconds: list[float]) -> str:
    low, middle, high = (1000 * float(value) for value in np.quantile(seconds, [0.1, 0.5, 0.95]))
    return f"median {middle:.0f} ms, a tenth below {low:.0f}, one in twenty above {high:.0f} ms"


if __name__ == "__main__":
    main()
