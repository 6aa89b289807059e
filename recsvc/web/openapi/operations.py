"""What every route promises, as one table: in words, types, answers and errors.

A house test holds it against the routes that there are. Whoever adds a route adds an entry;
`security` names the schemes that open it, and brings in what the gate may answer.
"""

from __future__ import annotations

from typing import Final

from recsvc.errors import BadInput, Conflict, NotFound, TooLarge, Unavailable
from recsvc.web import answers, requests
from recsvc.web.asking import TOKEN, USER_TOKEN
from recsvc.web.openapi import examples
from recsvc.web.openapi.operation import JSON, KEYS, SERVERS, Answer, Operation
from recsvc.web.openapi.slates import SLATES

_CONSENT = Answer(200, "What was said.", answers.ConsentTold, examples.CONSENT)
_UNCHANGED = Answer(304, "You have it already.", headers=("ETag", "Cache-Control"))
OPERATIONS: Final = (
    *SLATES,
    Operation(
        "post",
        "/v1/events",
        "postEvents",
        "events",
        "Say what happened",
        "Up to 500 events. Acts (`dismiss`, `pin`, `unpin`, `undo`, `refresh`) always work and "
        "show in the next answer; observations are kept only with consent. Events are checked one "
        "by one: the answer is an error only if none of them can be used. The body is JSON also "
        "where it is called `text/plain`, as `navigator.sendBeacon` does.",
        (Answer(202, "What became of them.", answers.EventsHeard, examples.HEARD),),
        (BadInput, TooLarge, Unavailable),
        headers=(TOKEN,),
        body=requests.EventBatch,
        example=examples.EVENTS,
        media=(JSON, "text/plain"),
        security=(*KEYS, "beacon"),
        users=True,
    ),
    *(
        operation
        for owner, named in (("user", requests.UserPath), ("session", requests.SessionPath))
        for operation in (
            Operation(
                "get",
                f"/v1/{owner}s/{{{owner}_id}}/consent",
                f"get{owner.title()}Consent",
                "consent",
                f"What a {owner} agreed to",
                "Both are false until said otherwise, also for whom nothing is known of.",
                (_CONSENT,),
                (BadInput, NotFound, Unavailable),
                named=named,
                headers=(USER_TOKEN,) if owner == "user" else (),
                security=KEYS,
                users=owner == "user",
            ),
            Operation(
                "put",
                f"/v1/{owner}s/{{{owner}_id}}/consent",
                f"put{owner.title()}Consent",
                "consent",
                f"What a {owner} agrees to now",
                "Replaces what was said before. What a user said, also a no, comes before what was "
                "said in the session.",
                (_CONSENT,),
                (BadInput, NotFound, TooLarge, Unavailable),
                named=named,
                body=requests.ConsentWord,
                example=examples.CONSENT,
                headers=(USER_TOKEN,) if owner == "user" else (),
                security=KEYS,
                users=owner == "user",
            ),
        )
    ),
    Operation(
        "post",
        "/v1/sessions/{session_id}/login",
        "postLogin",
        "sessions",
        "A visitor turns out to be this user",
        "The slate stays, and changes within its limit. A session never passes from one user to "
        "another.",
        (Answer(200, "The session is this user's.", answers.LoginTold, examples.LOGIN_TOLD),),
        (BadInput, NotFound, Conflict, TooLarge, Unavailable),
        named=requests.SessionPath,
        body=requests.LoginWord,
        example=examples.LOGIN,
        security=KEYS,
        users=True,
    ),
    Operation(
        "post",
        "/v1/sessions/{session_id}/logout",
        "postLogout",
        "sessions",
        "The user leaves",
        "A new session begins. Who names the old one begins anew as well, and finds nothing of the "
        "user there.",
        (Answer(200, "The session that begins.", answers.LogoutTold, examples.LOGOUT_TOLD),),
        (BadInput, NotFound, Unavailable),
        named=requests.SessionPath,
        security=KEYS,
    ),
    Operation(
        "put",
        "/v1/items/{item_id}",
        "putItem",
        "items",
        "Describe an item",
        "Replaces what was said of it before. Title, address and picture that are left out are "
        "taken from the table of the training data.",
        (Answer(200, "The item is known.", answers.ItemTold, examples.ITEM_TOLD),),
        (BadInput, NotFound, TooLarge, Unavailable),
        named=requests.ItemPath,
        body=requests.ItemWord,
        example=examples.ITEM,
        security=SERVERS,
    ),
    Operation(
        "delete",
        "/v1/items/{item_id}",
        "deleteItem",
        "items",
        "Withdraw an item",
        "It is off every slate at once; an item that was not known is no error.",
        (Answer(204, "It is withdrawn."),),
        (BadInput, NotFound, Unavailable),
        named=requests.ItemPath,
        security=SERVERS,
    ),
    Operation(
        "get",
        "/healthz",
        "getHealth",
        "health",
        "The process lives",
        "Looks at nothing else.",
        (Answer(200, "It lives.", answers.Alive, examples.ALIVE),),
    ),
    Operation(
        "get",
        "/readyz",
        "getReadiness",
        "health",
        "The process can serve",
        "Whether it can read and write its stores.",
        (
            Answer(200, "It can.", answers.Readiness, examples.READY),
            Answer(503, "It cannot; `parts` says why.", answers.Readiness, examples.NOT_READY),
        ),
    ),
    Operation(
        "get",
        "/openapi.json",
        "getDescription",
        "description",
        "This description, for programs",
        "OpenAPI 3.1, made from the types that check requests and render answers.",
        (
            Answer(200, "The description.", media=JSON, headers=("ETag", "Cache-Control")),
            _UNCHANGED,
        ),
        headers=("If-None-Match",),
    ),
    Operation(
        "get",
        "/docs",
        "getDocs",
        "description",
        "This description, for people",
        "One page without scripts.",
        (
            Answer(200, "The page.", media="text/html", headers=("ETag", "Cache-Control")),
            _UNCHANGED,
        ),
        headers=("If-None-Match",),
    ),
)
