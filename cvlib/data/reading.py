"""Read an image file whatever its name says, and name the file when it cannot be read."""

import io
import struct
import zlib

import numpy as np

from cvlib._opencv import cv2

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
#: The PNG chunks that make the pixels; the rest is dropped, since libpng warns about odd colour profiles.
PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"}

#: OpenCV's flags to decode a JPEG at 1/k of its size, grey and colour.
REDUCED = {
    1: (cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR),
    2: (cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_COLOR_2),
    4: (cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_COLOR_4),
    8: (cv2.IMREAD_REDUCED_GRAYSCALE_8, cv2.IMREAD_REDUCED_COLOR_8),
}


class ImageReadError(ValueError):
    """A file that is there but holds no readable image.

    Attributes:
        path: the file.
        reason: what is wrong with it.
    """

    def __init__(self, path, reason):
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self):
        return type(self), (self.path, self.reason)


def read_image(path, channels=3):
    """The pixels of an image file, by its content rather than its extension.

    Transparency is dropped (the colour under it is kept), 16-bit images keep their high byte, a palette is
    looked up, and a photograph that its camera marked as turned (EXIF orientation) is turned upright.

    Args:
        path: a JPEG, PNG, GIF (first frame), BMP, TIFF, WebP or PPM file.
        channels: 3 for RGB, 1 for grey, 4 for RGB and opacity.

    Returns:
        uint8 array (H, W, channels), RGB, in [0, 255].

    Raises:
        FileNotFoundError: if there is no such file.
        ImageReadError: if the file is empty, truncated, damaged or not an image.
        ValueError: if `channels` is not 1, 3 or 4.

    Example:
        >>> read_image("no_such.jpg")
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'no_such.jpg'
    """
    return read_reduced(path, channels)[0]


def read_reduced(path, channels=3, at_least=None):
    """`read_image`, but a JPEG that is far larger than needed is decoded at ½, ¼ or ⅛ of its size.

    The decoder then makes each pixel from k×k of the file's, in about half the time. It does so only where k
    divides both sides, so that the smaller picture covers exactly the same ground.

    Args:
        path: an image file.
        channels: as for `read_image`.
        at_least: (height, width) below which neither side may fall, or None to read at full size.

    Returns:
        The tuple (uint8 array (H, W, channels), k): the file's picture is k·H × k·W.

    Raises:
        As `read_image`.
    """
    if channels not in (1, 3, 4):
        raise ValueError(f"channels must be 1 (grey), 3 (RGB) or 4 (RGBA), got {channels!r}")
    with open(path, "rb", buffering=0) as file:
        data = file.read()
    if channels != 4 and data.startswith(JPEG):
        _refuse_truncated_jpeg(path, data)
        factor = 1 if at_least is None else _jpeg_factor(data, at_least)
        return _decode(path, data, channels, factor), factor
    return _read_other(path, data, channels), 1


def _read_other(path, data, channels):
    if data.startswith(PNG):
        data = _intact_png(path, data)
        if channels != 4:
            return _decode(path, data, channels)
    return _pixels(_open(path, data), channels)


def read_mask(path):
    """The labels of a mask file: one integer a pixel, exactly as stored.

    Args:
        path: a grey or palette image (a palette mask holds its labels as palette indices, as in PASCAL VOC),
            or a colour image whose channels are equal.

    Returns:
        uint8 or int32 array (H, W, 1).

    Raises:
        FileNotFoundError: if there is no such file.
        ImageReadError: if the file holds no readable image, or colours that are not labels.
    """
    with open(path, "rb", buffering=0) as file:
        data = file.read()
    if data.startswith(PNG):
        data = _intact_png(path, data)
        if data[24:26] == b"\x08\x00" and data.find(b"eXIf", 33) < 0 and data.find(b"tRNS", 33) < 0:
            labels = cv2.imdecode(
                np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED
            )  # grey, 8 bits: quicker
            if labels is not None and labels.ndim == 2 and labels.dtype == np.uint8:
                return labels[..., None]
    image = _open(path, data)
    if image.mode == "1":
        image = image.convert("L")
    labels = np.asarray(image)
    if image.mode in ("RGB", "RGBA", "LA"):
        colours = labels[..., : 3 if image.mode.startswith("RGB") else 1]
        if (colours != colours[..., :1]).any():
            raise ImageReadError(
                path,
                "a mask must hold one label a pixel, but this is a colour image (RGB): map each colour to "
                "the index of its class and save it as grey PNG",
            )
        labels = colours[..., 0]
    elif labels.ndim != 2 or labels.dtype.kind == "f":
        kind = "holds fractions (float)" if labels.dtype.kind == "f" else f"is {image.mode}"
        raise ImageReadError(path, f"a mask must hold one whole number a pixel, but this {kind}")
    return np.ascontiguousarray(labels if labels.dtype == np.uint8 else labels.astype(np.int32))[..., None]


