"""What people have their labelled pictures in is read as they mean it, or refused with what to do."""

import gzip
import io
import json
import os
import struct
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.classes import CLASS_NAMES
from core.datasets.readers.choosing import read_source
from core.datasets.readers.class_spelling import classes_of
from core.datasets.readers.listing import Item, Listing, Refusal
from core.errors import DataSetError
from core.photos.archives import Limits
from tests.core.datasets.pictures import class_folders, encoded


def labels(listing: Listing) -> dict[str, str]:
    return {item.name: item.words for item in listing.items}


def reasons(listing: Listing) -> dict[str, str]:
    return {file.name: file.reason for file in listing.refused}


def splits(listing: Listing) -> Counter[str | None]:
    return Counter(item.split for item in listing.items)


def contents(listing: Listing, first: int = 0, step: int = 1) -> list[Any]:
    return list(listing.contents(first, step))


def test_each_folder_is_a_class_at_any_depth_and_what_is_hidden_is_left_out(tmp_path: Path) -> None:
    class_folders(tmp_path, {"cat": 2, "dog/big": 1, "dog/.thumbs": 1, "__MACOSX/dog": 1})
    (tmp_path / "dog" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "read me.txt").write_text("beside")
    listing = read_source(tmp_path)
    assert labels(listing) == {"cat/0.png": "cat", "cat/1.png": "cat", "dog/big/2.png": "dog"}
    assert reasons(listing) == {"read me.txt": "lies beside the folders of the classes"}
    assert contents(listing) == [encoded(number) for number in range(3)]


def test_folders_around_all_others_do_not_count(tmp_path: Path) -> None:
    class_folders(tmp_path / "download" / "pets", {"cat": 1, "dog": 1})
    assert set(labels(read_source(tmp_path)).values()) == {"cat", "dog"}


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "dev", "test")]
)
def test_folders_of_splits_are_told_by_their_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    for place, (name, count) in enumerate(zip(names, (4, 2, 1), strict=True)):
        class_folders(tmp_path / name, {"cat": count, "dog": count}, 10 * place)
    listing = read_source(tmp_path)
    assert splits(listing) == {"train": 8, "validation": 4, "test": 2}
    assert set(labels(listing).values()) == {"cat", "dog"}


def test_a_class_may_be_called_train_beside_others(tmp_path: Path) -> None:
    class_folders(tmp_path, {"train": 2, "car": 2, "plane": 2})
    listing = read_source(tmp_path)
    assert splits(listing) == {None: 6}
    assert set(labels(listing).values()) == {"train", "car", "plane"}


def test_links_are_not_followed_and_pipes_are_not_waited_for(tmp_path: Path) -> None:
    class_folders(tmp_path / "pets", {"cat": 2, "dog": 2})
    (tmp_path / "outside").mkdir()
    (tmp_path / "pets" / "cat" / "link.png").symlink_to("/etc/passwd")
    (tmp_path / "pets" / "mouse").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "pets" / "dog" / "pipe.png")
    assert reasons(read_source(tmp_path / "pets")) == {
        "cat/link.png": "is a link, and links are not followed",
        "mouse": "is a link, and links are not followed",
        "dog/pipe.png": "is not a file",
    }


def test_folders_in_folders_in_folders_are_listed_to_the_last(tmp_path: Path) -> None:
    class_folders(tmp_path, {"cat": 2, "dog": 2})
    deep = tmp_path / "dog" / "/".join("d" * 480)
    deep.mkdir(parents=True)
    (deep / "9.png").write_bytes(encoded(9))
    assert len(read_source(tmp_path).items) == 5


def test_an_empty_folder_is_told_and_is_no_class(tmp_path: Path) -> None:
    class_folders(tmp_path, {"cat": 2, "dog": 2, "mouse": 0})
    listing = read_source(tmp_path)
    assert "An empty folder is no class: mouse. Add pictures and import again if it should be." in listing.notes


def test_classes_in_different_writing_are_one_and_it_is_told() -> None:
    written = ["Ankle boot", "Ankle boot", "ankle_boot", "ANKLE-BOOT", "cafe\u0301", "caf\xe9", "T-shirt", "tshirt"]
    classes = classes_of(written)
    assert classes.names == ("Ankle boot", "caf\xe9", "T-shirt", "tshirt")
    assert [classes.place_of[words] for words in written] == [0, 0, 0, 0, 1, 1, 2, 3]
    merged, alike = classes.notes
    assert merged == "'Ankle boot' and 'ANKLE-BOOT' and 'ankle_boot' are one class in different writing: Ankle boot."
    assert alike.startswith("T-shirt and tshirt are stored as different classes.")


