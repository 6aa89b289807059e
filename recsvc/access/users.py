"""Who is this user? Told by a short-lived token (JWT, HS256) that the host's server signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from recsvc.errors import BadUserToken

ALGORITHM: Final = "HS256"
"""The only one: which algorithm counts is never read from the token itself."""

SKEW_S: Final = 10.0
"""By how much the clocks of host and service may differ."""

LONGEST: Final = 4096
"""Characters of a token; longer ones are not looked at."""

_SIGNATURE_ONLY: Final[Any] = {
    "require": ["sub", "exp"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


@dataclass(frozen=True)
class UserTokens:
    """Reads tokens. `keys` are an owner's signing keys: any of them counts, so that a new one can
    overlap the old; no token may live longer than `longest_s`. `clock` tells epoch seconds."""

    keys: Mapping[str, Sequence[str]]
    longest_s: float
    clock: Callable[[], float]

    def user(self, token: str, owner: str) -> str:
        """The user whom the host of this owner vouches for. Raises `BadUserToken`."""
        keys = self.keys.get(owner, ())
        if not keys:
            raise BadUserToken(
                "This service knows no key for user tokens; set RECSVC_USER_TOKEN_KEYS."
            )
        claims = self._signed(token, keys)
        now, ends, begins = self.clock(), claims["exp"], claims.get("nbf", 0)
        if not _is_number(ends) or not _is_number(begins):
            raise BadUserToken("The user token's times must be numbers, seconds since 1970.")
        if now >= ends + SKEW_S:
            raise BadUserToken("The user token is over; fetch a new one from your server.")
        if ends - now > self.longest_s + SKEW_S:
            raise BadUserToken(f"A user token may live for {self.longest_s:g} seconds at most.")
        if begins > now + SKEW_S:
            raise BadUserToken("The user token does not count yet.")
        user: str = claims["sub"]
        return user

    def _signed(self, token: str, keys: Sequence[str]) -> dict[str, Any]:
        if len(token) <= LONGEST:
            for key in keys:
                try:
                    return jwt.decode(token, key, [ALGORITHM], options=_SIGNATURE_ONLY)
                except jwt.InvalidSignatureError:
                    continue
                except jwt.MissingRequiredClaimError as error:
                    raise BadUserToken(f"The user token lacks {error.claim!r}.") from None
                except (jwt.InvalidTokenError, ValueError, RecursionError):
                    break
        raise BadUserToken("The user token is not one that your server signed for this service.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value < 1e15
