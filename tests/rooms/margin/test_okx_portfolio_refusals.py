"""OKX's portfolio margin: what no source tells of is refused by its name, as are wrong figures."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, mistakes_of, require, terms_of
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse_future,
    option,
    perpetual,
    quanto,
    quote,
    resting,
    snapshot,
)
from tests.rooms.margin.made_brackets import charge_tiers, loan, okx_portfolio_rulebook, peg
from tests.rooms.margin.okx_portfolio_accounts import BTC, FAR, LINEAR, MARKS, TERMS, asked, shipped

D = Decimal


def refused(outcome: Any, reason: str, *words: str) -> Failure:
    assert isinstance(outcome, Failure), outcome
    assert outcome.reason == reason
    for word in words:
        assert word in outcome.message
    return outcome


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("BTC-PERP", "basis_perpetual_frac"), ("BTC-PERP", "charge_perpetual_frac"),
        ("BTC-PERP", "charge_tiers"), ("BTC-FAR", "basis_perpetual_frac"),
        ("BTC-FAR", "basis_annual_frac"), ("BTC-FAR", "charge_future_frac"),
    ],
)  # fmt: skip
def test_a_figure_that_is_not_told_is_named(name: str, field: str) -> None:
    less = msgspec.structs.replace(BTC, **{field: None})
    failure = refused(asked({name: (10, 1000)}, units={"BTC": less}), "missing_data")
    assert failure.subject == name
    assert failure.message == (
        f"okx-portfolio/2026-01-01 has no units.BTC.{field}, which the requirement of {name} "
        "holds; write the venue's own into a rulebook"
    )


def test_what_a_perpetual_does_not_need_may_be_left_out() -> None:
    less = msgspec.structs.replace(BTC, basis_annual_frac=None, charge_future_frac=None)
    assert isinstance(asked({"BTC-PERP": (10, 1000)}, units={"BTC": less}), MarginReport)


def test_the_packaged_rulebook_answers_what_it_has_figures_for_and_names_the_rest() -> None:
    def of(name: str, quantity: Any, terms: Instrument, price: Any) -> Any:
        held = account(currency="USD", positions={name: (quantity, price)}, balances={"BTC": 1})
        coins = {"BTC": 60_000, "ETH": 3000, "XRP": 2, "LTC": 100, "USDC": 1}
        now = snapshot(quote(name, price), *(index(coin, at) for coin, at in coins.items()))
        return require(held, by_id(terms), now, shipped())

    assert isinstance(of("BTC-PERP", "-0.5", LINEAR, 60_000), MarginReport)
    for coin, price in (("ETH", 3000), ("XRP", 2)):
        failure = of(f"{coin}-PERP", 1, perpetual(coin), price)
        refused(failure, "missing_data", f"no units.{coin}.basis_perpetual_frac")
    refused(of("BTC-FAR", 1000, FAR, 60_000), "missing_data", "no units.BTC.charge_future_frac")
    much = of("LTC-PERP", "10.2", perpetual("LTC"), 100)
    refused(much, "unsupported", "least charge of LTC up to 7.1367156, and 7.14 is the raw one")
    refused(of("SOL-PERP", 1, perpetual("SOL"), 100), "unsupported", "has no unit of SOL for SOL-P")


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (option(1000, "call"), "is neither future nor perpetual"),
        (option(1000, "put", settlement="USDC"), "no figures for vols, rates and the least charge"),
        (quanto("BTC", "ETH"), "is neither future nor perpetual"),
        (perpetual(settlement="DAI"), "BTC-PERP is settled in none of USDT, USDC, USD"),
    ],
)
def test_what_no_source_tells_of_is_refused(terms: Any, words: str) -> None:
    name = terms.instrument_id
    outcome = asked({name: (1, 1000)}, terms=by_id(terms))
    refused(outcome, "unsupported", name, words)


def test_a_future_past_its_expiry_is_refused() -> None:
    gone = by_id(inverse_future("BTC-FAR", T0_NS))
    refused(asked({"BTC-FAR": (1, 1000)}, terms=gone), "unsupported", "BTC-FAR is past its expiry")


HEDGE = {"BTC-TETHER": (10, 1000), "BTC-PERPETUAL": (-6000, 1000)}


def test_a_hedge_between_dollars_needs_a_peg_that_holds() -> None:
    refused(asked(HEDGE, pegs={}), "missing_data", "has no pegs.USDT/USD")
    most = {"USDT/USD": peg((0, "0.005"), most=5999)}
    refused(asked(HEDGE, pegs=most), "unsupported", "up to 5999, and 6000 are hedged")
    for price in ("0.9899", "1.0102"):
        off = asked(HEDGE, {}, index("USDT", price))
        refused(off, "unsupported", "from 0.99 to its inverse, and it stands at")
    assert isinstance(asked(HEDGE, {}, index("USDT", "0.99")), MarginReport)
    alone = asked({"BTC-TETHER": (10, 1000)}, {}, index("USDT", "0.9"), pegs={})
    assert isinstance(alone, MarginReport)


def test_a_loan_of_unknown_requirement_is_refused() -> None:
    held: dict[str, Any] = {"BTC-PERP": (10, 1060)}
    failure = refused(asked(held, loans={}), "missing_data", "has no loans.USDC")
    assert failure.subject == "USDC"
    loans = {"USDC": loan("0.02", "0.1", most=599)}
    refused(asked(held, loans=loans), "unsupported", "a loan of USDC requires up to 599, and 600")


def test_prices_and_discounts_are_needed_and_orders_are_refused() -> None:
    refused(asked({}, {"DOGE": 1}, index("DOGE", 1)), "unsupported", "has no discount for DOGE")
    held = account(currency="USD", positions={"BTC-PERP": (1, 1000)})
    bare = snapshot(quote("BTC-PERP", 1000))
    failure = require(held, TERMS, bare, okx_portfolio_rulebook({"BTC": BTC}))
    assert isinstance(failure, Failure)
    assert (failure.subject, failure.reason) == ("BTC", "missing_data")
    ordered = msgspec.structs.replace(held, orders=(resting("BTC-PERP", 1, 1000),))
    outcome = require(ordered, TERMS, snapshot(*MARKS), okx_portfolio_rulebook({"BTC": BTC}))
    refused(outcome, "unsupported", "has no rule for open orders")


def test_what_may_be_owed_is_what_has_a_loan() -> None:
    terms = terms_of(shipped())
    assert terms.owed == ("USDT",)
    assert terms.counted == {"USD": ("BTC", "USDT")}


# --- figures that cannot be -----------------------------------------------------------------------


def unit(**changes: Any) -> dict[str, Any]:
    return {"units": {"BTC": msgspec.structs.replace(BTC, **changes)}}


WRONG: list[tuple[Callable[[], dict[str, Any]], str]] = [
    (lambda: unit(moves_frac=[]), "units.BTC.moves_frac must rise from above 0, were []"),
    (
        lambda: unit(moves_frac=[D("0.2"), D("0.1")]),
        "units.BTC.moves_frac must rise from above 0, were ['0.2', '0.1']",
    ),
    (lambda: unit(moves_frac=[D(1)]), "units.BTC.moves_frac must be below 1, was 1"),
    (
        lambda: unit(move_extreme_frac=D(24)),
        "units.BTC.move_extreme_frac must be in (0, 1), was 24",
    ),
    (
        lambda: unit(basis_annual_frac=D(5)),
        "units.BTC.basis_annual_frac must be in [0, 1], was 5",
    ),
    (
        lambda: unit(charge_tiers=charge_tiers((1, 1))),
        "units.BTC.charge_tiers must start at 0, floors were ['1']",
    ),
    (
        lambda: unit(charge_tiers=charge_tiers((0, 2), (5, 1))),
        "units.BTC.charge_tiers must rise, were ['2', '1']",
    ),
    (
        lambda: unit(charge_tiers=charge_tiers((0, "0.5"))),
        "units.BTC.charge_tiers.[0].multiplier_frac must be at least 1, was 0.5",
    ),
    (
        lambda: unit(charge_usd_max=D(70_000)),
        "units.BTC.charge_tiers must end above their last floor, was 70000",
    ),
    (
        lambda: {"pegs": {"DAI/USD": peg((0, "0.01"))}},
        "pegs.DAI/USD must be one of USDT/USD, USDT/USDC, USDC/USD",
    ),
    (
        lambda: {"pegs": {"USDT/USD": peg((0, "0.01"), (10, "0.005"))}},
        "pegs.USDT/USD.tiers must rise, were ['0.01', '0.005']",
    ),
    (
        lambda: {"pegs": {"USDT/USD": peg((0, "1.5"))}},
        "pegs.USDT/USD.tiers.[0].rate_frac must be in [0, 1], was 1.5",
    ),
    (
        lambda: {"pegs": {"USDT/USD": peg((0, "0.01"), least=0)}},
        "pegs.USDT/USD.index_least_frac must be in (0, 1], was 0",
    ),
    (
        lambda: {"loans": {"BTC": loan("0.2", "0.1")}},
        "loans.BTC initial rate 0.1 is below maintenance, 0.2",
    ),
    (lambda: {"extreme_counted_frac": D(0)}, "extreme_counted_frac must be in (0, 1], was 0"),
    (
        lambda: {"initial_of_maintenance_frac": D("0.9")},
        "initial_of_maintenance_frac must be at least 1, was 0.9",
    ),
]


@pytest.mark.parametrize(("changes", "told"), WRONG, ids=[told for _, told in WRONG])
def test_figures_that_cannot_be(changes: Callable[[], dict[str, Any]], told: str) -> None:
    given = {"units": {"BTC": BTC}, **changes()}
    assert list(mistakes_of(okx_portfolio_rulebook(**given))) == [told]


def test_the_packaged_figures_can_be() -> None:
    assert list(mistakes_of(shipped())) == []
    assert list(mistakes_of(okx_portfolio_rulebook({"BTC": BTC}))) == []
