"""What a worker pays for before it serves, so that no visitor does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = """
import sys
from recsvc.bootstrap import build
from recsvc.config.settings import read_settings
build(read_settings())
print("scipy.optimize" in sys.modules)
"""


@pytest.mark.parametrize(("weights", "loaded"), [("dcg", "True"), ("uniform", "False")])
def test_the_solver_is_loaded_before_the_first_visitor_where_it_may_be_needed(
    home: Path, weights: str, loaded: str
) -> None:
    (home / "surfaces.toml").write_text(f'[surfaces.home]\nseat_weights = "{weights}"\n')
    env = os.environ | {"RECSVC_HOME": str(home), "RECSVC_AUTH": "open"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD], cwd=home, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [loaded]
