"""The page: one self-contained file, with its picture beside it as SVG and PNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from simulations.report import costs, gallery, hindsight, numerals, tables, visitors, words
from simulations.report.free import free_words
from simulations.report.frontier import closer, frontier, frontiers
from simulations.report.pictures import Spec
from simulations.report.profiles import profiles
from simulations.report.publishable import publishable
from simulations.report.results import CONSISTENCY, Results, read
from simulations.report.slices import slices

VEGA_LITE = "5.20"
PNG_SCALE = 2.0


def write_report(results: Mapping[str, Any], out: Path) -> tuple[Path, ...]:
    """Writes report.html, frontier.svg, frontier.png and, where a policy is recommended, its
    knobs.json into `out`; the same bytes every time.

    `results` is what `results.json` holds. BadData if it cannot be read, BadInput if the knobs that
    it recommends are none that a surface would take.
    """
    found = read(results)
    spec = frontier(found)
    picture = svg(spec)
    knobs = publishable(found)
    out.mkdir(parents=True, exist_ok=True)
    files = (out / "report.html", out / "frontier.svg", out / "frontier.png")
    files[0].write_text(page(found, picture), encoding="utf-8", newline="\n")
    files[1].write_text(picture, encoding="utf-8", newline="\n")
    files[2].write_bytes(png(spec))
    if knobs is None:
        return files
    (out / "knobs.json").write_bytes(knobs)
    return (*files, out / "knobs.json")


def frontier_picture(list_of_results: Iterable[Mapping[str, Any]]) -> tuple[str, bytes]:
    """One panel per study side by side, each against its own baseline: SVG text and PNG bytes."""
    spec = frontiers([read(results) for results in list_of_results])
    return svg(spec), png(spec)


def svg(spec: Spec) -> str:
    """A picture as SVG text."""
    return str(vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)) + "\n"


def png(spec: Spec) -> bytes:
    """A picture as PNG, twice as fine as the screen."""
    return bytes(vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=PNG_SCALE))


def environment() -> jinja2.Environment:
    """Templates that escape everything; a name that does not exist is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("simulations.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(results: Results, picture: str, room: jinja2.Environment | None = None) -> str:
    """The page as text. `picture` is the frontier's SVG, made by this package."""
    study = results.study
    by_profile, near = profiles(results), closer(results)
    course = profiles(costs.course_results(results), title="number of the event in the visit →")
    top = words.answer(results)
    named = [study.baseline, top.policy or "", "sticky", "gentle", "frozen"]
    consistency, accuracy = tables.other_tables(results)
    looked_back = hindsight.section(
        results.hindsight, about=top.policy, world=study.kind == "world"
    )
    return (
        (room or environment())
        .get_template("report.html")
        .render(
            r=results,
            study=study,
            n=numerals,
            sentence=words.sentence,
            answer=top,
            # Only what this package has drawn itself is not escaped again.
            picture=Markup(picture.strip()),
            narrow=Markup(svg(frontier(results, 290, 330, narrow=True)).strip()),
            closer=_drawn(near),
            picture_words=words.picture_words(results),
            facts=words.facts(results),
            main=tables.main_table(results),
            consistency=consistency,
            accuracy=accuracy,
            seats=tables.seats(results, list(dict.fromkeys(named))),
            free=free_words(results),
            in_force=costs.in_force_words(results),
            costs=costs.cost_lines(results),
            price_words=costs.price_words(results),
            sliced=slices(results),
            course=_drawn(course),
            course_table=costs.course_table(results),
            by_profile=_drawn(by_profile),
            profile_words=words.profile_words(results),
            profile_table=tables.profile_table(results),
            baseline_words=words.sentence(words.baseline_words(results)),
            gallery_heading=words.gallery_heading(results),
            exhibits=[gallery.exhibit(visit) for visit in results.gallery],
            hindsight=looked_back,
            hindsight_picture=_drawn(looked_back.picture if looked_back else None),
            hindsight_narrow=_drawn(looked_back.narrow if looked_back else None),
            visitors=visitors.section(results.visitors),
            knobs=tables.knob_lines(results),
            meanings=tables.knob_meanings(results),
            consistency_names=CONSISTENCY,
        )
    )


def _drawn(spec: Spec | None) -> Markup | None:
    return Markup(svg(spec).strip()) if spec else None
