"""A signature that was drawn: a small PNG, and nothing else."""

from base64 import b64decode, b64encode
from hashlib import sha256

from academic.signatures.participant_signature import Drawing
from shared.errors import Refused
from shared.personal import Sealer

MAX_BYTES = 24_576
"""As base64, sealed and in base64 once more it is 44 KB of an event: a sixth of what one may have."""
MAX_SIDE = 2_000
START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


class DrawingUnreadable(Refused):
    """A drawn signature is a PNG in base64, at most 24 KB and 2000 pixels wide and high."""


def drawing_of(sealer: Sealer, text: str) -> Drawing:
    """Raises DrawingUnreadable."""
    image = image_of(text)
    return Drawing(sealer.seal("image", b64encode(image).decode()), sha256(image).hexdigest())


def image_of(text: str) -> bytes:
    try:
        image = b64decode(text, validate=True)
    except ValueError:
        raise DrawingUnreadable(pointer="/image") from None
    sides = (int.from_bytes(image[16:20], "big"), int.from_bytes(image[20:24], "big"))
    whole = image.startswith(START) and image.endswith(END)
    if not whole or len(image) > MAX_BYTES or not all(0 < side <= MAX_SIDE for side in sides):
        raise DrawingUnreadable(pointer="/image")
    return image
