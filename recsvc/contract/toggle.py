"""What acts turn on and off, when it takes effect is known to within a request only."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from recsvc.contract.facts import When


@dataclass(frozen=True, slots=True)
class Flip:
    """One turn of a toggle; `sure` is False if the act may have been refused."""

    t0: float
    t: float
    on: bool
    sure: bool = True


class Toggle:
    """Something that acts turn on and off, each taking effect somewhere between t0 and t."""

    __slots__ = ("flips",)

    def __init__(self) -> None:
        self.flips: deque[Flip] = deque(maxlen=8)

    def turn(self, when: When, on: bool, sure: bool = True) -> None:
        """Record that an act of that time turned it `on` or off."""
        self.flips.append(Flip(when.t0, when.t, on, sure))

    def surely(self, on: bool, t0: float, t: float) -> bool:
        """Return True if it was turned `on` by t0 and by no account otherwise before t."""
        done = [flip for flip in self.flips if flip.t <= t0]
        if not done or done[-1].on != on or not done[-1].sure:
            return False
        last = done[-1]
        return not any(f.on != on and f.t > last.t0 and f.t0 <= t for f in self.flips)

    def latest(self, t0: float) -> Flip:
        """Return the last turn made by t0; call it only if `surely` said that there is one."""
        return [flip for flip in self.flips if flip.t <= t0][-1]

    def doubt(self, when: When) -> None:
        """Record that it may have been turned off."""
        if self.flips and self.flips[-1].on:
            self.turn(when, False, sure=False)

    def confirm(self) -> None:
        """Record that what was in doubt is so."""
        if self.flips and not self.flips[-1].sure:
            self.flips[-1] = replace(self.flips[-1], sure=True)

    def maybe_on(self, since: float, t: float, besides: When | None = None) -> bool:
        """Return True if it may have been on at some time from `since` to `t`.

        What the act at the time `besides` turned on does not count.
        """
        flips = list(self.flips)
        for number, flip in enumerate(flips):
            if besides is not None and (flip.t0, flip.t) == (besides.t0, besides.t):
                continue
            if flip.on and flip.t0 <= t:
                ends = [later.t for later in flips[number + 1 :] if not later.on and later.sure]
                if not ends or ends[0] >= since:
                    return True
        return False
