"""The office with all its stations, and people who fill its forms, for tests of pages."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, create_engine

from app.base.jobs import perform
from app.base.models import Role
from app.base.settings import QUEUE
from app.commands.kinds import kinds
from tests.app.web.conftest import Office
from tests.world import World


class Person:
    """Somebody who is signed in: reads pages and sends forms as a browser would."""

    def __init__(self, office: Office, role: Role, place: str) -> None:
        self.world = office.world
        self.client = office.signed_in(role, place)
        self.token = office.token_of(self.client)

    def reads(self, url: str, status: int = 200) -> str:
        """A page's text, unescaped."""
        answer = self.client.get(url)
        assert answer.status_code == status, (url, answer.status_code, answer.text[-2000:])
        return html.unescape(answer.text)

    def sends(self, url: str, *, status: int = 303, files: Any = None, **fields: Any) -> Any:
        """A form's answer."""
        answer = self.client.post(url, data={"form_token": self.token, **fields}, files=files)
        assert answer.status_code == status, (url, answer.status_code, answer.text[-2000:])
        return answer

    def goes_to(self, url: str) -> str:
        """Where a page that is another's leads to."""
        answer = self.client.get(url)
        assert answer.status_code == 303, (url, answer.status_code, answer.text[-2000:])
        return str(answer.headers["location"])

    def goes(self, url: str, **fields: Any) -> str:
        """Where a form that is accepted leads to."""
        return str(self.sends(url, **fields).headers["location"])


def as_shown(person: Person, uids: str | list[str], subject: str = "naming.proposal") -> list[str]:
    """Records as a page that was loaded just now sends them: key and version of each."""
    keys = [uids] if isinstance(uids, str) else uids
    with person.world.owner.connect() as connection:
        found = connection.exec_driver_sql(
            f"SELECT uid::text, version FROM {subject} WHERE uid = ANY (%s::uuid[])", (keys,)
        )
        versions = {row[0]: row[1] for row in found}
    return [f"{uid}:{versions[uid]}" for uid in keys]


def version_in(page: str, action: str) -> str:
    """The version that the form with this action carries, as its reader saw it."""
    found = re.search(rf'action="{re.escape(action)}".*?name="version" value="(\d+)"', page, re.DOTALL)
    assert found, (action, page)
    return found[1]


def hidden_in(page: str, action: str) -> dict[str, Any]:
    """What the form of a page with this action sends by itself, but for its token; nothing where there is none."""
    form = re.search(rf'action="{re.escape(action)}["?].*?</form>', html.unescape(page), re.DOTALL)
    if form is None:
        return {}
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    return {name: [each for key, each in fields if key == name] for name, _ in fields if name != "form_token"}


def seen_in(page: str) -> list[str]:
    """What the forms of a page send of the rows that they change, each once."""
    return list(dict.fromkeys(re.findall(r'name="seen" value="([^"]+)"', page)))


def uids_in(page: str, prefix: str) -> list[str]:
    """Keys of the records of one station that a page links to, each once."""
    return list(dict.fromkeys(re.findall(rf'href="{prefix}/([0-9a-f-]{{36}})', page)))


def survey(*, broken: int = 0, name: str | None = None, shift: float = 0.0) -> bytes:
    """A GeoJSON of a crossing, a lane, a village and a shop near 116.33 E, 37.40 N, and some rows that cannot be."""
    x, y = 116.33, 37.40 + shift
    lines = [
        ([x - 0.003, y], [x + 0.003, y]),
        ([x, y - 0.003], [x, y + 0.003]),
        ([x + 0.002, y], [x + 0.002, y + 0.001]),
    ]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": list(line)},
            "properties": {"highway": "residential"},
        }
        for line in lines
    ]
    points = [
        ({"place": "village", "name": name or "丁村"}, [x + 0.0001, y]),
        ({"shop": "convenience", "name": "供销社"}, [x + 0.002, y + 0.0005]),
    ]
    features += [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": tags} for tags, at in points
    ]
    features += [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [[1160.0, 37.0], [1161.0, 37.0]]},
            "properties": {"highway": "residential"},
        }
        for _ in range(broken)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def work_off(world: World, uid: str) -> None:
    """What the worker does with one queued run."""
    queue: Engine = create_engine(world.settings.url_of(QUEUE), isolation_level="AUTOCOMMIT")
    try:
        perform(UUID(uid), kinds(world.settings, world.clock), office=world.office, queue=queue)
    finally:
        queue.dispose()


def taken_in(world: World, person: Person, place: str, data: bytes, name: str = "survey.geojson") -> str:
    """Hand a file in for a place, let the worker take it in; the address of its record."""
    uid = uid_of(world, place)
    run = person.goes(f"/intake/new?in={uid}", files={"file": (name, data, "application/geo+json")})
    work_off(world, run.rpartition("/")[2])
    answer = person.client.get(run)
    assert answer.status_code == 303, html.unescape(answer.text)
    return str(answer.headers["location"])


def uid_of(world: World, place: str) -> str:
    """A division's key outside."""
    with world.owner.connect() as connection:
        return str(
            connection.exec_driver_sql("SELECT uid FROM base.division WHERE id = %s", (world.places[place],)).scalar()
        )


__all__ = [
    "Office",
    "Person",
    "as_shown",
    "hidden_in",
    "seen_in",
    "survey",
    "taken_in",
    "uid_of",
    "uids_in",
    "version_in",
    "work_off",
]
