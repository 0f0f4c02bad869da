"""Tables in words, composed once for pages, reports and the command line."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from core.answers.verdict import Verdict
from core.classes import CLASS_COUNT, CLASS_NAMES
from core.presets import config_of
from core.statistics import metrics, wording
from core.statistics.comparison import compare
from core.statistics.conformal import SetMeasures
from core.statistics.subsets import Subset
from jobs.reports import comparison_tables, run_tables
from jobs.reports.document import Table
from jobs.results import run_wording
from jobs.results.comparisons import compare_groups, compare_runs
from jobs.results.photo_calibration import BY_ITSELF, SetResult
from jobs.results.seed_groups import get_groups
from jobs.store.queries import get_predictions, get_run, get_runs, list_attempts, list_epochs
from jobs.store.records import Predictions, Run
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample


@pytest.fixture
def finished(store: Store) -> Run:
    return get_run(store, stores.add(store, Sample(seed=3, epochs_done=15)))


def column(table: Table, heading: str) -> list[str]:
    return [row[table.header.index(heading)] for row in table.rows]


def pairs(table: Table) -> dict[str, str]:
    """The second cell of each row by the first."""
    return {row[0]: row[1] for row in table.rows}


def test_per_class_and_overall_figures_are_those_of_scikit_learn(store: Store, finished: Run) -> None:
    tested = get_predictions(store, finished.id)
    answers = tested.labels, tested.predicted
    table = run_tables.per_class(metrics.per_class(metrics.confusion_matrix(*answers, CLASS_COUNT), CLASS_NAMES))
    assert column(table, "F1") == [f"{100 * share:.2f} %" for share in f1_score(*answers, average=None)]
    figures = pairs(run_tables.overall(tested))
    assert figures["Macro precision"] == f"{100 * precision_score(*answers, average='macro'):.2f} %"
    # Every class has as many images, so that the mean recall is the accuracy, and has its interval.
    assert figures["Macro recall"] == run_wording.accuracy(finished)
    assert figures["Macro recall"].startswith(f"{100 * recall_score(*answers, average='macro'):.2f} % (")


def test_the_config_table_names_what_the_preset_has_instead(finished: Run) -> None:
    config = config_of("resnet18", learning_rate=0.01, threads=4)
    run = replace(finished, preset="resnet18", config=config)
    assert run_tables.preset_values(run) == {"learning_rate": "0.0001"}
    rows = {name: cells for name, *cells in run_tables.config(run).rows}
    assert rows["unfrozen_layers"][:2] == ["layer4", ""]
    assert rows["learning_rate"][:2] == ["0.01", "0.0001"]
    assert run_tables.preset_values(replace(run, preset="of long ago")) == {}


def test_tables_of_a_run_that_never_started_are_empty_and_not_an_error(store: Store) -> None:
    run = get_run(store, stores.add(store, Sample(status="queued")))
    assert run_tables.attempts(list_attempts(store, run.id)).rows == ()
    assert run_tables.epochs(list_epochs(store, [run.id])[run.id], run).rows == ()
    facts = pairs(run_tables.environment({run.id: "Value"}, [run]))
    assert facts["Started"] == facts["Prediction"] == wording.NOTHING


def test_what_a_run_ran_on_names_the_very_device_and_its_weights(finished: Run) -> None:
    def fact(name: str, run: Run) -> str:
        return pairs(run_tables.environment({run.id: "Value"}, [run]))[name]

    named = replace(finished, device="cuda", environment={**finished.environment, "device_name": "Some GPU"})
    assert fact("Device", named) == "Some GPU"
    assert fact("Device", finished) == finished.device
    weights = {"source": "start.pth", "sha256": "ab" * 32, "initialised_afresh": ["fc"]}
    started = replace(finished, pretrained=weights)
    assert fact("Pretrained weights", started) == f"start.pth (SHA-256 {'ab' * 32}); initialised afresh: fc"
    assert fact("Pretrained weights", finished) == "none: trained from scratch"


@pytest.mark.parametrize("places", [False, True])
def test_the_machine_and_the_folder_of_weights_are_told_where_places_are_asked_for_only(
    store: Store, places: bool
) -> None:
    run_id = stores.add(store, Sample())
    weights, pretrained = "/srv/nets/start.pth", {"source": "/srv/nets/start.pth", "sha256": "ab"}
    run = replace(
        get_run(store, run_id), config=config_of("resnet18", weights_file=weights), host="lab", pretrained=pretrained
    )
    facts = pairs(run_tables.environment({run.id: "Value"}, [run], places=places))
    assert facts.get("Host") == ("lab" if places else None)
    named = weights if places else "start.pth"
    assert facts["Pretrained weights"].startswith(f"{named} (SHA-256")
    rows = {name: cells for name, *cells in run_tables.config(run, places=places).rows}
    assert rows["weights_file"][0] == named
    assert ("Host" in run_tables.attempts(list_attempts(store, run_id), places=places).header) == places


@pytest.mark.parametrize(("flips", "image"), [(False, "an image"), (True, "an image and its mirror image")])
def test_what_a_run_ran_on_tells_what_an_answer_takes(store: Store, flips: bool, image: str) -> None:
    columns = {"prediction_images_per_s": 1000.0}
    run = get_run(store, stores.add(store, Sample(changes={"test_time_flips": flips}, columns=columns)))
    (words,) = (value for name, value in run_tables.environment({run.id: "Value"}, [run]).rows if name == "Prediction")
    assert words == f"1.00 ms {image} (1,000 test images/s, preprocessing included)"


def test_runs_are_told_with_the_difference_of_their_loss_and_how_they_stand_against_the_baseline(store: Store) -> None:
    ids = [
        stores.add(store, Sample(name="plain", seed=1)),
        stores.add(store, Sample("resnet18", name="frozen", seed=2)),
    ]
    for compared, verdict in ((ids, "worse"), (ids[::-1], "better")):
        runs_compared = compare_runs(store, get_runs(store, compared))
        baseline, other = column(comparison_tables.runs(runs_compared.runs), "Test loss")
        change = (runs_compared.runs[1].test_loss or 0) - (runs_compared.runs[0].test_loss or 0)
        assert (baseline, other) == (
            wording.number(runs_compared.runs[0].test_loss),
            f"{wording.number(runs_compared.runs[1].test_loss)} ({change:+.4f})",
        )
        table = comparison_tables.against_baseline(runs_compared.comparisons)
        assert column(table, "Verdict") == [verdict]
        assert column(table, "Both right") == [wording.count(runs_compared.comparisons[0].both_right)]


def test_a_run_with_the_loss_of_the_baseline_has_no_difference_of_it(finished: Run) -> None:
    twins = comparison_tables.runs([finished, replace(finished, id="twin")])
    assert column(twins, "Test loss") == [wording.number(finished.test_loss)] * 2


def test_a_class_without_images_has_dashes_and_no_test() -> None:
    labels = np.zeros(50, dtype=np.int64)
    table = comparison_tables.classes(compare(labels, labels, labels, "a", "b", classes=CLASS_NAMES))
    assert table.rows[0][5:] == ("0.00 (-7.11 to +7.11)", "1.00")
    assert table.rows[1][1:] == (wording.NOTHING, wording.NOTHING, "0", "0", wording.NOTHING, wording.NOTHING)


def test_the_confusions_that_changed_most_have_the_counts_that_their_test_goes_by(store: Store) -> None:
    first, second = (get_predictions(store, stores.add(store, Sample(model))) for model in ("cnn", "resnet18"))
    comparison = compare(first.labels, first.predicted, second.predicted, "a", "b", classes=CLASS_NAMES)
    table = comparison_tables.pairs(comparison)
    for pair, row in zip(comparison_tables.most_changed(comparison), table.rows, strict=True):
        assert row[2:6] == tuple(f"{count:,}" for count in (pair.count_a, pair.count_b, pair.only_a, pair.only_b))
    smallest = min(pair.p_adjusted for pair in comparison.pairs)
    assert table.rows[0][-1] == wording.p_value(smallest)


def test_settings_that_differ_stand_beside_each_other_and_the_others_apart() -> None:
    configs = {"cnn": config_of("cnn"), "resnet18": config_of("resnet18", weights_file="/far/away/start.pth")}
    differing = {name: values for name, *values in comparison_tables.settings(configs).rows}
    assert differing["learning_rate"] == ["0.001", "0.0001"]
    assert differing["weights_file"] == ["none", "start.pth"]
    same = pairs(comparison_tables.same_settings(configs))
    assert same["batch_size"] == "64"
    everything = [row[0] for row in comparison_tables.settings(configs, everything=True).rows]
    assert set(differing) | set(same) == set(everything)
    assert not set(differing) & set(same)


def test_recipes_have_a_mean_over_their_seeds_and_one_seed_the_interval_of_its_images(store: Store) -> None:
    for seed in range(3):
        stores.add(store, Sample("cnn", seed, columns={"group_id": "three"}))
    alone = get_run(store, stores.add(store, Sample("resnet18", 9)))
    compared = compare_groups(store, get_groups(store, ["three", alone.id]))
    three, single = comparison_tables.recipes(compared.groups, compared.figures, compared.comparisons).rows
    mean = compared.figures[0].accuracy
    assert three[1:4] == (
        "3 of 3 seeds",
        compared.figures[0].words.partition(" over")[0],
        f"{100 * (mean.sd or 0):.2f}",
    )
    assert three[4:] == (wording.NOTHING, wording.NOTHING, "baseline")
    assert single[1:] == (
        *("1 of 1 seed", run_wording.accuracy(alone), "one seed: unknown"),
        *(wording.NOTHING, wording.NOTHING, "unknown"),
    )
    assert len(comparison_tables.recipes(compared.groups, compared.figures).header) == 4


def test_accuracies_without_flagged_images_stand_beside_each_other() -> None:
    table = comparison_tables.subsets(
        [Subset("All images", 4, {"one": 3, "two": 2}), Subset("Without", 0, {"one": 0, "two": 0})]
    )
    assert table.header == ("Test images", "Images", "one", "two")
    assert table.rows[0][:2] == ("All images", "4")
    assert table.rows[0][2].startswith("75.00 % (")
    assert table.rows[1] == ("Without", "0", wording.NOTHING, wording.NOTHING)


def test_results_on_photos_count_verdicts_and_how_many_of_each_are_wrong() -> None:
    shares = np.full((3, 10), 0.01)
    shares[[0, 1, 2], [8, 6, 1]] = 0.91
    tested = Predictions("x", "photos", np.array([8, 8, 1]), np.log(shares).astype(np.float32))
    verdicts: dict[str, Sequence[Verdict | None]] = {"a": ["sure", "sure", "not sure"], "b": [None] * 3}
    sets = dict.fromkeys("ab")
    with_verdicts, without = comparison_tables.photo_results({"a": tested, "b": tested}, verdicts, sets).rows
    assert with_verdicts[3:6] == ("2 (1 wrong)", "1 (0 wrong)", "0 (0 wrong)")
    assert without[1:] == (*with_verdicts[1:3], *[wording.NOTHING] * 6)


def test_results_on_photos_say_how_well_sets_do_with_an_interval_where_other_photos_calibrate_them() -> None:
    tested = Predictions("x", "photos", np.zeros(60, int), np.full((60, 10), np.log(0.1), np.float32))
    measures = SetMeasures(60, 54, 1.75)
    sets = {"a": SetResult(measures, "100 photos of office"), "b": SetResult(measures, BY_ITSELF)}
    verdicts: dict[str, Sequence[Verdict | None]] = dict.fromkeys("ab", [None] * 60)
    table = comparison_tables.photo_results(dict.fromkeys("ab", tested), verdicts, sets)
    assert table.header[-3:] == ("Sets with the true class", "Classes in a set", "Sets calibrated on")
    by_others, by_itself = (row[-3:] for row in table.rows)
    assert by_others == (wording.share_of(0.9, 60), "1.75", "100 photos of office")
    assert by_itself == ("90.00 %", "1.75", "this set, each photo by all others")
