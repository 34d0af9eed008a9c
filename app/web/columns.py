"""Words for what the history holds: each column's title, and its values as a reader of that language says them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

from geoalchemy2 import Geometry
from sqlalchemy import Boolean, Date, DateTime, Double
from sqlalchemy.dialects.postgresql import JSONB

from app.base.errors import N_
from app.intake.views.editions import CERTAINTIES, SYSTEMS
from app.intake.views.editions import KINDS as CHANGES
from app.inventory.views import FACILITIES, ROADS
from app.models import metadata
from app.naming.schemas import LEVELS
from app.planning.schemas import GROUNDS, REASONS, SIGN_KINDS
from app.scanning.schemas import REPORT_KINDS
from app.web import language, words

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What says nothing to a reader: counters and keys of the program's own.
SILENT = frozenset({"version", "id", "uid", "territory", "path", "recorded_at"})
COLUMNS: Mapping[str, str] = {
    "a_day": N_("Signs that a crew puts up in a day"),
    "accepted": N_("Rows accepted"),
    "accuracy_m": N_("Accuracy"),
    "active": N_("Active"),
    "along_deg": N_("Street runs"),
    "answer": N_("Answer"),
    "approved_on": N_("Day of the decision"),
    "asks": N_("Asked each time"),
    "authority": N_("Government"),
    "axis": N_("Course"),
    "batch_id": N_("Batch"),
    "bearing_deg": N_("Runs"),
    "beside": N_("Runs along it only"),
    "bound_on": N_("Bound on"),
    "budget": N_("Budget"),
    "bytes": N_("Size"),
    "candidates": N_("Candidates"),
    "certainty": N_("Certainty"),
    "clause": N_("Clause"),
    "closed_on": N_("Closed on"),
    "clues": N_("What speaks for it"),
    "code": N_("Code"),
    "code_id": N_("Code"),
    "columns": N_("Columns"),
    "compared": N_("Compared with the register"),
    "confirmed_by": N_("Confirmed by"),
    "confirmed_mark": N_("Content that was confirmed"),
    "confirmed_note": N_("Confirmed by what"),
    "confirmed_on": N_("Confirmed on"),
    "contact_id": N_("Contact"),
    "crew_id": N_("Crew"),
    "dated_on": N_("As of"),
    "datum": N_("Coordinate system"),
    "decided_by": N_("Entered by"),
    "decided_on": N_("Decided on"),
    "decision_id": N_("Decision"),
    "deed": N_("What was done"),
    "department": N_("Department"),
    "digest": N_("Fingerprint of the content"),
    "distance_m": N_("Distance"),
    "division_id": N_("Division"),
    "done_on": N_("Done on"),
    "due_on": N_("Due on"),
    "duplicate": N_("Rows that are doubles"),
    "edition": N_("Edition"),
    "edition_id": N_("Edition"),
    "ended_on": N_("Ended on"),
    "erase_on": N_("To be erased on"),
    "erased_on": N_("Erased on"),
    "facilities": N_("Kinds of facility"),
    "facility": N_("Facility"),
    "facility_id": N_("Facility"),
    "facing_deg": N_("Faces"),
    "field": N_("Field"),
    "file_id": N_("File"),
    "fingerprint": N_("Fingerprint of the content"),
    "followed_on": N_("Followed on"),
    "found_on": N_("Found on"),
    "founded": N_("Divisions founded"),
    "fully_checked": N_("Fully checked"),
    "funder": N_("Paid by"),
    "generic": N_("Generic part"),
    "geometry_source": N_("Place known from"),
    "given_on": N_("Given on"),
    "goes_back": N_("Goes on behind"),
    "goes_on": N_("Goes on ahead"),
    "gone_there": N_("Gone in the town"),
    "ground": N_("Colour"),
    "header": N_("Fingerprint of the column names"),
    "ignored": N_("Rows ignored"),
    "in_act": N_("Confirmed in one act"),
    "in_force_on": N_("In force since"),
    "in_scope": N_("In scope"),
    "inside": N_("In the plan"),
    "inspected_by": N_("Inspected by"),
    "inspected_on": N_("Inspected on"),
    "installation_id": N_("Installation record"),
    "installed_on": N_("Stands since"),
    "intake_id": N_("Intake"),
    "job_id": N_("Crew job"),
    "joined_on": N_("Joined on"),
    "key": N_("Key"),
    "kind": N_("Kind"),
    "language": N_("Language"),
    "latin": N_("Spelling"),
    "latin_plain": N_("Spelling without tones"),
    "latin_sign": N_("Spelling on the sign"),
    "latin_toned": N_("Spelling with tones"),
    "leads": N_("All that stands there follows"),
    "left_on": N_("Left on"),
    "left_out": N_("Why rows were ignored"),
    "length_from_m": N_("Length from (m)"),
    "length_m": N_("Length"),
    "length_to_m": N_("Length to (m)"),
    "level": N_("Weight"),
    "licence": N_("Licence"),
    "line": N_("Line"),
    "list_id": N_("List"),
    "login": N_("Login"),
    "made_on": N_("Made on"),
    "maker_id": N_("Maker"),
    "manifest_id": N_("Packing list"),
    "mapped_on": N_("Columns chosen on"),
    "meaning": N_("Meaning"),
    "media_type": N_("Kind of file"),
    "message": N_("Message"),
    "moved_on": N_("Moved on"),
    "moves": N_("Villages moved by hand"),
    "name": N_("Name"),
    "name_id": N_("Name"),
    "needs_tick": N_("To be read by a person"),
    "new_there": N_("New in the town"),
    "news": N_("In the newer list"),
    "no_street_on": N_("No street since"),
    "no_street_reason": N_("No street because"),
    "note": N_("Note"),
    "number": N_("Document number"),
    "number_note": N_("Why the number has this form"),
    "numbered": N_("Only after a number"),
    "offset_m": N_("From the plan"),
    "olds": N_("In the register before"),
    "oneway": N_("One way"),
    "opened_on": N_("Opened"),
    "order_id": N_("Print order"),
    "ordered_on": N_("Drawn up on"),
    "origin": N_("Origin"),
    "others": N_("Other readings"),
    "outline": N_("Outline"),
    "owner_id": N_("Responsible"),
    "parent_id": N_("Belongs to"),
    "photo_id": N_("Photo"),
    "photo_sha256": N_("Fingerprint of the photo"),
    "pilot": N_("Pilot county"),
    "plan_id": N_("Plan of a year"),
    "planned_on": N_("Planned on"),
    "plate_price": N_("Price of a village plate, CNY"),
    "plates": N_("Village plates a village"),
    "point": N_("Point"),
    "position": N_("Position"),
    "post_id": N_("Post"),
    "predecessor_id": N_("Predecessor"),
    "proposal_id": N_("Proposal"),
    "proposed_by": N_("Proposed by"),
    "proposed_on": N_("Proposed on"),
    "purpose": N_("Purpose"),
    "quota": N_("Quota, villages"),
    "ready": N_("Data is ready"),
    "reason": N_("Reason"),
    "redo_reason": N_("To be done again because"),
    "rejected": N_("Rows rejected"),
    "released_on": N_("Released on"),
    "remedy": N_("Remedy"),
    "removed_on": N_("Removed on"),
    "repaired": N_("Rows repaired"),
    "reported_on": N_("Reported on"),
    "retired_on": N_("Retired on"),
    "road_class": N_("Class"),
    "role": N_("Role"),
    "row": N_("Row"),
    "row_id": N_("Record"),
    "rows": N_("Rows"),
    "rule": N_("Rule"),
    "scanned_on": N_("Day"),
    "scans": N_("Scans"),
    "sealed": N_("Contact, sealed"),
    "segment_id": N_("Segment"),
    "set_on": N_("Set on"),
    "settled_on": N_("Decided on"),
    "sha256": N_("Fingerprint of the content"),
    "shaped_on": N_("Shaped by hand on"),
    "sign_id": N_("Sign"),
    "sign_price": N_("Price of a sign, CNY"),
    "signs": N_("Signs a street"),
    "since_on": N_("Since"),
    "size": N_("Number of streets"),
    "sort": N_("Sort"),
    "sound_plain": N_("Sound without tones"),
    "sound_toned": N_("Sound with tones"),
    "source": N_("Source"),
    "specific": N_("Specific part"),
    "spelling": N_("Spelling"),
    "started_on": N_("Started"),
    "state": N_("State"),
    "stream": N_("Programme"),
    "stream_on": N_("Counted there since"),
    "stream_reason": N_("Counted there because"),
    "street_id": N_("Street"),
    "streets": N_("Streets a village, where none are known"),
    "subject": N_("Kind of record"),
    "submitted_on": N_("Submitted on"),
    "succeeded_on": N_("Succeeded on"),
    "surveyed_name": N_("Surveyed name"),
    "surveyed_on": N_("Surveyed on"),
    "system": N_("System"),
    "taken_at": N_("Photo taken at"),
    "taken_on": N_("Taken in on"),
    "title": N_("Title"),
    "token": N_("Code"),
    "town": N_("Town"),
    "unchanged": N_("Divisions unchanged"),
    "unnamed": N_("Share of streets without a name"),
    "until_on": N_("Until"),
    "valid_from_on": N_("Valid from"),
    "valid_to_on": N_("Valid until"),
    "value": N_("Value"),
    "values": N_("Values"),
    "verdict": N_("Verdict"),
    "villages": N_("Villages"),
    "waivable_by": N_("May be answered by"),
    "waived_by": N_("Answered by"),
    "waived_on": N_("Answered on"),
    "waiver": N_("Answer"),
    "width_from_m": N_("Width from (m)"),
    "width_to_m": N_("Width to (m)"),
    "withdrawn_on": N_("Withdrawn on"),
    "within_m": N_("Rule: within"),
    "word_division": N_("Word division"),
    "words": N_("Words"),
    "year": N_("Year"),
}
SOURCES: Mapping[str, str] = {
    "none": N_("not known"),
    "survey": N_("survey"),
    "sketch": N_("sketch, no legal boundary"),
    "generated": N_("generated for the demonstration"),
    "drawn": N_("drawn by hand"),
}
STREAMS: Mapping[str, str] = {"village": N_("Village streets"), "new_road": N_("Roads without a name, new roads")}
ORIGINS: Mapping[str, str] = {"decided": N_("decided"), "existing": N_("in use before")}
#: Words of the values of a column, by table and column or, where all tables mean the same, by column alone.
VALUES: Mapping[str, Mapping[str, str | tuple[str, str]]] = {
    "state": words.STATES,
    "role": words.ROLES,
    "level": LEVELS,
    "geometry_source": SOURCES,
    "stream": STREAMS,
    "origin": ORIGINS,
    "system": SYSTEMS,
    "road_class": ROADS,
    "verdict": words.STATES,
    "ground": GROUNDS,
    "language": language.LANGUAGES,
    "base.division.kind": words.DIVISIONS,
    "naming.deadline.kind": words.DEADLINES,
    "intake.change.kind": CHANGES,
    "intake.change.certainty": CERTAINTIES,
    "base.succession.kind": CHANGES,
    "planning.sign.kind": SIGN_KINDS,
    "planning.sign.reason": REASONS,
    "intake.facility.kind": FACILITIES,
    "scanning.report.kind": REPORT_KINDS,
}
_TRUTH = {"t": N_("yes"), "f": N_("no")}
#: Pages that are no station, by the first part of their address.
_PAGES = {
    "people": N_("People"),
    "lists": N_("Lists of words"),
    "undo": N_("Undo"),
    "runs": N_("Long work"),
    "divisions": N_("Divisions"),
}


def changed(entry_after: Mapping[str, str | None] | None) -> list[str]:
    """The columns of a change that say something to a reader, in their order."""
    return [column for column in entry_after or {} if column not in SILENT]


def said(subject: str, column: str, value: str | None) -> str:
    """A value as the history keeps it (text), in the reader's words; a dash for none."""
    if value is None or not value:
        return "–"
    known = VALUES.get(f"{subject}.{column}") or VALUES.get(column)
    if known is not None and value in known:
        found = known[value]
        return language.translate(found[0] if isinstance(found, tuple) else found)
    return _by_type(subject, column, value)


