"""The pages of the inventory: streets, the lists of what is to be looked into, and what people decide of shapes."""

from __future__ import annotations

from fastapi import APIRouter

from app.inventory.views import deriving, ledgers, parting, shaping, streams, streets, withdrawing
from app.inventory.views.streets import FACILITIES, ROADS, waiting

__all__ = ["FACILITIES", "ROADS", "router", "waiting"]

router = APIRouter()
for part in (
    ledgers,
    parting,
    streams,
    deriving,
    withdrawing,
    streets,
    shaping,
):  # the lists first: their address is no street's
    router.include_router(part.router)
