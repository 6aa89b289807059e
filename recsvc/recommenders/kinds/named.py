"""The kinds of models by the name that `--model` takes."""

from __future__ import annotations

from collections.abc import Mapping

from recsvc.errors import Fault, UnknownModel
from recsvc.recommenders.kinds.als import Als
from recsvc.recommenders.kinds.blend import Blend
from recsvc.recommenders.kinds.bpr import Bpr
from recsvc.recommenders.kinds.ensemble import Ensemble
from recsvc.recommenders.kinds.lmf import Lmf
from recsvc.recommenders.kinds.neighbours import Bm25, Cosine, Tfidf
from recsvc.recommenders.kinds.popularity import Popularity
from recsvc.recommenders.models import Model

KINDS: Mapping[str, type[Model]] = {
    kind.kind: kind for kind in (Als, Bpr, Lmf, Cosine, Tfidf, Bm25, Popularity, Ensemble, Blend)
}


def kind_of(name: str) -> type[Model]:
    """The model of that name. Raises UnknownModel listing those there are."""
    if name not in KINDS:
        message = f"There is no model called {name!r}. Available: {', '.join(KINDS)}."
        raise UnknownModel(message, [Fault("model", message)])
    return KINDS[name]
