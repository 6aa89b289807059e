"""The records that the page of the judge shows can be judged as they stand."""

from __future__ import annotations

import re
from pathlib import Path

from recsvc.contract import check_history

PAGE = Path(__file__).resolve().parents[3] / "docs" / "judge.md"


def test_the_records_of_the_page_are_records() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    verdict = check_history(block.splitlines())
    assert (verdict.answers, verdict.sessions) == (1, 1)
