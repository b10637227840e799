import io

import numpy as np
import pytest
from PIL import Image

from cvlib._opencv import cv2
from cvlib.data.reading import ImageReadError, read_image, read_mask


@pytest.fixture
def picture():
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def encoded(picture, kind, mode="RGB", **options):
    buffer = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "L"),
        ("PNG", "LA"),
        ("PNG", "1"),
        ("BMP", "RGB"),
        ("GIF", "P"),
        ("TIFF", "RGB"),
        ("PPM", "RGB"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_kind_and_mode_reads_as_pillow_reads_it_under_any_extension(
    tmp_path, picture, kind, mode, channels
):
    file = tmp_path / "picture.jpg"
    file.write_bytes(encoded(picture, kind, mode))
    with Image.open(file) as image:
        expected = np.asarray(image.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels]))
    got = read_image(file, channels)
    assert got.dtype == np.uint8
    assert got.shape == (48, 64, channels)
    tolerance = 1 if channels == 1 and mode in ("RGB", "RGBA", "P") else 0  # rounding of the grey sum
    assert np.abs(got.reshape(expected.shape).astype(int) - expected).max() <= tolerance


def test_16_bit_images_keep_their_high_byte(tmp_path):
    deep = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 21
    for kind in ("PNG", "TIFF"):
        Image.fromarray(deep).save(tmp_path / "deep", kind)
        assert np.array_equal(read_image(tmp_path / "deep", 1)[..., 0], deep >> 8)
        assert np.array_equal(read_image(tmp_path / "deep")[..., 2], deep >> 8)


def test_a_photograph_marked_as_turned_is_turned_upright(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "TIFF"):
        (tmp_path / "turned").write_bytes(encoded(picture, kind, exif=exif.tobytes()))
        (tmp_path / "plain").write_bytes(encoded(picture, kind))
        assert np.array_equal(read_image(tmp_path / "turned"), np.rot90(read_image(tmp_path / "plain"), -1))


def test_cmyk_reads_as_rgb(tmp_path, picture):
    (tmp_path / "cmyk.jpg").write_bytes(encoded(picture, "JPEG", "CMYK"))
    with Image.open(tmp_path / "cmyk.jpg") as image:
        expected = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(read_image(tmp_path / "cmyk.jpg") - expected).max() <= 1


def test_an_odd_colour_profile_is_not_reported(tmp_path, picture, capfd):
    (tmp_path / "a.png").write_bytes(encoded(picture, "PNG", icc_profile=b"no profile"))
    assert np.array_equal(read_image(tmp_path / "a.png"), picture)
    assert capfd.readouterr().err == ""


def damaged(picture):
    jpeg, png = encoded(picture, "JPEG", quality=95), encoded(picture, "PNG")
    thumbnail = b"\xff\xe1" + (len(jpeg) + 2).to_bytes(2, "big") + jpeg
    return {
        "empty": (b"", "empty"),
        "text": (b"this is no picture\n", "text that begins 'this is"),
        "html": (b"<!DOCTYPE html><html>Not found", "text"),
        "binary": (bytes(range(200, 240)), "bytes that begin c8 c9"),
        "short jpeg": (jpeg[: len(jpeg) // 2], "truncated"),
        "short jpeg with a whole thumbnail": (jpeg[:2] + thumbnail + jpeg[2:-200], "truncated"),
        "jpeg head": (jpeg[:60], "truncated"),
        "short png": (png[: len(png) // 2], "truncated"),
        "png without its end": (png[:-12], "truncated"),
        "png head": (png[:20], "truncated"),
        "flipped png": (png[:60] + bytes([png[60] ^ 1]) + png[61:], "checksum"),
        "short bmp": (encoded(picture, "BMP")[:4000], "truncated"),
        "short gif": (encoded(picture, "GIF", "P")[:900], "truncated"),
        "short tiff": (encoded(picture, "TIFF")[:4000], "truncated|damaged"),
    }


@pytest.mark.parametrize("case", list(damaged(np.zeros((48, 64, 3), np.uint8))))
@pytest.mark.parametrize("reader", [read_image, read_mask])
def test_a_file_that_holds_no_image_is_named_with_the_reason(tmp_path, picture, case, reader, capfd):
    data, reason = damaged(picture)[case]
    file = tmp_path / "some.jpg"
    file.write_bytes(data)
    with pytest.raises(ImageReadError, match=reason) as caught:
        reader(file)
    assert str(file) in str(caught.value)
    assert caught.value.path == file
    assert capfd.readouterr().err == ""


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
        read_image(tmp_path / "gone.jpg")


def test_channels_other_than_1_3_4_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"channels must be 1 .* got 2"):
        read_image(tmp_path / "x.jpg", 2)


def test_masks_keep_their_labels(tmp_path):
    labels = np.random.default_rng(1).integers(0, 21, (40, 50)).astype(np.uint8)
    palette = Image.fromarray(labels).convert("L")
    palette.putpalette(list(np.random.default_rng(2).integers(0, 256, 768)))
    assert palette.mode == "P"
    palette.save(tmp_path / "palette.png")
    Image.fromarray(labels).save(tmp_path / "grey.png")
    Image.fromarray(np.repeat(labels[..., None], 3, -1)).save(tmp_path / "rgb.png")
    Image.fromarray(labels.astype(np.uint16) * 1000).save(tmp_path / "deep.png")
    for name, factor in {"palette": 1, "grey": 1, "rgb": 1, "deep": 1000}.items():
        got = read_mask(tmp_path / f"{name}.png")
        assert np.array_equal(got[..., 0], labels.astype(int) * factor), name


def test_a_colour_photograph_is_no_mask(tmp_path, picture):
    (tmp_path / "photo.png").write_bytes(encoded(picture, "PNG"))
    with pytest.raises(ImageReadError, match="colour image"):
        read_mask(tmp_path / "photo.png")
