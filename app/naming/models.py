"""Tables of the naming station: proposals, findings, decisions, the names in force, and the clocks that run."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import Editable, Kept, Ltree, Placed, Table, one_of, within
from app.naming.logic.shapes import Axis
from app.naming.logic.states import State as ProposalState


class FindingLevel(Enum):
    """How much a finding weighs: an error stands in the way until waived where the law lets it be."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class NameOrigin(Enum):
    """Whether a name came out of a decision here, or was found in use when the street was surveyed."""

    DECIDED = "decided"
    EXISTING = "existing"


class DeadlineKind(Enum):
    """Clocks of the Regulations: filing (Art. 13), public notice (Art. 14); signs (setting)."""

    FILE = "file"
    ANNOUNCE = "announce"
    SIGN = "sign"


class Proposal(Editable, Placed, Table):
    """A name asked for one street, and where it is on its way to a decision."""

    __tablename__ = "proposal"
    __table_args__ = (
        *within("proposal"),
        one_of("state", ProposalState),
        CheckConstraint("submitted_on >= proposed_on", name="submitted_on"),
        Index(
            "uq_proposal_live",
            "street_id",
            unique=True,
            postgresql_where=text("state IN ('draft', 'submitted', 'returned', 'approved')"),
        ),
        Index("ix_proposal_batch_id_id", "batch_id", "id"),
        Index("ix_proposal_words", "words"),
        Index("ix_proposal_sound_plain", "sound_plain"),
        {"schema": "naming"},
    )
    street_id: Mapped[int] = mapped_column(ForeignKey("inventory.street.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("milestones.batch.id"))
    words: Mapped[str]
    specific: Mapped[str]
    generic: Mapped[str]
    latin_toned: Mapped[str]
    latin_plain: Mapped[str]
    latin_sign: Mapped[str]
    sound_toned: Mapped[str]  # keys of rule N9: how it sounds, whatever the word division and digits
    sound_plain: Mapped[str]
    word_division: Mapped[str] = mapped_column(server_default=text("''"))
    meaning: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    note: Mapped[str] = mapped_column(server_default=text("''"))
    proposed_by: Mapped[int] = mapped_column(ForeignKey("base.person.id"))
    proposed_on: Mapped[date]
    submitted_on: Mapped[date | None]  # the last time, where it was sent back in between
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("naming.decision.id"))


class Finding(Editable, Placed, Table):
    """What one rule says of one proposal; ``waiver`` is the answered reason why it does not stand in the way."""

    __tablename__ = "finding"
    __table_args__ = (
        *within("finding"),
        one_of("level", FindingLevel),
        CheckConstraint(
            "(waiver IS NULL) = (waived_on IS NULL) AND (waiver IS NULL OR btrim(waiver) <> '')",
            name="waiver",
        ),
        Index("ix_finding_proposal_id", "proposal_id"),
        {"schema": "naming"},
    )
    proposal_id: Mapped[int] = mapped_column(ForeignKey("naming.proposal.id", ondelete="CASCADE"))
    rule: Mapped[str]
    clause: Mapped[str]
    level: Mapped[str]
    message: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    waivable_by: Mapped[str] = mapped_column(server_default=text("''"))
    remedy: Mapped[str] = mapped_column(server_default=text("''"))
    fully_checked: Mapped[bool] = mapped_column(server_default=text("true"))
    needs_tick: Mapped[bool] = mapped_column(server_default=text("false"))
    waiver: Mapped[str | None]
    waived_by: Mapped[int | None] = mapped_column(ForeignKey("base.person.id"))
    waived_on: Mapped[date | None]
    found_on: Mapped[date]


class Decision(Kept, Placed, Table):
    """A government's approval (批复) of one or many names: number, date, authority, scan. Never edited."""

    __tablename__ = "decision"
    __table_args__ = (
        *within("decision"),
        CheckConstraint("btrim(number) <> '' AND btrim(authority) <> ''", name="number"),
        UniqueConstraint("authority", "number", name="uq_decision_authority_number"),
        {"schema": "naming"},
    )
    number: Mapped[str]
    number_note: Mapped[str] = mapped_column(server_default=text("''"))  # why it has another form than documents have
    authority: Mapped[str]
    approved_on: Mapped[date]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("base.file.id"))
    decided_by: Mapped[int] = mapped_column(ForeignKey("base.person.id"))


