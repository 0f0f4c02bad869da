"""How well do runs do on labelled photos? The report's way beside ours, by run and by kind of photo, and the targets.

python -m tests.benchmarks.photos --manifest FILE --images FOLDER --run RUN... [--half develop|aside] [--no-others]

The manifest is a CSV with the columns file, label_index, kind and background. RUN is a run's id or name, or a model
file. The halves are told apart by the file's name: the first byte of its SHA-256 is even (develop) or odd (aside).
Photos are read as the page and the command line read them; those that cannot be are named and left out.
At the end pictures that show none of the ten classes are asked about: sample pictures of scikit-image and
scikit-learn, and drawn ones.
"""

import argparse
import csv
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.answers.prediction import Predictor
from core.answers.verdict import Judgement, Verdict
from core.classes import CLASS_COUNT, CLASS_NAMES
from core.photos.decoder import read_photo
from core.photos.model_view import ModelView, to_model_view
from core.photos.picture import Photo, UnreadablePhoto
from core.statistics import metrics
from core.statistics.intervals import accuracy_interval
from jobs.results.photo_answers import predictor_of
from jobs.running.background import open_here
from jobs.store.queries import find_run
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

LIGHT_PRODUCT, PRODUCT = "product, light ground", "product"
GROUPS: dict[str, Group] = {
    "all": lambda _: True,
    LIGHT_PRODUCT: lambda row: (row["kind"], row["background"]) == ("product", "light"),
    PRODUCT: lambda row: row["kind"] == "product",
    "phone": lambda row: row["kind"] == "phone",
    "worn": lambda row: row["kind"] == "worn",
    "light ground": lambda row: row["background"] == "light",
    "dark ground": lambda row: row["background"] == "dark",
    "busy ground": lambda row: row["background"] == "busy",
}


@dataclass(frozen=True)
class Said:
    """What a run says of some photos: how many there are, right answers, those among the first two, and verdicts."""

    n: int
    right: int
    among_two: int
    verdicts: Counter[Verdict | None]
    sure_and_wrong: int

    @classmethod
    def of(cls, photos: list[Labelled], judged: list[Judgement], group: str) -> "Said":
        """What is said of the photos of one group."""
        members = [(p.label, j) for p, j in zip(photos, judged, strict=True) if GROUPS[group](p.row)]
        labels = np.array([label for label, _ in members], dtype=int)
        shares = np.array([judgement.probabilities for _, judgement in members]).reshape(-1, len(CLASS_NAMES))
        ranks = metrics.true_class_rank(labels, shares)
        wrong = sum(rank > 0 and j.verdict == "sure" for rank, (_, j) in zip(ranks, members, strict=True))
        verdicts = Counter(judgement.verdict for _, judgement in members)
        return cls(len(members), int((ranks == 0).sum()), int((ranks < 2).sum()), verdicts, wrong)


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
    ways = {
        "the report's way": predictor.probabilities(np.stack([report_view(photo.photo) for photo in photos])),
        "one view": predictor.probabilities(np.stack([photo.view.image for photo in photos])),
        "ours": np.stack([judgement.probabilities for judgement in judged]),
    }
    answers = {group: Said.of(photos, judged, group) for group in GROUPS}
    present = [group for group in GROUPS if answers[group].n]
    print(f"{'top 1, % (95 % interval)':26}" + "".join(f"{way:>22}" for way in ways) + f"{'ours, top 2':>22}{'n':>5}")
    for group in present:
        _print_accuracies(group, photos, ways, answers[group])
    labels = np.array([photo.label for photo in photos])
    most = _print_classes(labels, ways["ours"].argmax(axis=1))
    if judged[0].verdict is None:
        print(judged[0].reason)
    else:
        _print_verdicts({group: answers[group] for group in present})
    print(f"answer: {1000 * seconds:.1f} ms a photo (mean)")
    _print_targets(answers, most, _print_others(predictor) if others else None)


def _print_accuracies(group: str, photos: list[Labelled], ways: dict[str, np.ndarray], answers: Said) -> None:
    chosen = np.array([GROUPS[group](photo.row) for photo in photos])
    labels = np.array([photo.label for photo in photos])[chosen]
    cells = [_accuracy(int((shares[chosen].argmax(axis=1) == labels).sum()), len(labels)) for shares in ways.values()]
    cells.append(_accuracy(answers.among_two, answers.n))
    print(f"{group:26}" + "".join(f"{cell:>22}" for cell in cells) + f"{answers.n:>5}")


