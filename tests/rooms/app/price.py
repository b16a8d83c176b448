"""What every test of ``hedgerow price`` asks with."""

import json
from pathlib import Path
from typing import Any

from tests.rooms.app.made import Answer, hedgerow_here

SHEET = ("--underlying", "60000", "--strike", "65000", "--years", "0.2")
OPTION = ("option", "--right", "call", *SHEET, "--vol", "65%")
SVG = "{http://www.w3.org/2000/svg}"


def ask(*words: str, at: Path) -> Answer:
    """Run ``hedgerow price`` in a folder."""
    return hedgerow_here("price", *words, cwd=at)


def told(*words: str, at: Path) -> Any:
    """Give the JSON of an answer that must be a good one."""
    answer = ask(*words, "--json", at=at)
    assert answer.code == 0, answer.err + answer.out
    assert answer.err == ""
    return json.loads(answer.out)
