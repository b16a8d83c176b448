"""From an appetite to limits: by hand, that they accept what they should, and say why not."""

import math
from math import erf, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.limits import (
    Appetite,
    FirstPassage,
    Limit,
    Suggestion,
    distance_at,
    judge,
    suggested,
    survey,
)
from hedgerow.portfolio import book
from hedgerow.solvency import Distance
from hedgerow.units import DAY_NS
from tests.builders import account, by_id, index, option, option_quote, snapshot
from tests.draws import draws
from tests.rooms.limits.worlds import PERP, desk, perp, seen

CHANCE = FirstPassage(vol_frac={"BTC": 0.6})
WALLET = account("cold", venue="wallet", balances={"USDC": 5_000})


def appetite(loss_usd: float = 10_000, chance_frac: float = 0.01, days: int = 1) -> Appetite:
    return Appetite(
        chance_frac=chance_frac, horizon_ns=days * DAY_NS, loss_usd=loss_usd, vol_move_volpt=10
    )


def by_metric(found: Suggestion) -> dict[str, Limit]:
    return {each.metric: each for each in found.limits}


def breaks(distance: float) -> float:
    """Within a day, of an account that breaks as far below as above."""
    both = Distance(
        account_id="a",
        time_ns=0,
        down_frac=-distance,
        up_frac=distance,
        searched_down_frac=-0.7,
        searched_up_frac=2.0,
    )
    found = CHANCE(["BTC"], both, DAY_NS)
    assert isinstance(found, float)
    return found


def test_one_long_by_hand() -> None:
    """Nothing bends, so all of 10,000 is the delta's: 10,000 over the coin's move."""
    found = suggested(seen(perp(), WALLET), CHANCE, appetite())
    limits = by_metric(found)
    assert set(limits) == {"distance_spot_frac", "scenario_loss_usd", "delta_spot_usd"}
    exact = distance_at(CHANCE, ["BTC"], 0.01, DAY_NS)
    assert isinstance(exact, float)
    move = math.ceil(1_000 * exact) / 1_000  # never less than it stands for
    assert found.moves_frac == {"BTC": move}
    assert limits["scenario_loss_usd"].hard_frac_usd_or_coin == 10_000
    assert limits["scenario_loss_usd"].soft_frac_usd_or_coin == 8_000
    hard = limits["delta_spot_usd"].hard_frac_usd_or_coin
    assert 0.99 * 10_000 / move <= hard <= 10_000 / move
    assert found.full_usd == pytest.approx(60_000 * move)
    assert found.linear_usd == pytest.approx(60_000 * move)
    assert found.curved_usd == pytest.approx(0.0, abs=1e-6)
    assert [each.rung for each in found.states] == ["calm"] * 3
    assert found.unmet == ()


def test_the_distance_has_the_probability_that_was_asked_for() -> None:
    far = by_metric(suggested(seen(), CHANCE, appetite()))["distance_spot_frac"]
    assert far.scope == PERP
    hard, soft = far.hard_frac_usd_or_coin, far.soft_frac_usd_or_coin
    assert breaks(hard) <= 0.01
    assert breaks(hard - 2e-4) > 0.01
    assert breaks(soft) <= 0.005
    assert breaks(soft - 2e-4) > 0.005


def test_who_asks_for_more_than_the_desk_keeps_is_told_so() -> None:
    found = suggested(seen(perp(balance=3_000)), CHANCE, appetite(loss_usd=1_000))
    rung = {each.metric: each.rung for each in found.states}
    assert rung == {
        "distance_spot_frac": "hard",  # 4 % away, and 9 % are asked for
        "scenario_loss_usd": "hard",
        "delta_spot_usd": "hard",
    }


def test_what_cannot_be_suggested_says_why() -> None:
    unknown = suggested(seen(), FirstPassage(vol_frac={}), appetite())
    assert unknown.limits == ()
    assert {each.subject for each in unknown.unmet} == {PERP, "BTC"}
    assert all("no vol of BTC" in each.message for each in unknown.unmet)
    long = suggested(seen(), FirstPassage(vol_frac={"BTC": 5.0}), appetite(days=300))
    assert long.limits == ()
    assert all("further" in each.message for each in long.unmet)
    unpriced = account("cold", venue="wallet", balances={"XYZ": 1})
    lost = suggested(
        desk(perp(), unpriced).seen, FirstPassage(vol_frac={"BTC": 0.6, "XYZ": 1.0}), appetite()
    )
    assert {each.metric for each in lost.limits} == {"distance_spot_frac", "scenario_loss_usd"}
    assert any("missing: spot:XYZ" in each.message for each in lost.unmet)


@pytest.mark.parametrize(
    "bad",
    [
        {"chance_frac": 0.0},
        {"chance_frac": 1.0},
        {"loss_usd": 0.0},
        {"loss_usd": float("nan")},
        {"days": 0},
    ],
)
def test_an_appetite_that_cannot_be_meant(bad: dict[str, float]) -> None:
    with pytest.raises(OutOfDomain, match="must lie above 0"):
        appetite(**bad)  # type: ignore[arg-type]


