"""Sentences made from figures; each says what the sign and the interval say, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulations.report.knobs import limit_words
from simulations.report.numerals import (
    NONE,
    SPACE,
    clean,
    count,
    day,
    interval,
    percent,
    shown,
    tenths,
)
from simulations.report.results import Figure, Policy, Results

VERBS: Mapping[str, str] = {
    "purchase": "bought",
    "booking": "booked",
    "view": "looked at",
    "click": "clicked",
    "cart": "put in the cart",
    "rating": "rated",
}


@dataclass(frozen=True)
class Answer:
    """The sentence on top of the page, what it says in plain amounts, and of which policy."""

    sentence: str
    amounts: str
    policy: str | None


# A loss of accuracy that is surely smaller than this is none to speak of.
_HARDLY = 0.01


def spread(figure: Figure, flip: bool = False, plus: bool = False) -> str:
    """The interval of a relative change as [1.1, 2.7]; `flip` tells a loss in positive numbers."""
    if figure.low is None or figure.high is None:
        return ""
    low, high = (-figure.high, -figure.low) if flip else (figure.low, figure.high)
    return f" [{tenths(low, plus)}, {tenths(high, plus)}]"


def certain(figure: Figure) -> bool:
    """Whether the interval keeps clear of zero; without an interval the mean has to do."""
    if figure.low is None or figure.high is None:
        return bool(figure.mean)
    return figure.low > 0 or figure.high < 0


def churn_words(change: Figure | None) -> str:
    """What a relative change of churn means for visitors."""
    if change is None or change.mean is None:
        return "how many more or fewer replacements visitors see is not known"
    fewer = change.mean < 0
    if not certain(change):
        return (
            "visitors see about as many replacements "
            f"({percent(change.mean, True)}{spread(change, plus=True)})"
        )
    size = f"{percent(abs(change.mean))}{spread(change, flip=fewer)}"
    return f"visitors see {size} {'fewer' if fewer else 'more'} replacements"


def accuracy_words(change: Figure | None) -> str:
    """What a relative change of accuracy means, to follow the words on churn."""
    if change is None or change.mean is None:
        return "; what that does to accuracy is not known"
    if not certain(change):
        told = f"({percent(change.mean, True)}{spread(change, plus=True)})"
        if change.low is not None and change.low > -_HARDLY:
            return f", with hardly any loss of accuracy {told}"
        return f", for a change of accuracy that this study cannot tell from chance {told}"
    loss = change.mean < 0
    size = f"{percent(abs(change.mean))}{spread(change, flip=loss)}"
    return f", for {size} less accuracy" if loss else f", and {size} more accuracy"


def chosen(results: Results) -> Policy | None:
    """The policy that the answer is about: what is free, else the knee, else `sticky`, else the
    frontier's middle."""
    free = None if results.free is None or results.free.policy is None else results.free.policy
    if free is not None and (calm := results.policy(free)) is not None:
        return calm
    if results.knee is not None and (knee := results.policy(results.knee.policy)) is not None:
        return knee
    others = [p for p in results.policies if p.name != results.study.baseline]
    others.sort(key=lambda policy: policy.kind == "anchor")
    for name in ("sticky", *results.frontier[len(results.frontier) // 2 :]):
        if any(p.name == name and p.kind != "anchor" for p in others):
            return results.policy(name)
    return others[0] if others else None


def answer(results: Results) -> Answer:
    """The first sentence of the page, from the figures alone."""
    policy, baseline = chosen(results), results.baseline
    k = results.study.k
    if policy is None:
        only = results.policies[0]
        return Answer(
            f"Only {clean(only.name)} was tried, so there is nothing to compare with.",
            amounts(results, only, None),
            None,
        )
    if baseline is None:
        return Answer(
            f"The baseline {clean(results.study.baseline)} was not tried, "
            "so no cost of consistency can be told.",
            amounts(results, policy, None),
            policy.name,
        )
    change = policy.change(results.accuracy.name)
    cost, than = accuracy_words(change), f" than with {clean(baseline.name)}"
    # What is uncertain is no comparison, so it comes after the words of one.
    sure = change is None or change.mean is None or certain(change)
    rest = f"{cost}{than}" if sure else f"{than}{cost}"
    sentence = (
        f"With {clean(policy.name)} ({limit_words(policy, k)}), "
        f"{churn_words(policy.change('churn'))}{rest}."
    )
    return Answer(sentence, amounts(results, policy, baseline), policy.name)


def amounts(results: Results, policy: Policy, baseline: Policy | None) -> str:
    """The same in amounts instead of ratios."""
    k, accuracy = results.study.k, results.accuracy
    told = [policy] if baseline is None else [baseline, policy]
    rates = [
        f"{clean(p.name)} replaces {pace(churn, k)}"
        for p in told
        if (churn := p.mean("churn")) is not None
    ]
    levels = [
        f"{shown(accuracy.name, level)} with {clean(p.name)}"
        for p in told
        if (level := p.mean(accuracy.name)) is not None
    ]
    text = f"{_upper('; '.join(rates))}." if rates else ""
    if levels:
        text += f" Accuracy ({clean(accuracy.label)}) is {' and '.join(levels)}."
    return text.strip()


def pace(churn: float, k: int) -> str:
    """Churn as a visitor meets it: one suggestion in so many events."""
    seats = churn * k
    if seats < 0.00005:
        return "no suggestion by choice"
    if seats >= 1:
        return f"{seats:.1f} of {k} suggestions at every event"
    return f"one suggestion every {1 / seats:.1f} events"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def known_words(start: int, end: int | None) -> str:
    """A bucket of profile lengths: from 0 to 5, or 51 or more."""
    if end is None:
        return f"{start} or more"
    return f"{start}" if start == end else f"{start}{NONE}{end}"


def sentence(text: str) -> str:
    """A text as a sentence: a capital to begin with, a full stop at the end."""
    text = clean(text)
    if not text:
        return ""
    return _upper(text) + ("" if text.rstrip(")\"'”")[-1:] in ".!?…" else ".")


def verb(kind: str) -> str:
    """What the visitor did, in the past tense."""
    return VERBS.get(kind, clean(kind).replace("_", SPACE))


def picture_words(results: Results) -> str:
    """The picture of the frontier for those who cannot see it."""
    accuracy = results.accuracy
    told = []
    for name in results.frontier:
        policy = results.policy(name)
        churn = policy.mean("churn") if policy else None
        level = policy.mean(accuracy.name) if policy else None
        if churn is not None and level is not None:
            told.append(f"{clean(name)} {percent(churn)} and {shown(accuracy.name, level)}")
    text = f"Churn per event to the right, accuracy ({clean(accuracy.label)}) upward."
    if told:
        text += f" The frontier, churn and accuracy: {'; '.join(told)}."
    return f"{text} The table below holds all figures."


def facts(results: Results) -> tuple[str, ...]:
    """What was played, in a few short phrases; what is not known is left out."""
    study, data = results.study, results.data
    kind = {"replay": "a replay of real visits", "world": "a made-up world with a known truth"}
    told = [kind.get(study.kind, clean(study.kind))]
    if data.judged is not None:
        who = "" if data.visitors is None else f" of {count(data.visitors)} visitors"
        told.append(f"{count(data.judged)} events{who} judged")
    if data.cut or data.last:
        told.append(f"{day(data.cut)} to {day(data.last)}")
    if study.model:
        told.append(f"model {clean(study.model)}")
    told.append(f"{study.k} seats")
    if study.seeds:
        seeds = ", ".join(str(seed) for seed in study.seeds)
        told.append(f"seed{'s' if len(study.seeds) > 1 else ''} {seeds}")
    return tuple(told)


def gallery_heading(results: Results) -> str:
    """Five real visits, side by side."""
    number = len(results.gallery)
    small = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    many = small[number] if number < len(small) else str(number)
    kind = "real" if results.study.kind == "replay" else "made-up"
    return f"{many} {kind} visit{'s' if number != 1 else ''}, side by side"


def baseline_words(results: Results) -> str:
    """Where the baseline lies and how well that is known; nothing without one."""
    base, accuracy = results.baseline, results.accuracy.name
    if base is None:
        return ""
    told = [
        f"{label} {shown(name, figure.mean)} {interval(name, figure)}".rstrip()
        for name, label in (("churn", "churn"), (accuracy, "accuracy"))
        if (figure := base.figure(name)) is not None and figure.mean is not None
    ]
    if not told:
        return ""
    lies = " and ".join(told)
    return f"{clean(base.name)} has none, since it does not differ from itself; it lies at {lies}"


def profile_words(results: Results) -> tuple[str, str]:
    """Heading and first sentence on churn by what is known, as the baseline's figures are."""
    means = [
        p.churn.mean
        for p in sorted(results.profiles, key=lambda p: p.start)
        if p.policy == results.study.baseline and p.churn is not None and p.churn.mean is not None
    ]
    if len(means) > 1 and means[0] == max(means) and means[0] > means[-1]:
        return (
            "New visitors feel it most",
            "The less is known of a visitor, the more each new event says, and the more a plain "
            "recommender changes its mind.",
        )
    return "Churn by what is known of the visitor", ""
