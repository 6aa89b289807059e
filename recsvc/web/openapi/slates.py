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
from recsvc.web.asking import TOKEN
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
    "You have it already; the session stays alive. An act of the visitor is never answered so. "
    "`X-Recsvc-Token` brings the newest token where you did not send it.",
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
        headers=("If-None-Match", TOKEN),
        security=KEYS,
        users=True,
    ),
    Operation(
        "post",
        "/v1/slates/{surface}",
        "postSlate",
        "slates",
        "Ask for a slate, as JSON",
        "The same as by query; with a secret key also `candidates` of your own recommender, which "
        "are held within the limit as any others.",
        (_SLATE,),
        (BadInput, NoSurface, NotFound, Conflict, CursorGone, TooLarge, Unavailable),
        named=requests.SurfacePath,
        headers=(TOKEN,),
        body=requests.SlateWord,
        example=examples.ASKED,
        security=KEYS,
        users=True,
    ),
    Operation(
        "post",
        "/v1/slates",
        "postSlates",
        "slates",
        "Ask for all slates of a page",
        "Up to 20 slates of one session in one call. An item is on at most one of them, earlier "
        "ones first, unless `deduplicate` is false; what another slate shows counts as excluded "
        "for this answer. Faults are named by entry, as `surfaces[2].k`.",
        (
            Answer(
                200,
                "The slates, in order.",
                answers.PageOfSlates,
                examples.PAGE,
                headers=("Cache-Control", "Server-Timing"),
            ),
        ),
        (BadInput, Conflict, TooLarge, Unavailable),
        headers=(TOKEN,),
        body=requests.PageWord,
        example=examples.PAGE_ASKED,
        security=KEYS,
        users=True,
    ),
)
