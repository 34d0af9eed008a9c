"""The demonstration: real counties, towns and villages, generated streets, invented paper work in all states.

Only in an empty database, which says on every page from then on that it is a demonstration. A loading that was broken
off, or a second one with ``everything``, goes on with what is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.db import Database, operating
from app.base.errors import N_, Conflict, NotFound
from app.base.files import open_store
from app.base.models import Division, DivisionCode, DivisionKind, GeometrySource, Person, Role, Setting
from app.base.people import found_person
from app.base.settings import PUBLIC, Settings
from app.base.territory import found_division
from app.demonstration.cast import VIA, Cast, County, Tell
from app.demonstration.files import hand_in
from app.demonstration.flow import Part
from app.demonstration.geometry import Village, generate_survey
from app.demonstration.lingering import linger
from app.demonstration.lists import compare_list, count_roads
from app.demonstration.people import (
    LOGINS,
    PASSWORD,
    Place,
    is_demonstration,
    make_county_officer,
    make_people,
)
from app.demonstration.places import lay_out, outline_of
from app.demonstration.rollout import roll_out
from app.demonstration.state import LOADED, SETTING, USED
from app.demonstration.stories import STORIES, TOWN_STORIES, deal
from app.intake.models import Intake
from app.intake.register import CITY_NAME, EDITION, Register, load_register, read_register
from app.intake.steps import Origin, take_in
from app.inventory.steps import derive, judge_scope
from app.milestones.models import BatchVillage
from app.milestones.steps import set_target
from app.naming.queries import holds_of_streets as named
from app.planning.queries import holds_of_streets as signed
from gis.features import RowReport, Survey

#: How many villages of the county shown in depth get streets, unless the whole city is loaded.
DEPTH = 72
SOURCE, LICENCE = "演示生成（不是测绘成果）", "随程序许可"
TARGETS = ((2024, 1_699), (2025, 1_700), (2026, 1_700))
TARGET_SOURCE = "2024-04-08 新闻发布会：5,099 个行政村三年完成，2024 年 1,699 个；2025、2026 年各 1,700 个为推算"
_SURVEYED_DAYS_AGO = 330


def load(
    settings: Settings,
    clock: Clock,
    *,
    tell: Tell,
    everything: bool = False,
    county: str = "乐陵市",
    depth: int = DEPTH,
) -> None:
    """Load the demonstration: ``depth`` villages of ``county`` with streets, or all of the city with ``everything``.

    What its people handed in last is queued: a worker takes it up.

    Raises Conflict in a database that real people or divisions use, NotFound for a county that the register lacks.
    """
    register = read_register()
    code = _code_of(register, county)
    office, public = Database(settings, pool_size=2), Database(settings, role=PUBLIC, pool_size=1)
    try:
        cast = Cast(settings, clock, office, public, open_store(settings.files), _found(settings, clock), tell)
        with cast.acting("admin", "register") as (session, _):
            load_register(session, clock, tell=tell)
        laid_out = lay_out(register)
        chosen = _chosen(laid_out, code, depth=depth)
        cast = replace(cast, people=_gather(cast, code=code, village=_shown(chosen)))
        _set_targets(cast)
        where = _county(cast, code, officer="county")
        _survey(cast, register, laid_out, county=where, chosen=set(chosen) if not everything else None)
        _tell_stories(cast, where, chosen)
        hand_in(cast)
        count_roads(cast)
        compare_list(cast, town=_last_town(cast, register, code))
        _note_loaded(cast)
        if everything:
            _everything(cast, register, laid_out, first=where)
    finally:
        office.close()
        public.close()


def _code_of(register: Register, county: str) -> str:
    for unit in register.counties:
        if unit.name == county:
            return unit.code
    raise NotFound(
        N_("The register has no county {county}. It has {known}."),
        county=county,
        known="、".join(unit.name for unit in register.counties),
    )


def _found(settings: Settings, clock: Clock) -> dict[str, int]:
    """The setting, the city and the administrator in an empty database; the administrator's key by login."""
    with operating(settings, via=VIA) as session:
        if not is_demonstration(session):
            if session.scalar(text(USED)):
                raise Conflict(N_("This database is in use. The demonstration goes into an empty one only."))
            session.add(Setting(key=SETTING, value=True, source=VIA))
            found_division(session, clock, name=CITY_NAME, kind=DivisionKind.CITY, parent=None)
            admin = LOGINS[0]
            found_person(
                session,
                clock,
                login=admin.login,
                name=admin.name,
                role=Role.ADMINISTRATOR,
                place=CITY_NAME,
                password=PASSWORD,
            )
        wanted = select(Person.login, Person.id).where(Person.login == LOGINS[0].login)
        return dict(session.execute(wanted).all())