def _accuracy(right: int, n: int) -> str:
    low, high = accuracy_interval(right, n)
    return f"{100 * right / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _print_classes(labels: np.ndarray, answers: np.ndarray) -> float:
    """The confusion matrix; returns how often the class said too often is said, as a multiple of its true count."""
    matrix = metrics.confusion_matrix(labels, answers, CLASS_COUNT)
    print(f"{'true, down; said, across':14}" + "".join(f"{name[:7]:>8}" for name in CLASS_NAMES))
    for name, row in zip(CLASS_NAMES, matrix, strict=True):
        print(f"{name:24}" + "".join(f"{count:8}" for count in row))
    counts = matrix.sum(axis=0)
    shares = counts / matrix.sum(axis=1).clip(1)
    print(f"{'said, times its share':24}" + "".join(f"{share:8.1f}" for share in shares))
    largest = int(counts.argmax())
    print(f"said most: {CLASS_NAMES[largest]}, {100 * counts[largest] / counts.sum():.1f} % of the answers")
    return float(shares.max())


def _print_verdicts(groups: dict[str, Said]) -> None:
    print(f"{'verdicts':26}{'sure':>6}{'not sure':>10}{'none of these':>15}   of the sure, wrong, % (95 % interval)")
    for group, answers in groups.items():
        sure, wrong = answers.verdicts["sure"], answers.sure_and_wrong
        share = f"{wrong} of {sure}" + (f", {_accuracy(wrong, sure)}" if sure else "")
        print(f"{group:26}{sure:6}{answers.verdicts['not sure']:10}{answers.verdicts['none of these']:15}   {share}")


def _print_others(predictor: Predictor) -> tuple[int, int] | None:
    """What is said about pictures that show none of the classes; of how many it is not sure, and of how many."""
    judged = {name: predictor.judge(to_model_view(Photo(name, pixels, None, ()))) for name, pixels in other_pictures()}
    verdicts = Counter(judgement.verdict for judgement in judged.values())
    sure = [f"{n} as {CLASS_NAMES[j.probabilities.argmax()]}" for n, j in judged.items() if j.verdict == "sure"]
    print(f"{len(judged)} pictures of other things: {dict(verdicts)}; sure about: {', '.join(sure) or 'none'}")
    return None if verdicts[None] else (len(judged) - verdicts["sure"], len(judged))


def _print_targets(answers: dict[str, Said], most: float, others: tuple[int, int] | None) -> None:
    """Whether each target is met, by the share itself: its interval may reach to the other side."""
    everything, light, product = answers["all"], answers[LIGHT_PRODUCT], answers[PRODUCT]
    judged = None not in everything.verdicts
    _print_target("top 1, at least 70 %", everything.right, everything.n, least=0.70)
    _print_target(f"top 1, {LIGHT_PRODUCT}, at least 87 %", light.right, light.n, least=0.87)
    _print_target("top 2, at least 84 %", everything.among_two, everything.n, least=0.84)
    print(f"{'PASS' if most <= 2 else 'miss':12}  no class said more than twice its share: {most:.2f} times")
    sure = product.verdicts["sure"] if judged else 0
    right_when_sure = sure - product.sure_and_wrong
    _print_target("product shots, right when sure, at least 95 %", right_when_sure, sure, least=0.95)
    _print_target("other things, not called sure, at least 90 %", *(others or (0, 0)), least=0.90)


def _print_target(words: str, part: int, n: int, *, least: float) -> None:
    if n:
        print(f"{'PASS' if part / n >= least else 'miss':12}  {words}: {_accuracy(part, n)}")
    else:
        print(f"not measured  {words}")


def _times(seconds: list[float]) -> str:
    low, middle, high = (1000 * float(value) for value in np.quantile(seconds, [0.1, 0.5, 0.95]))
    return f"median {middle:.0f} ms, a tenth below {low:.0f}, one in twenty above {high:.0f} ms"


if __name__ == "__main__":
    main()
