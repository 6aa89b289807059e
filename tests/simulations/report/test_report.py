"""The page says what the figures say, to everyone, and is the same for the same figures."""

from __future__ import annotations

import copy
import html
import re
import struct
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
import pytest

from recsvc.errors import BadData
from simulations.report import frontier_picture, write_report
from simulations.report import page as pages
from simulations.report.numerals import MINUS, clean, short
from simulations.report.results import read
from simulations.report.words import answer
from simulations.report.words import sentence as sentence_of
from tests.simulations.report import made_up

VOID = frozenset({"meta", "col", "br", "link", "img"})
EVIL = "<script>alert(1)</script><b onload='x'>\"&{{ 7*7 }}"


class Reader(HTMLParser):
    """Reads a page as a browser would and complains about what does not close."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def read_page(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def page_of(results: dict[str, Any], room: jinja2.Environment | None = None) -> str:
    return pages.page(read(results), "<svg></svg>", room)


@pytest.fixture
def results() -> dict[str, Any]:
    return made_up.results()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    write_report(made_up.results(), out)
    return out


def test_the_same_results_give_the_same_bytes(written: Path, tmp_path: Path) -> None:
    files = write_report(made_up.results(), tmp_path)
    names = ["report.html", "frontier.svg", "frontier.png", "knobs.json"]
    assert [file.name for file in files] == names
    for file in files:
        assert file.read_bytes() == (written / file.name).read_bytes()


def test_the_page_needs_nothing_but_itself(written: Path) -> None:
    text = (written / "report.html").read_text()
    for tag, attributes in read_page(text).tags:
        assert tag not in {"script", "link", "img", "iframe", "object"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "data", "action"):
            assert name not in attributes or str(attributes[name]).startswith("#")
    for address in re.findall(r"https?://[^\s\"')]+", text):
        assert address.startswith("http://www.w3.org/"), "only the names of SVG's own grammar"
    assert "@import" not in text
    assert "url(" not in text


def test_a_parser_reads_the_page_and_every_tag_closes(written: Path) -> None:
    reader = read_page((written / "report.html").read_text())
    heads = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h[1-6]", tag)]
    assert heads[0] == 1
    assert heads.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(heads))
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(ids) == len(set(ids))
    named = {a["aria-labelledby"] for _, a in reader.tags if "aria-labelledby" in a}
    assert named <= set(ids)
    for tag, attributes in reader.tags:
        if tag == "svg" and attributes.get("class") != "marks":
            assert attributes.get("aria-hidden") == "true", "numbers stand beside it"
    assert sum(a.get("role") == "img" and bool(a.get("aria-label")) for _, a in reader.tags) == 5


def test_every_policy_is_in_every_table_the_calmest_first(results: dict[str, Any]) -> None:
    text = page_of(results)
    order = sorted(results["policies"], key=lambda p: p["figures"]["churn"]["mean"])
    tables = re.findall(r'<table class="figures[^>]*id=.*?</table>', text, re.S)
    assert len(tables) == 3
    for table in tables:
        rows = re.findall(r'<th scope="row"><b><bdi>(.*?)</bdi>', table)
        assert rows == [policy["name"] for policy in order]
    knobs = re.search(r'<table class="knobs">.*?</table>', text, re.S)
    assert knobs is not None
    assert all(f"<bdi>{p['name']}</bdi>" in knobs[0] for p in results["policies"])


def test_every_figure_stands_once_with_its_interval(results: dict[str, Any]) -> None:
    text = page_of(results)
    cells = re.findall(r'<td data-measure="(\w+)">', text)
    for measure in results["measures"]:
        assert cells.count(measure["name"]) == len(results["policies"])
    assert '.0922 <span class="i">[.0875, .0969]</span>' in text
    assert f'{MINUS}42.1\u00a0% <span class="i">[{MINUS}44.1, {MINUS}40.1]</span>' in text


def test_every_measure_is_explained(results: dict[str, Any]) -> None:
    text = page_of(results)
    listed = re.search(r'<dl class="two" id="measures">.*?</dl>', text, re.S)
    assert listed is not None
    for measure in results["measures"]:
        assert f"<dt>{html.escape(measure['label'])}</dt>" in listed[0]
        assert f"<dd>{html.escape(sentence_of(measure['means']))} " in listed[0]


def test_the_knee_and_the_frontier_are_marked(results: dict[str, Any]) -> None:
    table = re.search(r'id="churn-and-accuracy".*?</table>', page_of(results), re.S)
    assert table is not None
    tag = '<span class="tag k">knee</span>'
    marked = [row for row in table[0].split("<tr ") if tag in row]
    assert len(marked) == 1
    assert "<bdi>limit 0.1</bdi>" in marked[0]
    for row in table[0].split("<tr ")[1:]:
        name = re.search("<bdi>(.*?)</bdi>", row)
        assert name is not None
        assert ('<span class="tag">frontier</span>' in row) == (name[1] in results["frontier"])


def test_the_baseline_is_not_compared_with_itself(results: dict[str, Any]) -> None:
    nothing = {m["name"]: {"mean": 0.0, "low": 0.0, "high": 0.0} for m in results["measures"]}
    bare = page_of(results)
    results["policies"][0]["against"] = nothing
    assert page_of(results) == bare
    assert "Fresh has none, since it does not differ from itself" in bare
    assert "accuracy .0940 [.0893, .0987]" in bare


def hostile(results: dict[str, Any]) -> dict[str, Any]:
    """The same results with a planted text in every place where a text can stand."""

    def planted(value: Any, path: str) -> Any:
        if path == ".recommended.knobs":
            return value
        if isinstance(value, dict):
            return {key: planted(child, f"{path}.{key}") for key, child in value.items()}
        if isinstance(value, list):
            return [planted(child, path) for child in value]
        if isinstance(value, str) and not path.endswith(".better"):
            return f"{EVIL}{value}"
        return value

    evil: dict[str, Any] = planted(results, "")
    evil["measures"].append({"name": EVIL, "label": EVIL, "better": "lower", "means": EVIL})
    for policy in evil["policies"]:
        policy["knobs"] = {**policy["knobs"], f"{EVIL}knob": EVIL}
        policy["figures"][EVIL] = made_up.figure(0.5, 0.1)
    # Names that figures are looked up by are changed in step.
    for measure, true in zip(evil["measures"], results["measures"], strict=False):
        measure["name"] = true["name"]
    for visit in evil["gallery"]:
        for row in visit["rows"]:
            for field in ("slates", "changed"):
                row[field] = {f"{EVIL}{name}": value for name, value in row[field].items()}
    return evil


def escapes(text: str) -> bool:
    """Whether no planted text got through as markup."""
    reader = read_page(text)
    bad = any(tag == "script" or "onload" in attributes for tag, attributes in reader.tags)
    return not bad and "<script" not in text and "<b onload" not in text


def test_untrusted_text_stays_text(results: dict[str, Any], tmp_path: Path) -> None:
    evil = hostile(results)
    write_report(evil, tmp_path)
    for name in ("report.html", "frontier.svg"):
        text = (tmp_path / name).read_text()
        assert "alert(1)" in text
        assert escapes(text)
    assert "{{ 7*7 }}" in read_page((tmp_path / "report.html").read_text()).words


SOURCES = {
    name: (Path(pages.__file__).parent / "templates" / name).read_text()
    for name in (
        "report.html",
        "free.html",
        "slices.html",
        "hindsight.html",
        "visitors.html",
        "method.html",
        "style.css",
    )
}
# What the templates write that is no text of others: numbers, words and drawings of our own.
OURS = re.compile(
    r"""'|figures\(|seat_row\(|n\.count\(|loop\.|study\.k$|table\.ends|wall\.total$|line\.largest$
    |beam\.(look|opening.*|sign|span)$|cell\.(bracket|change|change_bracket|value)$
    |(by_profile|caption|default|events|gallery_heading|head|means|narrow|picture|closer|text)$
    |profile_words|name\|lower|ends$|n\.percent\(|row\.(visitors)$|line\.front$|what$|course$
    |sentence\(free\.(others|seeds|power)|'%g'""",
    re.X,
)
PLACES = sorted(
    (name, body)
    for name in ("report.html", "free.html", "slices.html", "method.html")
    for body in {found.strip() for found in re.findall(r"\{\{(.*?)\}\}", SOURCES[name])}
    if not OURS.match(body)
)


@pytest.mark.parametrize(("name", "body"), PLACES, ids=str)
def test_a_planted_safe_would_be_caught(results: dict[str, Any], name: str, body: str) -> None:
    sources = dict(SOURCES)
    sources[name] = sources[name].replace(f"{{{{ {body} }}}}", f"{{{{ ({body})|safe }}}}")
    assert sources[name] != SOURCES[name]
    room = pages.environment()
    room.loader = jinja2.DictLoader(sources)
    with pytest.raises(AssertionError):
        assert escapes(page_of(hostile(results), room))


def test_titles_of_any_script_and_length_are_carried(results: dict[str, Any]) -> None:
    titles = [
        "חולצה כחולה " * 3,
        "🧑‍👩‍👧‍👦 family 🎁",
        "x" * 5000,
        "a\u0000b\ud800c\u001b[31m",
        "   ",
    ]
    for item, title in zip(
        results["gallery"][0]["rows"][0]["slates"]["fresh"], titles, strict=False
    ):
        item["title"] = title
    text = page_of(results)
    text.encode("utf-8")
    assert "<bdi>חולצה כחולה" in text
    assert "🧑‍👩‍👧‍👦 family 🎁" in text
    assert "x" * 89 + "…" in text
    assert "x" * 91 not in text
    assert "\u0000" not in text
    assert "\u001b" not in text


def test_a_cut_title_never_tears_what_belongs_together() -> None:
    family = "🧑‍👩‍👧‍👦"
    assert short("ab" + family, 4) == "ab…"
    assert short("ae\u0301x", 3) == "a…"
    assert clean(" a\n\tb ") == "a b"


def beams_of(text: str, policy: str) -> list[list[dict[str, str | None]]]:
    """The first wall of that policy: the attributes of each cell, a row for each seat."""
    wall = re.search(rf'<table data-policy="{policy}">.*?</table>', text, re.S)
    assert wall is not None
    body = re.search(r"<tbody>.*?</tbody>", wall[0], re.S)
    assert body is not None
    rows = body[0].split("<tr>")[1:]
    return [
        [a for tag, a in read_page(f"<tr>{row}".replace("</tbody>", "")).tags if tag == "td"]
        for row in rows
    ]


@pytest.mark.parametrize("policy", ["fresh", "sticky"])
def test_the_gallery_marks_the_right_seats(results: dict[str, Any], policy: str) -> None:
    visit = results["gallery"][0]
    rows = visit["rows"]
    wall = beams_of(page_of(results), policy)
    assert len(wall) == 10
    for seat, cells in enumerate(wall):
        assert sum(int(cell.get("colspan") or 1) for cell in cells) == len(rows)
        look = 0
        for cell in cells:
            kinds = str(cell["class"]).split()
            span = int(cell.get("colspan") or 1)
            held = [row["slates"][policy][seat] for row in rows[look : look + span]]
            assert {item["item_id"] for item in held} == {cell["data-item"]}
            if look:
                assert kinds[0] == held[0]["standing"]
            else:
                assert kinds[0] == "first"
            assert all(item["standing"] == "kept" for item in held[1:])
            after = rows[look + span]["event"]["item_id"] if look + span < len(rows) else None
            assert ("taken" in kinds) == (after == held[0]["item_id"])
            look += span


def test_a_move_says_from_where_and_is_told_without_colour(results: dict[str, Any]) -> None:
    text = page_of(results)
    for sign, said in (("+", "new"), ("↑1", "moved up 1"), ("↓1", "moved down 1")):
        assert f'<span class="sign" aria-hidden="true">{sign}</span>' in text
        assert f'<span class="hear">{said}: </span>' in text
    assert '<span class="hear">, taken next</span>' in text


def sentence(change: dict[str, Any], **more: Any) -> str:
    results = made_up.results()
    for policy in results["policies"]:
        if policy["name"] == "limit 0.1":
            policy["against"] |= {"ndcg_rest": change, **more}
    return answer(read(results)).sentence


def test_the_answer_tells_a_loss_as_a_loss() -> None:
    assert sentence({"mean": -0.019, "low": -0.028, "high": -0.011}) == (
        "With limit 0.1 (at most 1 of 10 replaced per step; kept items may move), visitors see "
        "42.1\u00a0% [40.1, 44.1] fewer replacements, for 1.9\u00a0% [1.1, 2.8] less accuracy "
        "than with fresh."
    )


def test_the_answer_tells_a_gain_as_a_gain() -> None:
    found = sentence({"mean": 0.019, "low": 0.011, "high": 0.028})
    assert "and 1.9\u00a0% [1.1, 2.8] more accuracy than with fresh." in found
    assert "less" not in found


def test_the_answer_claims_no_difference_that_could_be_chance() -> None:
    found = sentence({"mean": -0.002, "low": -0.009, "high": 0.005})
    assert f"with hardly any loss of accuracy ({MINUS}0.2\u00a0% [{MINUS}0.9, +0.5])." in found
    assert "less" not in found
    assert "more accuracy" not in found


def test_the_answer_does_not_call_a_wide_interval_no_difference() -> None:
    found = sentence({"mean": -0.115, "low": -0.224, "high": 0.003})
    assert "a change of accuracy that this study cannot tell from chance" in found
    assert f"({MINUS}11.5\u00a0% [{MINUS}22.4, +0.3])." in found
    assert "hardly" not in found


def test_the_answer_tells_more_replacements_as_more() -> None:
    found = sentence(
        {"mean": -0.019, "low": None, "high": None},
        churn={"mean": 0.12, "low": 0.1, "high": 0.14},
    )
    assert "visitors see 12.0\u00a0% [10.0, 14.0] more replacements" in found
    assert "for 1.9\u00a0% less accuracy" in found


def test_a_wrong_sign_in_the_figures_changes_the_sentence() -> None:
    """What the tests above rest on: turning one sign around is seen."""
    loss = {"mean": -0.019, "low": -0.028, "high": -0.011}
    gain = {"mean": 0.019, "low": 0.011, "high": 0.028}
    assert "less accuracy" in sentence(loss)
    assert "less accuracy" not in sentence(gain)
    more = sentence(loss, churn={"mean": 0.421, "low": 0.401, "high": 0.441})
    assert "fewer" in sentence(loss)
    assert "fewer" not in more
    assert "42.1\u00a0% [40.1, 44.1] more" in more


def test_new_visitors_are_said_to_feel_it_most_only_if_they_do(results: dict[str, Any]) -> None:
    assert "New visitors feel it most" in page_of(results)
    for profile in results["profiles"]:
        profile["churn"] = made_up.figure(0.001 * (1 + profile["from"]), 0.0001)
    assert "New visitors feel it most" not in page_of(results)


def only_one(results: dict[str, Any]) -> None:
    results |= {"policies": results["policies"][:1], "frontier": ["fresh"], "knee": None}


def forty(results: dict[str, Any]) -> None:
    grid = [p for p in results["policies"] if p["kind"] == "grid"]
    for number in range(30):
        policy = copy.deepcopy(grid[number % len(grid)])
        policy["name"] = f"{policy['name']} and a long name, number {number}"
        results["policies"].append(policy)


def no_figures(results: dict[str, Any]) -> None:
    for policy in results["policies"]:
        policy["figures"], policy["against"] = {}, {}


def no_intervals(results: dict[str, Any]) -> None:
    for policy in results["policies"]:
        for figures in (policy["figures"], policy["against"]):
            for figure in figures.values():
                figure["low"] = figure["high"] = None


def nulls(results: dict[str, Any]) -> None:
    for policy in results["policies"][1:]:
        policy["figures"] = dict.fromkeys(policy["figures"])
        policy["against"] = dict.fromkeys(policy["against"])
    for profile in results["profiles"]:
        profile["churn"] = None
    results["data"] = dict.fromkeys(results["data"])


def only_calm(results: dict[str, Any]) -> None:
    for policy in results["policies"]:
        policy["figures"]["churn"] = {"mean": 0.0, "low": 0.0, "high": 0.0}
        policy["against"]["churn"] = None


def bare(results: dict[str, Any]) -> None:
    for name in ("gallery", "profiles", "notes", "measures", "frontier", "slices"):
        results[name] = []
    for name in ("knee", "free", "recommended", "production", "course"):
        results[name] = None


def world(results: dict[str, Any]) -> None:
    results["study"] |= {"kind": "world", "accuracy": "truth"}
    results["data"]["retrain"] = None
    results["measures"].append(
        {
            "name": "truth",
            "label": "true worth of the slate",
            "better": "higher",
            "means": "The key.",
        }
    )
    for policy in results["policies"]:
        policy["figures"]["truth"] = {"mean": 1.23456, "low": 1.2, "high": 1.3}
        policy["against"]["truth"] = {"mean": -0.01, "low": -0.02, "high": -0.001}


def short_slates(results: dict[str, Any]) -> None:
    rows = results["gallery"][0]["rows"]
    rows[2]["slates"]["fresh"] = rows[2]["slates"]["fresh"][:4]
    rows[4]["slates"] = {}
    rows[4]["event"] = None
    results["gallery"][1]["rows"] = []


def no_baseline(results: dict[str, Any]) -> None:
    results["study"]["baseline"] = "nobody"


ODD: tuple[Callable[[dict[str, Any]], None], ...] = (
    only_one,
    forty,
    no_figures,
    no_intervals,
    nulls,
    only_calm,
    bare,
    world,
    short_slates,
    no_baseline,
)


@pytest.mark.parametrize("turn", ODD, ids=lambda turn: turn.__name__)
def test_odd_results_still_give_a_whole_page(
    turn: Callable[[dict[str, Any]], None], results: dict[str, Any], tmp_path: Path
) -> None:
    turn(results)
    page, drawing, picture, *_ = write_report(results, tmp_path)
    reader = read_page(page.read_text())
    assert all(policy["name"][:40] in reader.words for policy in results["policies"])
    for word in ("None", "nan", "NaN", "undefined", "inf "):
        assert not re.search(rf"\b{word}\b", reader.words), word
        assert word not in drawing.read_text()
    assert picture.stat().st_size > 1000


def test_results_that_cannot_be_read_end_in_one_clear_message(tmp_path: Path) -> None:
    for broken, says in (
        ({}, "study"),
        ({"study": {}, "policies": []}, "no policy"),
        (made_up.results() | {"format": 3}, "format 3"),
        (made_up.results() | {"policies": [{"name": 3}]}, r"policies\[0\].name"),
    ):
        with pytest.raises(BadData, match=says):
            write_report(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_png_is_one_of_sensible_size(written: Path) -> None:
    width, height = size_of((written / "frontier.png").read_bytes())
    assert 1600 <= width <= 2400
    assert 900 <= height <= 1400


def test_one_panel_for_each_data_set_side_by_side() -> None:
    studies = [
        made_up.results(),
        made_up.results((0.205, 0.0505), "movietweetings"),
        made_up.results((0.11, 0.31), "world", kind="world"),
    ]
    drawing, picture = frontier_picture(studies)
    assert (drawing, picture) == frontier_picture(studies)
    width, height = size_of(picture)
    assert width > 2 * height
    for title in ("Online Retail II, 2009 and 2010", "movietweetings", "world"):
        assert f">{title}<" in drawing
    assert drawing.count(">limit 0.1 (knee)<") == 6, "a name and its halo in each panel"


def test_the_picture_names_anchors_presets_and_the_knee(written: Path) -> None:
    drawing = (written / "frontier.svg").read_text()
    for name in ("fresh", "frozen", "sticky", "gentle", "limit 0.1 (knee)"):
        assert f">{name}<" in drawing
    assert f">popularity, off the scale: .0347 ({MINUS}63.1\u00a0%)<" in drawing
