"""Visitors at once: python -m tests.benchmarks.visitors [--visitors 50] [--seed 0].

A store holds runs of all architectures that can be asked. One dashboard is asked by each visitor alone, one after the
other; a second one, which has answered nobody yet, by all at the same moment. Each visitor asks something of his own:
about photos (verdicts of several runs, Grad-CAM, nearest training images) or about a test image. What a page is made of
must be the same to the last byte, and come within a time.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Barrier
from urllib.parse import urlencode

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from core.answers.verdict import Verdict
from core.architectures import ARCHITECTURES
from core.data import fashion_mnist
from dashboard.sections.predict.samples import SAMPLES
from jobs.settings import settings
from jobs.store.store import Store
from tests import stores
from tests.benchmarks.watching import server
from tests.studied import add_study
from tests.untrained import add_run_with_model

FEATURES = {"cnn": 1000, "resnet18": 512, "resnet-small": 128, "transfer": 2816}
"""How many features a model of each architecture has."""
LONGEST_S = 600.0
"""How long one page may take with everybody asking, before the benchmark gives up."""


@dataclass(frozen=True)
class Question:
    """A page with the parameters of its address."""

    view: str
    parameters: str


@dataclass(frozen=True)
class Answer:
    """The elements of a page, by where they stand in it, how long they took to come, and whether the page broke."""

    elements: dict[tuple[int, ...], bytes]
    seconds: float
    broken: bool


def ask(port: int, question: Question, together: Barrier | None = None) -> Answer:
    """Open the page as a browser does, at the moment that all others do if there are others."""
    where, origin = f"ws://127.0.0.1:{port}/_stcore/stream", Origin(f"http://127.0.0.1:{port}")
    with connect(where, subprotocols=[Subprotocol("streamlit")], max_size=None, origin=origin) as session:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = question.view, question.parameters
        if together:
            together.wait()
        start = time.monotonic()
        session.send(message.SerializeToString())
        elements: dict[tuple[int, ...], bytes] = {}
        broken = False
        while True:
            received = ForwardMsg.FromString(session.recv(timeout=LONGEST_S, decode=False))
            if received.HasField("delta"):
                path = tuple(received.metadata.delta_path)
                if received.delta.new_element.HasField("download_button"):
                    # Another one for each session: under it the server keeps what is made when it is asked for.
                    received.delta.new_element.download_button.ClearField("deferred_file_id")
                elements[path] = received.delta.SerializeToString(deterministic=True)
                broken |= received.delta.new_element.HasField("exception")
            if received.HasField("script_finished"):
                broken |= received.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY
                return Answer(elements, time.monotonic() - start, broken)


def may_ask(port: int, origin: str) -> bool:
    """Whether a page of that origin gets a session."""
    where = f"ws://127.0.0.1:{port}/_stcore/stream"
    try:
        with connect(where, subprotocols=[Subprotocol("streamlit")], origin=Origin(origin)):
            return True
    except (OSError, WebSocketException):
        return False


def differences(alone: Answer, together: Answer) -> list[tuple[int, ...]]:
    """Where in the page something is not the same."""
    places = alone.elements.keys() | together.elements.keys()
    return sorted(place for place in places if alone.elements.get(place) != together.elements.get(place))


def questions(runs: Sequence[str], visitors: int, random: Random) -> list[Question]:
    """As many as there are visitors, no two the same: two in three about photos, one in three about a test image."""
    asked: dict[Question, None] = {}
    while len(asked) < visitors:
        some = random.sample(list(runs), random.choice((1, 2, len(runs))))
        if random.randrange(3):
            pictures = random.sample(list(SAMPLES), random.choice((1, 2)))
            parameters = {"run": some, "sample": pictures, "saliency": "yes", "neighbours": "yes"}
            asked[Question("predict", urlencode(parameters, doseq=True))] = None
        else:
            pair = dict(zip(("run", "against"), some, strict=False))
            parameters = {**pair, "image": str(random.randrange(10_000)), "saliency": "yes"}
            asked[Question("explore", urlencode(parameters))] = None
    return list(asked)


def fill(store: Store) -> list[str]:
    """A run of each architecture with a verdict of its own, and two more; each has a study."""
    verdicts: tuple[Verdict | None, ...] = ("sure", "not sure", "none of these", None, "sure", "not sure")
    names = (*ARCHITECTURES, "cnn", "resnet18")
    truth = fashion_mnist.load(settings().data).test_labels
    runs = [
        add_run_with_model(store, f"{name} {seed}", seed=seed, verdict=verdict, model=name, truth=truth)
        for seed, (name, verdict) in enumerate(zip(names, verdicts, strict=True))
    ]
    for run_id, name in zip(runs, names, strict=True):
        add_study(store, run_id, FEATURES[name])
    return runs


def ask_alone(store: Store, asked: Sequence[Question]) -> list[Answer]:
    """What each visitor gets with the dashboard to himself; no page may break."""
    with server(store) as served:
        answers = [ask(served.port, question) for question in asked]
    broken = [question for question, answer in zip(asked, answers, strict=True) if answer.broken]
    assert not broken, broken
    return answers


def ask_together(store: Store, asked: Sequence[Question]) -> list[Answer]:
    """What they get who come to a dashboard just started at the same moment."""
    together = Barrier(len(asked))
    with server(store) as served, ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(lambda question: ask(served.port, question, together), asked))


def wrong_pages(asked: Sequence[Question], alone: Sequence[Answer], together: Sequence[Answer]) -> Iterator[str]:
    """One line for each visitor who got something else among others than alone."""
    for question, first, second in zip(asked, alone, together, strict=True):
        if places := differences(first, second):
            yield f"{question.view}?{question.parameters}: {len(places)} of {len(first.elements)} elements differ"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0 only if every visitor gets what he gets alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lookbook-visitors-") as name:
        store = stores.empty_store(Path(name))
        asked = questions(fill(store), chosen.visitors, Random(chosen.seed))
        alone, together = ask_alone(store, asked), ask_together(store, asked)
    wrong = list(wrong_pages(asked, alone, together))
    print(f"{len(asked)} visitors, {sum(len(answer.elements) for answer in alone):,} elements of pages")
    for words, answers in (("alone", alone), ("at once", together)):
        seconds = [answer.seconds for answer in answers]
        print(f"  {words}: a page takes {np.median(seconds):.2f} s (median; at most {max(seconds):.2f} s)")
    print("\n".join(wrong) if wrong else "each got what he gets alone")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
