"""How well the Greeks of the start foretell, term by term and order by order."""

from decimal import Decimal

import pytest

from hedgerow.errors import Failure
from hedgerow.exposure import aggregate
from hedgerow.exposure.ladder import taylor_usd
from hedgerow.instruments import Option
from hedgerow.market import Snapshot
from hedgerow.pricing import value
from hedgerow.risk import Explained, explain
from hedgerow.units import SECOND_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    option,
    option_quote,
    power,
    power_state,
    quanto,
    quote,
    snapshot,
)
from tests.rooms.risk.steps import STEP_DAYS, T1_NS, held, later, lines, row

COIN = option(66_000, "call")
LINEAR = option(52_000, "put", settlement="USDC")


def market(terms: Option, spot_frac: float, basis_frac: float, vol_volpt: float) -> Snapshot:
    spot = Decimal(60_000) * Decimal(repr(1 + spot_frac))
    forward = spot * Decimal("1.01") * Decimal(repr(1 + basis_frac))
    return later(
        index("BTC", spot),
        option_quote(terms, forward, 0.6 + vol_volpt / 100),
        time_ns=T0_NS + SECOND_NS,
    )


def explained(terms: Option, scale: float) -> Explained:
    """One option short, everything having moved by so much of a large step, and no time."""
    short = account("a", positions={terms.instrument_id: -10})
    book = held(short, terms=by_id(terms))
    start = snapshot(index("BTC", 60_000), option_quote(terms, 60_600, 0.6))
    return explain(book, book, start, market(terms, 0.06 * scale, 0.01 * scale, 3.0 * scale))


@pytest.mark.parametrize("terms", [COIN, LINEAR], ids=["coin", "linear"])
def test_half_the_move_leaves_an_eighth_unexplained(terms: Option) -> None:
    """All terms of the second order are there, and those of the third but for two with basis."""
    left = [abs(row(explained(terms, scale)).unexplained_usd or 0.0) for scale in (1.0, 0.5, 0.25)]
    assert left[0] > 1.0
    assert left[1] < left[0] / 6.5
    assert left[2] < left[0] / 6.5**2


@pytest.mark.parametrize("terms", [COIN, LINEAR], ids=["coin", "linear"])
@pytest.mark.parametrize(
    ("spot_frac", "basis_frac", "vol_volpt", "name"),
    [(0.05, 0.0, 0.0, "delta"), (0.0, 0.01, 0.0, "basis"), (0.0, 0.0, 4.0, "vega")],
)
def test_what_stands_still_has_no_line(
    terms: Option, spot_frac: float, basis_frac: float, vol_volpt: float, name: str
) -> None:
    short = account("a", positions={terms.instrument_id: -10})
    book = held(short, terms=by_id(terms))
    start = snapshot(index("BTC", 60_000), option_quote(terms, 60_600, 0.6))
    found = lines(explain(book, book, start, market(terms, spot_frac, basis_frac, vol_volpt)))
    of = {
        "delta": {"delta", "gamma", "higher", "numeraire"},
        "basis": {"basis"},
        "vega": {"vega", "volga", "higher"},
    }[name]
    assert name in found
    # A second of time decay apart.
    assert {line for line, usd in found.items() if abs(usd) > 1.0} <= of


def test_the_lines_are_those_of_the_ladder_of_exposures() -> None:
    """An unmoved basis: what the desk's own Taylor series says of the same move."""
    short = account("a", positions={COIN.instrument_id: -10}, balances={"BTC": 2})
    book = held(short, terms=by_id(COIN))
    start = snapshot(index("BTC", 60_000), option_quote(COIN, 60_600, 0.6))
    end = later(index("BTC", 61_800), option_quote(COIN, "62418", 0.63))
    node = aggregate(book, value(book, start), start).row("desk")
    assert not isinstance(node, Failure)
    found = row(explain(book, held(short, terms=by_id(COIN), time_ns=T1_NS), start, end))
    foretold_usd = taylor_usd(node, [node], 0.03, 3.0, STEP_DAYS)
    assert sum(found.lines_usd.values()) == pytest.approx(foretold_usd, rel=1e-9)


def test_a_quanto_moves_with_two_coins_at_once() -> None:
    # Methods sheet, 2.3: x = 100 contracts of 1e-6 coin a dollar; 150 dollars up, BTC 10 % up.
    terms = by_id(quanto())
    long = account("a", positions={quanto().instrument_id: (100, 3_000)})
    per_usd = float(quanto().multiplier_coin_per_usd) * 100
    name = quanto().instrument_id
    start = snapshot(index("BTC", 60_000), index("ETH", 3_000), quote(name, 3_000))
    end = later(index("BTC", 66_000), index("ETH", 3_150), quote(name, 3_150))
    found = explain(held(long, terms=terms), held(long, terms=terms, time_ns=T1_NS), start, end)
    assert lines(found)["delta"] == pytest.approx(per_usd * 150 * 60_000)
    assert lines(found)["cross"] == pytest.approx(per_usd * 150 * 6_000)
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("method", ["taylor", "full"])
def test_a_power_perpetual_decays_through_its_factor(method: str) -> None:
    terms = by_id(power("USDC"))
    long = account("a", positions={"oSQTH": 1_000})
    start = snapshot(index("ETH", 2_000), power_state("0.7", 2_000, "290"))
    end = later(index("ETH", 2_040), power_state("0.6995", 2_040, "303"))
    found = explain(
        held(long, terms=terms), held(long, terms=terms, time_ns=T1_NS), start, end,
        method=method,  # type: ignore[arg-type]
    )  # fmt: skip
    whole = row(found)
    assert whole.actual_usd is not None
    assert whole.lines_usd["time"] < 0.0
    assert whole.lines_usd["vega" if method == "taylor" else "vol"] != 0.0
    assert abs(whole.unexplained_usd or 0.0) < (0.02 if method == "taylor" else 1e-9) * (
        whole.gross_usd
    )
