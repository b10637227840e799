"""Masks that are handed in: what is read, and what the student is told of a file that cannot be graded."""

import io
import zipfile

import numpy as np
import pytest

from cvlib import check

SHAPE = (6, 8, 10)


@pytest.fixture
def labels():
    return np.random.default_rng(0).integers(0, 2, SHAPE)


@pytest.fixture
def hand_in(tmp_path):
    def write(**arrays):
        np.savez_compressed(tmp_path / "predictions.npz", **arrays)
        return tmp_path / "predictions.npz"

    return write


def told(path, shape=SHAPE, **options):
    with pytest.raises(check.CheckFailed) as failed:
        check.masks_file(path, shape, **options)
    return str(failed.value)


@pytest.mark.parametrize("kind", ["uint8", "bool", "int64", "int8", "uint16"])
@pytest.mark.parametrize("channel", [False, True])
def test_labels_of_any_whole_type_come_back_as_uint8(labels, hand_in, kind, channel):
    given = labels.astype(kind)
    read = check.masks_file(hand_in(masks=given[..., None] if channel else given), SHAPE)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, labels)


def test_a_file_that_is_not_compressed_and_has_other_arrays_too_is_read(labels, tmp_path):
    np.savez(tmp_path / "p.npz", masks=labels, names=np.arange(6))
    np.testing.assert_array_equal(check.masks_file(tmp_path / "p.npz", SHAPE), labels)


def test_three_classes_are_read_where_there_are_three(hand_in):
    given = np.arange(480).reshape(SHAPE) % 3
    np.testing.assert_array_equal(check.masks_file(hand_in(masks=given), SHAPE, classes=3), given)
    assert "labels from 0 to 1" in told(hand_in(masks=given))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m * 255, "255 is white in a picture"),
        (lambda m: m * 0.7, "use a threshold"),
        (lambda m: m - 1, "labels from -1 to 0"),
        (lambda m: m[:4], "the last, smaller batch was left out"),
        (lambda m: m[:, ::2, ::2], "masks of another size than the images"),
        (lambda m: m.transpose(0, 2, 1), "masks of another size than the images"),
        (lambda m: np.stack([1 - m, m], axis=-1), "argmax"),
        (lambda m: m.reshape(6, -1), "wrong shape"),
        (lambda m: m[0, 0, 0], "wrong shape"),
        (lambda m: m.astype(complex), "is not labels"),
        (lambda m: m.astype(str), "is not labels"),
    ],
)
def test_what_is_no_mask_is_told_with_its_cause(labels, hand_in, change, words):
    message = told(hand_in(masks=change(labels)), read="lesson 15")
    assert words in " ".join(message.split())
    assert "(6, 8, 10)" in message or "labels from 0 to 1" in message
    assert "lesson 15" in message


def test_a_missing_file_and_an_array_by_another_name_are_told(hand_in, labels, tmp_path):
    assert "was not handed in beside the notebook" in " ".join(told(tmp_path / "none.npz").split())
    message = told(hand_in(predictions=labels))
    assert "has no array `masks`" in message
    assert "predictions" in message


def test_pickles_are_never_read(tmp_path):
    path = tmp_path / "predictions.npz"
    np.savez(path, masks=np.array([Bomb()], dtype=object))
    assert "cannot be read" in told(path)
    assert not Bomb.went_off


class Bomb:
    """Says so when it is unpickled."""

    went_off = False

    def __reduce__(self):
        return setattr, (Bomb, "went_off", True)


def test_an_archive_that_unpacks_to_far_more_is_not_unpacked(tmp_path):
    path = tmp_path / "predictions.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        header = io.BytesIO()
        np.lib.format.write_array(header, np.zeros(SHAPE, "uint8"))
        archive.writestr("masks.npy", header.getvalue() + b"\0" * 50_000_000)
    assert path.stat().st_size < 200_000
    assert "is too large" in told(path)


@pytest.mark.parametrize("content", [b"", b"file,probability\n", b"\x93NUMPY", b"PK\x03\x04 and no more"])
def test_a_file_that_is_no_archive_is_told_as_such(tmp_path, content):
    (tmp_path / "predictions.npz").write_bytes(content)
    assert "cannot be read" in told(tmp_path / "predictions.npz")


def test_a_header_that_promises_more_than_the_file_holds_is_told(tmp_path):
    path = tmp_path / "predictions.npz"
    with zipfile.ZipFile(path, "w") as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**6)}
        )
        archive.writestr("masks.npy", header.getvalue() + b"\1" * 480)
    assert "cannot be read" in told(path)