def test_numbered_classes_are_in_the_order_of_counting_and_the_ten_known_ones_in_theirs() -> None:
    assert classes_of(["10", "9", "1"]).names == ("1", "9", "10")
    assert classes_of(sorted(name.upper() for name in CLASS_NAMES)).names == CLASS_NAMES


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ([], "no picture with a label"),
        (["cat", "cat", "Cat"], "only one class, 'cat'"),
        ([str(number) for number in range(1001)], "1,001 classes; at most 1,000"),
    ],
)
def test_one_class_and_too_many_are_refused(written: list[str], message: str) -> None:
    with pytest.raises(DataSetError, match=message) as caught:
        classes_of(written)
    assert caught.value.advice


def table(tmp_path: Path, text: str | bytes, name: str = "labels.csv") -> Listing:
    """What a table says of four pictures, 0.png to 3.png, in the folder images."""
    class_folders(tmp_path / "pets", {"images": 4})
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read_source(tmp_path / "pets", tmp_path / name)


FOUR = (("images/0.png", "cat"), ("images/1.png", "dog"), ("images/2.png", "cat"), ("images/3.png", "dog"))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_of_all_separators_and_encodings_are_read(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [("File name", "Label"), *((file, label.replace("cat", "K\xe4tzchen")) for file, label in FOUR)]
    text = "\r\n".join(separator.join(line) for line in lines)
    assert set(labels(table(tmp_path, text.encode(encoding))).values()) == {"K\xe4tzchen", "dog"}


def test_a_table_without_header_and_json_lines_are_read(tmp_path: Path) -> None:
    expected = dict(FOUR)
    assert labels(table(tmp_path, "\n".join(",".join(row) for row in FOUR))) == expected
    lines = "\n".join(json.dumps({"file_name": file, "label": label}) for file, label in FOUR)
    assert labels(table(tmp_path, lines, "metadata.jsonl")) == expected


def test_a_table_lying_with_the_pictures_or_named_itself_needs_no_option(tmp_path: Path) -> None:
    class_folders(tmp_path, {"images": 4})
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *(",".join(row) for row in FOUR)]))
    assert labels(read_source(tmp_path)) == labels(read_source(tmp_path / "labels.csv")) == dict(FOUR)


def test_words_count_before_the_numbers_that_stand_for_them(tmp_path: Path) -> None:
    text = "file,label_index,label\n" + "".join(f"{file},{at % 2},{label}\n" for at, (file, label) in enumerate(FOUR))
    assert labels(table(tmp_path, text)) == dict(FOUR)


def test_splits_and_groups_are_read_from_their_columns(tmp_path: Path) -> None:
    rows = "".join(
        f"{file},{label},{split},{at // 2}\n"
        for at, ((file, label), split) in enumerate(zip(FOUR, ("train", "Training", "VAL", "test"), strict=True))
    )
    listing = table(tmp_path, "file,label,split,group\n" + rows)
    assert [item.split for item in listing.items] == ["train", "train", "validation", "test"]
    assert [item.group for item in listing.items] == ["0", "0", "1", "1"]
    with pytest.raises(DataSetError, match="no column 'person' for groups"):
        read_source(tmp_path / "pets", tmp_path / "labels.csv", "person")


