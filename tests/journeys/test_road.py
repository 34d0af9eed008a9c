"""The whole road through the pages, from a survey file to a scanned sign, signed in as the people of each role."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Browser, BrowserContext, Locator, Response, expect
from sqlalchemy import text

from app.base.clock import Clock
from app.base.jobs import make_worker
from app.base.models import Role
from app.commands.kinds import kinds
from app.web.office import create_office_app
from app.web.public import create_public_app
from tests.app.builders import build_order, build_sign, build_street
from tests.app.rollout.photos import photo
from tests.journeys.browsing import MARKS, Watched, login_of, served
from tests.world import PASSWORD, World

pytestmark = MARKS

COUNTY, TOWN, VILLAGE = "西县", "中镇", "丁村"
CONTACT, REASON, NUMBER = "138-0013-8000", "与邻村重名，请另拟", "西政字〔2026〕7号"
TO_SIGN = re.compile(r"HTTPS://[A-Z0-9.-]+(?P<path>/S/(?P<token>[0-9A-Z]{8}))")


def survey(x: float, y: float) -> bytes:
    """A GeoJSON of a crossing, a lane, a village, a shop, and a road that lies nowhere on earth."""
    lines = [
        [[x - 0.003, y], [x + 0.003, y]],
        [[x, y - 0.003], [x, y + 0.003]],
        [[x + 0.002, y], [x + 0.002, y + 0.001]],
        [[1160.0, 37.0], [1161.0, 37.0]],
    ]
    points = [
        ([x + 0.0001, y], {"place": "village", "name": VILLAGE}),
        ([x + 0.002, y + 0.0005], {"shop": "convenience", "name": "供销社"}),
    ]
    road = {"highway": "residential"}
    shapes: list[tuple[object, object]] = [({"type": "LineString", "coordinates": line}, road) for line in lines]
    shapes += [({"type": "Point", "coordinates": at}, tags) for at, tags in points]
    features = [{"type": "Feature", "geometry": shape, "properties": tags} for shape, tags in shapes]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


class Desk(Watched):
    """One person's browser: whatever it complains of fails the journey where it happens."""

    def __init__(self, address: str, context: BrowserContext) -> None:
        super().__init__(context.new_page())
        self.address, self.context = address, context
        self.narrow = (self.page.viewport_size or {"width": 1440})["width"] < 500
        self.page.set_default_timeout(15_000)

    def reads(self, path: str) -> Response:
        """Open a page of the app; it must answer."""
        answer = self.page.goto(f"{self.address}{path}")
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        self.looks()
        return answer

    def looks(self, *, forgiven: int = 0) -> None:
        """No error of a script or of the page's policy, no foreign host; on a phone nothing at the side.

        ``forgiven`` is the status of a refusal that was asked for: the browser names it in its console.
        """
        said = [each for each in self.complaints if not (forgiven and f"status of {forgiven}" in each)]
        assert said == [], self.page.url
        self.complaints.clear()
        if self.narrow:
            assert self.fits(), self.page.url

    def presses(self, button: str | Locator, *, sure: bool = False) -> None:
        """Press a button and wait for what it leads to; ``sure`` says yes where the page asks first."""
        found = self.page.locator(button) if isinstance(button, str) else button
        with self.page.expect_navigation():
            found.first.click()
            if sure:
                self.page.locator("dialog[data-confirm-dialog] button[value=yes]").click()
        self.looks()

    def says(self, *words: str) -> None:
        """Wait until the page's main part says these words."""
        for each in words:
            expect(self.page.locator("main")).to_contain_text(each)

    def pick_all(self) -> None:
        """Select all rows of the list."""
        self.page.locator("input[data-all]").check()


