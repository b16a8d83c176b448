"""Models of each kind where their rules jump, at their bounds, and for what only they hold."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hedgerow.margin import (
    LendingCategory,
    LendingReserve,
    Rulebook,
)
from hedgerow.market import Shock
from hedgerow.portfolio import Account
from hedgerow.units import DAY_NS, MINUTE_NS
from tests.builders import (
    EXPIRY_NS,
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    inverse_future,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    supply,
    tiered_rulebook,
)
from tests.draws import draws
from tests.rooms.margin.across_cases import AT_1000, PERPS, SHOCKS, TIERED, across, agree
from tests.rooms.margin.engine_case import read, sizes
from tests.rooms.margin.made_brackets import brackets, coin_rulebook

D = Decimal


def test_the_bound_is_a_trillionth_of_the_gross_and_the_venues_steps() -> None:
    """Gross: what is held at the mark and at its entry, and the balance; each as a size."""
    held = [
        account(positions={"BTC-PERP": (D(size), 800)}, balances={"USDC": balance})
        for size, balance in ((10**6, 5_000), (-(10**6), -5_000), (0, 0))
    ]
    found = across(held, PERPS, AT_1000, [Shock(spot_factor_frac={"BTC": 0.5})], TIERED)
    agree(found, held, PERPS, AT_1000, [Shock(spot_factor_frac={"BTC": 0.5})], TIERED)
    gross = 1e6 * 500 + 1e6 * 800 + 5_000
    assert found.bound_ccy[:, 0].tolist() == pytest.approx([1e-12 * gross + 1e-8] * 2 + [0.0])


def test_the_bound_of_loans_counts_a_step_on_either_side_of_each() -> None:
    held = [account(currency="USD", positions={"supply:WETH": D(10), "debt:USDC": D(-9_000)})]
    found = across(held, LOANS, LENT, [Shock()], LENDING)
    gross = 10 * 1845.13 + 9_000 * 0.9998
    assert found.bound_ccy[0, 0] == pytest.approx(1e-12 * gross + 1e-8 * 6, rel=1e-9)
    assert found.paths == ("model",)


def test_the_bound_of_a_scan_counts_coins_and_what_options_are_worth_at_most() -> None:
    """Without volatility a call is worth what it is in the money by: 0.16 of 92,800 of the scan."""
    call = option(80_000, "call")
    terms = by_id(inverse(), call)
    now = snapshot(
        index("BTC", 80_000), quote("BTC-PERPETUAL", 80_000), option_quote(call, 80_000, 0.5)
    )
    rulebook = scan_rulebook(
        price_range_frac={"BTC": D("0.16")},
        extended_moves_frac=[],
        min_volatility_for_shock_up_frac=D(0),
    )
    held = [
        account(
            currency="BTC",
            positions={"BTC-PERPETUAL": (D(160_000), 100_000), call.instrument_id: D(-3)},
            balances={"BTC": D(-7)},
        )
    ]
    shocks = [Shock(vol_shift_frac=-5.0)]
    found = across(held, terms, now, shocks, rulebook)
    agree(found, held, terms, now, shocks, rulebook)
    gross = 7 + 1.6 + 2 * (1 + 0.16 / 0.84) + 3 * (1 + 12_800 / 92_800)
    assert found.bound_ccy[0, 0] == pytest.approx(1e-12 * gross + 1e-9 * 1.02, rel=1e-9)
    assert found.paths == ("model",)


# --- jumps ----------------------------------------------------------------------------------------


@given(st.integers(-3, 3), st.integers(4, 14), st.sampled_from([10_000, 30_000]))
@example(0, 4, 10_000)
@example(1, 14, 30_000)
def test_around_the_floor_of_a_tier_the_engine_is_asked(
    steps: int, places: int, floor: int
) -> None:
    size = D(floor) / 1000 + steps * D(1).scaleb(-places)
    held = [account(positions={"BTC-PERP": (size, 1000)}, balances={"USDC": 5_000})]
    found = across(held, PERPS, AT_1000, [Shock()], TIERED)
    agree(found, held, PERPS, AT_1000, [Shock()], TIERED)
    gap = abs(steps) * D(1).scaleb(-places) * 1000 / floor
    if gap <= D("0.9e-9"):
        assert found.is_exact.all()
    if gap > D("1.1e-9"):
        assert not found.is_exact.any()


@pytest.mark.parametrize("size", ["9.99999999999999", "10", "10.00000000000001", "29", "31"])
@pytest.mark.parametrize("side", [1, -1])
def test_hyperliquid_on_both_sides_of_a_floor(size: str, side: int) -> None:
    """A bound belongs to the tier above it here, to the one below on Binance."""
    rulebook = read("hyperliquid/2026-08-22")
    coins = D(size) * 2_000_000 / 40 * side  # the tier of HYPE at 20 million
    held = [account(positions={"HYPE-PERP": (coins, 41)}, balances={"USDC": 10**7})]
    terms, now = by_id(perpetual("HYPE")), snapshot(quote("HYPE-PERP", 40))
    shocks = [Shock(), Shock(spot_factor_frac={"HYPE": 0.5})]
    found = across(held, terms, now, shocks, rulebook)
    agree(found, held, terms, now, shocks, rulebook)
    assert found.paths == (("mixed",) if size.startswith(("9.9", "10")) else ("model",))


def test_a_position_of_nothing_counts_for_nothing() -> None:
    held = [
        account(positions={"BTC-PERP": (D(1), 990), "ETH-PERP": (D(0), 90)}, balances={"USDC": 100})
    ]
    terms = by_id(perpetual("BTC"), perpetual("ETH"))
    rulebook = tiered_rulebook([(0, "0.01")], ("BTC", "ETH"))
    now = snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100))
    found = across(held, terms, now, [Shock()], rulebook)
    agree(found, held, terms, now, [Shock()], rulebook)
    assert found.paths == ("model",)


def test_leverage_that_is_set_bounds_the_initial_rate() -> None:
    rulebook = msgspec.structs.replace(
        read("hyperliquid/2026-08-22"), leverage_set_frac={"HYPE": D(3)}
    )
    terms, now = by_id(perpetual("HYPE")), snapshot(quote("HYPE-PERP", 40))
    held = [account(positions={"HYPE-PERP": (D(30), 41)}, balances={"USDC": 500})]
    found = across(held, terms, now, [Shock()], rulebook)
    assert found.requirement_initial_ccy[0, 0] == pytest.approx(30 * 40 / 3, abs=1e-7)
    assert found.paths == ("model",)


def test_leverage_that_is_set_is_never_above_the_tiers() -> None:
    """HYPE at 24 million may have 5, whatever was set."""
    rulebook = msgspec.structs.replace(
        read("hyperliquid/2026-08-22"), leverage_set_frac={"HYPE": D(9)}
    )
    terms, now = by_id(perpetual("HYPE")), snapshot(quote("HYPE-PERP", 40))
    held = [account(positions={"HYPE-PERP": (D(size), 41)}) for size in (30, 600_000)]
    found = across(held, terms, now, [Shock()], rulebook)
    agree(found, held, terms, now, [Shock()], rulebook)
    assert found.requirement_initial_ccy[1, 0] == pytest.approx(600_000 * 40 / 5, abs=1e-6)
    assert found.paths == ("model", "model")


def test_beyond_the_end_of_a_table_there_is_no_answer() -> None:
    rulebook = coin_rulebook(BTC=brackets((0, "0.004", "0.01"), (5, "0.005", "0.02"), most=10))
    terms, now = by_id(inverse()), snapshot(quote("BTC-PERPETUAL", 80_000))
    held = [account(currency="BTC", positions={"BTC-PERPETUAL": (D(400_000), 80_000)})]
    shocks = [Shock(spot_factor_frac={"BTC": factor}) for factor in (1.0, 0.50001, 0.5, 0.49999)]
    found = across(held, terms, now, shocks, rulebook)
    agree(found, held, terms, now, shocks, rulebook)
    assert found.is_answered.tolist() == [[True, True, True, False]]
    assert found.is_exact.tolist()[0][1:] == [False, True, True]
    assert found.paths == ("mixed",)
    (lacking,) = found.unanswered
    assert lacking.shock_index == 3
    assert lacking.failure.subject == "BTC-PERPETUAL"


def test_both_sides_of_one_contract_are_margined_apart() -> None:
    long, short = (
        account(positions={"BTC-PERP": row}, balances={"USDC": 100})
        for row in ((D(8), 990), (D(-7), 1010))
    )
    held = [msgspec.structs.replace(long, positions=(*long.positions, *short.positions))]
    found = across(held, PERPS, AT_1000, [Shock()], TIERED)
    agree(found, held, PERPS, AT_1000, [Shock()], TIERED)
    assert found.requirement_maintenance_ccy[0, 0] == pytest.approx(0.01 * 15_000, abs=1e-6)
    assert found.equity_ccy[0, 0] == pytest.approx(100 + 80 + 70, abs=1e-6)


# --- lending --------------------------------------------------------------------------------------

RESERVES: dict[str, Any] = {
    asset: LendingReserve(
        liquidation_threshold_bps=threshold,
        liquidation_bonus_bps=10_500 if threshold else 0,
        asset_decimals=decimals,
        ltv_bps=ltv,
    )
    for asset, threshold, ltv, decimals in (
        ("WETH", 8_300, 8_050, 18),
        ("WBTC", 7_800, 7_300, 8),
        ("LINK", 7_100, 6_600, 18),
        ("DEAD", 0, 0, 18),
        ("USDC", 7_800, 7_500, 6),
    )
}
LENDING = msgspec.structs.replace(lending_rulebook(WETH=8_300, USDC=7_800), reserves=RESERVES)
JOINED = msgspec.structs.replace(
    LENDING,
    e_mode=LendingCategory(
        ltv_bps=9_000,
        liquidation_threshold_bps=9_300,
        liquidation_bonus_bps=10_100,
        members=["WETH", "LINK"],
        ltv_zero_members=["LINK"],
    ),
)
LENT = snapshot(
    oracle("WETH", "1845.13"),
    oracle("WBTC", "61234.5"),
    oracle("LINK", "7.00000001"),
    oracle("DEAD", "3"),
    oracle("USDC", "0.9998"),
    *(lending(asset) for asset in RESERVES),
)
LOANS = by_id(
    *(
        msgspec.structs.replace(make(asset), asset_decimals=reserve.asset_decimals)
        for asset, reserve in RESERVES.items()
        for make in (supply, debt)
    )
)


@st.composite
def borrowers(draw: st.DrawFn) -> Account:
    held = {
        f"supply:{asset}": draw(st.decimals(0, 10**5, places=6))
        for asset in draw(st.sets(st.sampled_from(sorted(RESERVES)), max_size=4))
    }
    held |= {
        f"debt:{asset}": -draw(st.decimals(0, 10**5, places=9))
        for asset in draw(st.sets(st.sampled_from(["USDC", "WETH", "WBTC"]), max_size=2))
    }
    return account(currency="USD", positions=held)


@pytest.mark.parametrize("rulebook", [LENDING, JOINED], ids=["no category", "category"])
@draws(40)
@given(st.lists(borrowers(), min_size=1, max_size=4), st.lists(SHOCKS, min_size=1, max_size=3))
def test_loans_of_several_reserves(
    rulebook: Rulebook, accounts: list[Account], shocks: list[Shock]
) -> None:
    """Also collateral without a threshold, without a loan-to-value, and nothing at all."""
    found = across(accounts, LOANS, LENT, shocks, rulebook)
    agree(found, accounts, LOANS, LENT, shocks, rulebook)


def test_an_average_loan_to_value_on_a_whole_basis_point_is_asked_for() -> None:
    """Half of each weighs 80.5 % and 73 % to 76.75 % exactly: which side a double cannot tell."""
    now = snapshot(
        oracle("WETH", 2_000), oracle("WBTC", 50_000), oracle("USDC", 1),
        *(lending(asset) for asset in RESERVES),
    )  # fmt: skip
    held = [
        account(
            currency="USD",
            positions={
                "supply:WETH": D(25) + D(more) / 10**17, "supply:WBTC": D(1), "debt:USDC": D(-900)
            },
        )
        for more in (0, -1, 1, 10**17)
    ]  # fmt: skip
    found = across(held, LOANS, now, [Shock()], LENDING)
    agree(found, held, LOANS, now, [Shock()], LENDING)
    assert found.paths == ("exact", "exact", "exact", "model")


@pytest.mark.parametrize("coins", ["8e12", "5e12"])
def test_totals_of_more_digits_than_a_report_adds_up_are_the_engines_to_refuse(coins: str) -> None:
    """Ten to the 28 basis points of 1e-8 dollars are 1e16 dollars, or that much debt."""
    held = [
        account(currency="USD", positions={"supply:WETH": D(coins)}),
        account(currency="USD", positions={"debt:WETH": -D(coins)}),
    ]
    found = across(held, LOANS, LENT, [Shock()], LENDING)
    agree(found, held, LOANS, LENT, [Shock()], LENDING)
    assert found.is_answered.tolist() == ([[False], [False]] if coins == "8e12" else [[True]] * 2)


# --- scan -----------------------------------------------------------------------------------------

_CALL, _PUT = option(80_000, "call"), option(70_000, "put")
_LATE = msgspec.structs.replace(_PUT, instrument_id="late", expiry_ns=EXPIRY_NS + 200 * DAY_NS)
# So soon that the least rate of the roll counts.
_SOON = msgspec.structs.replace(_CALL, instrument_id="soon", expiry_ns=EXPIRY_NS - 60 * DAY_NS)
SCANNED = by_id(inverse(), inverse_future("BTC-DATED", EXPIRY_NS), _CALL, _PUT, _LATE, _SOON)
OPTIONS = snapshot(
    index("BTC", 80_000),
    quote("BTC-PERPETUAL", 80_010),
    quote("BTC-DATED", 80_700),
    option_quote(_CALL, 80_700, 0.5),
    option_quote(_PUT, 80_700, 0.6),
    option_quote(_LATE, 82_000, 0.55),
    option_quote(_SOON, 80_100, 0.4),
)


@st.composite
def writers(draw: st.DrawFn) -> Account:
    held: dict[str, Any] = {
        name: draw(sizes(40)) for name in draw(st.sets(st.sampled_from([*SCANNED][2:])))
    }
    for name in draw(st.sets(st.sampled_from([*SCANNED][:2]))):
        held[name] = (draw(sizes(900_000, places=0)), draw(st.integers(60_000, 99_000)))
    return account(currency="BTC", positions=held, balances={"BTC": draw(sizes(30))})


@pytest.mark.slow
@draws(40)
@given(st.lists(writers(), min_size=1, max_size=4), st.lists(SHOCKS, min_size=1, max_size=3))
def test_scans_of_several_expiries(accounts: list[Account], shocks: list[Shock]) -> None:
    found = across(accounts, SCANNED, OPTIONS, shocks, scan_rulebook())
    agree(found, accounts, SCANNED, OPTIONS, shocks, scan_rulebook())


_NEVER = msgspec.structs.replace(_CALL, instrument_id="never averaged", averaging_ns=0)
_TO_EXPIRY_NS = EXPIRY_NS - T0_NS


@draws(40)
@given(
    st.lists(sizes(40), min_size=4, max_size=4),
    st.floats(0.4, 2.5),
    st.floats(0.3, 3.0),
    st.one_of(
        st.sampled_from([0, 1, 15 * MINUTE_NS, 30 * MINUTE_NS - 1, 30 * MINUTE_NS]),
        st.integers(0, 30 * MINUTE_NS),
    ),
)
@example([D(-5), D(-5), D(3), D(2)], 1.0, 1.0, 10 * MINUTE_NS)
def test_a_scan_past_an_expiry_and_inside_a_window_still_ahead_needs_no_engine(
    held: list[D], spot: float, vol: float, left_ns: int
) -> None:
    terms = {**SCANNED, **by_id(_NEVER)}
    quotes = [option_quote(each, 80_700, 0.5) for each in (_CALL, _PUT, _LATE, _NEVER)]
    now = snapshot(index("BTC", 80_000), *quotes)
    names = [each.instrument_id for each in (_CALL, _PUT, _LATE, _NEVER)]
    accounts = [
        account(currency="BTC", positions=dict(zip(names, held, strict=True)), balances={"BTC": 20})
    ]
    shocks = [
        Shock(spot_factor_frac={"BTC": spot}, vol_factor_frac=vol, time_forward_ns=forward_ns)
        for forward_ns in (_TO_EXPIRY_NS - left_ns, _TO_EXPIRY_NS + left_ns)
    ]
    found = across(accounts, terms, now, shocks, scan_rulebook())
    agree(found, accounts, terms, now, shocks, scan_rulebook())
    assert found.paths == ("model",)


def test_an_average_that_has_begun_is_the_engines() -> None:
    now_ns = EXPIRY_NS - 10 * MINUTE_NS
    heard = [index("BTC", 79_000, EXPIRY_NS - each * MINUTE_NS) for each in range(40, 9, -1)]
    now = snapshot(*heard, option_quote(_CALL, 80_700, 0.5, now_ns), time_ns=now_ns)
    held = [account(currency="BTC", positions={_CALL.instrument_id: D(-1)}, balances={"BTC": 2})]
    shocks = [Shock(), Shock(time_forward_ns=20 * MINUTE_NS)]
    found = across(held, SCANNED, now, shocks, scan_rulebook())
    agree(found, held, SCANNED, now, shocks, scan_rulebook())
    assert found.paths == ("exact",)
    assert found.is_answered.all()


def test_a_delta_beyond_the_threshold_has_no_answer_and_one_on_it_has() -> None:
    rulebook = scan_rulebook(delta_shock_threshold_usd=D(800_000))
    terms, now = by_id(inverse()), snapshot(index("BTC", 80_000), quote("BTC-PERPETUAL", 80_000))
    held = [
        account(currency="BTC", positions={"BTC-PERPETUAL": (D(dollars), 80_000)})
        for dollars in (799_999, 800_000, 800_001, -800_001)
    ]
    found = across(held, terms, now, [Shock()], rulebook)
    agree(found, held, terms, now, [Shock()], rulebook)
    assert found.is_answered[:, 0].tolist() == [True, True, False, False]
    assert found.paths == ("model", "exact", "exact", "exact")
