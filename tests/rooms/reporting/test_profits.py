"""A profit as a person reads it: whose move a step's is, and what the lines of price hold."""

from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

from hedgerow.market import MarketEvent, Snapshot
from hedgerow.portfolio import Book, book
from hedgerow.reporting import profit_tables
from hedgerow.risk import Explained, explain
from hedgerow.units import parse_ns
from tests.builders import T0_NS, account, by_id, index, perpetual, quote, snapshot

STEP_NS = 3_600 * 10**9
TERMS = by_id(perpetual("BTC"), perpetual("ETH"))


def market(step: int, btc: int, eth: int) -> Snapshot:
    at_ns = T0_NS + step * STEP_NS
    events: list[MarketEvent] = []
    for coin, price in (("BTC", btc), ("ETH", eth)):
        events += [index(coin, price, at_ns), quote(f"{coin}-PERP", price, at_ns)]
    return snapshot(*events, time_ns=at_ns)


def held(step: int, coins: int) -> Book:
    """Two coins of perpetuals sold against so many held, and ten of another bought."""
    pair = account(
        "a",
        positions={"BTC-PERP": (-2, 60_000), "ETH-PERP": (10, 3_000)},
        balances={"BTC": coins},
        time_ns=T0_NS + step * STEP_NS,
    )
    return book([pair], TERMS)


def run(*markets: tuple[int, int], coins: int = 3) -> list[Explained]:
    seen = [market(step, *prices) for step, prices in enumerate(markets)]
    return [
        explain(held(at, coins), held(at + 1, coins), seen[at], seen[at + 1])
        for at in range(len(seen) - 1)
    ]


def told(steps: list[Explained], node: str = "desk") -> str:
    out = StringIO()
    Console(file=out, width=150).print(profit_tables({"taylor": steps}, node))
    return out.getvalue()


def test_steps_of_which_another_coin_moved_most_name_each_its_own() -> None:
    said = told(run((60_000, 3_000), (63_000, 3_030), (63_000, 2_727)))
    first, second = [line.split() for line in said.splitlines() if line.startswith("2026-")]
    assert first[3:5] == ["+5.00", "BTC"]
    assert second[3:5] == ["-10.00", "ETH"]
    assert "A step's move is that of the coin that moved most" in said


@pytest.mark.parametrize("node", ["desk", "coin/BTC"])
def test_one_coin_all_along_is_named_in_the_heading(node: str) -> None:
    said = told(run((60_000, 3_000), (63_000, 3_030), (60_000, 3_030)), node)
    first, second = [line.split() for line in said.splitlines() if line.startswith("2026-")]
    assert (first[3], second[3]) == ("+5.00", "-4.76")
    assert "BTC %" in said
    assert "BTC" not in first


def test_the_lines_of_price_are_said_together_and_are_the_whole_delta_times_the_move() -> None:
    """Up by a twentieth of 60,000, three coins held gain 9,000 and two sold lose 6,000.

    Ten of the other coin gain 300.
    """
    said = " ".join(told(run((60_000, 3_000), (63_000, 3_030))).split())
    assert "delta of contracts and pool shares -5,700" in said
    assert "coins held, lent, owed or settled in, by their price 9,000" in said
    assert "times what each coin moved: +3,300 USD." in said


def test_one_line_of_price_alone_needs_no_words() -> None:
    assert "Price is in two lines" not in told(run((60_000, 3_000), (63_000, 3_030), coins=0))


def test_a_step_that_ends_at_midnight_is_of_the_day_that_ends_there() -> None:
    """Steps of twelve hours from midnight: four are two days, too few for a test, six are three."""
    half_ns = 12 * 3_600 * 10**9
    midnight_ns = parse_ns("2026-02-04T00:00:00Z")
    prices = ((60_000 + 100 * at**2, 3_000 + 10 * at) for at in range(7))
    steps = [
        replace(each, start_ns=midnight_ns + at * half_ns, end_ns=midnight_ns + (at + 1) * half_ns)
        for at, each in enumerate(run(*prices))
    ]
    assert "Desk test by Greeks: fewer than three days." in told(steps[:4])
    assert "Desk test by Greeks, 3 days" in told(steps)
