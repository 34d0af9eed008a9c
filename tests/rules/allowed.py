"""What the catalogue may hold besides the rule, each with its reason. A new name is argued here or refused."""

from __future__ import annotations

from enum import Enum

from app.base.models import CodeSystem, DivisionKind, GeometrySource, Role, RunState, SuccessionKind
from app.intake.models import Certainty, ChangeKind, ChangeState, EditionState, IntakeState
from app.inventory.models import LineSource, Stream, StreetState
from app.milestones.models import BatchState, PlanState
from app.naming.logic.shapes import Axis
from app.naming.logic.states import State as ProposalState
from app.naming.models import DeadlineKind, FindingLevel, NameOrigin
from app.planning.models import SignReason, SignState
from app.printing.models import CodeState, OrderState
from app.rollout.models import JobState
from app.rollout.models import Verdict as InspectionVerdict
from app.scanning.models import ReportKind, ReportState
from gis.features import FacilityKind, Verdict
from gis.linework import Deed
from signs.designs import Ground

#: Views that run as their owner.
OWNERS_VIEWS = {
    "open.sign_page": "the public role has no right on any table; this is the whole of what it may know of a sign",
    "open.revision": "which migration is in force: /readyz asks it, and no role reads the migrations' own table",
    "open.demonstration": "one yes or no that every page must say, to readers who have no right on settings",
}

#: All that the public role may select from, call, and nothing else.
PUBLIC_VIEWS = {"open.sign_page", "open.demonstration", "open.revision"}
PUBLIC_FUNCTIONS = {"open.count_scan", "open.file_report", "base.uuid7"}

#: All that the queue's role may call outside its own schema.
QUEUE_FUNCTIONS = {
    "base.begin_run",
    "base.tell_run",
    "base.end_run",
    "base.requeue_run",
    "base.erase_due_contacts",
    "base.uuid7",
    "history.seal",
    "history.verify",
    "history.holds",
    "history.newest_block",
}

