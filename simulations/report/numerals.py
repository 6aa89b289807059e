"""How numbers look, everywhere alike: 5.7 %, .0940, [.0852, .1029], 393,637, 3 October 2010."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from simulations.report.results import Figure

MINUS, SPACE, NONE = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}", "\N{EN DASH}"
SHARES = frozenset({"churn", "forced", "position_churn", "refinding"})


def _signed(text: str, value: float, plus: bool) -> str:
    """`text` of |value| with a true sign; a value that shows as zero has none."""
    if not any(digit in "123456789" for digit in text):
        return text
    return MINUS + text if value < 0 else ("+" + text if plus else text)


def tenths(value: float, plus: bool = False) -> str:
    """A share as a percentage with one decimal and no unit: 5.7."""
    return _signed(f"{abs(value) * 100:.1f}", value, plus)


def percent(value: float, plus: bool = False) -> str:
    """A share as 5.7 %."""
    return f"{tenths(value, plus)}{SPACE}%"


def decimals(value: float, places: int = 4) -> str:
    """A figure as .0940: no zero before the point."""
    text = f"{abs(value):.{places}f}"
    return _signed(text[1:] if text.startswith("0.") else text, value, False)


def shown(measure: str, value: float) -> str:
    """A figure in the form of its measure."""
    return percent(value) if measure in SHARES else decimals(value)


def interval(measure: str, figure: Figure) -> str:
    """The interval of a figure in brackets, empty without one."""
    if figure.low is None or figure.high is None:
        return ""
    form = tenths if measure in SHARES else decimals
    return f"[{form(figure.low)}, {form(figure.high)}]"


def change(figure: Figure) -> str:
    """A relative change, always with its sign."""
    return NONE if figure.mean is None else percent(figure.mean, plus=True)


def change_interval(figure: Figure) -> str:
    """The interval of a relative change, empty without one."""
    if figure.low is None or figure.high is None:
        return ""
    return f"[{tenths(figure.low, True)}, {tenths(figure.high, True)}]"


def count(value: int | None) -> str:
    """A whole number with thousands parted: 393,637."""
    return NONE if value is None else f"{value:,}"


def day(iso: str | None) -> str:
    """The day of an ISO 8601 time in words; what is no such time stays as it is."""
    if not iso:
        return NONE
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return clean(iso)
    return f"{at.day} {at:%B %Y}"


def clean(text: str) -> str:
    """Untrusted text that every writer can write: no control characters, no lone surrogates."""
    kept = (" " if unicodedata.category(sign) in {"Cc", "Cs"} else sign for sign in text)
    return " ".join("".join(kept).split())


def short(text: str, length: int) -> str:
    """At most about `length` characters; nothing that belongs together is torn apart."""
    text = clean(text)
    if len(text) <= length:
        return text
    cut = length - 1
    # A mark, a joiner or what a joiner joins belongs to the sign before it.
    while cut > 1 and (
        unicodedata.category(text[cut])[0] == "M" or "\u200d" in (text[cut], text[cut - 1])
    ):
        cut -= 1
    return text[:cut].rstrip() + "…"