class Name(Editable, Placed, Table):
    """Words with a period of force for one street; retired, never deleted. A decided name has its decision."""

    __tablename__ = "name"
    __table_args__ = (
        *within("name"),
        one_of("origin", NameOrigin),
        CheckConstraint("(origin = 'decided') = (decision_id IS NOT NULL)", name="decision"),
        CheckConstraint("retired_on IS NULL OR retired_on >= in_force_on", name="period"),
        Index("uq_name_in_force", "street_id", unique=True, postgresql_where=text("retired_on IS NULL")),
        Index("ix_name_words", "words", postgresql_using="gin", postgresql_ops={"words": "gin_trgm_ops"}),
        Index("ix_name_sound_plain", "sound_plain"),
        Index("ix_name_sound", "sound_plain", postgresql_using="gin", postgresql_ops={"sound_plain": "gin_trgm_ops"}),
        Index("ix_name_decision_id", "decision_id"),
        {"schema": "naming"},
    )
    street_id: Mapped[int] = mapped_column(ForeignKey("inventory.street.id"))
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("naming.proposal.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("naming.decision.id"))
    origin: Mapped[str]
    words: Mapped[str]
    specific: Mapped[str]
    generic: Mapped[str]
    latin_toned: Mapped[str]
    latin_plain: Mapped[str]
    latin_sign: Mapped[str]
    sound_toned: Mapped[str]  # keys of rule N9: how it sounds, whatever the word division and digits
    sound_plain: Mapped[str]
    meaning: Mapped[str] = mapped_column(server_default=text("''"))
    in_force_on: Mapped[date]
    retired_on: Mapped[date | None]


class NameList(Editable, Table):
    """One of the lists that names are checked and made with: where it is from, and who confirmed which content of it.

    ``confirmed_mark`` is the mark of the content that was confirmed (``naming.content``, kept by the database): with
    another content the list is not confirmed any more. Lists belong to no place.
    """

    __tablename__ = "list"
    __table_args__ = (
        UniqueConstraint("kind", name="uq_list_kind"),
        CheckConstraint("territory = ''::ltree", name="territory"),
        CheckConstraint(
            "(confirmed_mark IS NULL) = (confirmed_on IS NULL) AND (confirmed_by IS NULL) = (confirmed_on IS NULL)",
            name="confirmed",
        ),
        {"schema": "naming"},
    )
    kind: Mapped[str]
    source: Mapped[str] = mapped_column(server_default=text("''"))
    licence: Mapped[str] = mapped_column(server_default=text("''"))
    dated_on: Mapped[date]
    confirmed_mark: Mapped[int | None]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("base.person.id"))
    confirmed_on: Mapped[date | None]
    confirmed_note: Mapped[str] = mapped_column(server_default=text("''"))
    territory: Mapped[str] = mapped_column(Ltree, server_default=text("''"))


class ListEntry(Editable, Table):
    """One line of a list; each list uses some of the columns. What does not belong there any more is withdrawn."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("list_id", "words", name="uq_entry_list_id_words"),
        CheckConstraint("territory = ''::ltree", name="territory"),
        CheckConstraint("btrim(words) <> ''", name="words"),
        one_of("level", FindingLevel),
        one_of("axis", Axis),
        {"schema": "naming"},
    )
    list_id: Mapped[int] = mapped_column(ForeignKey("naming.list.id"))
    words: Mapped[str]
    note: Mapped[str] = mapped_column(server_default=text("''"))
    source: Mapped[str] = mapped_column(server_default=text("''"))
    level: Mapped[str | None]
    sort: Mapped[str] = mapped_column(server_default=text("''"))  # what a generic names, a theme, a kind of place
    spelling: Mapped[str] = mapped_column(server_default=text("''"))  # a reading, or a division into words
    others: Mapped[str] = mapped_column(server_default=text("''"))  # other readings, | between them
    asks: Mapped[bool] = mapped_column(server_default=text("false"))  # a person is asked about the reading each time
    numbered: Mapped[bool] = mapped_column(server_default=text("false"))  # a generic only after a number
    facility: Mapped[str] = mapped_column(server_default=text("''"))
    axis: Mapped[str | None]
    width_from_m: Mapped[float | None] = mapped_column(Double)
    width_to_m: Mapped[float | None] = mapped_column(Double)
    length_from_m: Mapped[float | None] = mapped_column(Double)
    length_to_m: Mapped[float | None] = mapped_column(Double)
    since_on: Mapped[date]
    withdrawn_on: Mapped[date | None]
    territory: Mapped[str] = mapped_column(Ltree, server_default=text("''"))


class Deadline(Editable, Placed, Table):
    """A clock that runs from a decision: what is due when, and when it was done."""

    __tablename__ = "deadline"
    __table_args__ = (
        *within("deadline"),
        one_of("kind", DeadlineKind),
        UniqueConstraint("decision_id", "kind", name="uq_deadline_decision_id_kind"),
        Index("ix_deadline_due_on", "due_on", postgresql_where=text("done_on IS NULL")),
        {"schema": "naming"},
    )
    decision_id: Mapped[int] = mapped_column(ForeignKey("naming.decision.id"))
    kind: Mapped[str]
    started_on: Mapped[date]
    due_on: Mapped[date]
    done_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(server_default=text("''"))
