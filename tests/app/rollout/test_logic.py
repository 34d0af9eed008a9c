"""Photos and places as proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from PIL import Image

from app.base.errors import Invalid
from app.rollout.logic import PHOTO_BYTES, Proof, check_proof, distance, is_far, media_type_of, offset_m, publishable
from tests.app.rollout.photos import photo

NOW = datetime(2024, 7, 1, 4, 0, tzinfo=UTC)
TODAY = date(2024, 7, 1)
PROOF = Proof(UUID(int=1), 116.3, 37.4, 5.0, NOW, b"")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"lon": 181.0}, "lon"),
        ({"lat": float("nan")}, "lon"),
        ({"accuracy_m": -1.0}, "accuracy_m"),
        ({"accuracy_m": float("inf")}, "accuracy_m"),
        ({"taken_at": NOW + timedelta(days=2)}, "taken_at"),
        ({"taken_at": NOW + timedelta(minutes=6)}, "taken_at"),
        ({"taken_at": NOW - timedelta(days=1)}, "taken_at"),
        ({"taken_at": NOW - timedelta(days=3 * 365)}, "taken_at"),
        ({"taken_at": NOW.replace(tzinfo=None)}, "taken_at"),
    ],
)
def test_a_place_accuracy_or_moment_that_cannot_be_is_refused_at_its_field(wrong: dict[str, object], field: str):
    check_proof(PROOF, now=NOW, given_on=TODAY)
    check_proof(replace(PROOF, accuracy_m=None), now=NOW, given_on=TODAY)
    with pytest.raises(Invalid) as refused:
        check_proof(replace(PROOF, **wrong), now=NOW, given_on=TODAY)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize("moment", [NOW + timedelta(minutes=4), NOW - timedelta(hours=11, minutes=59)])
def test_a_phones_clock_may_go_some_minutes_ahead_and_the_day_of_giving_counts_whole(moment: datetime):
    check_proof(replace(PROOF, taken_at=moment), now=NOW, given_on=TODAY)


def test_a_photo_from_before_the_job_is_refused_with_both_days():
    with pytest.raises(Invalid, match="is of 2022-06-30, but this job was given on 2024-07-01"):
        check_proof(replace(PROOF, taken_at=datetime(2022, 6, 30, 4, tzinfo=UTC)), now=NOW, given_on=TODAY)


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_a_whole_jpeg_or_png_is_a_photo(kind: str, media_type: str):
    assert media_type_of(photo(kind=kind)) == media_type


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"not a picture",
        photo()[: len(photo()) // 2],
        photo(kind="PNG")[:-200],
        photo(kind="GIF"),
        photo(size=(100, 400)),
        b"\xff\xd8\xff" + b"0" * 1000,
        b"0" * (PHOTO_BYTES + 1),
    ],
    ids=["empty", "text", "half a jpeg", "cut png", "gif", "small", "forged head", "large"],
)
def test_anything_else_is_refused(spoilt: bytes):
    with pytest.raises(Invalid) as refused:
        media_type_of(spoilt)
    assert refused.value.field == "photo"


@pytest.mark.parametrize("side", [9_000, 20_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_opened(side: int):
    """A picture of one colour is a few hundred kilobytes, however large it is."""
    out = BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    with pytest.raises(Invalid):
        media_type_of(out.getvalue())


def test_what_is_published_stands_upright_and_tells_nothing_of_place_or_phone():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "a phone"
    exif.get_ifd(0x8825)[1] = "N"
    original = photo(size=(400, 300), exif=exif)
    assert b"a phone" in original
    bare = publishable(original)
    assert b"a phone" not in bare
    with Image.open(BytesIO(bare)) as image:
        assert image.size == (300, 400)
        assert dict(image.getexif()) == {}
        assert "exif" not in image.info


def test_a_transparent_png_can_be_published_too():
    out = BytesIO()
    Image.new("RGBA", (300, 300)).save(out, "PNG")
    assert media_type_of(publishable(out.getvalue())) == "image/jpeg"


def test_the_offset_is_measured_on_the_ellipsoid():
    assert offset_m(PROOF, 116.3, 37.4) == 0
    assert offset_m(PROOF, 116.301, 37.4) == pytest.approx(88.56, abs=0.05)
    assert offset_m(PROOF, 116.3, 37.401) == pytest.approx(110.98, abs=0.05)
    assert (is_far(50.0), is_far(50.1)) == (False, True)


@pytest.mark.parametrize(
    ("metres", "said"),
    [(0.4, "0 m"), (999.4, "999 m"), (999.6, "1.0 km"), (10_278.2, "10.3 km"), (10_296.0, "10.3 km")],
)
def test_a_distance_is_told_in_metres_and_from_a_thousand_on_in_kilometres(metres: float, said: str):
    assert distance(metres) == said
