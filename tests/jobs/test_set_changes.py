"""A photo set that grows: nothing twice, nothing lost, and nothing stale said of it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.photos.picture import Photo, UnreadablePhoto
from jobs.results import photo_sets
from jobs.results.photo_answers import measure
from jobs.results.photo_sets import PhotoSet, PhotoSetNotFound, find_set, folder_of, photos_of
from jobs.store.queries import get_run
from jobs.store.store import Store
from jobs.tasks import set_changes
from jobs.tasks.set_changes import add_photos, relabel_photo, remove_photo
from tests.jobs.test_photo_sets import LABELS, kept, photo
from tests.untrained import add_run_with_model


def measured(store: Store) -> tuple[PhotoSet, str]:
    photo_set, run_id = kept(store), add_run_with_model(store, "one")
    list(measure(store, photo_set, [get_run(store, run_id)]))
    assert photo_sets.answered_by(store, photo_set) == [run_id]
    return photo_set, run_id


def labels(store: Store, photo_set: PhotoSet) -> list[int]:
    return [kept_photo.label for kept_photo in photos_of(store, photo_set)]


def test_photos_join_a_set_which_has_to_be_measured_again(store: Store) -> None:
    photo_set, run_id = measured(store)
    joined = add_photos(store, photo_set, [(photo(200, "new.jpg"), 3)])
    assert (joined.positions, joined.already_there) == ([4], [])
    grown = find_set(store, "shelf")
    assert (grown.id, grown.count, labels(store, grown)) == (photo_set.id, 5, [*LABELS, 3])
    assert photo_sets.answered_by(store, grown) == []
    assert photo_sets.measured_on(store, run_id) == []
    list(measure(store, grown, [get_run(store, run_id)]))
    assert len(photo_sets.answers_of(store, grown, run_id).labels) == 5


def test_the_same_pixels_join_a_set_once_and_their_label_is_told(store: Store) -> None:
    photo_set, run_id = measured(store)
    joined = add_photos(store, photo_set, [(photo(0, "again.jpg"), 5), (photo(80), 5)])
    assert [known.label for known in joined.already_there] == [LABELS[0], LABELS[2]]
    assert joined.positions == []
    assert labels(store, find_set(store, "shelf")) == list(LABELS)
    assert photo_sets.answered_by(store, photo_set) == [run_id], "nothing has changed"
    twice = add_photos(store, photo_set, [(photo(200), 3), (photo(200), 4)])
    assert (twice.positions, [known.label for known in twice.already_there]) == ([4], [3])


def test_a_photo_that_fails_leaves_the_set_as_it_was_and_the_next_goes_in_its_place(store: Store) -> None:
    photo_set, run_id = measured(store)

    def failing() -> Iterator[tuple[Photo, int]]:
        yield photo(200), 3
        raise UnreadablePhoto("It is damaged.")

    with pytest.raises(UnreadablePhoto):
        add_photos(store, photo_set, failing())
    assert labels(store, photo_set) == list(LABELS)
    assert photo_sets.answered_by(store, photo_set) == [run_id]
    assert add_photos(store, photo_set, [(photo(210), 2)]).positions == [4]
    assert photos_of(store, photo_set)[-1].load().pixels.tolist() == photo(210).pixels.tolist()


def test_a_photo_leaves_a_set_with_its_file_and_can_be_relabelled(store: Store) -> None:
    photo_set, _ = measured(store)
    relabel_photo(store, photo_set, 1, 9)
    assert photo_sets.answered_by(store, photo_set) == []
    remove_photo(store, photo_set, 0)
    assert labels(store, photo_set) == [9, *LABELS[2:]]
    assert not (folder_of(store, photo_set.id) / "00000.png").exists()
    assert photos_of(store, photo_set)[0].load().pixels.tolist() == photo(40).pixels.tolist()


def test_nothing_joins_a_set_that_was_deleted_meanwhile(store: Store) -> None:
    photo_set = kept(store)
    photo_sets.delete(store, photo_set)
    with pytest.raises(PhotoSetNotFound, match="deleted meanwhile"):
        add_photos(store, photo_set, [(photo(1), 0)])
    with pytest.raises(PhotoSetNotFound):
        remove_photo(store, photo_set, 0)


def test_a_set_goes_with_its_last_photo(store: Store) -> None:
    photo_set = photo_sets.keep(store, "lonely", [(photo(0), 3)])
    remove_photo(store, photo_set, 0)
    assert photo_sets.list_sets(store) == []
    assert not folder_of(store, photo_set.id).exists()


def test_who_waits_to_add_to_a_set_is_told_that_it_is_deleted(store: Store) -> None:
    photo_set = kept(store)
    with ThreadPoolExecutor() as threads:
        with set_changes._alone_in(folder_of(store, photo_set.id), photo_set):
            waiting = threads.submit(add_photos, store, photo_set, [(photo(200), 3)])
            time.sleep(0.1)
            photo_sets.delete(store, photo_set)
        with pytest.raises(PhotoSetNotFound, match="deleted meanwhile"):
            waiting.result()
