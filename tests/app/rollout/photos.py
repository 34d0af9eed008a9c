"""Pictures for tests."""

from __future__ import annotations

from io import BytesIO

from PIL import Image


def photo(
    colour: str = "#8899aa", *, kind: str = "JPEG", size: tuple[int, int] = (640, 480), exif: Image.Exif | None = None
) -> bytes:
    """A picture with some pattern in it; other colours give other bytes."""
    image = Image.effect_noise(size, 40).convert("RGB")
    image.paste(colour, (0, 0, size[0] // 2, size[1] // 2))
    out = BytesIO()
    image.save(out, kind, **({} if exif is None else {"exif": exif}))
    return out.getvalue()
