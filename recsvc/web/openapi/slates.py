"""What the routes of slates promise."""

from __future__ import annotations

from typing import Final

from recsvc.errors import (
    BadInput,
    Conflict,
    CursorGone,
    NotFound,
    TooLarge,
    Unavailable,
)
from recsvc.errors import UnknownSurface as NoSurface
from recsvc.web import answers, requests
from recsvc.web.openapi import examples
from recsvc.web.openapi.operation import KEYS, Answer, Operation

_SLATE = Answer(
    200,
    "The slate; with a `cursor` a further page.",
    answers.Slate,
    examples.SLATE,
    headers=("ETag", "Cache-Control", "Server-Timing"),
    instead=answers.FurtherPage,
)
_SAME_SLATE = Answer(
    304,
    "You have it already; the session stays alive. An act of the visitor is never answered so.",
    headers=("ETag", "Cache-Control", "Server-Timing"),
)

SLATES: Final = (
    Operation(
        "get",
        "/v1/slates/{surface}",
        "getSlate",
        "slates",
        "Ask for a slate",
        "The slate of this session on this surface. It changes only for a cause, never by more "
        "than the limit, and always with a reason; asking again is not a cause.",
        (_SLATE, _SAME_SLATE),
        (BadInput, NoSurface, NotFound, Conflict, CursorGone, Unavailable),
        named=requests.SurfacePath,
        query=requests.SlateQuery,
        headers=("If-None-Match",),
        security=KEYS,
        users=True,
    ),
    Operation(
        "post",
        "/v1/slates/{surface}",
        "postSlate",
        "slates",
        "Ask for a slate, as JSON",
        "The same as by query.",
        (_SLATE,),
        (BadInput, NoSurface, NotFound, Conflict, CursorGone, TooLarge, Unavailable),
        named=requests.SurfacePath,
        body=requests.SlateQuery,
        example=examples.ASKED,
        security=KEYS,
        users=True,
    ),
)