#: Functions that run as the owner, and why they must.
DEFINERS = {
    "base.actor": "a policy asks it; as the caller it would ask the policy again",
    "base.reach": "a policy asks it; as the caller it would ask the policy again",
    "base.own": "a policy asks it; as the caller it would ask the policy again",
    "base.keep_in_line": "reads whose the rows are that a row points at, which its writer may not read",
    "base.keep_signed": "asks a row's history whose hand it bore before, which who undoes a change may not read",
    "base.keep_moment": "asks a row's history when it was first made, which who undoes its removal may not read",
    "naming.keep_answered": "asks a finding's history whose answer it bore, which who undoes a change may not read",
    "history.comes_back": "compares a row with its history, which its writer may not read; granted to no role",
    "base.set_territory": "a row's place in the tree is a fact, whoever writes the row",
    "base.find_divisions": "LIKE is not leakproof; takes the territory from the transaction",
    "base.follow": "what stands in a place goes with it; checks that both places are its person's to speak of",
    "base.part": "what a split left goes to the part it lies in; checks that all parts are its person's to speak of",
    "base.standing_at": "whether anything stands in a place that is to end; returns only counts",
    "base.find_former": "LIKE is not leakproof; takes the territory from the transaction, returns keys only",
    "base.take_back_succession": "puts rows back where nothing changed since, also kept ones; checks who asks",
    "base.begin_attempt": "before login there is no person, and nobody reads passwords but this",
    "base.speak": "one's own language alone; not every role may change people",
    "base.end_sessions": "of who leaves; nobody but the login's functions touches sessions",
    "base.open_session": "before login there is no person",
    "base.find_session": "finds the person, so there is none yet",
    "base.close_session": "only the token counts",
    "base.set_password": "nobody reads or writes passwords but this; checks who asks",
    "base.name_of": "a colleague's name stands beside what they did, whatever their territory; nothing else",
    "base.seal_contact": "makes a key that nobody reads; checks who asks, the public's reports come without a person",
    "base.open_contact": "reads a key that nobody reads; checks who asks and records it",
    "base.erase_contact": "destroys a key that nobody reads; checks who asks",
    "base.erase_due_contacts": "destroys keys that nobody reads, once their term is over; of all territories",
    "base.enqueue": "writes a run and a job for the person of the transaction; checks that they may",
    "base.begin_run": "the worker has no person until the run lends it one",
    "base.tell_run": "the worker tells progress outside the work's transaction",
    "base.end_run": "the worker tells the end outside the work's transaction",
    "base.requeue_run": "the worker puts a run back outside the work's transaction",
    "base.cancel_run": "runs are written by functions only; checks who asks",
    "history.record": "writes what nobody else may write",
    "history.note": "writes what nobody else may write; granted to no role",
    "history.seal": "writes blocks, which nobody else may write",
    "history.verify": "reads all entries, of all territories, and returns only where something is wrong",
    "history.newest_block": "a number and a hash",
    "history.holds": "yes or no, to whoever knows a number and a hash",
    "history.changed_since": "yes or no: an undo must not miss a change its person may not read; granted to no role",
    "history.overtaken": "one's own act's kind of record: an undo must not miss a change its person may not read",
    "history.of_record": "a record that moved brings its history along: read by who reads it where it stands now",
    "history.since": "shows what a form's reader saw; takes the territory from the transaction, tells nobody's name",
    "intake.places_of": "&& and <-> are not leakproof; takes the territory from the transaction",
    "intake.taken_above": "what came to a place with a file of the place above; within the person's reach, only counts",
    "inventory.near_facilities": "&& is not leakproof; takes the territory from the transaction",
    "inventory.along": "&& is not leakproof; takes the territory from the transaction",
    "inventory.villages_at": "&& and <-> are not leakproof; divisions are read by all staff",
    "inventory.touching": "&& is not leakproof; takes the territory from the transaction, returns keys only",
    "inventory.mark": "writers of names mark streets that they may not change otherwise; asks for both rights",
    "inventory.find_streets": "LIKE is not leakproof; takes the territory from the transaction",
    "inventory.counted": "figures are no secret among staff, and the same for all of them; returns only counts",
    "milestones.follow": "a village's place in its batch goes with it; base.follow has asked who says so",
    "naming.namesakes": "the law looks across territories; returns only what, where, which office",
    "naming.find_names": "LIKE is not leakproof; takes the territory from the transaction, returns keys only",
    "naming.check_again": "queues a run for the person of the transaction; granted to no role",
    "naming.keep_confirmed": "asks a list's history who confirmed it before, which not all may read",
    "naming.note_confirmed": "as naming.note_content; granted to no role",
    "naming.stand_anew": "makes the mark of all lists new, which nobody else may write; granted to no role",
    "naming.note_content": "keeps each list's mark, which nobody else may write; granted to no role",
    "naming.around": "new names differ from the neighbours'; returns only what, where, which office",
    "naming.days_of_batch": "a batch's days are no secret among staff, and the same for all; returns only three days",
    "planning.need_name": "a constraint: holds for rows that the writer may not read as well",
    "planning.streets_to_sign": "&& is not leakproof; of a road beyond the border only the line is told",
    "printing.taken": "a token is unique across territories; returns only those asked for",
    "printing.ordered_above": "which orders of the place above have plates here; in the person's reach, only counts",
    "printing.ordered_on": "a day, to whoever may read the sign; orders are not for all of them",
    "rollout.standing_on": "a day, to whoever may read the sign; installations are not for all of them",
    "rollout.fit": "a constraint: holds for rows that the writer may not read as well",
    "rollout.proved_by": "no photo proves two signs, whoever took it; returns only the sign's outside key",
    "rollout.fit_inspection": "a constraint: holds for rows that the writer may not read as well",
    "rollout.redo": "an inspector has no other right on signs and jobs: a rejection orders the sign, gives the job",
    "rollout.stand_up": "a crew has no right on signs but that an installation makes one stand",
    "map.note": "writes what nobody else may write; granted to no role",
    "map.revision": "reads which transactions changed what within the person's reach; returns a digest",
    "map.streets": "&& is not leakproof; takes the territory from the transaction",
    "map.streets_far": "as map.streets, which tells it the territory; granted to no role",
    "map.streets_together": "as map.streets, which tells it the territory; granted to no role",
    "map.facilities": "&& is not leakproof; takes the territory from the transaction",
    "map.signs": "&& is not leakproof; takes the territory from the transaction",
    "map.divisions": "&& is not leakproof; takes the territory from the transaction",
    "map.streets_in": "&& is not leakproof; takes the territory from the transaction, returns keys only",
    "scanning.sign_of": "a counted code's sign, name and code, within the reach of the counts",
    "tracking.second_stream": "figures are no secret among staff, and the same for all of them; returns only counts",
    "tracking.progress": "figures are no secret among staff, and the same for all of them; returns only counts",
    "open.count_scan": "the public role has no right on any table",
    "planning.take_name": "who decides a name need not be one who orders plates; only what is not printed follows",
    "open.file_report": "the public role has no right on any table",
}

#: Functions that the staff role may call and that run as the staff role.
INVOKERS_FOR_STAFF = {
    "base.me",
    "base.uuid7",
    "history.put_back",
    "history.undo",
    "map.tag",
    "map.answer",
    "map.enter",
    "map.tag_for",
    "map.answer_for",
}

