"""Cells on a Dask cluster: the same records, wherever they are played.

Dask plays a cell again elsewhere when the worker that had it is lost; a cell writes its part
complete or not at all, and the same bytes each time, so nobody can tell afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recsvc.errors import Unavailable
from simulations.cells import Cell

PATIENCE_S = 10


class Cluster:
    """The cluster whose scheduler listens at `address` (tcp://host:port).

    Raises `Unavailable` where Dask is not installed here, nobody listens there, no worker is
    there, or the workers have not this version of recsvc.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise Unavailable(
                "Dask is not installed here: pip install 'recsvc[dask]', or leave --dask and "
                "RECSVC_DASK out and use --jobs."
            ) from error
        try:
            self._client: Any = Client(address, timeout=PATIENCE_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise Unavailable(f"No Dask scheduler answers at {address}: {error}") from error
        self.jobs = sum(self._client.nthreads().values())
        if not self.jobs:
            self.close()
            raise Unavailable(f"The Dask cluster at {address} has no workers; start some.")

    def close(self) -> None:
        """Leave the cluster as it is; what was not finished is dropped."""
        self._client.close()

    def look_after(self, mark: Path) -> None:
        """Raise `Unavailable` unless every worker sees the file and has the version of this run."""
        try:
            there = self._client.run(_there, str(mark.resolve()))
        except Exception as error:  # whatever fails on a worker is raised here as it was there
            raise Unavailable(f"A Dask worker cannot run recsvc: {error}") from error
        ours = (True, version("recsvc"))
        for worker, found in there.items():
            if found == ours:
                continue
            why = (
                f"does not see {mark.parent}: the folder of --out must lie on a disk that all "
                "workers share, under the same path"
                if not found[0]
                else f"has recsvc {found[1]}, this run {ours[1]}"
            )
            raise Unavailable(f"The Dask worker {worker} {why}.")

    def play(self, cells: Sequence[Cell]) -> Iterator[int]:
        """Play the cells; a number of judged events as each is done. `Unavailable` where workers
        are lost again and again."""
        from distributed import KilledWorker, as_completed

        futures = [self._client.submit(Cell.run, cell, pure=False) for cell in cells]
        try:
            for future in as_completed(futures, loop=self._client.loop):
                yield future.result()
        except KilledWorker as error:
            raise Unavailable(
                "Dask workers were lost again and again (is there memory enough?). What was "
                "played so far is kept: go on with --resume."
            ) from error
        finally:
            self._client.cancel(futures)


def _there(mark: str) -> tuple[bool, str]:
    """On a worker: whether it sees the file, and its version of recsvc."""
    return Path(mark).is_file(), version("recsvc")
