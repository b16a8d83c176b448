"""Rows add up, the unknown spreads upwards, and deltas are what a hand computes."""

from itertools import permutations
from math import fsum

import pytest

from hedgerow.errors import Failure
from hedgerow.exposure import ExposureRow, ExposureTable, aggregate
from hedgerow.instruments import Instrument, StakedCoin, VaultShare
from hedgerow.market import AgeLimits, MarketEvent
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from hedgerow.units import SECOND_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    lending,
    linear_future,
    option,
    option_quote,
    perpetual,
    power,
    power_state,
    quanto,
    quote,
    share_rate,
    snapshot,
    staking,
    supply,
)

CALL, PUT = option(70000, "call"), option(50000, "put")
TERMS: tuple[Instrument, ...] = (
    perpetual("BTC"),
    perpetual("ETH"),
    inverse("BTC"),
    CALL,
    PUT,
    supply("wstETH"),
    debt("USDC"),
)
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 60000),
    index("ETH", 3000),
    quote("BTC-PERP", 60010),
    quote("ETH-PERP", 3001),
    quote("BTC-PERPETUAL", 60005),
    option_quote(CALL, 60600, 0.6),
    option_quote(PUT, 60600, 0.7),
    staking("wstETH", "ETH", "1.2"),
    lending("wstETH"),
    lending("USDC"),
)
DESK = (
    account(
        "options",
        venue="deribit",
        currency="BTC",
        positions={
            CALL.instrument_id: -10,
            PUT.instrument_id: "-5.5",
            "BTC-PERPETUAL": (1000, 59000),
        },
        balances={"BTC": 3},
    ),
    account(
        "perps",
        venue="binance",
        positions={"BTC-PERP": ("2.5", 58000), "ETH-PERP": (-20, 3100)},
        balances={"USDC": 250_000},
    ),
    account(
        "loan",
        venue="aave",
        currency="USD",
        positions={"supply:wstETH": 40, "debt:USDC": -60_000},
    ),
    account("cold", venue="treasury", balances={"USDC": 5, "ETH": "0.25"}),
)
SUMMED = (
    "value_usd",
    "delta_spot_usd",
    "gamma_usd_per_pct",
    "vega_usd_per_volpt",
    "theta_usd_per_day",
)


def table(
    accounts: tuple[Account, ...] = DESK,
    events: tuple[MarketEvent, ...] = MARKET,
    terms: tuple[Instrument, ...] = TERMS,
    ages: AgeLimits | None = None,
    time_ns: int = T0_NS,
) -> ExposureTable:
    held = book(accounts, by_id(*terms))
    now = snapshot(*events, ages=ages, time_ns=time_ns)
    return aggregate(held, value(held, now), now)


def row(exposures: ExposureTable, node: str) -> ExposureRow:
    found = exposures.row(node)
    assert not isinstance(found, Failure), found
    return found


def leaves(exposures: ExposureTable, above: str) -> list[ExposureRow]:
    return [r for r in exposures.rows if r.node.startswith(f"{above}/") and r.node.count("/") == 4]


# --- adding up -----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", SUMMED)
def test_every_node_is_the_sum_of_its_leaves(metric: str) -> None:
    exposures = table()
    for above in [r for r in exposures.rows if r.node.startswith("desk") and r.node.count("/") < 4]:
        # A dollar coin's delta is peg risk and stands on its own rows alone.
        is_dollar_kept = metric == "delta_spot_usd" and "USDC" not in above.node
        below = [
            getattr(leaf, metric)
            for leaf in leaves(exposures, above.node)
            if not (is_dollar_kept and "/USDC/" in leaf.node)
        ]
        total = getattr(above, metric)
        scale = fsum(abs(addend) for addend in below)
        assert abs(total - fsum(below)) <= 1e-12 * scale, above.node


@pytest.mark.parametrize("metric", SUMMED)
def test_the_coins_add_up_to_the_desk(metric: str) -> None:
    exposures = table()
    per_coin = [
        getattr(r, metric)
        for r in exposures.coins()
        if not (metric == "delta_spot_usd" and r.node == "coin/USDC")
    ]
    total = getattr(row(exposures, "desk"), metric)
    assert abs(total - fsum(per_coin)) <= 1e-12 * fsum(map(abs, per_coin))


def test_no_order_of_accounts_or_positions_changes_a_digit() -> None:
    reference = table()
    for order in permutations(DESK):
        turned = tuple(
            Account(
                **{name: getattr(one, name) for name in one.__struct_fields__}
                | {"positions": one.positions[::-1], "balances": one.balances[::-1]}
            )
            for one in order
        )
        assert table(turned) == reference