#: Tables without the outside key and the moment of recording: never shown, linked or edited from outside.
WITHOUT_UID = {
    "base.right": "rules, written by migrations",
    "base.password": "one per person; the person has the uid",
    "base.session": "known by its token",
    "base.login_attempt": "counted and thrown away",
    "base.contact_key": "one per contact; the contact has the uid",
    "base.alembic_version": "the migrations' own",
    "history.entry": "ids are the order that is sealed; acts have the uuid",
    "history.block": "numbered without gaps",
    "history.leaf": "one per entry",
    "history.undoable": "rules, written by migrations",
    "base.following": "rules, written by migrations",
    "naming.content": "one per list, kept by triggers; the list has the uid",
    "naming.standing": "one row: the mark of all lists together, made new with every change",
    "map.change": "numbers of transactions by table and town, thrown away with the next",
}

#: Tables without a day on which something became true.
WITHOUT_DAY = {
    **WITHOUT_UID,
    "base.file": "bytes: they are, they don't become true; what they prove has its own day",
    "base.run": "a machine's work, counted in moments",
    "intake.intake_row": "the intake has the day",
    "intake.repair": "the intake has the day",
    "intake.edition_row": "the edition has the day",
    "inventory.street_segment": "the street and the segment have the day",
}

#: Columns whose last word is not the suffix that it looks like.
NOT_A_DAY = {"planning.sign.goes_on": "whether the street goes on behind the sign"}

#: Functions that ask for the person without asking whether they still work here, and why that does no harm.
ASK_ANYBODY = {
    "base.actor": "joins the person and asks whether they are active",
    "base.own": "joins the person and asks whether they are active",
    "base.set_password": "only to keep the caller's own session open",
    "base.enqueue": "only after base.reach",
    "history.record": "who it was, not whether they may",
    "history.note": "who it was, not whether they may",
}

#: Tables of people and things that are edited without a version would lose updates: these are never edited.
NEVER_EDITED = {
    *WITHOUT_UID,
    "base.file",
    "base.run",
    "base.succession",
    "base.followed",
    "intake.intake_row",
    "intake.repair",
    "intake.edition_row",
    "inventory.street_segment",
    "inventory.scope_reason",
    "naming.decision",
    "printing.order_line",
    "rollout.installation",
    "rollout.inspection",
    "scanning.scan_count",
}

#: Check constraints on a column's values, and the enum they must equal.
ENUMS: dict[str, type[Enum]] = {
    "base.division.kind": DivisionKind,
    "base.division.geometry_source": GeometrySource,
    "base.division_code.system": CodeSystem,
    "base.person.role": Role,
    "base.succession.kind": SuccessionKind,
    "base.succession.system": CodeSystem,
    "base.run.state": RunState,
    "intake.intake.state": IntakeState,
    "intake.intake_row.verdict": Verdict,
    "intake.repair.deed": Deed,
    "intake.edition.system": CodeSystem,
    "intake.edition.state": EditionState,
    "intake.edition_row.verdict": Verdict,
    "intake.change.kind": ChangeKind,
    "intake.change.certainty": Certainty,
    "intake.change.state": ChangeState,
    "intake.segment.geometry_source": GeometrySource,
    "intake.facility.kind": FacilityKind,
    "intake.facility.geometry_source": GeometrySource,
    "inventory.street.state": StreetState,
    "inventory.street.stream": Stream,
    "inventory.street.geometry_source": LineSource,
    "milestones.target.stream": Stream,
    "milestones.batch.state": BatchState,
    "milestones.batch.stream": Stream,
    "milestones.plan.state": PlanState,
    "naming.proposal.state": ProposalState,
    "naming.finding.level": FindingLevel,
    "naming.entry.level": FindingLevel,
    "naming.entry.axis": Axis,
    "naming.name.origin": NameOrigin,
    "naming.deadline.kind": DeadlineKind,
    "planning.sign.state": SignState,
    "planning.sign.reason": SignReason,
    "planning.sign.ground": Ground,
    "printing.code.state": CodeState,
    "printing.order.state": OrderState,
    "rollout.job.state": JobState,
    "rollout.inspection.verdict": InspectionVerdict,
    "scanning.report.kind": ReportKind,
    "scanning.report.state": ReportState,
}
#: The same for lists that have no enum.
LISTS = {
    "base.person.language": {"zh", "en"},
    "base.right.act": {"read", "create", "change", "remove"},
    "base.right.reach": {"all", "territory", "own", "root"},
    "history.entry.op": {"insert", "update", "delete"},
}