@dataclass
class Road:
    """Where the road is travelled, and what one step hands on to the next."""

    world: World
    browser: Browser
    office: str
    public: str
    folder: Path
    clock: Clock = field(default_factory=Clock)
    desks: dict[tuple[Role, str], Desk] = field(default_factory=dict)
    batch: str = ""
    order: str = ""
    scanned: str = ""
    sign: str = ""
    words: str = ""
    latin: str = ""

    def as_(self, role: Role, place: str = COUNTY, **context: Any) -> Desk:
        """Somebody's desk; they sign in at the first asking."""
        if (role, place) not in self.desks:
            wide = {"viewport": {"width": 1440, "height": 900}, "locale": "zh-CN"}
            desk = Desk(self.office, self.browser.new_context(**{**wide, **context}))
            desk.reads("/login")
            desk.page.locator("input[name=login]").fill(login_of(self.world, role, place))
            desk.page.locator("input[name=password]").fill(PASSWORD)
            desk.presses("form[action='/login'] button[type=submit]")
            assert not desk.page.url.endswith("/login")
            self.desks[role, place] = desk
        return self.desks[role, place]

    @property
    def county(self) -> Desk:
        return self.as_(Role.COUNTY_OFFICER)

    @property
    def town(self) -> Desk:
        return self.as_(Role.TOWN_OFFICER, TOWN)

    def one(self, sql: str, **values: Any) -> Any:
        """A single value of the database, past all policies."""
        with self.world.admin.connect() as connection:
            return connection.execute(text(sql), values).scalar()

    def uid_of(self, place: str) -> str:
        return str(self.one("SELECT uid FROM base.division WHERE id = :id", id=self.world.places[place]))

    def work(self) -> None:
        """What the worker does with all that is queued; on a thread, for the browser holds this one's event loop."""
        worker = make_worker(self.world.settings, kinds(self.world.settings, self.clock))
        thread = threading.Thread(target=worker.run, kwargs={"wait": False})
        thread.start()
        thread.join(60)
        assert not thread.is_alive()

    def proposals(self, state: str) -> str:
        return f"/naming?batch={self.batch}&state={state}"


def in_chinese(day: Any) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def last_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def hand_in_the_survey(road: Road) -> None:
    """The county officer takes a survey in for the town; every row gets a verdict, and the counts add up."""
    desk, page = road.county, road.county.page
    x, y = (
        float(road.one(f"SELECT ST_{axis}(point) FROM base.division WHERE id = :id", id=road.world.places[VILLAGE]))
        for axis in "XY"
    )
    desk.reads(f"/intake/new?in={road.uid_of(TOWN)}")
    desk.says(TOWN)
    page.locator("input[name=file]").set_input_files(
        {"name": "丁村.geojson", "mimeType": "application/geo+json", "buffer": survey(x, y)}
    )
    page.locator("input[name=source]").fill("丁村测绘")
    desk.presses("form[action*='/intake/new'] button[type=submit]")
    expect(page.locator(".run-bar progress")).to_be_visible()
    road.work()
    page.wait_for_url(re.compile(r"/intake/[0-9a-f-]{36}$"))
    desk.looks()
    desk.says("丁村测绘")
    counts = [int(each) for each in page.locator(".sums dd").all_inner_texts()]
    assert sum(counts[:-1]) == counts[-1] == 6
    assert page.locator("table.list-table").last.locator("tbody tr").count() == 6
    desk.presses(".page-actions a.btn-primary")


def read_the_inventory(road: Road) -> None:
    """The streets made of it; one of them in scope, with the reason."""
    desk, page = road.county, road.county.page
    desk.reads("/inventory?scope=in")
    assert page.locator("table.list-table tbody tr").count() == 3
    desk.presses(page.locator("td.main a"))
    reason = page.locator(".span-8 .card").nth(1)
    expect(reason).to_contain_text(re.compile("供销社|丁村"))
    expect(reason).to_contain_text("50")


def open_a_batch(road: Road) -> None:
    """A batch with the village, and names proposed for all its streets."""
    desk, page = road.county, road.county.page
    desk.reads("/milestones/new")
    page.locator("input[name=title]").fill("二〇二六年第一批")
    page.locator("label", has_text=VILLAGE).locator("input[name=village]").check()
    desk.presses("form[action*='/milestones/new'] button[type=submit]")
    desk.says(VILLAGE)
    road.batch = last_of(page.url)
    desk.presses(".page-actions .btn-primary")
    assert page.locator("tbody input[name=seen]").count() == 3


def revise_by_typing(road: Road) -> None:
    """The town officer types another name: spelling and findings come while typing; a bad one is refused."""
    desk, page = road.town, road.town.page
    desk.reads(road.proposals("draft"))
    desk.presses(page.locator("td.main a"))
    box = page.locator("#f-words")
    box.fill("")
    box.press_sequentially("乐陵路", delay=30)
    expect(page.locator("#check")).to_contain_text("Làolíng Lù")
    expect(page.locator("#check")).to_contain_text("LAOLING LU")
    expect(page.locator("#check .finding").first).to_be_visible()
    box.fill("和平A路")
    expect(page.locator("#check .finding-error")).to_contain_text(["“A”"])
    expect(page.locator("#check .finding-clause").first).to_contain_text("条")
    desk.looks()
    with page.expect_navigation():
        page.locator("form[action$='/revise'] button[type=submit]").click()
    desk.looks(forgiven=422)
    expect(page.locator("#e-words")).to_contain_text("“A”")
    assert page.locator("#f-words").input_value() == "和平A路"
    page.locator("#f-words").fill("和平路")
    page.locator("#f-meaning").fill("愿村民安居乐业，邻里和睦")
    desk.presses("form[action$='/revise'] button[type=submit]")
    expect(page.locator("h1")).to_have_text("和平路")
    expect(page.locator(".plate-latin").first).to_have_text("HEPING LU")


