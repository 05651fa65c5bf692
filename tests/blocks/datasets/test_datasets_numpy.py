"""NumPy's files, honest and hostile."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.datasets import read_numpy
from semradio.blocks.errors import DatasetError

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 6), np.uint8)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(descr: str, shape: str, body: bytes = b"") -> bytes:
    """Build an array file whose header says anything."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + body


@pytest.mark.parametrize("images", [IMAGES, np.asfortranarray(IMAGES), IMAGES[..., :3][..., None]])
def test_npy(tmp_path: Path, images: np.ndarray) -> None:
    images = np.repeat(images, 3, axis=3) if images.ndim == 4 else images
    np.save(tmp_path / "x.npy", images)
    read = read_numpy(tmp_path / "x.npy")
    np.testing.assert_array_equal(read.images, images)
    assert read.images.dtype == np.uint8
    assert read.labels is None
    assert read.class_names == ()
    assert str(tmp_path / "x.npy") in read.origin


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, ">i2"])
def test_npz_with_labels(tmp_path: Path, save: object, dtype: object) -> None:
    save(tmp_path / "x.npz", images=IMAGES, labels=np.array([3, 0, 1, 1, 0]).astype(dtype))
    read = read_numpy(str(tmp_path / "x.npz"))
    np.testing.assert_array_equal(read.images, IMAGES)
    assert read.labels is not None
    assert read.labels.dtype == np.uint8
    assert read.labels.tolist() == [3, 0, 1, 1, 0]
    assert read.class_names == ("0", "1", "2", "3")


def test_npz_without_labels_and_with_other_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=IMAGES, weights=np.zeros(3))
    assert read_numpy(tmp_path / "x.npz").labels is None


def test_npz_without_images_names_what_it_holds(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=IMAGES, y_train=np.zeros(5))
    with pytest.raises(DatasetError, match=r"no array 'images'.*x_train\.npy, y_train\.npy"):
        read_numpy(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (np.zeros(5), "labels must be integers from 0 to 255, not float64"),
        (np.array([0, 1, 2, 3, 256]), "not int64 from 0 to 256"),
        (np.array([0, 1, 2, 3, -1]), "not int64 from -1 to 3"),
        (np.zeros(4, np.uint8), "one per image"),
        (np.zeros((5, 1), np.uint8), "one per image"),
        (np.array(list("abcde")), "not numbers"),
    ],
)
def test_wrong_labels(tmp_path: Path, labels: np.ndarray, text: str) -> None:
    np.savez(tmp_path / "x.npz", images=IMAGES, labels=labels)
    with pytest.raises(DatasetError, match=text) as caught:
        read_numpy(tmp_path / "x.npz")
    assert str(tmp_path / "x.npz") in str(caught.value)


class Evil:
    """What a pickle would run on loading."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('unpickled')",))


HOSTILE = {
    "empty": (b"", "not an array"),
    "text": (b"hello, world, hello", "not an array"),
    "floats": (npy(IMAGES / 255), "images must be uint8"),
    "flat": (npy(IMAGES.reshape(5, 24)), "images must be uint8"),
    "four channels": (npy(np.zeros((2, 3, 3, 4), np.uint8)), "images must be uint8"),
    "no images": (npy(IMAGES[:0]), "empty"),
    "objects": (npy(np.array([Evil()], dtype=object)), "not numbers"),
    "records": (npy(np.zeros(3, [("a", "u1")])), "not numbers"),
    "sub-arrays": (header("'(2,3)u1'", "(2,)", bytes(12)), "not numbers"),
    "cut": (npy(IMAGES)[:-1], "truncated"),
    "longer": (npy(IMAGES) + b"x", "trailing bytes"),
    "a terabyte": (header("'|u1'", "(1024, 1024, 1048576)", bytes(9)), "truncated"),
    "2 ** 200": (header("'|u1'", f"({2**100}, {2**50}, {2**50})", bytes(9)), "truncated"),
    "negative": (header("'|u1'", "(-1, 2, 2)", bytes(12)), "impossible shape"),
    "forty dimensions of one": (header("'|u1'", repr((1,) * 80), b"x"), "not an array"),
    "header cut": (npy(IMAGES)[:30], "not an array"),
    "header open": (header("'|u1'", "((((((1"), "not an array"),
    "header code": (header("__import__('os')", "(1, 1, 1)", b"x"), "not an array"),
    "unknown version": (b"\x93NUMPY\x09\0" + npy(IMAGES)[8:], "not an array"),
    "zip cut": (b"PK\3\4" + bytes(30), "cannot be read"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_by_name_and_take_no_memory(tmp_path: Path, case: str) -> None:
    content, reason = HOSTILE[case]
    file = tmp_path / "hostile.npy"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match=reason) as caught:
            read_numpy(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(file) in str(caught.value)
    assert peak < 4 << 20


def archive(content: bytes, packing: int = zipfile.ZIP_STORED) -> bytearray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as file:
        file.writestr("images.npy", content)
    return bytearray(buffer.getvalue())


def test_hostile_archives_are_refused_by_name(tmp_path: Path) -> None:
    flipped = archive(npy(IMAGES))
    flipped[flipped.index(npy(IMAGES)[-20:])] ^= 1
    encrypted = archive(npy(IMAGES))
    encrypted[encrypted.index(b"PK\1\2") + 8] |= 1
    unnamed = archive(npy(IMAGES)).replace(b"images.npy", b"im\xffges.npy")
    unnamed[unnamed.index(b"PK\1\2") + 9] |= 8  # names are UTF-8, it says
    newer = archive(npy(IMAGES))
    newer[newer.index(b"PK\1\2") + 6] = 255  # the format's version needed to extract
    oversized = archive(header("'|u1'", "(1024, 1024, 2000)", bytes(9)))
    entry = oversized.index(b"PK\1\2")
    oversized[entry + 20 : entry + 28] = b"\xff\xff\xff\x7f" * 2
    cases = {
        "objects": (archive(npy(np.array([Evil()], dtype=object))), "not numbers"),
        "checksum": (flipped, "Bad CRC"),
        "password": (encrypted, "not packed as np.savez does it"),
        "other packing": (archive(npy(IMAGES), zipfile.ZIP_LZMA), "not packed as np.savez"),
        "directory announces two gigabytes": (oversized, "truncated|cannot be read"),
        "name": (unnamed, "cannot be read"),
        "newer": (newer, "cannot be read: zip file version"),
        "cut": (archive(npy(IMAGES))[:-30], "cannot be read"),
        "terabyte inside": (archive(header("'|u1'", "(1048576, 1024, 1024)")), "truncated"),
    }
    file = tmp_path / "hostile.npz"
    for case, (content, reason) in cases.items():
        file.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(DatasetError, match=reason) as caught:
                read_numpy(file)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert str(file) in str(caught.value), case
        assert peak < 4 << 20, case


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.npy"):
        read_numpy(tmp_path / "nowhere.npy")
