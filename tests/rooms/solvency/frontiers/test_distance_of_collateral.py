"""Collateral falls too: wherever an account is backed by another coin than it trades."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, Rulebook, mistakes_of, require, terms_of
from hedgerow.market import MarketEvent, Shock
from hedgerow.portfolio import Account
from hedgerow.solvency import Distance, coins_moved, distance
from tests.builders import (
    Positions,
    account,
    by_id,
    index,
    oracle,
    perpetual,
    quote,
    snapshot,
    staking,
)
from tests.draws import draws
from tests.rooms.margin.engine_case import BackedCase
from tests.rooms.margin.engines import BACKED, CASES, ON_CHAIN
from tests.rooms.margin.test_derive_standard import derive

D = Decimal
PRICES = {"BTC": 60_000, "ETH": 3_000, "SOL": 150, "HYPE": 40}
NOW = snapshot(
    *(index(coin, price) for coin, price in PRICES.items()),
    *(oracle(coin, price) for coin, price in PRICES.items()),
    oracle("USDC", 1),
    quote("BTC-PERP", 60_000),
    quote("ETH-PERP", 3_000),
)
TERMS = by_id(perpetual("BTC"), perpetual("ETH"))
# As `distance` promises, and one step further.
NEAR_FRAC = 1e-4


def held_by(case: BackedCase, size_usd: int, backed_frac: float, side: int) -> Account:
    much = round(size_usd * backed_frac / PRICES[case.asset], 6)
    size = D(side * size_usd) / PRICES[case.traded]
    positions: Positions = {f"{case.traded}-PERP": (size, PRICES[case.traded])}
    balances = {case.asset: much, **dict(case.other)}
    return account(currency=case.currency, positions=positions, balances=balances)


def headroom(held: Account, rules: Rulebook, factor: float) -> Decimal:
    """Move every coin there is, whichever of them the account holds."""
    now = NOW.shocked(Shock(spot_factor_frac=dict.fromkeys(PRICES, factor)))
    report = require(held, TERMS, now, rules)
    assert isinstance(report, MarginReport), report
    return report.headroom_ccy


def found(held: Account, rules: Rulebook) -> Distance:
    got = distance(held, TERMS, NOW, rules)
    assert not isinstance(got, Failure), got
    return got


def test_every_engine_that_takes_another_coin_is_tried() -> None:
    rulebooks = [case.rulebook for case in CASES]
    rulebooks += [engine.rulebook for engine in ON_CHAIN.values()]
    takes_others = {
        type(each)
        for each in rulebooks
        for counted in (terms_of(each).counted or {}).values()
        if len(set(counted) - {"USD", "USDC", "USDT"}) > 0 and len(counted) > 1
    }
    assert takes_others == {type(case.rulebook) for case in BACKED.values()}
    assert all(not list(mistakes_of(case.rulebook)) for case in BACKED.values())


@pytest.mark.parametrize("case", BACKED.values(), ids=BACKED)
@draws(12)
@given(size_usd=st.integers(1_000, 50_000), backed_frac=st.floats(0.35, 1.2))
def test_a_long_breaks_where_both_have_fallen_so_far(
    case: BackedCase, size_usd: int, backed_frac: float
) -> None:
    held = held_by(case, size_usd, backed_frac, 1)
    if headroom(held, case.rulebook, 1.0) < 0:  # too little to begin with
        assert found(held, case.rulebook).down_frac == 0.0
        return
    down = found(held, case.rulebook).down_frac
    assert down is not None
    assert headroom(held, case.rulebook, 1.0 + down) >= 0
    assert headroom(held, case.rulebook, (1.0 + down) * (1.0 - 1.5 * NEAR_FRAC)) < 0


@pytest.mark.parametrize("case", BACKED.values(), ids=BACKED)
def test_a_short_is_hedged_by_what_backs_it(case: BackedCase) -> None:
    """Backed by less than it is short, it breaks upwards, where both have risen so far."""
    held = held_by(case, 10_000, 0.5, -1)
    up = found(held, case.rulebook).up_frac
    assert up is not None
    assert headroom(held, case.rulebook, 1.0 + up) >= 0
    assert headroom(held, case.rulebook, (1.0 + up) * (1.0 + 1.5 * NEAR_FRAC)) < 0


def test_a_loan_in_cash_against_a_coin_alone_breaks_with_that_coin() -> None:
    """10 ETH of 3000 at 80 % against 18 000 owed: the price that is left is 2250."""
    held = account(balances={"ETH": 10, "USDC": -18_000})
    got = found(held, derive())
    assert got.down_frac == pytest.approx(2250 / 3000 - 1, abs=NEAR_FRAC)
    assert got.up_frac is None


def test_a_staked_coin_moves_with_its_base_and_dollars_stand_still() -> None:
    events: tuple[MarketEvent, ...] = (staking("wstETH", "ETH", "1.2"),)
    now = snapshot(*events)
    held = account(balances={"wstETH": 1, "USDC": 5, "SOL": -1})
    assert coins_moved([perpetual("BTC")], [held], now) == ("BTC", "ETH", "SOL")
