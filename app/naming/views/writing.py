"""Writing a name: a new proposal for a street, other words for one, and the check while somebody types."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.errors import N_, Conflict, Invalid, MingluError, NotFound
from app.base.history import current_act
from app.base.models import Division
from app.base.request import Answer, Me, Now, Show, Version, Work
from app.inventory.models import Street
from app.naming import queries, steps
from app.naming.knowing import known
from app.naming.logic.checks import NameContext, check_name
from app.naming.logic.findings import Finding, Level
from app.naming.logic.parts import written_name
from app.naming.models import Proposal
from app.naming.schemas import refusal_words, told_doubt, told_now
from app.naming.spelling import Asked, contexts_of, spelled
from app.naming.steps import Wording
from app.naming.suggesting import meaning_of, suggestions_for
from app.naming.views import asking
from app.naming.views.proposals import proposal_page
from signs.designs import is_blue

router = APIRouter(prefix="/naming")


@router.get("/new")
def ask(session: Work, show: Show, street: str = "") -> Response:
    """A name for one street, with names that pass the checks to choose from; without a street, how to choose one."""
    if not street:
        return asking.choose_first(
            show,
            title=N_("Propose a name"),
            first=N_("Choose a street first"),
            hint=N_(
                "A name is proposed for one street. Open an unnamed street of the inventory and press “Propose a name”."
            ),
            url="/inventory?state=unnamed&scope=in",
            action=N_("To the unnamed streets"),
        )
    wanted = _street(session, asking.key(street))
    held = queries.open_proposal(session, wanted)
    if held is not None:
        return show.see(f"/naming/{held.uid}", "This street has a proposal already: “{words}”.", words=held.words)
    return _form(session, show, wanted, asking.Typed(wanted.surveyed_name or ""), {})


@router.post("/new")
def propose(
    session: Work, show: Show, actor: Me, clock: Now, street: UUID, typed: Annotated[asking.Typed, Depends()]
) -> Response:
    """Keep the words as a draft, or show the form again with what is wrong."""
    wanted = _street(session, street)
    try:
        with session.begin_nested():
            made = steps.propose(session, clock, by=actor, street=wanted, wording=_wording(typed))
    except (Invalid, Conflict) as refusal:
        field = getattr(refusal, "field", None) or "words"
        return _form(session, show, wanted, typed, {field: _said(session, show, typed.words, refusal)})
    return show.see(f"/naming/{made.uid}", "“{words}” is kept as a draft.", undo=current_act(session), words=made.words)


@router.get("/check")
def check_new(session: Work, show: Show, street: UUID, words: str = "", division: str = "") -> Response:
    """Spelling and findings of words that nobody has saved, for a street."""
    return _checked(session, show, _street(session, street), words[:40], division[:60])


@router.get("/{uid}/check")
def check(session: Work, show: Show, uid: UUID, words: str = "", division: str = "") -> Response:
    """Spelling and findings of other words for a proposal's street; nothing is saved."""
    proposal = asking.the_proposal(session, uid)
    division = _division(proposal, words.strip(), division[:60])
    return _checked(session, show, session.get_one(Street, proposal.street_id), words[:40], division)


@router.post("/{uid}/revise")
def revise(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    uid: UUID,
    version: Version,
    typed: Annotated[asking.Typed, Depends()],
) -> Response:
    """Other words for a draft or a proposal that was sent back, checked anew."""
    proposal = asking.the_proposal(session, uid)
    if version != proposal.version:
        return show.page(
            "conflict.html",
            status=409,
            subject=proposal.words,
            again_url=f"/naming/{uid}",
            fields=[
                (show.text("Name"), typed.words, proposal.words),
                (show.text("Meaning"), typed.meaning, proposal.meaning),
                (show.text("Word division"), typed.division, proposal.word_division),
            ],
        )
    typed.division = _division(proposal, typed.words.strip(), typed.division)
    try:
        with session.begin_nested():
            steps.revise(session, clock, proposal=proposal, wording=_wording(typed))
    except Invalid as refusal:
        field = refusal.field if refusal.field in {"words", "meaning", "division"} else "words"
        return proposal_page(session, show, actor, proposal, {field: _said(session, show, typed.words, refusal)}, typed)
    return show.see(
        f"/naming/{uid}", "“{words}” was saved and checked anew.", undo=current_act(session), words=proposal.words
    )


def _division(proposal: Proposal, words: str, division: str) -> str:
    """The word division that is meant: the one kept with a proposal goes where other words are typed over its own."""
    stale = words != proposal.words and division.strip() == proposal.word_division
    return "" if stale else division


def _wording(typed: asking.Typed) -> Wording:
    division = typed.division.strip()
    if division and written_name(division) != typed.words.strip():
        raise Invalid(
            "The word division “{division}” does not spell “{words}”. Write the same name with / between its words.",
            field="division",
            division=division,
            words=typed.words,
        )
    return Wording(typed.words, typed.meaning, division)


def _checked(session: Session, show: Answer, street: Street, words: str, division: str) -> Response:
    found: dict[str, Any] = {"name": None, "doubts": [], "findings": [], "refused": "", "blue": True}
    if words.strip():
        try:
            wording = _wording(asking.Typed(words.strip(), division=division))
            by = known(session)
            name, latin = spelled(wording.words, by, division=wording.division)
            (context,) = contexts_of(session, [Asked(street.id, street.division_id, name, wording.division)], by)
            found |= {
                "name": name,
                "doubts": [told_doubt(show.text, doubt) for doubt in latin.doubts],
                "findings": [told_now(show.text, each) for each in check_name(name.words, context)],
            }
        except Invalid as refusal:
            found["refused"] = refusal_words(show.text, refusal)
            found["findings"] = [told_now(show.text, each) for each in _errors(session, words)]
    return show.page("naming/_check.html", **{**found, "blue": is_blue(street.bearing_deg)})


def _errors(session: Session, words: str) -> list[Finding]:
    """What stands in the way of words that cannot be spelled: a digit, a letter, a mark."""
    by = known(session)
    context = NameContext(lists=by.lists, readings=by.readings)
    return [finding for finding in check_name(words.strip(), context) if finding.level is Level.ERROR]


def _said(session: Session, show: Answer, words: str, refusal: MingluError) -> str:
    """Why words were refused; the clause of the law and its remedy where one says it better than the spelling."""
    found = [told_now(show.text, each) for each in _errors(session, words)] if "character" in refusal.values else []
    said = refusal_words(show.text, refusal)
    if found and found[0].who_may:  # what could be let stand once it is kept cannot be kept: the spelling says why
        return f"{found[0].message} {said}"
    return f"{found[0].message} {found[0].remedy}" if found else said


def _form(session: Session, show: Answer, street: Street, typed: asking.Typed, errors: dict[str, str]) -> Response:
    village = session.get_one(Division, street.division_id)
    choices = [
        choice for each in suggestions_for(session, village=village, streets=[street]) for choice in each.choices
    ]
    return show.page(
        "naming/new.html",
        status=422 if errors else 200,
        street=street,
        bears=named[street.id].words if (named := queries.names_in_force(session, [street.id])) else "",
        village=village,
        typed=typed,
        errors=errors,
        choices=[(choice, meaning_of(choice)) for choice in choices],
        blue=is_blue(street.bearing_deg),
    )


def _street(session: Session, uid: UUID | None) -> Street:
    found = session.scalar(select(Street).where(Street.uid == uid))
    if found is None:
        raise NotFound("There is no such street in your territory.")
    return found
