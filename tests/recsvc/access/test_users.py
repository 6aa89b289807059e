"""A user token counts when the host signed it a short while ago, and never otherwise."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from recsvc.access.users import LONGEST, SKEW_S, UserTokens
from recsvc.errors import BadUserToken

NOW = 1_800_000_000.0
OLD, NEW, OTHER = "old-" * 10, "new-" * 16, "other-" * 10
TOKENS = UserTokens({"main": (NEW, OLD), "shop": (OTHER,)}, 3600.0, lambda: NOW)


def signed(key: str = NEW, algorithm: str = "HS256", **claims: Any) -> str:
    claims = {"sub": "u", "exp": NOW + 60, **claims}
    told = {name: claim for name, claim in claims.items() if claim is not None}
    return jwt.encode(told, key, algorithm)


def test_the_user_of_a_good_token_is_told() -> None:
    assert TOKENS.user(signed(sub="ann"), "main") == "ann"


def test_keys_overlap_so_that_they_can_be_changed() -> None:
    for key in (OLD, NEW):
        assert TOKENS.user(signed(key), "main") == "u"


def test_a_host_vouches_for_its_own_users_only() -> None:
    assert TOKENS.user(signed(OTHER), "shop") == "u"
    for key, owner in ((OTHER, "main"), (NEW, "shop"), (NEW, "nobody")):
        with pytest.raises(BadUserToken):
            TOKENS.user(signed(key), owner)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - SKEW_S},
        {"exp": NOW + 3600 + SKEW_S + 1},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"sub": None},
        {"nbf": NOW + SKEW_S + 1},
        {"nbf": "later"},
        {"aud": "another service"},
    ],
)
def test_a_token_that_is_over_or_too_long_or_lacks_something_does_not_count(claims: Any) -> None:
    with pytest.raises(BadUserToken):
        TOKENS.user(signed(**claims), "main")


def test_clocks_may_differ_a_little() -> None:
    assert TOKENS.user(signed(exp=NOW - SKEW_S + 1, iat=NOW + 5), "main") == "u"


def unsigned(header: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part(header)}.{part({'sub': 'u', 'exp': NOW + 60})}."


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "é.é.é",
        "\ud800.x.y",
        unsigned({"alg": "none"}),
        unsigned({"alg": "HS256"}),
        unsigned({"alg": "HS256", "crit": ["exp"]}),
        signed(NEW, "HS512"),
        signed(OTHER),
        signed(sub="x" * LONGEST),
        signed()[:-2] + "xx",
    ],
)
def test_what_was_not_signed_that_way_does_not_count(token: str) -> None:
    with pytest.raises(BadUserToken):
        TOKENS.user(token, "main")


def test_no_flipped_bit_is_accepted() -> None:
    token = signed()
    signature = token.rindex(".") + 1
    # The last character of base64 holds bits that mean nothing.
    for n in [*range(signature - 1), *range(signature, len(token) - 1)]:
        for bit in range(7):
            wrong = token[:n] + chr(ord(token[n]) ^ (1 << bit)) + token[n + 1 :]
            with pytest.raises(BadUserToken):
                TOKENS.user(wrong, "main")


@pytest.mark.parametrize("sub", [7, ["u"], {"a": 1}])
def test_a_user_is_named_by_text(sub: Any) -> None:
    with pytest.raises(BadUserToken):
        TOKENS.user(signed(sub=sub), "main")
