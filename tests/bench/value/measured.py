"""All that docs/decision.md says in figures: which worlds, which settings, printed as tables."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from policies import Knobs
from tests.bench.value.worlds import (
    Loss,
    Price,
    World,
    against_brute,
    contested,
    loss,
    prices,
    settings,
    turnover,
)

MEMORIES: Final = (0.998, 0.99, 0.95, 0.8)
LIMITS: Final = (1, 2, 3, 5)
OTHERS: Final = {
    "5 seats": World(k=5),
    "20 seats": World(k=20),
    "100 candidates": World(items=100),
    "2,000 candidates": World(items=2000, visits=50),
    "a long tail of scores": World(tail="exponential"),
    "a long tail, faster": World(tail="exponential", memory=0.8),
}
"""Other worlds than that of ten seats, 500 candidates and normal scores; two of ten may change."""


@dataclass(frozen=True)
class Measured:
    """Figures by memory and limit; `brute` is cases, value lost, slates that differ."""

    brute: tuple[int, Fraction, int]
    turnover: dict[float, float]
    losses: dict[tuple[float, int], Loss]
    uniform: Loss
    others: dict[str, Loss]
    contested: dict[tuple[str, int], list[float]]
    calm: dict[tuple[str, int], list[float]]
    prices: dict[float, list[Price]]

    def report(self) -> None:
        """Print all of it as tables of Markdown."""
        cases, lost, differ = self.brute
        print(f"{cases:,} small cases: value lost {lost}, slates that differ {differ}\n")
        print("| top ten that changes a step | " + " | ".join(f"{n} of 10" for n in LIMITS) + " |")
        print("|---|" + "---|" * len(LIMITS))
        for memory in MEMORIES:
            cells = [_told(self.losses[memory, limit]) for limit in LIMITS]
            print(f"| {self.turnover[memory]:.3f} ({memory}) | " + " | ".join(cells) + " |")
        print(f"\nuniform weights, 2 of 10: {_told(self.uniform)}\n")
        for name, one in self.others.items():
            print(f"| {name} | {_told(one)} | {one.steps:.2f} |")
        for title, shares in (("0.95", self.contested), ("0.99", self.calm)):
            print(f"\nshare of displacements by seat, memory {title}")
            for (weights, limit), each in shares.items():
                print(f"| {weights}, {limit} of 10 | " + " | ".join(f"{100 * s:.1f}" for s in each))
        for memory, row in self.prices.items():
            print(f"\nkept of what fresh gains over frozen, memory {memory}")
            for price in row:
                print(f"| {price.name} | {100 * price.kept:.1f} % | {price.displaced:.2f} |")


def measured(cases_each: int = 700) -> Measured:
    """Measure everything, in about half a minute."""
    middle = World()
    weights = ("uniform", "dcg")
    return Measured(
        brute=against_brute(cases_each),
        turnover={memory: turnover(World(memory)) for memory in MEMORIES},
        losses={(m, limit): loss(World(m), limit) for m in MEMORIES for limit in LIMITS},
        uniform=loss(middle, 2, "uniform"),
        others={name: loss(world, max(1, world.k // 5)) for name, world in OTHERS.items()},
        contested={(w, n): contested(middle, n, w) for w in weights for n in (1, 3)},
        calm={(w, n): contested(World(0.99), n, w) for w in weights for n in (1, 3)},
        prices={memory: prices(World(memory), priced(World(memory))) for memory in (0.99, 0.95)},
    )


def priced(world: World) -> dict[str, Knobs]:
    """Limits alone, and margins alone for visitors of whom nothing is known."""
    limits = {f"limit {n}": settings(world, n) for n in (1, 2, 3, 5)}
    return limits | {
        f"margin {margin:g}": settings(world, world.k, margin=margin, margin_by_profile=False)
        for margin in (0.25, 0.5, 1.0, 2.0)
    }


def _told(one: Loss) -> str:
    return f"{100 * one.share:.1f} % [{100 * one.low:.1f}, {100 * one.high:.1f}]"
