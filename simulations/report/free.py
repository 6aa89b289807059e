"""What is free, in sentences: the calmest policy without a loss to speak of, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

from simulations.report.knobs import limit_words
from simulations.report.numerals import SPACE, change, change_interval, clean, count, percent
from simulations.report.results import CrossFitted, Figure, Free, Results
from simulations.report.words import churn_words

_NAMED = 3


@dataclass(frozen=True)
class FreeWords:
    """The answer, what it is for other visitors, and what the data cannot tell; parts may be ""."""

    answer: str
    others: str
    chosen: str
    seeds: str
    power: str
    undecided: str


def free_words(results: Results) -> FreeWords | None:
    """None where the results do not tell of it."""
    free = results.free
    if free is None:
        return None
    return FreeWords(
        _answer(results, free),
        _others(free.cross_fitted),
        _chosen(free.cross_fitted),
        _seeds(results, free),
        _power(free),
        _undecided(free),
    )


def told(figure: Figure | None) -> str:
    """A relative change with its interval: -0.4 % [-0.9, +0.1]."""
    if figure is None or figure.mean is None:
        return "unknown"
    return f"{change(figure)} {change_interval(figure)}".rstrip()


def _answer(results: Results, free: Free) -> str:
    base, margin = clean(results.study.baseline), percent(free.margin).replace(".0", "")
    policy = None if free.policy is None else results.policy(free.policy)
    if policy is None or free.churn is None:
        return (
            f"No policy that was tried is calmer than {base} with a loss of accuracy "
            f"that is surely below {margin}."
        )
    return (
        f"With {clean(policy.name)} ({limit_words(policy, results.study.k)}), "
        f"{churn_words(free.churn)} than with {base}, and accuracy changes by "
        f"{told(free.accuracy)}: the loss is surely below {margin}."
    )


def _others(apart: CrossFitted | None) -> str:
    if apart is None or apart.churn is None or apart.churn.mean is None:
        return ""
    return (
        "Chosen on one half of the visitors and judged on the other, "
        f"{churn_words(apart.churn)}, and accuracy changes by {told(apart.accuracy)}. This is what "
        "to expect of visitors who come later: the figure above was chosen and judged on the same "
        "people, which flatters it. (A half has wider intervals, so it dares less.)"
    )


def _chosen(apart: CrossFitted | None) -> str:
    if apart is None or not apart.chosen:
        return ""
    total = sum(one.times for one in apart.chosen)
    named = [f"{clean(one.policy)} {one.times}" for one in apart.chosen[:_NAMED]]
    rest = total - sum(one.times for one in apart.chosen[:_NAMED])
    named += [f"others {rest}"] if rest else []
    return f"What {total} halves chose, in how many cases: {', '.join(named)}."


def _seeds(results: Results, free: Free) -> str:
    policy = None if free.policy is None else results.policy(free.policy)
    if policy is None:
        return ""
    calm = policy.over_seeds.get("churn")
    cost = policy.over_seeds.get(results.accuracy.name)
    if calm is None or cost is None:
        return ""
    what = "models" if results.study.kind == "replay" else "worlds"
    return (
        f"With what other {what} would change, as far as {len(results.study.seeds)} seeds can "
        f"tell: replacements {told(calm)}, accuracy {told(cost)}."
    )


def _power(free: Free) -> str:
    if free.enough or free.detectable is None:
        return ""
    who = "these" if free.visitors is None else count(free.visitors)
    return (
        f"The data has too little power: with {who} visitors a loss below "
        f"{percent(free.detectable)} cannot be told from none, so a policy that loses nothing at "
        "all would often not be called free. Use more visitors before calling anything too dear."
    )


def _undecided(free: Free) -> str:
    one = free.undecided
    if one is None:
        return ""
    return (
        f"Not decided: {clean(one.policy)} would spare {percent(-one.churn)} of the replacements "
        f"and changes accuracy by {percent(one.accuracy, True)} on average; whether that is free, "
        f"about{SPACE}{count(_round(one.visitors))} visitors would tell."
    )


def _round(number: int) -> int:
    """To two digits that count."""
    step = int(10 ** max(len(str(number)) - 2, 0))
    return -(-number // step) * step
