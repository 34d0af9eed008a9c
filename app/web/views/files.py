"""Handing out stored files, through the permission check of their rows."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from app.base.files import fetch, pieces
from app.base.request import Files, Work

router = APIRouter(prefix="/files")
#: What a browser may show in its window; all else is saved, so that no stored file runs here.
SHOWN = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp", "text/plain"})


@router.get("/{uid}")
def hand_out(session: Work, store: Files, uid: UUID) -> Response:
    """The file's content under its own name. NotFound for one that this person may not see."""
    file, content = fetch(session, store, uid)
    how = "inline" if file.media_type in SHOWN else "attachment"
    headers = {
        "content-disposition": f"{how}; filename*=UTF-8''{quote(file.name)}",
        "content-length": str(file.bytes),
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
    }
    return StreamingResponse(pieces(content), media_type=file.media_type, headers=headers)
