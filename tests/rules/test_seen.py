"""Every form that changes a row says what its reader saw of it; what is new fails here until it does, or is argued."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant

from app.web.office import create_office_app
from app.web.public import create_public_app
from tests.conftest import World
from tests.rules.routes import routes

#: Fields of ``app.base.request``: the version of one record, without which the form is refused; rows with theirs, or
#: figures of a whole, of which none is nothing chosen.
CARRIES = {"version", "seen"}

NEW = "makes new records only"
#: What posts without, and why nothing of somebody else's can be written over.
WITHOUT = {
    "POST /login": "no record",
    "POST /logout": "no record",
    "POST /language": "no record",
    "POST /undo/{act}": "the database refuses it where a row was changed since the act that is taken back",
    "POST /runs/{uid}/cancel": "asks a run to stop; one that ended says so, and nobody else's can be stopped",
    "POST /people/me": "one's own password, of which no page shows anything",
    "POST /people/new": NEW,
    "POST /intake/new": NEW,
    "POST /intake/editions/new": f"{NEW}: the same list a second time is the edition that was made then",
    "POST /intake/editions/files/{uid}/columns": "queues a kept list; the last word on its columns counts",
    "POST /intake/files/{uid}": "queues the intake of a kept file, whose content never changes",
    "POST /intake/files/{uid}/columns": "queues the intake of a kept file; the last word on a source's columns counts",
    "POST /inventory/derive": f"{NEW}: lines that are part of a street already are left alone",
    "POST /inventory/draw": NEW,
    "POST /lists/{kind}/new": f"{NEW}: the database keeps a word to one entry of a list",
    "POST /lists/{kind}/import": "keeps a file; what it would do is shown, and done by a form of its own",
    "POST /milestones/new": f"{NEW}: the database keeps a village in one open batch",
    "POST /milestones/plans": f"{NEW}: the database keeps a title to one plan of a year",
    "POST /naming/new": f"{NEW}: the database keeps a street to one live proposal",
    "POST /naming/suggest": f"{NEW}: streets with a name or a live proposal are left alone",
    "POST /planning/plan": f"{NEW}: streets that have signs are left alone",
    "POST /rollout/phone/{uid}": "makes a proof under the phone's key; the job must be open and the crew's own",
    "POST /scanning/{uid}/contact": "reads; that it was read is recorded",
    "POST /s/{token}/report": NEW,
    "POST /S/{token}/report": NEW,
}


def posting(world: World) -> Iterator[tuple[str, set[str]]]:
    """Every route that may change something, and the fields of its form."""
    office = create_office_app(world.settings, clock=world.clock)
    public = create_public_app(world.settings, clock=world.clock)
    for route in (*routes(office), *routes(public)):
        if route.method not in {"GET", "OPTIONS"}:
            yield route.name, set(_fields(route.dependant))
    office.state.database.close()
    public.state.database.close()


def _fields(dependant: Dependant) -> Iterator[str]:
    yield from (
        field.alias for field in dependant.body_params if field.alias != "version" or field.field_info.is_required()
    )
    for each in dependant.dependencies:
        yield from _fields(each)


def test_a_form_that_changes_a_row_carries_what_its_reader_saw(shared_world: World):
    found = dict(posting(shared_world))
    assert "POST /naming/decide" in found
    silent = {name for name, fields in found.items() if not fields & CARRIES}
    assert silent == set(WITHOUT)
