"""A hedge is refused where its venue's rulebook tells no fee, and the refusal says what helps."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.instruments import LinearPerpetual
from hedgerow.margin import terms_of
from tests.rooms.app.edit import changed, example, mistakes

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "how-to" / "your-own-desk.md").read_text(encoding="utf-8")
BOOKS = packaged_rulebooks()
FEE = Decimal("0.0005")


@pytest.mark.parametrize(
    ("book", "remedy"),
    [
        ("dydx/2024-06-06", "it has no key for that: leave the hedge out, or trade it at another"),
        ("bybit/2026-11-20", "write fee_liquidation_frac into a copy of the rulebook, at VENUE/"),
    ],
)
def test_the_refusal_says_what_to_write_or_that_nothing_helps(
    tmp_path: Path, book: str, remedy: str
) -> None:
    raw = changed(example(), "accounts.2.rulebook", book)
    changed(raw, "accounts.2.venue", book.partition("/")[0])
    told = [each for each in mistakes(tmp_path, raw) if each.startswith("hedges.")]
    assert len(told) == len(raw["hedges"])
    for each in told:
        assert f"{book} does not say what an order of perp costs; {remedy}" in each


@pytest.mark.parametrize("name", BOOKS)
def test_what_is_unwritten_is_all_that_lacks(name: str) -> None:
    """Where nothing is, no fee that the kind has a place for would make an order's cost known."""
    rules = BOOKS[name]
    venue = terms_of(rules)
    fees = [
        key for key in rules.__struct_fields__
        if key.startswith("fee_") and getattr(rules, key) is None
    ]  # fmt: skip
    if venue.charges is not None:
        assert venue.fees_unwritten == ()
    elif venue.fees_unwritten:
        assert terms_of(replace(rules, **dict.fromkeys(venue.fees_unwritten, FEE))).charges
        assert set(venue.fees_unwritten) <= set(fees)
    else:
        assert terms_of(replace(rules, **dict.fromkeys(fees, FEE))).charges is None


def test_the_guide_names_who_can_hedge() -> None:
    said = " ".join(GUIDE.split())
    as_shipped, with_key = re.findall(
        r"say it of linear perpetuals: (.*?)\. These do with a key written into a copy: (.*?)\. A ",
        said,
    )[0]
    keys: dict[str, set[str]] = {}
    for names, key in re.findall(r"(.*?) \(`(\w+)`\)(?:, )?", with_key):
        keys |= {name: {key} for name in re.findall(r"`([\w-]+)`", names)}
    linear = {
        name.partition("/")[0]: terms_of(each)
        for name, each in BOOKS.items()
        if LinearPerpetual in terms_of(each).instruments
    }
    assert set(re.findall(r"`([\w-]+)`", as_shipped)) == {
        name for name, venue in linear.items() if venue.charges is not None
    }
    assert keys == {
        name: set(venue.fees_unwritten) for name, venue in linear.items() if venue.fees_unwritten
    }
