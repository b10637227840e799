"""The folder of pictures that labels speak of: names and sizes, without decoding a pixel."""

import warnings
from pathlib import Path

from cvlib.data.annotations.records import unsafe_path
from cvlib.data.image_files import hidden, is_named_as_image, not_an_image


def image_size(path):
    """The (height, width) of an image file, from its header alone.

    A photograph that its camera marked as turned (EXIF orientation) has the size that it shows, as
    `cvlib.data.read_image` gives it.

    Args:
        path: an image file.

    Returns:
        The tuple (height, width) in pixels.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not an image.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no image {path}")
    if reason := not_an_image(path):
        raise ValueError(f"{path}: {reason}")
    try:
        with warnings.catch_warnings():  # of pictures that would be large to decode
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                width, height = image.size
                turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: its header cannot be read ({error})") from error
    return (width, height) if turned else (height, width)


class ImageFolder:
    """The pictures under a folder, found by their relative path.

    Args:
        folder: where the paths start.

    Raises:
        FileNotFoundError: if there is no such folder.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise FileNotFoundError(f"images: there is no folder {folder}: give the folder of the pictures")
        paths = (path.relative_to(self.folder) for path in sorted(self.folder.rglob("*")))
        self.files = [
            path.as_posix()
            for path in paths
            if is_named_as_image(path.name) and not any(hidden(part) for part in path.parts)
        ]
        self._known, self._loose, self._sizes = set(self.files), {}, {}
        for file in self.files:
            for key in {file.lower(), file.lower().rpartition(".")[0]}:
                self._loose.setdefault(key, []).append(file)

    def __contains__(self, file):
        return file in self._known or (unsafe_path(file) is None and (self.folder / file).is_file())

    def near(self, file):
        """The one picture that differs by case, extension or kind of slash alone, or None."""
        key = file.replace("\\", "/").lower()
        for name in (key, key.rpartition(".")[0]):
            if len(found := self._loose.get(name, [])) == 1:
                return found[0]
        return None

    def by_stem(self, stem):
        """The pictures whose path without extension is `stem`."""
        return [file for file in self._loose.get(stem.lower(), []) if file.rpartition(".")[0] == stem]

    def size(self, file):
        """The (height, width) of a picture, or the reason as text why it has none."""
        if file not in self._sizes:
            try:
                self._sizes[file] = image_size(self.folder / file)
            except (ValueError, OSError) as error:
                self._sizes[file] = str(error)
        return self._sizes[file]
