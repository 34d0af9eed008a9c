"""From a proposed name to a name in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.models import Division, Role
from app.base.people import Actor, actor_of
from app.intake.steps import Origin, take_in
from app.inventory.models import Street, StreetState
from app.inventory.steps import derive, judge_scope
from app.milestones.models import Batch
from app.milestones.steps import Terms, open_batch
from app.naming.checking import check_all, findings_of, waive
from app.naming.models import Deadline, Decision, Finding, Name, Proposal
from app.naming.papers import Approval, NumberTaken
from app.naming.steps import (
    Wording,
    announce,
    decide,
    file_decision,
    keep_existing,
    propose,
    reject,
    revise,
    send_back,
    submit,
    withdraw,
)
from app.naming.suggesting import Suggested, stem_of, suggest
from tests.app.builders import set_setting
from tests.surveys import crossing
from tests.world import World

TODAY = date(2024, 7, 1)


@dataclass
class Village:
    """A village of three streets in 中镇 with an open batch."""

    world: World
    streets: list[int]
    batch: int

    def street(self, session: Session, number: int = 0) -> Street:
        return session.get_one(Street, self.streets[number])


@pytest.fixture(scope="module")
def begin() -> Callable[[World], dict[str, Any]]:
    return with_village


def with_village(world: World) -> dict[str, Any]:
    """What a village begins with."""
    officer = world.person(Role.COUNTY_OFFICER, "西县")
    with world.office.acting(officer, via="test") as session:
        county = session.get_one(Division, world.places["西县"])
        town = session.get_one(Division, world.places["中镇"])
        take_in(session, world.clock, survey=crossing(), origin=Origin("a"), division=town)
        derive(session, world.clock, division=town)
        judge_scope(session, world.clock, division=town)
        home = session.scalars(select(Division).where(Division.name == "丁村")).one()
        world.places["丁村"] = home.id
        batch = open_batch(
            session,
            world.clock,
            owner_id=officer,
            division=county,
            terms=Terms("b", 2024, date(2024, 8, 31)),
            villages=[home],
        )
        streets = session.scalars(select(Street.id).order_by(Street.id)).all()
        return {"streets": list(streets), "batch": batch.id}


@pytest.fixture
def village(world: World) -> Village:
    return Village(world, **world.found)


def officer(session: Session, world: World, role: Role = Role.COUNTY_OFFICER, place: str = "西县") -> Actor:
    return actor_of(session, world.person(role, place))


def acting(world: World, role: Role = Role.COUNTY_OFFICER, place: str = "西县"):
    return world.office.acting(world.person(role, place), via="test")


def decided(
    session: Session,
    village: Village,
    words: str,
    *,
    number: str = "西政字〔2024〕1号",
    street: int = 0,
    on: date = TODAY,
) -> Proposal:
    by = officer(session, village.world)
    proposal = propose(
        session, village.world.clock, by=by, street=village.street(session, street), wording=Wording(words)
    )
    submit(session, village.world.clock, by=by, proposals=[proposal], read_by_hand=True)
    county = session.get_one(Division, village.world.places["西县"])
    approval = Approval(number, "西县人民政府", on, applied_on=on if on < TODAY else None)
    decide(session, village.world.clock, by=by, division=county, proposals=[proposal], approval=approval)
    return proposal


def test_a_proposal_is_spelled_three_ways_and_checked_at_once(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("乐陵路"))
        assert (made.specific, made.generic) == ("乐陵", "路")
        assert (made.latin_toned, made.latin_plain, made.latin_sign) == ("Làolíng Lù", "Laoling Lu", "LAOLING LU")
        assert village.street(session).state == StreetState.DRAFT.value
        assert any(finding.rule == "N2" for finding in findings_of(session, made))


def test_how_long_a_name_may_be_is_a_setting_of_the_city(village: Village):
    words, told = "中共太和四季长春平安路", []
    for longest in (None, 12, "twelve"):
        if longest is not None:
            set_setting(village.world, "naming.longest_name", longest)
        with acting(village.world) as session:
            by, street = officer(session, village.world), village.street(session)
            made = propose(session, village.world.clock, by=by, street=street, wording=Wording(words))
            told.append([each.values["longest"] for each in findings_of(session, made) if "longest" in each.values])
            withdraw(session, by=by, proposals=[made])
    assert told == [["9"], [], ["9"]]


def test_a_street_has_one_live_proposal(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("幸福路"))
        with pytest.raises(Conflict, match="has a proposal already"):
            propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("和平路"))


@pytest.mark.parametrize(
    ("words", "rule"),
    [("幸福", "N1"), ("幸福road", "N4"), ("幸福2路", "N4"), ("巴黎路", "N6"), ("無名路", "N4"), ("毛泽东路", "N5")],
)
def test_an_error_stands_in_the_way_of_submission_and_the_refusal_names_the_clause(
    village: Village, words: str, rule: str
):
    with acting(village.world) as session:
        by = officer(session, village.world)
        try:
            made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording(words))
        except Invalid:
            assert rule == "N4"  # what cannot be spelled never becomes a proposal
            return
        assert rule in {f.rule for f in findings_of(session, made) if f.level == "error"}
        with pytest.raises(Conflict, match=words):
            submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)


def test_a_name_that_nobody_read_cannot_be_submitted(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("惠民路"))
        with pytest.raises(Conflict, match="confirms"):
            submit(session, village.world.clock, by=by, proposals=[made])
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        assert made.state == "submitted"


def test_two_streets_of_a_village_cannot_both_be_called_the_same(village: Village):
    with acting(village.world) as session:
        decided(session, village, "惠民路")
        by = officer(session, village.world)
        twin = propose(
            session, village.world.clock, by=by, street=village.street(session, 1), wording=Wording("惠民路")
        )
        same = [f for f in findings_of(session, twin) if f.rule == "N9"]
        assert [f.level for f in same] == ["error"]
        assert "丁村" in same[0].values["where"]


def surveyed_as(village: Village, words: str, street: int) -> None:
    with acting(village.world) as session:
        village.street(session, street).surveyed_name = words


def neighbours_of(session: Session, village: Village, words: str) -> list[tuple[str, str]]:
    by = officer(session, village.world)
    made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording(words))
    return [(f.level, f.values["other"]) for f in findings_of(session, made) if f.rule == "N9"]


@pytest.mark.parametrize(
    ("surveyed", "level"), [("幸福路", "error"), ("兴福路", "warning"), ("文化路", None), ("Main Street", None)]
)
def test_a_name_that_the_survey_found_on_another_street_of_the_village_stands_in_the_way(
    village: Village, surveyed: str, level: str | None
):
    surveyed_as(village, surveyed, 1)
    with acting(village.world) as session:
        assert neighbours_of(session, village, "幸福路") == ([(level, surveyed)] if level else [])


def test_a_streets_own_surveyed_name_is_no_conflict_and_a_name_on_record_is_told_once(village: Village):
    surveyed_as(village, "幸福路", 0)
    with acting(village.world) as session:
        assert neighbours_of(session, village, "幸福路") == []
    with acting(village.world) as session:
        by = officer(session, village.world)
        again = propose(
            session, village.world.clock, by=by, street=village.street(session, 1), wording=Wording("幸福路")
        )
        told = [f.values["state"] for f in findings_of(session, again) if f.rule == "N9"]
        assert told == ["proposed"]


def test_a_surveyed_name_is_not_suggested_again_in_its_town(village: Village):
    with acting(village.world) as session:
        words = {
            each.words
            for each in suggest(
                session,
                village.world.clock,
                by=officer(session, village.world),
                batch=session.get_one(Batch, village.batch),
            ).made
        }
        session.rollback()
    taken = min(words)
    surveyed_as(village, taken, 2)
    with acting(village.world) as session:
        made = suggest(
            session,
            village.world.clock,
            by=officer(session, village.world),
            batch=session.get_one(Batch, village.batch),
        ).made
        assert made
        assert taken not in {each.words for each in made if each.street_id != village.streets[2]}


def suggested(session: Session, village: Village) -> Suggested:
    batch = session.get_one(Batch, village.batch)
    return suggest(session, village.world.clock, by=officer(session, village.world), batch=batch)


def test_a_batch_proposes_the_surveyed_name_where_it_passes(village: Village):
    surveyed_as(village, "供销社胡同", 0)
    with acting(village.world) as session:
        found = suggested(session, village)
        of = {each.street_id: each for each in found.made}
        assert set(of) == set(village.streets), "the unnamed ones have names of the bank"
        assert of[village.streets[0]].words == "供销社胡同"
        assert "沿用" in of[village.streets[0]].meaning
        assert "供销社胡同" not in {of[street].words for street in village.streets[1:]}
        assert found.left == ()


@pytest.mark.parametrize("words", ["供销社", "村部门前2路", "Main Street", "巴黎路"])
def test_a_batch_leaves_a_street_alone_whose_surveyed_name_does_not_pass(village: Village, words: str):
    surveyed_as(village, words, 0)
    with acting(village.world) as session:
        found = suggested(session, village)
        assert [street.id for street in found.left] == village.streets[:1]
        assert {each.street_id for each in found.made} == set(village.streets[1:])
        assert village.street(session).state == StreetState.UNNAMED.value


def test_two_streets_of_a_village_that_are_called_the_same_are_left_to_a_person(village: Village):
    for street in (0, 1):
        surveyed_as(village, "供销社胡同", street)
    with acting(village.world) as session:
        assert {street.id for street in suggested(session, village).left} == set(village.streets[:2])


def test_findings_are_the_same_whoever_runs_the_check(village: Village):
    with acting(village.world) as session:
        decided(session, village, "惠民路")
        by = officer(session, village.world)
        propose(session, village.world.clock, by=by, street=village.street(session, 1), wording=Wording("慧敏路"))
    found = []
    for role, place in ((Role.TOWN_OFFICER, "中镇"), (Role.CITY_OFFICER, "市"), (Role.VILLAGE_CONTACT, "丁村")):
        with acting(village.world, role, place) as session:
            proposal = session.scalars(select(Proposal).where(Proposal.words == "慧敏路")).one()
            again = check_all(session, village.world.clock, proposals=[proposal])[proposal.id]
            found.append([(f.rule, f.level, f.message, f.values) for f in again])
    assert found[0] == found[1] == found[2]
    assert any(rule == "N9" for rule, *_ in found[0])


def test_a_waiver_needs_the_right_role_and_a_reason_and_survives_the_next_check(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("榠樝路"))
        rare = next(f for f in findings_of(session, made) if f.rule == "N4" and f.waivable_by)
        with pytest.raises(NotAllowed):
            waive(
                session,
                village.world.clock,
                by=officer(session, village.world, Role.VILLAGE_CONTACT, "丁村"),
                finding=rare,
                reason="old",
            )
        with pytest.raises(Invalid, match="Say why"):
            waive(session, village.world.clock, by=by, finding=rare, reason=" ")
        waive(session, village.world.clock, by=by, finding=rare, reason="a village tree, in use since 1900")
        again = check_all(session, village.world.clock, proposals=[made])[made.id]
        waived = {f.values["character"]: f.waiver for f in again if f.rule == "N4"}
        assert waived == {"榠": "a village tree, in use since 1900", "樝": None}


def test_a_decision_brings_the_name_into_force_and_starts_the_clocks(village: Village):
    with acting(village.world) as session:
        proposal = decided(session, village, "惠民路")
        name = session.scalars(select(Name).where(Name.street_id == proposal.street_id)).one()
        assert (name.words, name.in_force_on, name.origin) == ("惠民路", TODAY, "decided")
        due = dict(session.execute(select(Deadline.kind, Deadline.due_on)).all())
        assert due == {"file": date(2024, 7, 16), "announce": date(2024, 7, 16), "sign": date(2024, 8, 30)}
        assert village.street(session).state == StreetState.APPROVED.value


def test_filing_and_notice_stop_their_clocks_and_the_notice_makes_the_state_final(village: Village):
    with acting(village.world) as session:
        proposal = decided(session, village, "惠民路")
        decision = session.get_one(Decision, proposal.decision_id)
        with pytest.raises(Invalid, match="before the decision"):
            file_decision(session, decision=decision, on=date(2024, 6, 30))
        file_decision(session, decision=decision, on=date(2024, 7, 5))
        announce(session, by=officer(session, village.world), decision=decision, on=date(2024, 7, 6))
        assert proposal.state == "in_force"
        with pytest.raises(Conflict, match="already"):
            announce(session, by=officer(session, village.world), decision=decision, on=date(2024, 7, 7))


def test_a_decision_is_never_edited_and_its_number_is_used_once(village: Village):
    with acting(village.world) as session:
        decided(session, village, "惠民路")
        with pytest.raises(Conflict, match="is the decision of 西县人民政府"):
            decided(session, village, "爱民街", street=1)
    from sqlalchemy import text

    with pytest.raises(NotAllowed), acting(village.world) as session:
        session.execute(text("UPDATE naming.decision SET number = 'x'"))


def test_a_decision_needs_a_number_and_a_day_that_has_come(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        county = session.get_one(Division, village.world.places["西县"])
        for approval, said in (
            (Approval(" ", "x", TODAY), "number"),
            (Approval("西政字〔2024〕1号", "x", date(2024, 7, 2)), "ahead"),
            (Approval("西政字〔2024〕1号", "x", TODAY), "at least one"),
        ):
            with pytest.raises(Invalid, match=said):
                decide(session, village.world.clock, by=by, division=county, proposals=[], approval=approval)


def submitted_later(session: Session, village: Village, *, street: int = 0, words: str = "惠民路") -> Proposal:
    """A proposal drafted on the first day and submitted three days later."""
    by = officer(session, village.world)
    made = propose(session, village.world.clock, by=by, street=village.street(session, street), wording=Wording(words))
    submit(session, three_days_later(village), by=by, proposals=[made], read_by_hand=True)
    return made


def three_days_later(village: Village) -> Clock:
    return Clock(village.world.clock.now() + timedelta(days=3))


def test_a_decision_dated_before_the_submission_is_refused_and_names_both_days(village: Village):
    later = three_days_later(village)
    with acting(village.world) as session:
        by, made = officer(session, village.world), submitted_later(session, village)
        county = session.get_one(Division, village.world.places["西县"])
        assert made.submitted_on == TODAY + timedelta(days=3)
        with pytest.raises(
            Invalid, match="“惠民路” was submitted here on 2024-07-04: a decision of 2024-07-03"
        ) as refused:
            approval = Approval("西政字〔2024〕1号", "西县人民政府", TODAY + timedelta(days=2))
            decide(session, later, by=by, division=county, proposals=[made], approval=approval)
        assert refused.value.field == "applied_on"
        assert made.state == "submitted"
        approval = Approval("西政字〔2024〕1号", "西县人民政府", TODAY + timedelta(days=3))
        assert decide(session, later, by=by, division=county, proposals=[made], approval=approval).approved_on.day == 4


def test_a_decision_on_an_application_that_was_made_on_paper_bears_its_true_days(village: Village):
    later, applied_on, approved_on = three_days_later(village), date(2024, 6, 20), date(2024, 6, 28)
    with acting(village.world) as session:
        by, made = officer(session, village.world), submitted_later(session, village)
        other = submitted_later(session, village, street=1, words="爱民街")
        county = session.get_one(Division, village.world.places["西县"])
        approval = Approval("西政字〔2024〕1号", "西县人民政府", approved_on, applied_on=applied_on)
        decision = decide(session, later, by=by, division=county, proposals=[made, other], approval=approval)
        for proposal in (made, other):
            session.refresh(proposal)
            assert (proposal.proposed_on, proposal.submitted_on, proposal.state) == (applied_on, applied_on, "approved")
        due = session.execute(
            select(Deadline.started_on, Deadline.due_on).where(Deadline.decision_id == decision.id)
        ).all()
        assert {tuple(row) for row in due} == {
            (approved_on, approved_on + timedelta(days=15)),
            (approved_on, approved_on + timedelta(days=60)),
        }


@pytest.mark.parametrize("applied_on", [date(2024, 6, 29), date(1985, 1, 1)])
def test_an_application_on_paper_comes_before_its_decision(village: Village, applied_on: date):
    with acting(village.world) as session:
        by, made = officer(session, village.world), submitted_later(session, village)
        county = session.get_one(Division, village.world.places["西县"])
        approval = Approval("西政字〔2024〕1号", "西县人民政府", date(2024, 6, 28), applied_on=applied_on)
        with pytest.raises(Invalid, match="comes before the decision") as refused:
            decide(session, three_days_later(village), by=by, division=county, proposals=[made], approval=approval)
        assert refused.value.field == "applied_on"


def test_an_application_entered_before_its_paper_keeps_the_earlier_day(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("惠民路"))
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        later, paper = three_days_later(village), TODAY + timedelta(days=2)
        county = session.get_one(Division, village.world.places["西县"])
        approval = Approval("西政字〔2024〕1号", "西县人民政府", paper, applied_on=paper)
        decide(session, later, by=by, division=county, proposals=[made], approval=approval)
        assert made.submitted_on == TODAY


@pytest.mark.parametrize(
    ("setting", "authority", "good"),
    [
        (None, "随便写的机关", False),
        (None, "西县民政局", False),
        (None, "东县人民政府", False),
        (None, "西县人民政府", True),
        (None, "市人民政府", True),
        ({"西县": "市人民政府"}, "西县人民政府", False),
        ({"西县": ["西县行政审批局"]}, "西县行政审批局", True),
        ("西县行政审批局", "西县行政审批局", False),
    ],
)
def test_the_government_that_the_law_names_for_the_territory_decides(
    village: Village, setting: object, authority: str, *, good: bool
):
    if setting is not None:
        set_setting(village.world, "naming.approvers", setting)
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("惠民路"))
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        county = session.get_one(Division, village.world.places["西县"])
        approval = Approval("西政字〔2024〕1号", authority, TODAY)
        if good:
            made_by = decide(session, village.world.clock, by=by, division=county, proposals=[made], approval=approval)
            assert made_by.authority == authority
            return
        with pytest.raises(Invalid, match=r"does not approve names here \(Reg. 12\)") as refused:
            decide(session, village.world.clock, by=by, division=county, proposals=[made], approval=approval)
        assert refused.value.field == "authority"


@pytest.mark.parametrize("again", ["西政字〔2024〕1号", "西政字[2024]１号", " 西政字（2024） 1号 "])
def test_a_number_is_used_once_however_it_is_written_and_the_decision_that_bears_it_is_named(
    village: Village, again: str
):
    with acting(village.world) as session:
        first = decided(session, village, "惠民路")
        with pytest.raises(
            NumberTaken, match="西政字〔2024〕1号 is the decision of 西县人民政府 of 2024-07-01"
        ) as refused:
            decided(session, village, "爱民街", number=again, street=1)
        assert refused.value.decision is not None
        assert refused.value.decision.id == first.decision_id


def test_a_town_officer_cannot_decide(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("惠民路"))
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
    with pytest.raises(NotAllowed), acting(village.world, Role.TOWN_OFFICER, "中镇") as session:
        decide(
            session,
            village.world.clock,
            by=officer(session, village.world, Role.TOWN_OFFICER, "中镇"),
            division=session.get_one(Division, village.world.places["中镇"]),
            proposals=session.scalars(select(Proposal)).all(),
            approval=Approval("西政字〔2024〕1号", "西县人民政府", TODAY),
        )
    with acting(village.world) as session:
        assert session.scalars(select(Proposal.state)).all() == ["submitted"]


def test_what_is_sent_back_carries_the_reason_and_can_be_revised_and_submitted_again(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("惠民路"))
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        assert village.street(session).state == StreetState.PROPOSED.value
        with pytest.raises(Conflict, match="submitted"):
            revise(session, village.world.clock, proposal=made, wording=Wording("和平路"))
        send_back(session, by=by, proposals=[made], reason="双名")
        assert (made.state, made.note) == ("returned", "双名")
        assert village.street(session).state == StreetState.DRAFT.value
        revise(session, village.world.clock, proposal=made, wording=Wording("和平路", meaning="安宁"))
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        assert (made.words, made.state) == ("和平路", "submitted")
        withdraw(session, by=by, proposals=[made])
        assert village.street(session).state == StreetState.UNNAMED.value


def test_a_refused_proposal_ends_with_its_reason_and_the_street_can_be_named_anew(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("幸福路"))
        with pytest.raises(Conflict, match="cannot be moved"):
            reject(session, by=by, proposals=[made], reason="未提交")
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        with pytest.raises(Invalid, match="why it is refused"):
            reject(session, by=by, proposals=[made], reason="  ")
        assert made.state == "submitted"
        reject(session, by=by, proposals=[made], reason=" 与规划不符 ")
        assert (made.state, made.note) == ("rejected", "与规划不符")
        assert village.street(session).state == StreetState.UNNAMED.value
        with pytest.raises(Conflict, match="final"):
            submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        again = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("和平路"))
        assert again.state == "draft"


@pytest.mark.parametrize(("role", "place"), [(Role.TOWN_OFFICER, "中镇"), (Role.AUDITOR, "市")])
def test_those_who_do_not_decide_refuse_no_proposal(village: Village, role: Role, place: str):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("幸福路"))
        submit(session, village.world.clock, by=by, proposals=[made], read_by_hand=True)
        key = made.id
    with acting(village.world, role, place) as session, pytest.raises(NotAllowed):
        by = officer(session, village.world, role, place)
        reject(session, by=by, proposals=[session.get_one(Proposal, key)], reason="不")


def test_a_street_whose_new_name_is_refused_keeps_the_one_in_force(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        old = decided(session, village, "幸福路")
        assert old.decision_id
        announce(session, by=by, decision=session.get_one(Decision, old.decision_id), on=TODAY)
        for step in (
            lambda made: reject(session, by=by, proposals=[made], reason="不改"),
            lambda made: withdraw(session, by=by, proposals=[made]),
        ):
            new = propose(
                session, village.world.clock, by=by, street=village.street(session), wording=Wording("和平路")
            )
            assert village.street(session).state == StreetState.IN_FORCE.value, "a draft takes nothing from it"
            submit(session, village.world.clock, by=by, proposals=[new], read_by_hand=True)
            assert village.street(session).state == StreetState.IN_FORCE.value
            step(new)
            assert village.street(session).state == StreetState.IN_FORCE.value


def test_the_village_contact_drafts_another_name_for_a_named_street_and_takes_it_back(village: Village):
    with acting(village.world) as session:
        old = decided(session, village, "幸福路")
        decision = session.get_one(Decision, old.decision_id)
        announce(session, by=officer(session, village.world), decision=decision, on=TODAY)
    with acting(village.world, Role.VILLAGE_CONTACT, "丁村") as session:
        by = officer(session, village.world, Role.VILLAGE_CONTACT, "丁村")
        new = propose(session, village.world.clock, by=by, street=village.street(session), wording=Wording("和平路"))
        assert village.street(session).state == StreetState.IN_FORCE.value
        withdraw(session, by=by, proposals=[new])
        assert village.street(session).state == StreetState.IN_FORCE.value


def test_a_decision_that_is_older_than_the_name_in_force_replaces_nothing(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        old = decided(session, village, "幸福路")
        decision = session.get_one(Decision, old.decision_id)
        announce(session, by=by, decision=decision, on=TODAY)
    with acting(village.world) as session, pytest.raises(Invalid, match="is older") as refusal:
        decided(session, village, "和平路", number="西政字〔2024〕99号", on=TODAY - timedelta(days=3))
    assert refusal.value.field == "approved_on"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE naming.name SET words = '和平路'",
        "UPDATE naming.name SET latin_sign = 'HEPING LU'",
        "UPDATE naming.name SET decision_id = NULL, origin = 'existing'",
        "UPDATE naming.name SET in_force_on = in_force_on + 1",
    ],
)
def test_what_was_decided_is_changed_by_no_officer_in_the_database(village: Village, change: str):
    with acting(village.world) as session:
        decided(session, village, "幸福路")
    with acting(village.world) as session, pytest.raises(ProgrammingError, match="new decision"):
        session.execute(text(change))


def test_suggestions_name_every_unnamed_street_of_a_batch_without_a_double_and_pass_the_checks(village: Village):
    with acting(village.world) as session:
        by = officer(session, village.world)
        made = suggest(session, village.world.clock, by=by, batch=session.get_one(Batch, village.batch)).made
        assert len(made) == 3
        assert len({p.words for p in made}) == 3
        levels = session.scalars(select(Finding.level).where(Finding.proposal_id.in_([p.id for p in made])))
        assert set(levels) == {"note"}
        assert all(p.meaning for p in made)
        assert suggest(session, village.world.clock, by=by, batch=session.get_one(Batch, village.batch)).made == ()


def test_existing_names_are_kept_as_they_stand_and_a_decision_retires_them(village: Village):
    with acting(village.world) as session:
        for number, words in enumerate(("老街", "Carrer de la Vall")):
            village.street(session, number).surveyed_name = words
        session.flush()
        kept = keep_existing(session, division=session.get_one(Division, village.world.places["西县"]))
        assert {(n.words, n.latin_sign, n.origin) for n in kept} == {
            ("老街", "LAO JIE", "existing"),
            ("Carrer de la Vall", "CARRER DE LA VALL", "existing"),
        }
        assert keep_existing(session, division=session.get_one(Division, village.world.places["西县"])) == []
        decided(session, village, "惠民路")
        old, new = session.scalars(select(Name).where(Name.street_id == village.streets[0]).order_by(Name.id)).all()
        assert (old.retired_on, new.retired_on) == (TODAY, None)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("张庄村民委员会", "张庄"),
        ("红庙村村委会", "红庙村"),
        ("康乐社区居委会", "康乐社区"),
        ("Ordino", ""),
        ("村", "村"),
    ],
)
def test_a_villages_stem_is_its_name_without_what_says_that_it_is_one(name: str, stem: str):
    assert stem_of(name) == stem