def test_parents_come_before_children_and_coins_last() -> None:
    nodes = [r.node for r in table().rows]
    assert nodes[0] == "desk"
    for at, node in enumerate(nodes):
        parent = node.rpartition("/")[0]
        if node.startswith("desk/"):
            assert parent in nodes[:at]
    assert [node.startswith("coin/") for node in nodes] == sorted(
        node.startswith("coin/") for node in nodes
    )


# --- by hand -------------------------------------------------------------------------------------


def test_linear_and_loan_rows_by_hand() -> None:
    exposures = table()
    perps = row(exposures, "desk/binance/perps")
    # 2.5 · (60010 - 58000) - 20 · (3001 - 3100) + 250000
    assert perps.value_usd == pytest.approx(5025 + 1980 + 250_000, rel=1e-15)
    # Marks move in proportion to spot: a move of 100 % gains the mark, not the index.
    assert perps.delta_spot_usd == pytest.approx(2.5 * 60010 - 20 * 3001, rel=1e-15)
    assert perps.delta_spot_coin is None  # two coins do not add
    loan = row(exposures, "desk/aave/loan")
    assert loan.value_usd == pytest.approx(40 * 1.2 * 3000 - 60_000, rel=1e-15)
    assert loan.delta_spot_coin == pytest.approx(48.0, rel=1e-15)
    assert row(exposures, "desk/treasury/cold").delta_spot_usd == pytest.approx(750.0, rel=1e-15)
    ether = row(exposures, "coin/ETH")
    assert ether.delta_spot_coin == pytest.approx(-20 * 3001 / 3000 + 48 + 0.25, rel=1e-14)


def test_quanto_power_and_vault_rows_by_hand() -> None:
    vault = VaultShare(instrument_id="v", vault="yield", asset="wstETH")
    held = account("mixed", venue="v", positions={"ETH-QUANTO": (-1000, 2800), "oSQTH": 5, "v": 10})
    events = (
        *MARKET, quote("ETH-QUANTO", 3100), power_state("0.25", 3000, 234), share_rate("yield", 2)
    )  # fmt: skip
    exposures = table((held,), events, (quanto(), power(), vault))
    # A thousandth of a bitcoin per dollar, short, 300 dollars against it: -0.3 bitcoin.
    bitcoin = row(exposures, "coin/BTC")
    assert bitcoin.delta_spot_coin == pytest.approx(-0.3, rel=1e-14)
    assert bitcoin.delta_premium_adjusted_coin == 0.0
    # 60 dollars per dollar of the mark, 3,100 over 3,000, short; five tokens at 234 with twice
    # their worth in ether; ten shares of two tokens of 1.2 ether.
    ether = row(exposures, "coin/ETH")
    assert ether.delta_spot_coin == pytest.approx(-62 + 5 * 2 * 234 / 3000 + 24, rel=1e-14)
    assert ether.gamma_usd_per_pct == pytest.approx(5 * 2 * 234 / 100, rel=1e-14)
    assert ether.theta_usd_per_day < 0.0 < ether.vega_usd_per_volpt
    desk = row(exposures, "desk")
    assert desk.value_usd == pytest.approx(-0.3 * 60_000 + 5 * 234 + 24 * 3000, rel=1e-14)
    assert desk.missing == ()


def test_a_quanto_without_an_entry_has_no_profit() -> None:
    held = account("mixed", venue="v", positions={"ETH-QUANTO": 5})
    exposures = table((held,), (*MARKET, quote("ETH-QUANTO", 3100)), (quanto(),))
    for node in ("desk", "coin/ETH", "coin/BTC"):
        (cause,) = row(exposures, node).missing
        assert cause.message == "ETH-QUANTO has no entry price"


def test_dollar_coins_stand_on_their_own_rows_only() -> None:
    exposures = table()
    assert row(exposures, "coin/USDC").delta_spot_usd == pytest.approx(
        250_000 + 5025 + 1980 - 60_000 + 5
    )
    without = tuple(
        account(
            one.account_id,
            venue=one.venue,
            currency=one.currency,
            positions={
                p.instrument_id: (p.quantity_contracts, p.price_entry_ccy)
                if p.price_entry_ccy
                else p.quantity_contracts
                for p in one.positions
                if p.instrument_id != "debt:USDC"
            },
            balances={b.asset: b.quantity_coin for b in one.balances if b.asset != "USDC"},
        )
        for one in DESK
    )
    assert row(table(without), "desk").delta_spot_usd == row(exposures, "desk").delta_spot_usd