def test_rows_that_cannot_be_used_are_refused_one_by_one(tmp_path: Path) -> None:
    listing = table(
        tmp_path,
        "file,label\nimages/0.png,cat\nimages/0.png,cat\nimages/1.png,dog\nimages/1.png,cat\nimages/2.png,\n"
        "images/9.png,dog\n../pets/images/3.png,dog\n/etc/passwd,dog\nimages/3.png,../../cat\n",
    )
    assert labels(listing) == {"images/0.png": "cat"}
    assert reasons(listing) == {
        "images/9.png": "is named in line 7 of labels.csv and is not there, or several files fit",
        "../pets/images/3.png": "points out of the folder in line 8 of labels.csv",
        "/etc/passwd": "points out of the folder in line 9 of labels.csv",
        "images/1.png": "has different labels in lines 4 and 5 of labels.csv",
        "images/2.png": "has no label in line 6 of labels.csv",
        "images/3.png": "has a path for its label in line 10 of labels.csv",
    }
    assert "1 row names a file again in labels.csv; each file is taken once." in listing.notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\nelsewhere/7.png,cat\n", "labels.csv names no file that is in pets"),
        ("a,b\n1,2\n", "no columns `file` and `label`"),
        ("file,label\n", "a header, but no row"),
        (b"PK\x03\x04", "a workbook or a zip"),
        ("", "no columns `file` and `label`"),
    ],
)
def test_tables_that_say_nothing_of_the_pictures_are_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataSetError, match=message) as caught:
        table(tmp_path, text)
    assert caught.value.advice


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def idx_folder(folder: Path, stem: str = "", pack: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Six images of 28x28 to learn from and three for the test, labels 0 to 2."""
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)
    numbers = np.arange(9, dtype=np.uint8) % 3
    for split, part in (("train", slice(0, 6)), ("t10k", slice(6, 9))):
        for what, array in (("images-idx3", images), ("labels-idx1", numbers)):
            content = idx(array[part])
            name = f"{stem}{split}-{what}-ubyte"
            (folder / f"{name}.gz" if pack else folder / name).write_bytes(gzip.compress(content) if pack else content)
    return images, numbers


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("zipped", [True, False])
def test_idx_files_are_read_packed_or_not_in_a_zip_or_not(tmp_path: Path, pack: bool, zipped: bool) -> None:
    images, numbers = idx_folder(tmp_path / "raw", pack=pack)
    path = zip_of(tmp_path / "raw", tmp_path / "mnist.zip") if zipped else tmp_path / "raw"
    listing = read_source(path)
    assert [int(item.words) for item in listing.items] == numbers.tolist()
    assert splits(listing) == {"train": 6, "test": 3}
    assert (np.stack(contents(listing)) == images).all()
    assert (np.stack(contents(listing, 1, 3)) == images[1::3]).all()


def test_idx_files_of_known_data_sets_have_their_class_names(tmp_path: Path) -> None:
    idx_folder(tmp_path / "KMNIST")
    assert read_source(tmp_path / "KMNIST").items[1].words == "ki"
    idx_folder(tmp_path / "fashion")
    assert read_source(tmp_path / "fashion").order == CLASS_NAMES


def test_emnist_is_stored_upright_with_the_names_of_its_mapping(tmp_path: Path) -> None:
    images, _ = idx_folder(tmp_path / "gzip", "emnist-balanced-")
    (tmp_path / "gzip" / "emnist-balanced-mapping.txt").write_text("0 97\n1 98\n2 99\n")
    listing = read_source(tmp_path / "gzip")
    assert [item.words for item in listing.items[:3]] == ["a", "b", "c"]
    assert (np.stack(contents(listing)) == images.transpose(0, 2, 1)).all()


def test_idx_files_that_are_damaged_or_lack_their_labels_are_refused(tmp_path: Path) -> None:
    idx_folder(tmp_path / "raw", pack=False)
    images = tmp_path / "raw" / "train-images-idx3-ubyte"
    content = images.read_bytes()
    images.write_bytes(content[:-1])
    with pytest.raises(DataSetError, match="cut short or too long"):
        contents(read_source(tmp_path / "raw"))
    images.write_bytes(content)
    (tmp_path / "raw" / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(DataSetError, match="its labels are missing"):
        read_source(tmp_path / "raw")


def parquet_file(path: Path, numbers: list[int], named: list[str] | None = None, plain: bool = False) -> None:
    """Images by their numbers, labels 0 and 1 in turn, as Hugging Face writes them, or as bytes and words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files = [encoded(number) for number in numbers]
    structs = [{"bytes": file, "path": None} for file in files]
    values = [number % 2 for number in numbers]
    columns = {
        "image": pa.array(files)
        if plain
        else pa.array(structs, pa.struct({"bytes": pa.binary(), "path": pa.string()})),
        "label": pa.array([f"class {value}" for value in values]) if plain else pa.array(values),
    }
    written = pa.table(columns)
    if named:
        features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": named}}
        written = written.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(written, path)


def test_parquet_files_are_read_with_splits_by_their_names_and_classes_by_their_metadata(tmp_path: Path) -> None:
    parquet_file(tmp_path / "data" / "train-00000-of-00002.parquet", [0, 1, 2], ["cat", "dog"])
    parquet_file(tmp_path / "data" / "train-00001-of-00002.parquet", [3, 4], ["cat", "dog"])
    parquet_file(tmp_path / "data" / "test-00000-of-00001.parquet", [5], ["cat", "dog"])
    listing = read_source(tmp_path)
    assert Counter((item.split, item.words) for item in listing.items) == Counter(
        {("train", "cat"): 3, ("train", "dog"): 2, ("test", "dog"): 1}
    )
    assert contents(listing) == [encoded(number) for number in (5, 0, 1, 2, 3, 4)]
    assert contents(listing, 1, 2) == [encoded(number) for number in (0, 2, 4)]


def test_parquet_files_of_bytes_and_words_are_read_and_others_refused(tmp_path: Path) -> None:
    parquet_file(tmp_path / "a.parquet", [0, 1], plain=True)
    assert [item.words for item in read_source(tmp_path).items] == ["class 0", "class 1"]
    parquet.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(DataSetError, match="no column of images; its columns are text"):
        read_source(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataSetError, match="no parquet file, or damaged"):
        read_source(tmp_path)


def zip_of(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as written:
        for file in sorted(folder.rglob("*")):
            written.write(file, file.relative_to(folder))
    return path


def test_a_zip_is_read_as_the_folder_in_it_is(tmp_path: Path) -> None:
    class_folders(tmp_path / "pets", {"cat": 2, "dog": 2, "mouse": 0})
    zipped, folder = read_source(zip_of(tmp_path / "pets", tmp_path / "pets.zip")), read_source(tmp_path / "pets")
    assert zipped.items == folder.items
    assert contents(zipped) == contents(folder)
    assert zipped.notes == folder.notes


def test_names_in_a_zip_that_lead_out_of_it_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as written:
        for name in ("cat/0.png", "dog/1.png", "../../etc/cat.png", "/dog/2.png"):
            written.writestr(name, encoded(0))
    listing = read_source(tmp_path / "pets.zip")
    assert len(listing.items) == 2
    assert set(reasons(listing).values()) == {"points outside the zip"}


def test_zips_beyond_the_limits_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = zip_of(class_folders(tmp_path / "pets", {"cat": 3, "dog": 3}), tmp_path / "pets.zip")
    for limits, message in (
        (Limits(files=5, advice="Unpack it."), "more than 5 files"),
        (Limits(zip_bytes=100, advice="Unpack it."), "has more than 0 MB"),
        (Limits(unpacked=100, advice="Unpack it."), "unpacks to more than 0 MB"),
    ):
        with pytest.raises(DataSetError, match=message) as caught:
            read_source(path, limits=limits)
        assert caught.value.advice == "Unpack it."
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataSetError, match="damaged zip"):
        read_source(path)


def test_a_damaged_entry_is_refused_for_itself(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("cat/0.png", encoded(0))
        written.writestr("dog/1.png", encoded(1))
    content = file.getvalue().replace(encoded(1), encoded(1)[:-1] + b"x")
    (tmp_path / "pets.zip").write_bytes(content)
    assert contents(read_source(tmp_path / "pets.zip")) == [encoded(0), Refusal("dog/1.png", "is damaged in the zip")]


@pytest.mark.parametrize("name", ["nothing", "empty", "text.txt"])
def test_what_is_no_source_is_refused_with_what_to_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("text")
    with pytest.raises(DataSetError) as caught:
        read_source(tmp_path / name)
    assert caught.value.advice


def test_the_stamp_changes_with_a_file_and_with_nothing_else(tmp_path: Path) -> None:
    class_folders(tmp_path, {"cat": 2, "dog": 2})
    before = read_source(tmp_path)
    assert read_source(tmp_path).stamp == before.stamp
    changed = tmp_path / "cat" / "0.png"
    status = changed.stat()
    changed.write_bytes(encoded(9)[: status.st_size].ljust(status.st_size, b"x"))
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_source(tmp_path).stamp != before.stamp
    assert before.items[0] == Item("cat/0.png", "cat")
