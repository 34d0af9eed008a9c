"""Tables of the rollout: crew jobs, installations with their proof, and what the office found of them."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import SRID, Editable, Kept, Placed, Table, one_of, within


class JobState(Enum):
    """A crew's work on one sign."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class Verdict(Enum):
    """What the office found of an installation; one without an inspection waits for it."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Job(Editable, Placed, Table):
    """A sign to be put up by a crew by a date; ``redo_reason`` where an earlier installation was rejected."""

    __tablename__ = "job"
    __table_args__ = (
        *within("job"),
        one_of("state", JobState),
        CheckConstraint("(state = 'open') = (ended_on IS NULL)", name="ended"),
        Index("uq_job_open", "sign_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_job_crew_id_id", "crew_id", "id"),
        {"schema": "rollout"},
    )
    sign_id: Mapped[int] = mapped_column(ForeignKey("planning.sign.id"))
    crew_id: Mapped[int] = mapped_column(ForeignKey("base.person.id"))
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    given_on: Mapped[date]
    due_on: Mapped[date]
    ended_on: Mapped[date | None]
    redo_reason: Mapped[str] = mapped_column(server_default=text("''"))


class Installation(Kept, Placed, Table):
    """Proof that a sign stands: day, place with its accuracy, photo. The phone makes its ``uid``, and it is kept."""

    __tablename__ = "installation"
    __table_args__ = (
        *within("installation"),
        CheckConstraint("accuracy_m IS NULL OR accuracy_m >= 0", name="accuracy_m"),
        CheckConstraint("offset_m >= 0", name="offset_m"),
        UniqueConstraint("photo_id", name="uq_installation_photo_id"),
        UniqueConstraint("photo_sha256", name="uq_installation_photo_sha256"),
        Index("ix_installation_sign_id", "sign_id"),
        {"schema": "rollout"},
    )
    sign_id: Mapped[int] = mapped_column(ForeignKey("planning.sign.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("rollout.job.id"))
    crew_id: Mapped[int] = mapped_column(ForeignKey("base.person.id"))
    photo_id: Mapped[int] = mapped_column(ForeignKey("base.file.id"))
    photo_sha256: Mapped[str]  # one photo proves one sign
    point: Mapped[WKBElement] = mapped_column(Geometry("POINT", SRID, spatial_index=False))
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    offset_m: Mapped[float] = mapped_column(Double)  # from the planned post
    note: Mapped[str] = mapped_column(server_default=text("''"))
    taken_at: Mapped[datetime]  # by the phone's clock
    installed_on: Mapped[date]


class Inspection(Kept, Placed, Table):
    """What the office found of an installation; the newest counts, and a rejection is the last.

    A rejection makes the sign ordered again and gives the crew a new job until ``due_on``, by a trigger: an inspector
    has no right on signs and jobs. ``crew_id`` repeats the installation's for its policy.
    """

    __tablename__ = "inspection"
    __table_args__ = (
        *within("inspection"),
        one_of("verdict", Verdict),
        CheckConstraint("verdict = 'accepted' OR btrim(reason) <> ''", name="reason"),
        CheckConstraint("(verdict = 'rejected') = (due_on IS NOT NULL)", name="due_on"),
        Index("ix_inspection_installation_id", "installation_id"),
        Index("uq_inspection_rejected", "installation_id", unique=True, postgresql_where=text("verdict = 'rejected'")),
        {"schema": "rollout"},
    )
    installation_id: Mapped[int] = mapped_column(ForeignKey("rollout.installation.id"))
    crew_id: Mapped[int] = mapped_column(ForeignKey("base.person.id"))
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    due_on: Mapped[date | None]
    inspected_by: Mapped[int] = mapped_column(ForeignKey("base.person.id"))
    inspected_on: Mapped[date]
