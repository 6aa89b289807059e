"""A recommender of one's own, named `module:factory`, held to the port `Recommender`.

What can be seen at the start is refused there, with one message. Later it may fail, answer nonsense
or come late: then the next rung answers, and the visitor sees a slate that stays as it is.
"""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from policies.candidates import Candidates
from recsvc.errors import Misconfigured
from recsvc.ports import Profile, Recommender

log = logging.getLogger(__name__)

_LONGEST: Final = 200
"""Characters of a model's name: every answer and every token carries it."""
_HOW: Final = "docs/own-recommender.md shows what is needed."


class Own:
    """The rung "primary", whoever made it. Whatever it says is looked at before it is used."""

    def __init__(self, inner: Recommender) -> None:
        self._inner = inner
        self._name = inner.model

    @property
    def model(self) -> str:
        """The name of the model as told now; the last one where none is told."""
        try:
            name = self._inner.model
        except Exception:
            log.exception("the recommender does not tell its model; the last name counts")
            return self._name
        if _is_name(name):
            self._name = name
        return self._name

    @property
    def promoted(self) -> int:
        """The second since 1970 in which the model went live, where it is told; else 0."""
        try:
            return max(0, int(getattr(self._inner, "promoted", 0)))
        except Exception:
            return 0

    def knows(self, item_id: str) -> bool:
        """Whether it says so; false where it fails."""
        try:
            return bool(self._inner.knows(item_id))
        except Exception:
            log.exception("the recommender does not tell whether it knows an item")
            return False

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        """Its n best and the incumbents. Raises whatever it raises, and TypeError for nonsense."""
        found = self._inner.rank(profile, n, incumbents=incumbents, without=without)
        if found is None:
            return None
        if not isinstance(found, Candidates):
            raise TypeError(f"rank gave {type(found).__name__}, neither Candidates nor None")
        if not all(isinstance(item, str) for item in found.item_ids):
            raise TypeError("rank gave items whose ids are no strings")
        return _best(found, n, incumbents)


def own_recommender(name: str) -> Own:
    """Make what `module:factory` makes. Raises Misconfigured where that is no recommender."""
    module_name, _, factory_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            raise _wrong(
                name,
                f"there is no module {error.name!r} where Python looks; install it, or put its "
                "folder into PYTHONPATH",
            ) from error
        raise _wrong(name, f"importing it failed: {error}") from error
    except Exception as error:
        raise _wrong(name, f"importing it failed: {_said(error)}") from error
    factory = getattr(module, factory_name, None)
    if not callable(factory):
        raise _wrong(name, f"{module_name} has nothing to call by the name {factory_name!r}")
    try:
        made = factory()
    except Exception as error:
        raise _wrong(name, f"calling it failed: {_said(error)}") from error
    return _checked(name, made)


def _checked(name: str, made: Any) -> Own:
    faults = _faults(made)
    if faults:
        raise _wrong(name, f"what it makes is no recommender: {'; '.join(faults)}")
    own = Own(made)
    try:
        found = own.rank(Profile(), 10)
    except TypeError as error:
        raise _wrong(name, f"asked for a visitor of whom nothing is known: {error}") from error
    except Exception as error:
        # What it needs may be out of reach just now; a worker that starts must not fail for it.
        log.warning("the recommender %s does not answer yet: %s", name, _said(error))
        return own
    if found is not None and found.model != own.model:
        raise _wrong(name, f"its model is {own.model!r}, but its candidates say {found.model!r}")
    return own


def _faults(made: Any) -> list[str]:
    found = []
    if not _is_name(getattr(made, "model", None)):
        found.append(f"`model` must be a text of 1 to {_LONGEST} characters")
    calls: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = (
        ("knows", ("item",), {}),
        ("rank", (Profile(), 10), {"incumbents": (), "without": ()}),
    )
    for method, arguments, named in calls:
        attribute = getattr(made, method, None)
        if not callable(attribute):
            found.append(f"it has no method `{method}`")
            continue
        try:
            inspect.signature(attribute).bind(*arguments, **named)
        except TypeError as error:
            found.append(f"`{method}` takes other arguments: {error}")
        except ValueError:
            continue  # a signature that cannot be looked at
    return found


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _LONGEST and name.isprintable()


def _best(found: Candidates, n: int, incumbents: Sequence[str]) -> Candidates:
    """At most n and the incumbents, as the primary rung."""
    if len(found.item_ids) > n + len(incumbents):
        order = (-found.scores).argsort(kind="stable")
        wanted, ids = set(incumbents), found.item_ids
        kept = [int(i) for place, i in enumerate(order) if place < n or ids[i] in wanted]
        found = replace(
            found, item_ids=tuple(ids[i] for i in kept), scores=found.scores[kept], rung="primary"
        )
    return found if found.rung == "primary" else replace(found, rung="primary")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _wrong(name: str, what: str) -> Misconfigured:
    return Misconfigured(f"RECSVC_RECOMMENDER={name} cannot be used: {what}. {_HOW}")
