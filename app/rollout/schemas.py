"""What the rollout's pages take in: jobs to give, and the proof that a phone sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import File, Form, UploadFile

from app.base.errors import N_, Invalid
from app.base.request import Seen, Version
from app.base.seen import read
from app.planning.schemas import number
from app.rollout.logic import PHOTO_BYTES, Proof

MOST_NOTE = 500
#: What a verdict is called, and the colour of its state.
VERDICTS = {
    "waiting": (N_("To inspect"), "proposed"),
    "accepted": (N_("Inspection passed"), "standing"),
    "rejected": (N_("To be put up again"), "returned"),
}


@dataclass(slots=True)
class Given:
    """Jobs to give as they were chosen."""

    seen: Seen
    crew: Annotated[str, Form(max_length=40)] = ""
    due_on: Annotated[str, Form(max_length=20)] = ""

    def signs(self) -> dict[UUID, int]:
        """Keys of the chosen signs, each with the version that was read. Raises Invalid when none was chosen."""
        if not self.seen:
            raise Invalid(N_("Choose at least one sign."), field="uid")
        return read(self.seen)

    def crew_key(self) -> UUID:
        """The crew's key. Raises Invalid when none was chosen."""
        try:
            return UUID(self.crew)
        except ValueError as error:
            raise Invalid(N_("Choose the crew."), field="crew") from error

    def day(self) -> date:
        """The day. Raises Invalid when it is none."""
        try:
            return date.fromisoformat(self.due_on)
        except ValueError as error:
            raise Invalid(N_("Choose the day by which the signs must stand."), field="due_on") from error


@dataclass(slots=True)
class Refused:
    """A rejection as it was typed; ``version`` tells the inspection that was read."""

    version: Version
    reason: Annotated[str, Form(max_length=400)] = ""
    due_on: Annotated[str, Form(max_length=20)] = ""

    def day(self) -> date:
        """The day. Raises Invalid when it is none."""
        try:
            return date.fromisoformat(self.due_on)
        except ValueError as error:
            raise Invalid(N_("Choose the day by which the sign must stand."), field="due_on") from error


@dataclass(slots=True)
class Sent:
    """An installation as a phone sends it.

    The phone's script fills the key (``uid``), place and moment; without one the page's own key and moment stand there.
    """

    key: Annotated[str, Form(max_length=40, alias="uid")] = ""
    lon: Annotated[str, Form(max_length=40)] = ""
    lat: Annotated[str, Form(max_length=40)] = ""
    accuracy_m: Annotated[str, Form(max_length=40)] = ""
    taken_at: Annotated[str, Form(max_length=40)] = ""
    note: Annotated[str, Form(max_length=4000)] = ""
    photo: Annotated[UploadFile | None, File()] = field(default=None)

    def proof(self) -> Proof:
        """What is recorded. Raises Invalid naming the field at fault."""
        nowhere, unseen = not self.lon.strip() or not self.lat.strip(), self.photo is None or not self.photo.size
        if nowhere and unseen:
            raise Invalid(N_("The photo and the position are missing. A sign is proved by both."), field="photo")
        if nowhere:
            raise Invalid(N_("The position is missing. Take it with the button, or type it in."), field="lon")
        if len(self.note.strip()) > MOST_NOTE:
            raise Invalid(N_("The note is too long: {n} characters at most."), field="note", n=MOST_NOTE)
        return Proof(
            uid=self._key(),
            lon=number(self.lon, "lon"),
            lat=number(self.lat, "lat"),
            accuracy_m=number(self.accuracy_m, "accuracy_m") if self.accuracy_m.strip() else None,
            taken_at=self._moment(),
            photo=self._photo(),
            note=self.note.strip(),
        )

    def _key(self) -> UUID:
        try:
            return UUID(self.key)
        except ValueError as error:
            raise Invalid(N_("This page is too old. Load the job again."), field="uid") from error

    def _moment(self) -> datetime:
        try:
            moment = datetime.fromisoformat(self.taken_at)
        except ValueError as error:
            raise Invalid(N_("This page is too old. Load the job again."), field="taken_at") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _photo(self) -> bytes:
        content = b"" if self.photo is None else self.photo.file.read(PHOTO_BYTES + 1)
        if not content:
            raise Invalid(N_("The photo is missing. Take one that shows the whole sign."), field="photo")
        return content
