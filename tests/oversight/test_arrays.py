import resource
from pathlib import Path

import numpy as np
import pytest

from oversight.arrays import read_arrays, write_arrays
from oversight.errors import UnreadableArrays


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    write_arrays(path, {"a": np.arange(6).reshape(2, 3), "word": np.array("x"), "c": np.ones(2)})
    found = read_arrays(path, ["word", "a"])
    assert sorted(found) == ["a", "word"]
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert str(found["word"]) == "x"
    assert [each.name for each in tmp_path.iterdir()] == ["some.npz"]


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", None])
def test_what_is_missing_or_damaged_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "some.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableArrays, match=r"some\.npz is missing or damaged \("):
        read_arrays(path, ["a"])


def test_an_array_that_is_not_there_and_one_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    write_arrays(path, {"a": np.random.default_rng(0).random(5_000)})
    with pytest.raises(UnreadableArrays, match="KeyError"):
        read_arrays(path, ["b"])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableArrays):
        read_arrays(path, ["a"])


def test_arrays_of_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays(path, {"a": np.array([{}], dtype=object)})
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(UnreadableArrays, match="ValueError"):
        read_arrays(path, ["a"])


def test_where_there_is_no_room_the_older_file_stays_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    write_arrays(path, {"a": np.zeros(3)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_arrays(path, {"a": np.random.default_rng(0).random(50_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_arrays(path, ["a"])["a"].tolist() == [0.0, 0.0, 0.0]
    assert [each.name for each in tmp_path.iterdir()] == ["some.npz"]
