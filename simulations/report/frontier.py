"""The picture of the frontier: churn to the right, accuracy upward, what is best named directly."""

from __future__ import annotations

from collections.abc import Sequence

from simulations.report.marks import marks
from simulations.report.numerals import clean, decimals, percent, short
from simulations.report.pictures import FAINT, QUIET, Frame, Spec, panel, ticks, whole
from simulations.report.results import Results
from simulations.report.spots import at_edge, span, spots


def frontier(results: Results, width: int = 940, height: int = 430, narrow: bool = False) -> Spec:
    """The picture of one study in absolute figures, with the loss against the baseline beside."""
    level = _level(results)
    plane, upright = span(spots(results, relative=False), 0.0 if level is None else level)
    reach = max([s.x for s in plane] + [s.wide[1] for s in plane if s.wide] + [0.0]) or 0.1
    frame = Frame(width, height, (0.0, reach * 1.06), upright)
    layers = [*_grid(frame, level), _axes(results, frame, level, narrow)]
    return whole([panel(frame, layers + marks(frame, plane, level, narrow=narrow, told=True))])


def closer(results: Results, width: int = 940, height: int = 340) -> Spec | None:
    """The same picture without the ends of the range, so that the others part.

    None where that shows nothing new: few policies, or they fill most of the whole picture.
    """
    level = _level(results)
    plane, upright = span(spots(results, relative=False), 0.0 if level is None else level)
    near = [s for s in plane if s.policy.kind != "anchor"]
    if len(near) < 3:
        return None
    near += [s for s in plane if s.policy.name == results.study.baseline]
    low, high = min(s.y for s in near), max(s.y for s in near)
    left, right = min(s.x for s in near), max(s.x for s in near)
    if not 0 < high - low < 0.35 * (upright[1] - upright[0]) or left == right:
        return None
    room, side = 0.14 * (high - low), 0.05 * (right - left)
    frame = Frame(width, height, (max(0.0, left - side), right + side), (low - room, high + room))
    near.sort(key=lambda s: (s.x, s.y, s.policy.name))
    layers = [*_grid(frame, level), _axes(results, frame, level, narrow=False)]
    return whole([panel(frame, layers + marks(frame, near, level, narrow=False, told=False))])


def _level(results: Results) -> float | None:
    """The accuracy of the baseline."""
    base = results.baseline
    return None if base is None else base.mean(results.accuracy.name)


def _axes(results: Results, frame: Frame, level: float | None, narrow: bool) -> Spec:
    """Ticks and titles of the two axes."""
    heights = ticks(*frame.y, 6)
    places = 3 if len(heights) < 2 or heights[1] - heights[0] > 0.00099 else 4
    rows: list[Spec] = [
        {
            **frame.value(frame.pixel(x, 0)[0], frame.height + 14),
            "text": percent(x),
            "align": "center",
            "color": QUIET,
        }
        for x in ticks(*frame.x, 4 if narrow else 6)
    ]
    rows += [
        {
            **frame.value(-8, frame.pixel(0, y)[1]),
            "text": decimals(y, places),
            "align": "right",
            "color": QUIET,
        }
        for y in heights
    ]
    title = short(f"accuracy: {clean(results.accuracy.label)}", 44 if narrow else 90)
    rows += [
        {**frame.value(-44, -26), "text": f"↑ {title}"},
        {
            **frame.value(frame.width, frame.height + 36),
            "text": "churn: seats given to newcomers per event →",
            "align": "right",
        },
    ]
    if not narrow:
        rows.append({**frame.value(0, frame.height + 36), "text": "← calmer"})
        if level is not None:
            rows.append({**frame.value(frame.width + 8, -26), "text": "change"})
    return frame.texts(rows)


def frontiers(all_results: Sequence[Results], width: int = 270, height: int = 300) -> Spec:
    """Small multiples, one panel per study, all read against their own baseline at (100 %, 0 %)."""
    planes = [spots(results, relative=True) for results in all_results]
    kept = [span(plane, 0.0, focus=True) for plane in planes]
    low = min(upright[0] for _, upright in kept)
    high = max(upright[1] for _, upright in kept)
    reach = max([1.0] + [s.x for plane, _ in kept for s in plane])
    panels = []
    for number, (results, (plane, _)) in enumerate(zip(all_results, kept, strict=True)):
        frame = Frame(width, height, (0.0, reach * 1.06), (low, high))
        # A spot at the edge of its own panel's range lies at the edge of the shared one.
        plane = [at_edge(s, frame.y) for s in plane]
        layers = _grid(frame, 0.0, signs=number == len(kept) - 1)
        layers.append(frame.texts(_panel_texts(results, frame, first=number == 0)))
        panels.append(panel(frame, layers + marks(frame, plane, None, narrow=True, told=False)))
    return whole(panels, 34)


def _panel_texts(results: Results, frame: Frame, first: bool) -> list[Spec]:
    """Heading, what 100 % and 0 % stand for, and the ticks of the lower axis."""
    study, accuracy = results.study, results.accuracy
    base = results.baseline
    told = []
    if base is not None:
        churn, level = base.mean("churn"), base.mean(accuracy.name)
        if churn is not None and level is not None:
            told = [
                f"{short(study.baseline, 16)} replaces {percent(churn)} of the seats per event",
                f"{short(accuracy.label, 30)} {decimals(level)}",
            ]
    rows: list[Spec] = [
        {
            **frame.value(0, -62),
            "text": short(study.title or study.name, 36),
            "size": 14,
            "weight": "bold",
        },
        *(
            {**frame.value(0, -44 + 15 * n), "text": line, "color": QUIET, "size": 11}
            for n, line in enumerate(told)
        ),
    ]
    rows += [
        {
            **frame.value(frame.pixel(x, 0)[0], frame.height + 14),
            "text": percent(x).replace(".0", ""),
            "align": "center",
            "color": QUIET,
            "size": 11,
        }
        for x in ticks(0, frame.x[1], 4)
    ]
    rows.append({**frame.value(0, frame.height + 34), "text": "← calmer", "size": 11})
    rows.append(
        {
            **frame.value(frame.width, frame.height + 34),
            "align": "right",
            "size": 11,
            "text": f"churn, {short(study.baseline, 16)} = 100 %",
        }
    )
    if first:
        rows.append({**frame.value(0, -12), "text": "↑ more accurate", "size": 11})
    return rows


def _grid(frame: Frame, level: float | None, signs: bool = True) -> list[Spec]:
    """Lines at round losses against the baseline, its own level drawn darker; the frame's foot."""
    left, right = frame.x
    rows, texts = [], []
    if level is None:
        rows = [{"x": left, "x2": right, "y": y, "y2": y} for y in ticks(*frame.y, 6)]
    else:
        unit = level or 1.0
        for loss in ticks((frame.y[0] - level) / unit, (frame.y[1] - level) / unit, 6):
            y = level + loss * unit
            rows.append({"x": left, "x2": right, "y": y, "y2": y})
            text = percent(loss, True) if loss else "0 %"
            texts.append(
                {
                    **frame.value(frame.width + 8, frame.pixel(0, y)[1]),
                    "text": text.replace(".0", ""),
                    "color": QUIET,
                }
            )
    base = [] if level is None else [{"x": left, "x2": right, "y": level, "y2": level}]
    foot = [{"x": left, "x2": right, "y": frame.y[0], "y2": frame.y[0]}]
    return [
        frame.rules(rows, FAINT),
        frame.rules(base, QUIET, strokeDash=[2, 3]),
        frame.rules(foot, QUIET),
        frame.texts(texts if signs else []),
    ]