def _by_type(subject: str, column: str, value: str) -> str:
    table = metadata().tables.get(subject)
    kind = table.columns[column].type if table is not None and column in table.columns else None
    if isinstance(kind, Boolean):
        return language.translate(_TRUTH[value])
    if isinstance(kind, Date):
        return language.day(date.fromisoformat(value))
    if isinstance(kind, DateTime):
        return language.moment(datetime.fromisoformat(value))
    if isinstance(kind, Geometry):
        return language.translate(N_("another shape"))
    if isinstance(kind, JSONB):
        return _listed(json.loads(value))
    return _number(column, value) if isinstance(kind, Double) or column.endswith(("_id", "_by")) else value


def _listed(value: object) -> str:
    """What is kept as JSON: reasons with how many rows they are of, of any other list how long it is."""
    if not isinstance(value, list):
        return str(value)
    if not value:
        return "–"
    if not all(isinstance(one, dict) and {"reason", "values", "rows"} <= one.keys() for one in value):
        return language.translate(N_("{n} in all"), n=len(value))
    why = [language.reason(one["reason"], one["values"]) or language.translate(N_("Other reasons")) for one in value]
    return language.translate(N_("; ")).join(
        language.translate(N_("{reason} ({n} rows)"), reason=said, n=one["rows"])
        for said, one in zip(why, value, strict=True)
    )


def _number(column: str, value: str) -> str:
    if column.endswith("_m"):
        return language.metres(float(value))
    if column.endswith("_deg"):
        return f"{float(value):.0f}°"
    return language.translate(N_("No. {n}"), n=value)


def came_through(via: str) -> str:
    """Where a change was made: the page's station, or the program itself."""
    pages = {key: title for key, title, _ in words.STATIONS} | _PAGES
    part = via.partition(" /")[2].partition("/")[0]
    return language.translate(pages.get(part, N_("The program")))
