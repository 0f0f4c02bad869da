"""Which queued run goes to which machine, and what is told of those that wait."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.machines.nodes import SILENT_S, Node
from jobs.machines.placing import CPU, GPU, ITS_TURN, NOBODY, Place, Taken, Wait, Wanted, plan
from tests.jobs import leased

CODE = "0123456789ab"
FACTS = replace(leased.FACTS, cores=8, code=CODE)


def node(name: str = "alpha", silent_s: float = 0.0, **facts: object) -> Node:
    return Node(name, replace(FACTS, **facts), silent_s)  # type: ignore[arg-type]


def wanted(run_id: str = "r1", threads: int = 1, device: str = "cpu", **more: object) -> Wanted:
    return Wanted(run_id, threads, device, **more)  # type: ignore[arg-type]


def outcome(run: Wanted, nodes: list[Node], taken: list[Taken] | None = None) -> str:
    """The machine that a run alone in the queue gets, or why it waits."""
    (decided,) = plan([run], nodes, taken or [], CODE)
    return decided.node.name if isinstance(decided, Place) else decided.why


def test_a_run_gets_the_machine_with_the_fewest_runs() -> None:
    assert outcome(wanted(), [node("alpha"), node("beta")], [Taken("alpha", CPU)]) == "beta"
    assert outcome(wanted(), [node("beta"), node("alpha")]) == "alpha"


def test_a_run_that_has_begun_goes_on_where_it_is_exact_if_it_can() -> None:
    machines = [node("alpha", processor="x"), node("beta", processor="y")]
    busy = [Taken("beta", CPU)]
    assert outcome(wanted(processor="y"), machines, busy) == "beta"
    assert outcome(wanted(processor="y"), machines, [*busy, Taken("beta", CPU)]) == "alpha"


@pytest.mark.parametrize(
    ("run", "machines", "why"),
    [
        (wanted(), [], NOBODY),
        (wanted(), [node(silent_s=SILENT_S)], NOBODY),
        (
            wanted(),
            [node(problem="The artifacts folder cannot be written.")],
            "waits for a machine: none of those that are there can take runs",
        ),
        (wanted(device="cuda"), [node()], "needs a GPU: no machine has one"),
        (wanted(threads=9), [node()], "needs 9 cores: no machine has so many"),
        (wanted(memory_mb=32_000), [node()], "needs 32 GB of memory: no machine has so much"),
        (
            wanted(),
            [node(code="another")],
            "needs a machine with this version of Lookbook: those that are there have another",
        ),
    ],
)
def test_a_run_that_no_machine_can_take_says_what_it_needs(run: Wanted, machines: list[Node], why: str) -> None:
    assert outcome(run, machines) == why


def test_a_run_that_waits_until_something_is_free_says_for_what() -> None:
    full = [Taken("alpha", CPU), Taken("alpha", CPU)]
    assert outcome(wanted(), [node()], full) == "waits for a slot: all are taken"
    assert outcome(wanted(device="cuda"), [node(gpus=("H",))], [Taken("alpha", GPU)]) == "needs a GPU: none is free"
    much = [Taken("alpha", CPU, 15_000)]
    assert outcome(wanted(memory_mb=2_000), [node()], much) == "needs 2 GB of memory: no machine has so much left"


def test_a_run_of_any_device_takes_a_gpu_where_a_machine_has_one() -> None:
    machines = [node("alpha"), node("beta", gpus=("H",))]
    (place,) = plan([wanted(device="auto")], machines, [], CODE)
    assert isinstance(place, Place)
    assert (place.node.name, place.slot) == ("beta", GPU)
    assert outcome(wanted(device="auto"), machines, [Taken("beta", GPU)]) == "needs a GPU: none is free"
    assert outcome(wanted(device="auto"), [node("alpha")]) == "alpha"


def test_a_gpu_needs_no_equal_version_since_nothing_is_exact_on_it() -> None:
    assert outcome(wanted(device="cuda"), [node(gpus=("H",), code="another")]) == "alpha"


def test_nobody_overtakes_a_run_that_waits_for_a_slot_of_the_same_kind_but_others_pass() -> None:
    machines = [node("alpha", cpu_slots=1, gpus=("H",))]
    queue = [
        wanted("first", memory_mb=10_000),
        wanted("second"),
        wanted("third", device="cuda"),
        wanted("fourth", memory_mb=99_000),
    ]
    decided = plan(queue, machines, [Taken("alpha", CPU)], CODE)
    assert [type(each) for each in decided] == [Wait, Wait, Place, Wait]
    assert [each.why for each in decided if isinstance(each, Wait)] == [
        "waits for a slot: all are taken",
        ITS_TURN,
        "needs 99 GB of memory: no machine has so much",
    ]


def test_a_run_that_no_machine_can_ever_take_holds_up_nobody() -> None:
    decided = plan([wanted("huge", threads=99), wanted("small")], [node()], [], CODE)
    assert [type(each) for each in decided] == [Wait, Place]


machines = st.lists(
    st.builds(
        node,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from([0.0, SILENT_S]),
        cpu_slots=st.integers(1, 3),
        gpus=st.sampled_from([(), ("H",), ("H", "H")]),
        cores=st.integers(1, 8),
        problem=st.sampled_from(["", "full"]),
        code=st.sampled_from([CODE, "another"]),
        memory_mb=st.integers(1, 20).map(lambda gigabytes: gigabytes * 1000),
    ),
    max_size=3,
    unique_by=lambda each: each.name,
)
queues = st.lists(
    st.builds(
        wanted,
        st.uuids().map(str),
        st.integers(1, 8),
        st.sampled_from(["auto", "cpu", "cuda"]),
        memory_mb=st.sampled_from([0, 500, 8_000]),
    ),
    max_size=12,
)


@given(queues, machines)
def test_every_run_is_placed_or_told_why_and_no_machine_gets_more_than_it_has(
    queue: list[Wanted], there: list[Node]
) -> None:
    decided = plan(queue, there, [], CODE)
    assert [each.run_id for each in decided] == [run.run_id for run in queue]
    assert all(each.why for each in decided if isinstance(each, Wait))
    places = [each for each in decided if isinstance(each, Place)]
    needs = {run.run_id: run for run in queue}
    by_slot = Counter((place.node.name, place.slot) for place in places)
    for machine in there:
        assert by_slot[machine.name, CPU] <= machine.facts.cpu_slots
        assert by_slot[machine.name, GPU] <= len(machine.facts.gpus)
        given_here = [needs[place.run_id] for place in places if place.node.name == machine.name]
        assert sum(run.memory_mb for run in given_here) <= machine.facts.memory_mb
        assert not given_here or (machine.is_there and not machine.facts.problem)