@pytest.mark.parametrize("mark", ["30000", "60000", "90000"])
def test_inverse_perpetual_with_coin_collateral_is_deposit_plus_contracts_over_entry(
    mark: str,
) -> None:
    """Equity plus Q/M is deposit plus Q/entry at every mark (venue-margin.md, rule 0.3)."""
    deposit, contracts, entry = 2.0, 90_000.0, 45_000.0
    held = account(
        currency="BTC",
        positions={"BTC-PERPETUAL": (int(contracts), int(entry))},
        balances={"BTC": int(deposit)},
    )
    got = row(table((held,), (index("BTC", mark), quote("BTC-PERPETUAL", mark))), "coin/BTC")
    assert got.delta_spot_coin == pytest.approx(deposit + contracts / entry, rel=1e-14)
    assert got.delta_premium_adjusted_coin == pytest.approx(contracts / float(mark), rel=1e-14)
    assert got.gamma_usd_per_pct == 0.0


def test_a_short_of_as_many_dollars_as_the_deposit_is_worth_is_a_dollar_account() -> None:
    held = account(
        currency="BTC", positions={"BTC-PERPETUAL": (-120_000, 60_000)}, balances={"BTC": 2}
    )
    for mark in (30_000, 60_000, 90_000):
        got = row(table((held,), (index("BTC", mark), quote("BTC-PERPETUAL", mark))), "desk")
        assert got.value_usd == pytest.approx(120_000.0, rel=1e-14)
        assert got.delta_spot_coin == pytest.approx(0.0, abs=1e-14)


def test_coin_settled_short_strangle_by_hand() -> None:
    """F = S = 60000, σ = 0.6, a fifth of a year, by tables of the normal."""
    market = (index("BTC", 60000), option_quote(CALL, 60000, 0.6), option_quote(PUT, 60000, 0.6))
    held = account(
        currency="BTC",
        positions={CALL.instrument_id: -10, PUT.instrument_id: -10},
        balances={"BTC": 5},
    )
    got = row(table((held,), market), "desk")
    # Call 70000: d1 = -0.440322, N(d1) = 0.329852, N(d2) = 0.239271; put 50000: d1 = 0.813636,
    # N(-d1) = 0.207927, N(-d2) = 0.292771.
    call_usd = 60000 * 0.329852 - 70000 * 0.239271
    put_usd = 50000 * 0.292771 - 60000 * 0.207927
    assert got.value_usd == pytest.approx(5 * 60000 - 10 * (call_usd + put_usd), abs=3.0)
    delta = -10 * (0.329852 - 0.207927)
    assert got.delta_spot_coin == pytest.approx(5 + delta, abs=3e-5)
    premium = 10 * (call_usd + put_usd) / 60000
    assert got.delta_premium_adjusted_coin == pytest.approx(delta + premium, abs=8e-5)
    # Densities n(0.440322) = 0.362084 and n(0.813636) = 0.286522.
    gamma = -10 * (0.362084 + 0.286522) / (60000 * 0.268328157)
    assert got.gamma_usd_per_pct == pytest.approx(gamma * 60000**2 / 100, rel=1e-5)
    vega = -10 * 60000 * (0.362084 + 0.286522) * 0.2**0.5 / 100
    assert got.vega_usd_per_volpt == pytest.approx(vega, rel=1e-5)
    assert got.theta_usd_per_day == pytest.approx(-vega * 100 * 0.6 / (2 * 0.2) / 365, rel=1e-5)


def test_an_entry_price_keeps_its_digits() -> None:
    """Averages of fills have more digits than a tick."""
    held = account(positions={"BTC-PERP": (1000, "60009.12345678")})
    got = row(table((held,)), "desk")
    assert got.value_usd == pytest.approx(1000 * (60010 - 60009.12345678), rel=1e-10)


# --- the unknown ---------------------------------------------------------------------------------


def missing_at(exposures: ExposureTable) -> set[str]:
    return {r.node for r in exposures.rows if r.missing}


def without(*subjects: str) -> tuple[MarketEvent, ...]:
    named = ("instrument_id", "underlying", "asset")
    return tuple(
        event
        for event in MARKET
        if not any(getattr(event, name, None) in subjects for name in named)
    )


def test_everything_known_misses_nothing() -> None:
    assert missing_at(table()) == set()


def test_a_missing_quote_makes_every_node_above_incomplete_and_no_other() -> None:
    call_id = CALL.instrument_id
    exposures = table(events=without(call_id))
    assert missing_at(exposures) == {
        "desk",
        "desk/deribit",
        "desk/deribit/options",
        "desk/deribit/options/BTC",
        "desk/deribit/options/BTC/2026-04-15",
        "coin/BTC",
    }
    assert [failure.subject for failure in row(exposures, "desk").missing] == [call_id]
    # The rest is still there.
    assert row(exposures, "coin/BTC").delta_spot_coin is not None


