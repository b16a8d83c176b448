"""Cases of the vectors beside the repository, to be turned into accounts."""

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "onchain"


def cases(suite: str, kind: str) -> list[dict[str, Any]]:
    """Give the cases of one kind; the test is skipped where there are no vectors."""
    path = _FOLDER / f"{suite}.json"
    if not path.exists():
        pytest.skip(f"shared/vectors/onchain/{suite}.json is not beside the repository")
    every: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    found = [case for case in every if case["kind"] == kind]
    assert found, f"{suite} has no case of kind {kind}"
    return found
