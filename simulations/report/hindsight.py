"""Hindsight on the page: how much of what could have been gained under its limit a policy got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from recsvc.errors import BadData
from simulations.report.numerals import NONE, clean, count, decimals, percent, short, tenths
from simulations.report.pictures import (
    BLUE,
    FAINT,
    INK,
    PAPER,
    QUIET,
    Frame,
    Spec,
    panel,
    ticks,
    whole,
)
from simulations.report.results import Figure

ROW_HEIGHT = 26
_NEARLY_ALL, _NEARLY_NONE = 0.95, 0.2


class Worth(msgspec.Struct, frozen=True):
    """What slates were worth under frozen, policy and hindsight, and shares of the headroom."""

    frozen: float | None = None
    policy: float | None = None
    hindsight: float | None = None
    share: Figure | None = None
    foresight: Figure | None = None


class Headroom(msgspec.Struct, frozen=True):
    """One policy beside hindsight under its own limit; `exact`: a schedule, else a bound."""

    policy: str
    exact: bool = True
    visits: int | None = None
    visitors: int | None = None
    answers: int | None = None
    judged: int | None = None
    belief: Worth = Worth()
    truth: Worth = Worth()


@dataclass(frozen=True)
class Line:
    """One policy in the table; figures with their intervals."""

    name: str
    belief: tuple[str, str]
    truth: tuple[str, str]
    foresight: tuple[str, str]
    levels: tuple[str, str, str]
    kind: str


@dataclass(frozen=True)
class Section:
    """All of it. Without a policy that could have gained anything there is no picture."""

    words: tuple[str, ...]
    sample: str
    picture: Spec | None
    narrow: Spec | None
    picture_words: str
    lines: tuple[Line, ...]


def read_headrooms(rows: Sequence[Mapping[str, Any]]) -> tuple[Headroom, ...]:
    """What `results.json` holds under `hindsight`; BadData says what cannot be read."""
    try:
        return msgspec.convert(rows, tuple[Headroom, ...])
    except msgspec.ValidationError as error:
        raise BadData(f"the figures on hindsight cannot be read: {error}") from None


def section(
    rows: Sequence[Mapping[str, Any]], *, about: str | None = None, world: bool = False
) -> Section | None:
    """The section; None where no visits were looked at. `about` is the policy told in words.

    `world`: truth is the answer key of a world.
    """
    found = read_headrooms(rows)
    if not found:
        return None
    told = [row for row in found if _mean(row.belief.share) is not None]
    told.sort(key=lambda row: (-(_mean(row.belief.share) or 0.0), row.policy))
    main = next((row for row in told if row.policy == about), told[-1] if told else None)
    one = found[0]
    return Section(
        () if main is None else tuple(_sentences(main, world)),
        f"{count(one.visits)} visits of {count(one.visitors)} visitors, drawn by chance; "
        f"{count(one.answers)} answers, {count(one.judged)} judged events.",
        _picture(told, 560, 150) if told else None,
        _picture(told, 190, 84) if told else None,
        _picture_words(told),
        tuple(_line(row) for row in (*told, *(row for row in found if row not in told))),
    )


def _sentences(row: Headroom, world: bool) -> list[str]:
    """What the figures of one policy say, and no more."""
    share, name = row.belief.share, clean(row.policy)
    assert share is not None  # only such rows are told
    assert share.mean is not None
    sentences = [
        f"With {name} visitors saw {_amount(share, row.exact)} of what could have been gained over "
        "a slate that never changes, judged by the recommender's own scores and with no more "
        "changes than the policy allows."
    ]
    if (share.mean if share.low is None else share.low) >= _NEARLY_ALL:
        sentences.append("Knowing the rest of the visit beforehand would hardly have helped.")
    elif row.exact:
        sentences.append(
            f"The other {percent(1 - share.mean)} went to changes that a look ahead, or other "
            "knobs under the same limit, would have made otherwise."
        )
    truth, key = row.truth.share, "the answer key" if world else "what visitors then turned to"
    if truth is None or truth.mean is None:
        return sentences
    if truth.mean > 0:
        sentences.append(
            f"Judged by {key}, it was {_amount(truth, row.exact)} of what somebody who knows that "
            "could have shown."
        )
    else:
        sentences.append(
            f"Judged by {key}, it showed no more of that than a slate that never changes "
            f"({percent(truth.mean)}{_bracket(truth)})."
        )
    ahead = _mean(row.truth.foresight)
    if ahead is not None and ahead < _NEARLY_NONE:
        sentences.append(
            "With all scores of the visit known beforehand it would have been "
            f"{percent(ahead)}: what is missing is better scores, not better timing."
        )
    return sentences


def _amount(share: Figure, exact: bool) -> str:
    assert share.mean is not None
    # Where hindsight is a bound, what was gained is a larger share of the true headroom.
    least = "at least " if not exact and share.mean > 0 else ""
    return f"{least}{percent(share.mean)}{_bracket(share)}"


def _line(row: Headroom) -> Line:
    levels = (row.truth.frozen, row.truth.policy, row.truth.hindsight)
    frozen, own, best = (NONE if level is None else decimals(level) for level in levels)
    return Line(
        short(row.policy, 48),
        _cell(row.belief.share),
        _cell(row.truth.share),
        _cell(row.truth.foresight),
        (frozen, own, best),
        "exact" if row.exact else "a bound",
    )


def _cell(figure: Figure | None) -> tuple[str, str]:
    """A share and its interval; a dash where there is none."""
    if figure is None or figure.mean is None:
        return NONE, ""
    return percent(figure.mean), _bracket(figure).strip()


def _bracket(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" [{tenths(figure.low)}, {tenths(figure.high)}]"


def _mean(figure: Figure | None) -> float | None:
    return None if figure is None else figure.mean


def _picture_words(told: Sequence[Headroom]) -> str:
    """The picture for those who cannot see it."""
    shares = [
        f"{clean(row.policy)} {_cell(row.belief.share)[0]} and {_cell(row.truth.share)[0]}"
        for row in told
    ]
    return (
        "A line for each policy: the share of what hindsight could gain, by the recommender's own "
        f"scores and by what came: {'; '.join(shares)}. The table below holds all figures."
    )


def _picture(told: Sequence[Headroom], width: int, left: int) -> Spec:
    """A row for each policy: a full dot for belief, a ring for truth, bars for their intervals."""
    figures = [f for row in told for f in (row.belief.share, row.truth.share) if f is not None]
    low = min([0.0] + [v for f in figures for v in (f.mean, f.low) if v is not None])
    high = max([1.0] + [v for f in figures for v in (f.mean, f.high) if v is not None])
    # An interval of few visitors may be very wide: the picture keeps to what can be told apart.
    low, high = max(low, -0.5), min(high, 1.1)
    frame = Frame(width, ROW_HEIGHT * len(told), (low - 0.03, high + 0.03), (-0.5, len(told) - 0.5))
    bars: dict[str, list[Spec]] = {INK: [], BLUE: []}
    dots: dict[str, list[Spec]] = {INK: [], BLUE: []}
    texts: list[Spec] = []
    for n, row in enumerate(reversed(told)):
        at = frame.pixel(0.0, n)[1]
        texts.append(
            {
                **frame.value(-left, at),
                "text": short(row.policy, left // 6),
                "color": INK,
            }
        )
        for color, figure, aside in ((INK, row.belief.share, 0.1), (BLUE, row.truth.share, -0.1)):
            if figure is None or figure.mean is None or not low <= figure.mean <= high:
                continue
            y = round(n + aside, 6)
            dots[color].append({"x": figure.mean, "y": y})
            if figure.low is not None and figure.high is not None:
                ends = {"x": max(figure.low, low), "x2": min(figure.high, high)}
                bars[color].append({**ends, "y": y, "y2": y})
    marks = ticks(max(low, 0.0), 1.0, 5 if width > 300 else 2)
    top = frame.y[1]
    rules = [{"x": x, "x2": x, "y": frame.y[0], "y2": top} for x in marks]
    texts += [
        {
            **frame.value(frame.pixel(x, 0.0)[0], frame.height + 14),
            "text": percent(x).replace(".0", ""),
            "align": "center",
            "color": QUIET,
        }
        for x in marks
    ]
    texts += [
        {**frame.value(-left, -32), "text": "● by the recommender's own scores"},
        {**frame.value(-left, -14), "text": "○ by what came", "color": BLUE},
    ]
    ring = {"type": "point", "size": 44, "opacity": 1, "strokeWidth": 1.5}
    return whole(
        [
            panel(
                frame,
                [
                    frame.rules(rules, FAINT),
                    frame.rules(bars[INK], INK),
                    frame.rules(bars[BLUE], BLUE),
                    frame.layer({**ring, "fill": INK, "stroke": INK}, dots[INK]),
                    frame.layer({**ring, "fill": PAPER, "stroke": BLUE}, dots[BLUE]),
                    frame.texts(texts),
                ],
            )
        ]
    )
