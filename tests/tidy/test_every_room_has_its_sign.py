"""The sign on the door of a room says what enters, what leaves, and one thing it refuses."""

import importlib
import re
from pathlib import Path

import pytest

import hedgerow

ROOMS = sorted(path.parent.name for path in Path(hedgerow.__file__).parent.glob("*/__init__.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_sign_says_what_enters_what_leaves_and_what_is_refused(room: str) -> None:
    sign = importlib.import_module(f"hedgerow.{room}").__doc__ or ""
    for verb in ("enter", "leave", "refuse"):
        assert re.search(rf"\b{verb}s?\b", sign), f"{room}: {verb}"
    assert "refuses nothing" not in sign


def test_the_page_names_the_rooms_without_records_of_their_own(root: Path) -> None:
    package = root / "src" / "hedgerow"
    without = {room for room in ROOMS if not (package / room / "records.py").is_file()}
    page = (root / "docs" / "rooms.md").read_text(encoding="utf-8")
    told = re.search(r"Five rooms make none: (.*?)\.\n", page, re.DOTALL)
    assert told is not None
    assert set(re.findall(r"`(\w+)`", told[1])) == without
