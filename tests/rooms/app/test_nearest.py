"""How near an account came: what could not be judged is told, and is never left out as safe."""

import io
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from hedgerow.app.nearest import Nearest
from hedgerow.execution import View
from hedgerow.market import MarketEvent
from hedgerow.portfolio import book
from hedgerow.reporting.nearest import NearestBreach, nearest_table
from tests.builders import T0_NS, account, by_id, index, perpetual, quote, snapshot, tiered_rulebook

KNOWN = (index("BTC", 60_000), quote("BTC-PERP", 60_000))


def view(*events: MarketEvent, usdc: int = 10_000) -> View:
    """A long of one bitcoin from 60,000, of which five per cent are required."""
    perp = account(
        "perp", rulebook="rules", positions={"BTC-PERP": (1, 60_000)}, balances={"USDC": usdc}
    )
    return View(
        time_ns=T0_NS,
        book=book((perp,), by_id(perpetual())),
        snapshot=snapshot(*events),
        rulebooks={"rules": tiered_rulebook([(0, "0.05")])},
        pending=(),
    )


def found(views: Sequence[View]) -> NearestBreach:
    nearest = Nearest()
    for each in views:
        nearest.look(each)
    (one,) = nearest.found(())
    return one


def table(of: NearestBreach) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(nearest_table({"none": [of]}))
    return out.getvalue()


def test_the_worst_of_the_looks_is_kept() -> None:
    one = found([view(*KNOWN, usdc=30_000), view(*KNOWN, usdc=6_000), view(*KNOWN)])
    assert one.use_frac == 0.5
    assert (one.looks_count, one.unknown_count) == (3, 0)
    assert "50.0 %" in table(one)
    assert "Unknown" not in table(one)


def test_looks_at_which_it_is_unknown_are_told() -> None:
    one = found([view(*KNOWN), view(), view()])
    assert one.use_frac == 0.3
    assert (one.looks_count, one.unknown_count) == (3, 2)
    assert "2 of 3" in table(one)


def test_an_account_that_could_never_be_judged_is_not_left_out() -> None:
    one = found([view(), view()])
    assert (one.account_id, one.use_frac, one.time_ns) == ("perp", None, None)
    assert "unknown" in table(one)
    assert "2 of 2" in table(one)


def test_an_account_without_equity_is_no_unknown() -> None:
    one = found([view(*KNOWN, usdc=0)])
    assert one.use_frac is None
    assert "no equity" in table(one)


def test_who_can_be_liquidated_and_has_no_rulebook_is_unknown_at_every_look() -> None:
    known = view(*KNOWN)
    bare = account("bare", positions={"BTC-PERP": (1, 60_000)}, balances={"USDC": 10_000})
    cold = account("cold", balances={"USDC": 10_000})
    one = found([replace(known, book=book((bare, cold), by_id(perpetual())))] * 2)
    assert (one.account_id, one.looks_count, one.unknown_count) == ("bare", 2, 2)
    assert one.use_frac is None