@draws(25)
@given(st.floats(-3, 3), st.floats(100, 1e6), st.floats(0.001, 0.2))
def test_a_book_within_its_greeks_loses_no_more_than_its_budget(
    quantity: float, loss_usd: float, chance: float
) -> None:
    """A book at the very limit of delta loses the budget in the worst corner, and no more."""
    found = suggested(seen(perp(round(quantity, 3))), CHANCE, appetite(loss_usd, chance))
    limits = by_metric(found)
    if "delta_spot_usd" not in limits:
        assert found.unmet or round(quantity, 3) == 0
        return
    at_limit = limits["delta_spot_usd"].hard_frac_usd_or_coin / 60_000
    full = seen(perp(at_limit, balance=1e9))
    (state,) = judge([limits["scenario_loss_usd"]], full)
    assert state.value_frac_usd_or_coin is not None
    assert 0.9 * loss_usd <= state.value_frac_usd_or_coin <= 1.0001 * loss_usd


def black_usd(forward: float, strike: float, vol: float, years: float) -> float:
    """Value a call by Black's formula, undiscounted."""
    root = vol * sqrt(years)
    d1 = log(forward / strike) / root + root / 2

    def below(x: float) -> float:
        return (1 + erf(x / sqrt(2))) / 2

    return forward * below(d1) - strike * below(d1 - root)


def test_curvature_is_paid_first_and_the_rest_is_shared_with_vega() -> None:
    """One call sold, 60,000 at the money, a fifth of a year at 60 %: it loses by rise and vol.

    It is paid in coin, and one coin lies beside it.
    """
    call = option(60_000, "call")
    short = account(
        "short", venue="wallet", currency="BTC", positions={call.instrument_id: -1},
        balances={"BTC": 1},
    )  # fmt: skip
    market = snapshot(index("BTC", 60_000), option_quote(call, 60_000, 0.6))
    state = survey(book([short], by_id(call)), market, {}, ())
    found = suggested(state.seen, CHANCE, appetite(loss_usd=20_000))
    move = found.moves_frac["BTC"]

    def worth(spot: float, vol: float) -> float:
        return spot - black_usd(spot, 60_000, vol, 0.2)

    def loss(spot: float, vol: float) -> float:
        return worth(60_000, 0.6) - worth(spot, vol)

    corners = [
        loss(60_000 * (1 + side * move), 0.6 + shift) for side in (-1, 1) for shift in (-0.1, 0.1)
    ]
    assert found.full_usd == pytest.approx(max(corners), rel=1e-6)
    step = 1e-4
    delta = (loss(60_000 * (1 - step), 0.6) - loss(60_000 * (1 + step), 0.6)) / (2 * step)
    vega = (loss(60_000, 0.6 - step) - loss(60_000, 0.6 + step)) / (2 * step) / 100
    foretold = [-delta * side * move - vega * shift for side in (-1, 1) for shift in (-10, 10)]
    assert found.linear_usd == pytest.approx(abs(delta) * move + abs(vega) * 10, rel=1e-4)
    curved = max(full - line for full, line in zip(corners, foretold, strict=True))
    assert curved > 0
    assert found.curved_usd == pytest.approx(curved, rel=1e-3)
    limits = by_metric(found)
    shares = {
        "delta_spot_usd": limits["delta_spot_usd"].hard_frac_usd_or_coin * move,
        "vega_usd_per_volpt": limits["vega_usd_per_volpt"].hard_frac_usd_or_coin * 10,
    }
    left = 20_000 - curved
    assert 0.985 * left <= sum(shares.values()) <= left
    # They share it as they lose now.
    assert shares["delta_spot_usd"] / shares["vega_usd_per_volpt"] == pytest.approx(
        abs(delta) * move / (abs(vega) * 10), rel=0.02
    )
    none = suggested(state.seen, CHANCE, appetite(loss_usd=curved * 0.99))
    assert [each.metric for each in none.limits] == ["scenario_loss_usd"]
    bare, curved_away = none.unmet
    assert bare.message == "it has positions and no rulebook"
    assert "reduce gamma" in curved_away.message


def test_who_has_positions_and_no_rulebook_is_given_no_distance() -> None:
    bare = account("bare", venue="binance", positions={"BTC-PERP": (1, 60_000)})
    found = suggested(seen(perp(), bare), CHANCE, appetite())
    assert [(each.subject, each.message) for each in found.unmet] == [
        ("desk/binance/bare", "it has positions and no rulebook")
    ]
    scopes = [each.scope for each in found.limits if each.metric == "distance_spot_frac"]
    assert scopes == [PERP]
    assert "scenario_loss_usd" in by_metric(found), "what the desk may lose is known"