def submit_all(desk: Desk, road: Road, state: str) -> None:
    """All names of the batch in this state, with the tick that they were read."""
    desk.reads(road.proposals(state))
    desk.pick_all()
    desk.page.locator("#bulk input[name=read]").check()
    desk.presses("#bulk button[formaction='/naming/submit']")


def send_one_back(road: Road) -> None:
    """Submitted by the town, one sent back by the county; the village reads why, the town submits it again."""
    submit_all(road.town, road, "draft")
    desk, page = road.county, road.county.page
    desk.reads(road.proposals("submitted"))
    assert page.locator("input[data-pick]").count() == 3
    page.locator("input[data-pick]").first.check()
    page.locator("#bulk input[name=reason]").fill(REASON)
    desk.presses("#bulk button[formaction='/naming/return']")
    village = road.as_(Role.VILLAGE_CONTACT, VILLAGE)
    village.reads("/naming?state=returned")
    village.presses(village.page.locator("td.main a"))
    village.says(REASON)
    submit_all(road.town, road, "returned")


def oversee(road: Road) -> None:
    """The city sets the year's target and reads a county's proposal, which it may decide and another county not see."""
    desk = road.as_(Role.CITY_OFFICER, "市")
    page = desk.page
    desk.reads("/milestones")
    page.locator("details.form-more summary", has_text="设定目标").click()
    page.locator("form[action*='/milestones/targets'] input[name=villages]").fill("1700")
    page.locator("form[action*='/milestones/targets'] input[name=source]").fill("市年度计划")
    desk.presses("form[action*='/milestones/targets'] button[type=submit]")
    desk.says(str(road.clock.today().year), "1,700", "市年度计划", "差")
    desk.reads("/naming?state=submitted")
    assert page.locator("input[data-pick]").count() == 3
    desk.presses(page.locator("td.main a"))
    desk.says(VILLAGE)
    expect(page.locator("form[action='/naming/decide/form'] button")).to_be_visible()
    expect(page.locator("form[action='/naming/return'] button")).to_be_visible()
    neighbour = road.as_(Role.COUNTY_OFFICER, "东县")
    answer = neighbour.page.goto(page.url)
    assert answer is not None
    assert answer.status == 404
    neighbour.looks(forgiven=404)


