"""The rulebooks that the pages of lending venues show are taken, and say that they are examples."""

import re
from pathlib import Path

import pytest

from hedgerow.margin import decode_rulebook

VENUES = Path(__file__).resolve().parents[2] / "docs" / "venues"


@pytest.mark.parametrize("page", ["compound", "maker", "morpho"])
def test_the_example_is_a_rulebook_of_placeholders(page: str) -> None:
    text = (VENUES / f"{page}.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    rulebook = decode_rulebook(shown.encode(), where=page)
    assert rulebook.source.startswith("PLACEHOLDER")
    assert rulebook.confidence == "estimate"
    assert rulebook.name.startswith(f"{rulebook.venue}/")
