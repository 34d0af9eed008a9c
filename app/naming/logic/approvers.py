"""Which governments approve the names of streets. Regulations on the Administration of Place Names, Art. 12."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_GOVERNMENT = "人民政府"
_DISTRICT = "区"  # Art. 12 names cities and counties: a district does not approve names itself, nor does a zone


def government(name: str) -> str:
    """A division's government as its documents call it, whatever language a page has."""
    return f"{name}{_GOVERNMENT}"


def approvers(seats: Sequence[str], said: Mapping[str, Sequence[str]] | None = None) -> tuple[str, ...]:
    """Governments that may approve a street's name, the one that usually does first.

    ``seats`` are the counties, zones and cities that the street lies in, the nearest first: a county or a city of a
    county's rank approves, or the city above; for a district or a zone the city above alone. ``said`` is what a city
    decided otherwise (a delegation, a name of its own): governments by the name of the county, district or zone.
    """
    if not seats:
        return ()
    own, above = seats[0], seats[1:]
    if said and said.get(own):
        return tuple(said[own])
    districts = own.endswith(_DISTRICT) and above
    return tuple(government(name) for name in (above if districts else seats))


def approvers_of_all(streets: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Governments that may approve names of all these places by one document; those of the first, in its order."""
    if not streets:
        return ()
    return tuple(name for name in streets[0] if all(name in others for others in streets[1:]))


def delegations(setting: object) -> dict[str, tuple[str, ...]]:
    """A city's setting ``{county: government}`` or ``{county: [governments]}``; what has another form is left out."""
    if not isinstance(setting, Mapping):
        return {}
    lists = {str(name): [said] if isinstance(said, str) else said for name, said in setting.items()}
    return {
        name: tuple(each.strip() for each in said)
        for name, said in lists.items()
        if isinstance(said, list) and all(isinstance(each, str) and each.strip() for each in said)
    }


_PADDED = re.compile(r"〕第?0*(\d+)")
_STANDARD = str.maketrans("［[【（(］]】）)０１２３４５６７８９", "〔〔〔〔〔〕〕〕〕〕0123456789")


def document_number(written: str) -> str:
    """A document number as GB/T 9704 writes it, so that it is told again.

    Its brackets and digits, no blanks, and the number itself without 第 and without noughts before it.
    """
    plain = "".join(written.split()).translate(_STANDARD)
    return _PADDED.sub(r"〕\1", plain)