def _decode(path, data, channels, factor=1):
    """JPEG or PNG bytes to pixels with OpenCV, which lets other threads run meanwhile."""
    buffer = np.frombuffer(data, np.uint8)
    try:
        if channels == 1:
            image = cv2.imdecode(buffer, REDUCED[factor][0])
        elif factor == 1 and hasattr(cv2, "IMREAD_COLOR_RGB"):
            image = cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB)
        else:  # reduced, or OpenCV before 4.11
            image = cv2.imdecode(buffer, REDUCED[factor][1])
            image = image if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    except cv2.error as error:  # an image of more than 2^30 pixels, or no memory
        raise ImageReadError(path, f"cannot be decoded ({error.err})") from error
    if image is None:
        raise ImageReadError(path, "begins like an image but is truncated or damaged")
    return image[..., None] if channels == 1 else image


def _jpeg_factor(data, at_least):
    """1, 2, 4 or 8: by how much a JPEG may be reduced as it is decoded."""
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xE1:  # EXIF: height and width may change places
            return 1
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            height, width = struct.unpack_from(">HH", data, position + 5)
            for factor in (8, 4, 2):
                enough = height >= factor * at_least[0] and width >= factor * at_least[1]
                if enough and height % factor == width % factor == 0:
                    return factor
            return 1
        position += 1 if marker == 0xFF else 2 + length
    return 1


def _refuse_truncated_jpeg(path, data):
    """The end marker must stand after the first scan; one before it belongs to a thumbnail."""
    if data.endswith(b"\xff\xd9"):
        return
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:  # start of scan: the compressed pixels follow
            break
        position += 1 if marker == 0xFF else 2 + length
    if data.rfind(b"\xff\xd9", position) < 0:
        raise ImageReadError(path, f"the JPEG is truncated: {len(data):,} bytes and no end marker")


def _intact_png(path, data):
    """The PNG with its pixel chunks alone, once every one of them matches its checksum."""
    position, chunks, extra = 8, [data[:8]], False
    while True:
        if position + 12 > len(data):
            raise ImageReadError(path, f"the PNG is truncated: {len(data):,} bytes and no end chunk")
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise ImageReadError(path, f"the PNG is truncated: {len(data):,} bytes of at least {end:,}")
        if name in PIXEL_CHUNKS:
            body = memoryview(data)[position + 4 : end - 4]
            if zlib.crc32(body) != int.from_bytes(data[end - 4 : end], "big"):
                raise ImageReadError(path, f"the PNG is damaged: a wrong checksum at byte {end - 4:,}")
            chunks.append(data[position:end])
        else:
            extra = True
        if name == b"IEND":
            return b"".join(chunks) if extra else data[:end]
        position = end


def _open(path, data):
    """A loaded, upright Pillow image: quiet, and it knows the formats and modes that OpenCV warns about."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not data:
        raise ImageReadError(path, "the file is empty (0 bytes)")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        start = data[:24]
        text = all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in start)
        kind = f"text that begins {start.decode()!r}" if text else f"bytes that begin {start[:8].hex(' ')}"
        raise ImageReadError(path, f"not an image: it holds {kind}") from None
    except Exception as error:  # Pillow's decoders raise whatever the damage trips over
        raise ImageReadError(path, f"begins like an image but is truncated or damaged ({error})") from error


def _pixels(image, channels):
    """A Pillow image as uint8 (H, W, channels)."""
    if image.mode.startswith("I;16"):
        from PIL import Image

        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    converted = np.array(image.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels]))
    return converted[..., None] if channels == 1 else converted