def test_profit_in_an_unpriced_contract_is_also_missing_from_what_it_is_paid_in() -> None:
    exposures = table(events=without("ETH-PERP"))
    assert {"coin/ETH", "coin/USDC", "desk/binance/perps/USDC"} <= missing_at(exposures)
    assert "coin/BTC" not in missing_at(exposures)


def test_a_coin_without_an_index_has_no_delta() -> None:
    events = tuple(e for e in without("ETH") if getattr(e, "underlying", "") != "ETH")
    ether = row(table(events=events), "desk/binance/perps/ETH")
    assert [failure.subject for failure in ether.missing] == ["ETH"]
    assert (ether.value_usd, ether.delta_spot_usd) == (pytest.approx(20 * 99), 0.0)
    assert "coin/ETH" in missing_at(table(events=events))
    assert "coin/BTC" not in missing_at(table(events=events))


def test_a_future_without_an_entry_price_is_missing_not_worth_its_notional() -> None:
    for terms in (perpetual("BTC"), inverse("BTC"), linear_future("LF", T0_NS + 1)):
        held = account(positions={terms.instrument_id: 1000}, balances={"BTC": 1})
        got = table((held,), (*MARKET, quote("LF", 61000)), (*TERMS, terms))
        (failure,) = row(got, "desk").missing
        assert failure.reason == "missing_data"
        assert failure.message == f"{terms.instrument_id} has no entry price"
        assert row(got, "coin/BTC").missing == (failure,)


def test_a_staked_coin_without_its_rate_is_missing_from_its_base() -> None:
    token = StakedCoin(instrument_id="w", asset="wstETH", base="ETH")
    held = account(positions={"w": 10}, balances={"ETH": 1, "BTC": 1})
    got = table((held,), without("wstETH"), (*TERMS, token))
    assert row(got, "coin/ETH").missing != ()
    assert row(got, "coin/BTC").missing == ()  # its terms say which coin it moves with
    assert row(table((held,), MARKET, (*TERMS, token)), "coin/ETH").delta_spot_coin == 13.0


def test_an_asset_of_which_nothing_is_known_may_move_with_any_coin() -> None:
    """A token may be a wrapped coin: until its rate comes, no coin is known to be complete."""
    got = table(events=tuple(e for e in MARKET if getattr(e, "asset", "") != "wstETH"))
    assert {"coin/BTC", "coin/ETH", "desk"} <= missing_at(got)
    assert "desk/binance/perps" not in missing_at(got)


def test_positions_observed_too_long_ago_stay_in_the_totals_and_say_so() -> None:
    ages = AgeLimits(account_ns_max=15 * SECOND_NS)
    late = T0_NS + 15 * SECOND_NS
    events = tuple(
        type(e)(**{n: getattr(e, n) for n in e.__struct_fields__} | {"time_ns": late})
        for e in MARKET
    )
    fresh = table(events=events, ages=ages, time_ns=late)
    assert missing_at(fresh) == set()
    cold = account("cold", venue="treasury", balances={"ETH": "0.25"}, time_ns=T0_NS - 1)
    stale = table((*DESK[:3], cold), events, ages=ages, time_ns=late)
    assert missing_at(stale) == {
        "desk",
        "desk/treasury",
        "desk/treasury/cold",
        "desk/treasury/cold/ETH",
        "desk/treasury/cold/ETH/no expiry",
        "coin/ETH",
    }
    (failure,) = row(stale, "coin/ETH").missing
    assert (failure.subject, failure.reason) == ("cold", "stale_data")
    assert row(stale, "coin/ETH").delta_spot_coin == row(fresh, "coin/ETH").delta_spot_coin


def test_estimates_and_ages_are_carried_up() -> None:
    late = T0_NS + 2 * SECOND_NS
    exposures = table(time_ns=late)
    assert row(exposures, "desk/deribit").is_estimate
    assert not row(exposures, "desk/binance").is_estimate
    assert exposures.option_age_ns_max == 2 * SECOND_NS
    assert table((DESK[1],)).option_age_ns_max is None


def test_an_unknown_node_is_a_failure() -> None:
    found = table().row("desk/nowhere")
    assert isinstance(found, Failure)
    assert found.message == "no exposure at node desk/nowhere"


def test_an_empty_desk_is_all_zero() -> None:
    (only,) = table((account(),)).rows
    assert (only.node, only.value_usd, only.delta_spot_usd, only.delta_spot_coin) == (
        "desk",
        0,
        0,
        0,
    )
