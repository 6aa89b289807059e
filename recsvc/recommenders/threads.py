"""One BLAS thread: implicit runs its own threads, and a serving process answers many at once.

With two pools at work each BLAS call of a thread starts threads of its own; training can take ten
times as long, and the 64 x 64 products of one request are far too small to be shared out.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

# Some of its versions bring types and some do not.
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]


def one_blas_thread() -> AbstractContextManager[object]:
    """Limits BLAS until the context is left."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def one_blas_thread_from_now_on() -> None:
    """Limits BLAS in this process: a context per request would cost more than its work."""
    threadpool_limits(limits=1, user_api="blas")
