"""Words for states, kinds and roles, the same on every page: message id, colour of state, second mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.base.errors import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The stations of the flow in their order: folder, what the staff call it, icon.
STATIONS = (
    ("intake", N_("Intake"), "file-import"),
    ("inventory", N_("Inventory"), "list-search"),
    ("milestones", N_("Batches"), "flag"),
    ("naming", N_("Naming"), "writing"),
    ("planning", N_("Planning signs"), "map-pin"),
    ("printing", N_("Print orders"), "printer"),
    ("rollout", N_("Installation"), "tool"),
    ("scanning", N_("Reports"), "qrcode"),
    ("tracking", N_("Progress"), "chart-bar"),
)

ROLES: Mapping[str, str] = {
    "city_officer": N_("City officer"),
    "county_officer": N_("County officer"),
    "town_officer": N_("Town officer"),
    "village_contact": N_("Village contact"),
    "sign_maker": N_("Sign maker"),
    "crew": N_("Crew"),
    "inspector": N_("Inspector"),
    "content_editor": N_("Content editor"),
    "auditor": N_("Auditor"),
    "administrator": N_("Administrator"),
}

#: What each role finds on its start page while nothing waits for it: what will come, and where to go meanwhile.
NEXT_STEPS: Mapping[str, tuple[str, str, str]] = {
    "city_officer": (
        N_("Submitted names, overdue jobs and readers' reports of all counties appear here."),
        N_("See how far the counties are"),
        "/tracking",
    ),
    "county_officer": (
        N_("Open a batch of villages: unnamed streets, names to decide, signs and reports then appear here."),
        N_("To the batches"),
        "/milestones",
    ),
    "town_officer": (
        N_("Names to write, to submit or to mend appear here once the county has opened a batch with your villages."),
        N_("To the proposals"),
        "/naming",
    ),
    "village_contact": (
        N_("Names to write or to mend appear here once the county has opened a batch with your village."),
        N_("See the streets of the village"),
        "/inventory",
    ),
    "sign_maker": (
        N_("An order appears here once the county has released it to you, with its print file and packing list."),
        N_("To your print orders"),
        "/printing",
    ),
    "crew": (
        N_("Signs to put up appear on the phone page once the office gives you some."),
        N_("To my jobs"),
        "/rollout/phone",
    ),
    "inspector": (
        N_("Signs put up that nobody inspected yet, and those that stand far from their plan, appear here."),
        N_("See what was put up"),
        "/rollout/installations",
    ),
    "content_editor": (
        N_("You get no tasks here. See how often each sign's page is opened; the names in force are under Naming."),
        N_("See the scans"),
        "/scanning/scans",
    ),
    "auditor": (
        N_("You look back: each change with who made it, when, and what it was before."),
        N_("Read the history"),
        "/history",
    ),
    "administrator": (
        N_("Work that failed appears here. You add people, give new passwords and let people leave."),
        N_("To the people"),
        "/people",
    ),
}

#: What waits at a station, where it is the same for whoever is told of it; of some roles something else does.
WAITS: Mapping[str, str] = {
    "inventory": N_("Streets in scope that nobody proposed a name for"),
    "milestones": N_("Open batches of villages"),
    "naming": N_("Names to decide"),
    "planning": N_("Named streets that want signs"),
    "printing": N_("Print orders to release"),
    "rollout": N_("Overdue jobs of crews"),
    "scanning": N_("Reports of readers to answer"),
}
WAITS_FOR: Mapping[tuple[str, str], str] = {
    ("naming", "town_officer"): N_("Names to submit or to mend"),
    ("naming", "village_contact"): N_("Names to write or to mend"),
    ("rollout", "crew"): N_("Signs to put up"),
    ("rollout", "inspector"): N_("Installations to inspect"),
}


#: The list that holds just what waits, where the station's own list holds more.
_WAITS_AT: Mapping[str, str] = {
    "inventory": "/inventory?state=unnamed&scope=in",
    "milestones": "/milestones?state=open",
    "planning": "/planning/waiting",
    "printing": "/printing?state=draft",
    "rollout": "/rollout?state=late",
    "scanning": "/scanning?state=open",
}
_WAITS_AT_FOR: Mapping[tuple[str, str], str] = {
    ("naming", "city_officer"): "/naming?state=submitted",
    ("naming", "county_officer"): "/naming?state=submitted",
    ("naming", "town_officer"): "/naming?state=asked",
    ("naming", "village_contact"): "/naming?state=asked",
    ("rollout", "crew"): "/rollout/phone",
    ("rollout", "inspector"): "/rollout/installations?state=waiting",
}


def waits_at(station: str, role: str, url: str) -> str:
    """Where somebody of this role finds what waits at a station; ``url`` is the station's own list."""
    return _WAITS_AT_FOR.get((station, role), _WAITS_AT.get(station, url))


