"""Pictures out of notebooks: only what is a PNG or a JPEG, of a size that a phone can show."""

import base64
import binascii
import re
import struct

MOST_BYTES = 6_000_000  # of one picture
MOST_ALL = 16_000_000  # of all pictures on a page
MOST_PIXELS = 40_000_000
DATA = re.compile(r"data:image/(png|jpeg|jpg);base64,([A-Za-z0-9+/=\s]*)", re.I)
PNG = b"\x89PNG\r\n\x1a\n"


class Pictures:
    """Takes pictures for one page, as long as there is room.

    Attributes:
        left_out: how many were not taken.
    """

    def __init__(self, room=MOST_ALL):
        self.room, self.left_out = room, 0

    def uri(self, text):
        """A picture as a `data:` URI made anew, or None.

        Args:
            text: base64, as a notebook's output or attachment holds it; lines may be broken.
        """
        made = self._uri(text)
        self.left_out += made is None
        return made

    def from_uri(self, uri):
        """The same for a `data:` URI; None for every other address."""
        found = DATA.fullmatch(uri.strip()) if len(uri) < 2 * MOST_BYTES else None
        return self.uri(found[2]) if found else None

    def _uri(self, text):
        if not isinstance(text, str) or len(text) > 1.4 * min(MOST_BYTES, self.room):
            return None
        try:
            content = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return None
        kind, width, height = _measure(content)
        if not kind or not 0 < width * height <= MOST_PIXELS:
            return None
        self.room -= len(content)
        return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _measure(content):
    """(kind, width, height) from a picture's first bytes; kind is "" for what is neither PNG nor JPEG."""
    if content.startswith(PNG) and content[12:16] == b"IHDR" and len(content) > 24:
        return "png", *struct.unpack(">II", content[16:24])
    if content.startswith(b"\xff\xd8\xff"):
        at = 2
        while at + 9 <= len(content) and content[at] == 0xFF:
            marker, size = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", content[at + 5 : at + 9])
                return "jpeg", width, height
            at += 2 + max(size, 2)
    return "", 0, 0