def decide_all(road: Road) -> None:
    """The county enters the document for all names; its clocks run fifteen days, then filing and notice are done."""
    desk, page = road.county, road.county.page
    desk.reads(road.proposals("submitted"))
    desk.pick_all()
    desk.presses("#bulk button[formaction*='/naming/decide/form']")
    page.locator("input[name=number]").fill(NUMBER)
    expect(page.locator("select[name=authority]")).to_have_value("西县人民政府")
    page.locator("input[name=approved_on]").fill(road.clock.today().isoformat())
    desk.presses("form[action='/naming/decide'] button[type=submit]")
    page.locator("input[name=scan]").set_input_files(
        {"name": "批复.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    )
    desk.presses("form[action='/naming/decide'] button[type=submit]")
    due = in_chinese(road.clock.today() + timedelta(days=15))
    clocks = page.locator(".clock")
    expect(clocks.nth(0)).to_contain_text(due)
    expect(clocks.nth(1)).to_contain_text(due)
    for step in ("filed", "announced"):
        desk.presses(f"form[action$='/{step}'] button[type=submit]", sure=True)
    assert page.locator(".clock .done-mark").count() == 2
    desk.says("和平路", "Hépíng Lù", "批复.pdf")


def order_the_signs(road: Road) -> None:
    """Signs planned, an order with its maker drawn up, read back and released."""
    foreign = build_sign(road.world, build_street(road.world, "甲村"), state="ordered")
    build_order(road.world, [foreign])
    login_of(road.world, Role.SIGN_MAKER, COUNTY)
    desk, page = road.county, road.county.page
    desk.reads("/planning")
    desk.presses("form[action*='/planning/plan'] button.btn-primary")
    expect(page.locator(".run-bar progress")).to_be_visible()
    road.work()
    page.wait_for_url(re.compile(r"/planning\?state=planned"))
    desk.looks()
    assert page.locator("table.list-table tbody tr").count() >= 6
    desk.reads("/printing/new")
    page.locator("select[name=maker]").select_option(index=1)
    desk.presses("form[action*='/printing/new'] button[type=submit]")
    road.order = page.locator("h1").inner_text()
    desk.presses("form[action$='/release'] button[type=submit]", sure=True)
    expect(page.locator(".run-bar progress")).to_be_visible()
    road.work()
    expect(page.locator(".page-actions a[href^='/files/']")).to_have_count(2, timeout=30_000)
    desk.looks()


def fetch_the_print_file(road: Road) -> None:
    """The sign maker sees this order alone; the code of the first page of its PDF is read with a scanner."""
    desk = road.as_(Role.SIGN_MAKER)
    page = desk.page
    desk.reads("/printing")
    assert page.locator("td.main").all_inner_texts() == [road.order]
    desk.presses(page.locator("td.main a"))
    with page.expect_download() as download:
        page.locator(".page-actions a.btn-primary").click()
    path = road.folder / "order.pdf"
    download.value.save_as(path)
    desk.looks()
    pdf = pypdfium2.PdfDocument(path.read_bytes())
    picture = pdf[0].render(scale=2 * 25.4 / 72, grayscale=True).to_numpy().squeeze()
    pdf.close()
    codes = zxingcpp.read_barcodes(picture)
    assert len(codes) == 1
    road.scanned = codes[0].text
    assert TO_SIGN.fullmatch(road.scanned)


def give_the_job(road: Road) -> None:
    """The county finds the sign by its code and gives it to the crew."""
    found = TO_SIGN.fullmatch(road.scanned)
    assert found is not None
    login_of(road.world, Role.CREW, COUNTY)
    desk, page = road.county, road.county.page
    page.locator("input[data-search]").fill(found["token"])
    with page.expect_navigation():
        page.locator("input[data-search]").press("Enter")
    desk.presses(page.locator("main a[href^='/planning/']"))
    road.sign, road.words = last_of(page.url), page.locator("h1").inner_text()
    desk.reads("/rollout/new")
    page.locator("select[name=crew]").select_option(index=1)
    page.locator(f"input[name=seen][value^='{road.sign}:']").check()
    desk.presses("form[action*='/rollout/jobs'] button[type=submit]")
    assert page.locator("table.list-table tbody tr").count() == 1


def put_the_sign_up(road: Road) -> None:
    """The crew on the phone: one job, photo and position; sent twice it is recorded once."""
    lon, lat = (
        float(
            road.one(
                f"SELECT ST_{axis}(p.point) FROM planning.post p JOIN planning.sign s ON s.post_id = p.id"
                " WHERE s.uid = :uid",
                uid=road.sign,
            )
        )
        for axis in "XY"
    )
    desk = road.as_(
        Role.CREW,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        permissions=["geolocation"],
        geolocation={"longitude": lon + 0.00005, "latitude": lat, "accuracy": 6},
    )
    page = desk.page
    desk.reads("/rollout")
    assert page.url.endswith("/rollout/phone")
    assert page.locator("[data-jobs] li").count() == 1
    desk.presses("[data-jobs] a")
    expect(page.locator("h1")).to_have_text(road.words)
    page.locator("#f-photo").set_input_files({"name": "sign.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    expect(page.locator("[data-preview]")).to_be_visible()
    page.locator("[data-position]").click()
    expect(page.locator("[data-said]")).to_contain_text(re.compile(r"6.*4"))
    desk.looks()
    # the first sending arrives, but its answer is lost on the way; the crew presses the button all the same
    page.evaluate(
        "fetch(location.href, {method: 'POST', body: new FormData(document.querySelector('form[data-proof]')),"
        " redirect: 'manual'}).then(() => null)"
    )
    assert road.one("SELECT count(*) FROM rollout.installation") == 1
    desk.presses("form[data-proof] button[type=submit]")
    desk.says("已记录")
    page.reload()
    desk.looks()
    assert page.locator("form[data-proof]").count() == 0
    expect(page.locator("img.proof")).to_be_visible()
    assert road.one("SELECT count(*) FROM rollout.installation") == 1
    desk.reads("/rollout/phone")
    assert page.locator("[data-jobs]").count() == 0


def scan_the_sign(road: Road) -> None:
    """A visitor with a small phone and no login reads the page behind the code, and reports a fault."""
    found = TO_SIGN.fullmatch(road.scanned)
    assert found is not None
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "locale": "zh-CN", "has_touch": True}
    desk = Desk(road.public, road.browser.new_context(**phone, user_agent="Mozilla/5.0 (Linux; Android 14) Chrome"))
    page = desk.page
    latin = road.one("SELECT latin_toned FROM naming.name WHERE words = :words", words=road.words)
    for path in (found["path"], found["path"].lower(), f"/s/{found['token']}"):
        desk.reads(path)
        expect(page.locator("h1")).to_contain_text(road.words)
        expect(page.locator("h1")).to_contain_text(latin)
        expect(page.locator(".where")).to_contain_text(VILLAGE)
        desk.says(NUMBER)
    page.locator("input[name=kind]").first.check()
    page.locator("textarea[name=words]").fill("牌子被撞歪了")
    page.locator("input[name=contact]").fill(CONTACT)
    desk.presses("form[action*='/report'] button[type=submit]")
    expect(page.locator(".done")).to_be_visible()
    for path in (found["path"], f"{found['path'].lower()}?said=thanks"):
        desk.reads(path)
        assert CONTACT not in page.content()
        assert "牌子被撞歪了" not in page.content()
    desk.context.close()


def answer_the_report(road: Road) -> None:
    """The county reads the report, and closes it with an answer."""
    desk, page = road.county, road.county.page
    desk.reads("/scanning")
    desk.presses(page.locator("td.main a"))
    desk.says("牌子被撞歪了")
    assert CONTACT not in page.content()
    page.locator("textarea[name=answer]").fill("已扶正并加固")
    desk.presses("form[action$='/close'] button[type=submit]")
    desk.reads("/scanning?state=closed")
    desk.says("牌子被撞歪了")


def watch_from_elsewhere(road: Road) -> None:
    """Inspector, city, auditor, administrator and content editor each see what is theirs."""
    inspector = road.as_(Role.INSPECTOR, "市")
    inspector.reads("/tracking")
    row = inspector.page.locator("table.list-table tbody tr", has_text=COUNTY)
    expect(row.locator("a[href*='reached=standing']")).to_have_text("1")
    city = road.as_(Role.CITY_OFFICER, "市")
    city.reads("/tracking")
    for county in (COUNTY, "东县"):
        expect(city.page.locator("table.list-table tbody tr", has_text=county)).to_have_count(1)
    city.presses(city.page.locator("tr", has_text=COUNTY).locator("a[href*='reached=standing']"))
    expect(city.page.locator("table.list-table tbody tr")).to_have_count(1)
    auditor = road.as_(Role.AUDITOR, "市")
    auditor.reads("/history")
    assert auditor.page.locator("table.list-table tbody tr").count() > 5
    expect(auditor.page.locator("table.list-table tbody td").first).to_contain_text(str(road.clock.today().year))
    administrator = road.as_(Role.ADMINISTRATOR, "市")
    administrator.reads("/people")
    people = administrator.page.locator("table.list-table tbody").inner_text()
    assert login_of(road.world, Role.CREW, COUNTY) in people
    editor = road.as_(Role.CONTENT_EDITOR, "市")
    editor.reads("/")
    expect(editor.page.locator("h1")).to_have_text("今日")


@pytest.fixture
def road(browser: Browser, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    monkeypatch.setenv("MINGLU_DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("MINGLU_STATE", str(world.settings.state))
    monkeypatch.setenv("MINGLU_FILES", world.settings.files)
    monkeypatch.delenv("MINGLU_SECRETS", raising=False)
    with ExitStack() as stack:
        office = stack.enter_context(served(create_office_app(world.settings, clock=Clock())))
        public = stack.enter_context(served(create_public_app(world.settings, clock=Clock())))
        yield Road(world, browser, office, public, tmp_path)


@pytest.mark.timeout(600)
def test_a_survey_becomes_a_sign_that_a_visitor_scans_and_each_role_does_its_part(road: Road):
    hand_in_the_survey(road)
    read_the_inventory(road)
    open_a_batch(road)
    revise_by_typing(road)
    send_one_back(road)
    oversee(road)
    decide_all(road)
    order_the_signs(road)
    fetch_the_print_file(road)
    give_the_job(road)
    put_the_sign_up(road)
    scan_the_sign(road)
    answer_the_report(road)
    watch_from_elsewhere(road)
    for desk in road.desks.values():
        desk.looks()
    assert {role for role, _ in road.desks} == set(Role)