def waits(station: str, role: str) -> str:
    """What waits at a station for somebody of this role; a message id."""
    return WAITS_FOR.get((station, role), WAITS[station])


DIVISIONS: Mapping[str, str] = {
    "city": N_("City"),
    "county": N_("County"),
    "zone": N_("Statistical zone"),
    "town": N_("Town"),
    "village": N_("Village"),
    "residents": N_("Residents' committee"),
}

RUNS: Mapping[str, str] = {
    "queued": N_("Waiting"),
    "running": N_("Running"),
    "done": N_("Done"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}

#: What long work is called; a kind without a line here shows its own name.
RUN_KINDS: Mapping[str, str] = {
    "intake": N_("Import of a file"),
    "derive": N_("Streets from surveyed lines"),
    "edition": N_("Comparison of a list"),
    "scope": N_("Judgement of scope"),
    "plan": N_("Planning of signs"),
    "release": N_("Release of a print order"),
    "undo": N_("Undoing of a large step"),
    "withdraw": N_("Undoing of an intake"),
    "recheck": N_("Check of open proposals by changed lists"),
}

#: What the values of a run's result are called, kind by kind, in the order of its page.
RUN_RESULTS: Mapping[str, Mapping[str, str]] = {
    "intake": {
        "intake": N_("Intake"),
        "rows": N_("Rows of the file"),
        "streets": N_("Streets found"),
        "added": N_("Lines added to streets that are there"),
        "in_scope": N_("Streets in scope"),
    },
    "derive": {
        "streets": N_("Streets made"),
        "added": N_("Lines added to streets that are there"),
    },
    "edition": {
        "edition": N_("Edition"),
        "rows": N_("Rows of the file"),
        "rejected": N_("Rejected"),
        "founded": N_("Founded"),
        "unchanged": N_("Unchanged"),
        "changes": N_("Changes to decide about"),
    },
    "scope": {"in_scope": N_("Streets in scope")},
    "plan": {
        "signs": N_("Signs planned"),
        "posts": N_("New posts"),
        "left": N_("Streets without a decided name yet"),
        "spots": N_("Spots without free ground"),
    },
    "release": {"number": N_("Print order")},
    "undo": {"rows": N_("Rows put back")},
    "withdraw": {"intake": N_("Intake"), "names": N_("Places that stay: they were set again since")},
    "recheck": {
        "proposals": N_("Proposals checked"),
        "changed": N_("Proposals with other findings now"),
        "opened": N_("Proposals with something new to answer"),
        "respelled": N_("Proposals that are spelled otherwise now: open them and save"),
    },
}
#: Values of results that no page shows: keys by which the program finds what the others name.
RUN_KEYS: Mapping[str, frozenset[str]] = {
    "plan": frozenset({"act"}),
    "derive": frozenset({"act"}),
    "scope": frozenset({"act"}),
    "edition": frozenset({"known"}),
    "release": frozenset({"order"}),
    "undo": frozenset({"act"}),
    "withdraw": frozenset({"act"}),
}

DEADLINES: Mapping[str, str] = {
    "file": N_("File with the higher government"),
    "announce": N_("Publish the notice"),
    "sign": N_("Put up the signs"),
}

OPERATIONS: Mapping[str, str] = {"insert": N_("Added"), "update": N_("Changed"), "delete": N_("Removed")}

#: State → (word, class). The class sets colour and second mark (dash, outline, fill) in the stylesheet.
STATES: Mapping[str, tuple[str, str]] = {
    "unnamed": (N_("Unnamed"), "unnamed"),
    "proposed": (N_("Proposed"), "proposed"),
    "approved": (N_("Approved"), "approved"),
    "in_force": (N_("Announced"), "in-force"),
    "retired": (N_("Retired"), "retired"),
    "no_street": (N_("No street"), "no-street"),
    "draft": (N_("Draft"), "draft"),
    "submitted": (N_("Submitted"), "proposed"),
    "returned": (N_("Sent back"), "returned"),
    "withdrawn": (N_("Withdrawn"), "retired"),
    "rejected": (N_("Refused"), "returned"),
    "planned": (N_("Planned"), "planned"),
    "ordered": (N_("Ordered"), "ordered"),
    "standing": (N_("Standing"), "standing"),
    "removed": (N_("Removed"), "retired"),
    "bound": (N_("In use"), "standing"),
    "released": (N_("Released"), "approved"),
    "open": (N_("Open"), "proposed"),
    "closed": (N_("Closed"), "retired"),
    "dropped": (N_("Dropped"), "retired"),
    "applied": (N_("Applied"), "standing"),
    "undone": (N_("Undone"), "retired"),
    "loaded": (N_("Founded"), "standing"),
    "compared": (N_("Compared"), "approved"),
    "confirmed": (N_("Confirmed"), "standing"),
    "refused": (N_("Refused"), "returned"),
    "overtaken": (N_("Overtaken"), "retired"),
    "accepted": (N_("Accepted"), "standing"),
    "repaired": (N_("Repaired"), "proposed"),
    "duplicate": (N_("Duplicate"), "retired"),
    "ignored": (N_("Ignored"), "retired"),
    "queued": (N_("Waiting"), "draft"),
    "running": (N_("Running"), "approved"),
    "done": (N_("Done"), "standing"),
    "failed": (N_("Failed"), "returned"),
    "cancelled": (N_("Cancelled"), "retired"),
}

#: What a table is called in the history.
SUBJECTS: Mapping[str, str] = {
    "base.division": N_("Division"),
    "base.division_code": N_("Division code"),
    "base.person": N_("Person"),
    "base.password": N_("Password"),
    "base.setting": N_("Setting"),
    "base.file": N_("File"),
    "base.contact": N_("Contact"),
    "base.succession": N_("Succession of divisions"),
    "base.followed": N_("Record that followed its place"),
    "intake.edition": N_("Edition of the divisions"),
    "intake.edition_row": N_("Row of an edition"),
    "intake.change": N_("Change of a division"),
    "intake.intake": N_("Intake"),
    "intake.intake_row": N_("Row of an intake"),
    "intake.repair": N_("Repair of a line"),
    "intake.mapping": N_("Columns of a source's files"),
    "intake.segment": N_("Segment"),
    "intake.facility": N_("Facility"),
    "inventory.street": N_("Street"),
    "inventory.street_segment": N_("Segment of a street"),
    "inventory.scope_reason": N_("Reason for scope"),
    "milestones.target": N_("Target"),
    "milestones.batch": N_("Batch"),
    "milestones.batch_village": N_("Village in a batch"),
    "milestones.plan": N_("Plan of a year"),
    "milestones.plan_village": N_("Village moved by hand in a plan"),
    "naming.proposal": N_("Proposal"),
    "naming.finding": N_("Finding"),
    "naming.decision": N_("Decision"),
    "naming.list": N_("List of words"),
    "naming.entry": N_("Word of a list"),
    "naming.name": N_("Name"),
    "naming.deadline": N_("Deadline"),
    "planning.post": N_("Post"),
    "planning.sign": N_("Sign"),
    "printing.code": N_("Code"),
    "printing.order": N_("Print order"),
    "printing.order_line": N_("Line of an order"),
    "rollout.job": N_("Crew job"),
    "rollout.installation": N_("Installation record"),
    "rollout.inspection": N_("Inspection of an installation"),
    "scanning.report": N_("Report"),
    "scanning.scan_count": N_("Scans"),
}