def _gather(cast: Cast, *, code: str, village: str) -> dict[str, int]:
    """People of every role, in the county, in this village and its town."""
    with cast.acting("admin", "people") as (session, _):
        known = _divisions(session, (code, village[:9], village))
        city = session.get_one(Division, _parent(known[code]))
        places = {Place.CITY: city, Place.COUNTY: known[code], Place.TOWN: known[village[:9]]}
        return make_people(session, cast.clock, places={**places, Place.VILLAGE: known[village]})


def _shown(chosen: Sequence[str]) -> str:
    """The village of the logins: the first of the story that lingers."""
    return next(villages[0] for story, villages in deal(chosen, STORIES) if story.lingers and villages)


def _last_town(cast: Cast, register: Register, county: str) -> int:
    code = max(unit.code for unit in register.towns if unit.parent == county)
    with cast.acting("admin", "register") as (session, _):
        return _divisions(session, (code,))[code].id


def _parent(division: Division) -> int:
    return division.parent_id or division.id


def _divisions(session: Session, codes: Iterable[str]) -> dict[str, Division]:
    rows = session.execute(
        select(DivisionCode.code, Division)
        .join(Division, Division.id == DivisionCode.division_id)
        .where(DivisionCode.edition == EDITION, DivisionCode.code.in_(list(codes)))
    )
    return dict(rows.all())


def _county(cast: Cast, code: str, *, officer: str) -> County:
    with cast.acting("admin", "register") as (session, _):
        division = _divisions(session, (code,))[code]
        return County(division.id, code, division.name, officer)


def _set_targets(cast: Cast) -> None:
    with cast.acting("city", "milestones") as (session, actor):
        city = session.get_one(Division, actor.division_id)
        for year, villages in TARGETS:
            set_target(session, cast.clock, division=city, year=year, villages=villages, source=TARGET_SOURCE)


def _chosen(laid_out: dict[str, Village], county: str, *, depth: int) -> list[str]:
    """Villages of a county that get streets: some of every town, town by town."""
    towns: dict[str, list[str]] = defaultdict(list)
    for code in laid_out:
        if code.startswith(county):
            towns[code[:9]].append(code)
    in_turn = (code for code in chain.from_iterable(zip_longest(*towns.values())) if code is not None)
    return sorted(code for code, _ in zip(in_turn, range(depth), strict=False))


def _survey(
    cast: Cast, register: Register, laid_out: dict[str, Village], *, county: County, chosen: set[str] | None
) -> None:
    """Villages' points, and streets of those chosen (all for None), town by town: taken in, derived, judged."""
    villages = [village for code, village in laid_out.items() if code.startswith(county.code)]
    whole = generate_survey(villages, outline=outline_of(register, county.code))
    parts = _by_town(whole, chosen)
    for done, (town, survey) in enumerate(parts.items(), start=1):
        with cast.acting(county.officer, "intake") as (session, _):
            _take_in(cast, session, survey=survey, division=_divisions(session, (town,))[town])
        cast.tell(f"villages and streets of {county.name}", done, len(parts))


