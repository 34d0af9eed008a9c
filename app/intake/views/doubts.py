"""A file whose coordinate system is in doubt: what was found, on a map, and the choice."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from sqlalchemy.orm import Session

from app.base.errors import N_, Invalid
from app.base.files import Store
from app.base.models import Division, File
from app.base.request import Answer, Files, Place, Show, Work
from app.intake import mappings, steps
from app.intake.datums import Look, find_datum
from app.intake.drawing import pictures
from app.intake.views import asking
from app.intake.views.asking import Handed, said_before
from gis.datums import Confidence, Sentence

router = APIRouter(prefix="/intake")
#: The choice that leaves a file's coordinate system as it was said.
AS_DECLARED = "as-declared"
CONFIDENCES = {
    Confidence.CERTAIN.value: N_("certain"),
    Confidence.LIKELY.value: N_("likely"),
    Confidence.POSSIBLE.value: N_("possible"),
    Confidence.EXCLUDED.value: N_("excluded"),
}


@router.get("/files/{uid}")
def doubt(
    session: Work, show: Show, store: Files, place: Place, uid: UUID, handed: Annotated[Handed, Depends(said_before)]
) -> Response:
    """A kept file whose coordinate system is in doubt: what was found, on a map, and the choice."""
    steps.require_officer(session)
    return _doubt(show, place, handed, asking.file_of(session, uid), _seen(session, store, uid, place, handed))


@router.post("/files/{uid}")
def settle(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    store: Files,
    place: Place,
    uid: UUID,
    handed: Annotated[Handed, Depends()],
    choice: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Queue a kept file's intake in the coordinate system that was chosen; ``as-declared`` leaves it as it was said."""
    steps.require_officer(session)
    file, seen = asking.file_of(session, uid), _seen(session, store, uid, place, handed)
    if choice not in _choices(seen):
        message = show.text("Choose a coordinate system, or go back to the list.")
        return _doubt(show, place, handed, file, seen, {"choice": message})
    chosen = handed if choice == AS_DECLARED else replace(handed, other=choice)
    try:
        survey = seen.survey(chosen.stated)
        steps.require_mendable(survey)
        steps.require_here(session, survey=survey, division=place)
    except Invalid as refusal:
        return _doubt(show, place, handed, file, seen, {"choice": show.text(refusal.message, **refusal.values)})
    return asking.queue(session, show, place, chosen, file, sure=True, by=seen.opened.by)


def _seen(session: Session, store: Store, uid: UUID, place: Division, handed: Handed) -> Look:
    by = mappings.choosing(session, place, handed.named(asking.file_of(session, uid).name))
    opened = asking.opened_of(session, store, uid, by)
    return find_datum(session, opened, datum=handed.stated, division=place)


def _choices(seen: Look) -> list[str]:
    """What an officer may choose: every reading that is not excluded, and the one that was declared."""
    left = [each.name for each in seen.finding.hypotheses if each.confidence is not Confidence.EXCLUDED]
    declared = seen.finding.declared
    return [*(name for name in left if name != declared), *([AS_DECLARED] if declared else [])]


def _doubt(
    show: Answer, place: Division, handed: Handed, file: File, seen: Look, errors: dict[str, str] | None = None
) -> Response:
    finding = seen.finding
    return show.page(
        "intake/datum.html",
        status=422 if errors else 200,
        place=place,
        handed=handed,
        file=file,
        finding=finding,
        says=[_spoken(show, each) for each in finding.says],
        remedy=show.text(finding.remedy.message, **finding.remedy.values) if finding.remedy else "",
        choices=_choices(seen),
        confidences=CONFIDENCES,
        called={each.name: asking.called(show, each.name) for each in finding.hypotheses},
        declared=asking.called(show, finding.declared),
        pictures=pictures(seen),
        errors=errors or {},
    )


def _spoken(show: Answer, sentence: Sentence) -> str:
    """A sentence with its coordinate systems in words."""
    words = {
        name: "; ".join(asking.called(show, each) for each in str(value).split(", "))
        if name in {"datum", "declared", "names"}
        else value
        for name, value in sentence.values.items()
    }
    return show.text(sentence.message, **words)
