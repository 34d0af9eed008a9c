"""Decides about proofs: whether a photo is one, how far a sign stands from its plan. No database."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import BytesIO
from uuid import UUID

from PIL import Image, ImageOps

from app.base.clock import day_of
from app.base.errors import N_, Invalid
from gis.crs import ELLIPSOID

#: Farther than this from the planned post, an installation is shown to the officers (estimate: a phone's worst
#: position between houses, with a plot's width).
FAR_M = 50.0
#: Farther away than this many metres the phone asks before it records (estimate: another village).
ASK_M = 500.0
#: Farther than this, the position is another place's or a mistake, and no proof (estimate).
ELSEWHERE_M = 20_000.0
#: What a phone's camera makes; larger files and pictures are refused before they are opened (estimate).
PHOTO_BYTES, PHOTO_PIXELS, PHOTO_SIDE_PX = 16 * 2**20, 64_000_000, 200
#: How far a phone's clock may go ahead of ours (setting; phones set theirs by the network).
CLOCK_AHEAD = timedelta(minutes=5)
#: Days that a crew has to put a sign up again after its installation was rejected, unless the inspector says otherwise.
REDO_DAYS = 14
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png"}


@dataclass(frozen=True, slots=True)
class Proof:
    """What the phone sends of an installation: its own key, lon, lat in CGCS2000 (taken as WGS 84), photo, moment."""

    uid: UUID
    lon: float
    lat: float
    accuracy_m: float | None
    taken_at: datetime
    photo: bytes = field(repr=False)
    note: str = ""

    @property
    def sha256(self) -> str:
        """The photo's hash, by which one photo proves one sign."""
        return hashlib.sha256(self.photo).hexdigest()


def check_proof(proof: Proof, *, now: datetime, given_on: date) -> None:
    """Raises Invalid, naming the field, for a place, accuracy or moment that cannot be.

    No moment lies ahead of ``now``, nor before the day on which the job was given (Shanghai's day).
    """
    if not (-180 <= proof.lon <= 180 and -90 <= proof.lat <= 90):  # noqa: PLR2004 - degrees
        raise Invalid(N_("{lon}, {lat} is no place on earth."), field="lon", lon=proof.lon, lat=proof.lat)
    if proof.accuracy_m is not None and not 0 <= proof.accuracy_m < 100_000:  # noqa: PLR2004 - no receiver says more
        raise Invalid(N_("An accuracy of {n} m is none."), field="accuracy_m", n=proof.accuracy_m)
    if proof.taken_at.tzinfo is None or proof.taken_at > now + CLOCK_AHEAD:
        raise Invalid(N_("The photo's moment lies in the future. Set the phone's clock."), field="taken_at")
    taken_on = day_of(proof.taken_at)
    if taken_on < given_on:
        raise Invalid(
            N_(
                "The photo is of {taken_on}, but this job was given on {given_on}."
                " Set the phone's clock and take a new photo of the sign as it stands."
            ),
            field="taken_at",
            taken_on=taken_on,
            given_on=given_on,
        )


def media_type_of(photo: bytes) -> str:
    """JPEG or PNG, after decoding every pixel. Raises Invalid for anything else, too large, too small or cut off."""
    if len(photo) > PHOTO_BYTES:
        raise Invalid(N_("The photo is larger than {n} MB."), field="photo", n=PHOTO_BYTES // 2**20)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(photo), formats=list(_FORMATS)) as image:
                _check_size(image)
                image.load()
                return _FORMATS[str(image.format)]
    except Invalid:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Invalid(N_("The photo cannot be opened; send a whole JPEG or PNG picture."), field="photo") from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > PHOTO_PIXELS:
        raise Invalid(N_("The photo has more than {n} million pixels."), field="photo", n=PHOTO_PIXELS // 10**6)
    if min(image.size) < PHOTO_SIDE_PX:
        raise Invalid(N_("The photo is less than {n} pixels wide or high."), field="photo", n=PHOTO_SIDE_PX)


def publishable(photo: bytes) -> bytes:
    """The picture upright as a JPEG without any of its metadata: place, phone, thumbnail, owner. For whoever looks.

    The original stays in the store as the proof that it is.
    """
    with Image.open(BytesIO(photo), formats=list(_FORMATS)) as image:
        upright = ImageOps.exif_transpose(image)
        bare = Image.new("RGB", upright.size)
        bare.paste(upright.convert("RGB"))
    out = BytesIO()
    bare.save(out, "JPEG", quality=85)
    return out.getvalue()


def thumbnail(photo: bytes, side_px: int) -> bytes:
    """As :func:`publishable`, with no side longer than ``side_px``."""
    with Image.open(BytesIO(photo), formats=list(_FORMATS)) as image:
        image.draft("RGB", (side_px, side_px))
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail((side_px, side_px))
        bare = Image.new("RGB", small.size)
        bare.paste(small)
    out = BytesIO()
    bare.save(out, "JPEG", quality=80)
    return out.getvalue()


def offset_m(proof: Proof, lon: float, lat: float) -> float:
    """How far the proof lies from the planned post, in metres on the ellipsoid."""
    _, _, metres = ELLIPSOID.inv(proof.lon, proof.lat, lon, lat)
    return float(metres)


def distance(metres: float) -> str:
    """As the phone tells it: whole metres, from a thousand on kilometres with one decimal."""
    return f"{metres:.0f} m" if round(metres) < 1000 else f"{metres / 1000:.1f} km"  # noqa: PLR2004 - a kilometre


def is_far(offset: float) -> bool:
    """Whether the officers should look at an installation so far from its plan."""
    return offset > FAR_M