def _by_town(survey: Survey, chosen: set[str] | None) -> dict[str, Survey]:
    """The survey cut into one for each town, its rows counted from 1 as in a file of its own.

    Streets and facilities of villages that were not chosen are left out.
    """

    def wanted(key: str) -> bool:
        return chosen is None or all(end.partition("/")[0] in chosen for end in key.split("-"))

    areas = {area.key for area in survey.areas}
    kept = areas | {report.key for report in survey.reports if wanted(report.key)}
    towns = dict.fromkeys(area.key[:9] for area in survey.areas)
    return {
        town: replace(
            survey,
            areas=tuple(a for a in survey.areas if a.key.startswith(town)),
            centrelines=tuple(c for c in survey.centrelines if c.key.startswith(town) and c.key in kept),
            facilities=tuple(f for f in survey.facilities if f.key.startswith(town) and f.key in kept),
            reports=_counted(r for r in survey.reports if r.key.startswith(town) and r.key in kept),
        )
        for town in towns
    }


def _counted(reports: Iterable[RowReport]) -> tuple[RowReport, ...]:
    return tuple(replace(report, row=row) for row, report in enumerate(reports, start=1))


def _take_in(cast: Cast, session: Session, *, survey: Survey, division: Division) -> None:
    """Unless just that much was taken in for this town before."""
    clock = cast.on_day(_SURVEYED_DAYS_AGO)
    before = session.scalar(
        select(func.max(Intake.rows)).where(Intake.division_id == division.id, Intake.source == SOURCE)
    )
    if before is None or before < len(survey.reports):
        take_in(
            session,
            clock,
            survey=survey,
            origin=Origin(SOURCE, LICENCE, GeometrySource.GENERATED),
            division=division,
        )
        derive(session, clock, division=division, holds=(named, signed))
        judge_scope(session, clock, division=division)


def _tell_stories(cast: Cast, county: County, chosen: Sequence[str]) -> None:
    keys = _keys(cast, chosen)
    parts = [
        Part(cast, county, story, story.title, villages)
        for story, villages in deal(keys, STORIES)
        if story.title and villages
    ]
    for done, part in enumerate(parts, start=1):
        part.tell()
        roll_out(part)
        linger(part)
        part.close()
        cast.tell(f"batches of {county.name}", done, len(parts))


def _keys(cast: Cast, codes: Sequence[str]) -> list[int]:
    with cast.acting("admin", "register") as (session, _):
        known = _divisions(session, codes)
        return [known[code].id for code in codes]


def _note_loaded(cast: Cast) -> None:
    with cast.acting("admin", "demonstration") as (session, _):
        if session.scalar(select(Setting.id).where(Setting.key == LOADED)) is None:
            session.add(Setting(key=LOADED, value=cast.clock.today().isoformat(), source=VIA))


def _everything(cast: Cast, register: Register, laid_out: dict[str, Village], *, first: County) -> None:
    """All other counties, and what is left of the first one: a batch for each town."""
    for number, unit in enumerate(register.counties, start=1):
        county = first if unit.code == first.code else _other_county(cast, unit.code)
        people = cast.people if county is first else cast.people | {county.officer: _officer(cast, county)}
        crew = replace(cast, people=people)
        if county is not first:
            _survey(crew, register, laid_out, county=county, chosen=None)
        _tell_towns(crew, register, county)
        cast.tell("counties", number, len(register.counties))


def _other_county(cast: Cast, code: str) -> County:
    return _county(cast, code, officer=f"county-{code}")


def _officer(cast: Cast, county: County) -> int:
    with cast.acting("admin", "people") as (session, _):
        return make_county_officer(session, cast.clock, login=county.officer, county=county.division(session))


def _tell_towns(cast: Cast, register: Register, county: County) -> None:
    """A batch for each town with its villages that are in no batch."""
    towns = [unit for unit in register.towns if unit.parent == county.code]
    for done, town in enumerate(towns, start=1):
        story = TOWN_STORIES[done % len(TOWN_STORIES)]
        villages = _free_villages(cast, county, town.code)
        Part(cast, county, story, f"{town.name}各村", villages).tell()
        cast.tell(f"towns of {county.name}", done, len(towns))


def _free_villages(cast: Cast, county: County, town: str) -> list[int]:
    with cast.acting(county.officer, "milestones") as (session, _):
        division = _divisions(session, (town,))[town]
        free = Division.id.not_in(select(BatchVillage.division_id))
        below = text("path <@ (:top)::ltree").bindparams(top=division.path)
        return list(session.scalars(select(Division.id).where(below, Division.id != division.id, free)))
