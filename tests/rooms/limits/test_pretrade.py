"""A trade before it is made: what speaks against it, and what does not."""

from decimal import Decimal

import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.limits import Limit, PreTrade, pre_trade
from hedgerow.margin import Leg
from hedgerow.portfolio import Account
from tests.builders import T0_NS, account, by_id, perpetual
from tests.rooms.limits.worlds import PERP, RULES, desk, limit, perp

# 1 BTC long has a delta of 60,000; soft at 90,000, hard at 150,000.
DELTA = limit("delta_spot_usd", 90_000, 150_000, "coin/BTC")


def trade(
    quantity: str,
    *limits: Limit,
    held: Account | None = None,
    price: str = "60000",
    into: str = "perp",
) -> PreTrade:
    leg = Leg(
        instrument_id="BTC-PERP", quantity_contracts=Decimal(quantity), price_ccy=Decimal(price)
    )
    now = desk(held or perp(), limits=limits)
    return pre_trade(now, {into: [leg]}, by_id(perpetual()), RULES, limits)


@pytest.mark.parametrize(
    ("held", "quantity", "objections"),
    [
        ("1", "0.1", []),
        ("1", "0.5", ["coin/BTC delta gets worse beyond soft"]),
        ("1", "1.5", ["coin/BTC delta goes beyond hard"]),
        ("1", "-3.5", ["coin/BTC delta goes beyond hard"]),
        ("2", "-0.1", []),  # beyond soft and on its way back
        ("2", "0.1", ["coin/BTC delta gets worse beyond soft"]),
        ("4", "-1", []),  # beyond hard and on its way back
        ("4", "0.1", ["coin/BTC delta is beyond hard and gets worse"]),
        ("4", "-2.2", []),  # from beyond hard to beyond soft
        ("2", "-3.7", []),  # from beyond soft on one side to a little less on the other
    ],
)
def test_what_a_limit_says(held: str, quantity: str, objections: list[str]) -> None:
    rich = perp(held, balance=100_000)
    assert list(trade(quantity, DELTA, held=rich).objections) == objections


def test_before_and_after_stand_side_by_side() -> None:
    (change,) = trade("0.5", DELTA).changes
    assert change.before is not None
    assert change.after is not None
    assert (change.before.rung, change.after.rung) == ("calm", "soft")
    assert change.before.value_frac_usd_or_coin == pytest.approx(60_000)
    assert change.after.value_frac_usd_or_coin == pytest.approx(90_000)


def test_a_limit_that_appears_with_the_trade_is_judged() -> None:
    flat = perp(0)
    found = trade("2", DELTA, held=flat)
    assert [each.before for each in found.changes] == [None]
    assert found.objections == ("coin/BTC delta gets worse beyond soft",)


def test_a_trade_that_ends_an_exposure_leaves_nothing_to_limit() -> None:
    found = trade("-1", DELTA)
    assert found.objections == ()
    assert [each.after for each in found.changes] == [None]


def test_what_the_venue_would_refuse_is_objected_to_without_any_limit() -> None:
    """10,000 dollars carry 5 BTC at 2 % to open, and 16 at 1 % to keep; the mark stands."""
    assert trade("4", held=perp(1)).objections == ()
    assert trade("8", held=perp(1)).objections == ("perp would lack initial margin",)
    assert trade("16", held=perp(1)).objections == ("perp would be liquidatable",)
    # What lacks initial margin already may be reduced.
    assert trade("-1", held=perp(12)).objections == ()
    assert trade("1", held=perp(12)).objections == ("perp would lack initial margin",)


def test_the_price_of_the_trade_counts() -> None:
    """Bought 1,000 above the mark is lost at once, and brings the account nearer to its end."""
    far = limit("distance_spot_frac", 0.09, 0.01, PERP)
    assert trade("0.5", far).objections == ()
    assert trade("0.5", far, price="64000").objections == (
        f"{PERP} distance gets worse beyond soft",
    )


def test_what_the_trade_does_not_touch_is_not_in_its_way() -> None:
    """Another account is beyond soft by use and by distance, or has no equity; there it stays."""
    use = limit("margin_use_frac", 0.05, 0.9, "desk/*/*")
    far = limit("distance_spot_frac", 0.5, 0.01, "desk/*/*")
    legs = {
        "perp": [
            Leg(
                instrument_id="BTC-PERP",
                quantity_contracts=Decimal("0.1"),
                price_ccy=Decimal(60_000),
            )
        ]
    }
    for balance, rungs in (("10000", {"soft"}), ("-100", {"hard"})):
        other = account(
            "other",
            venue="binance",
            rulebook="rules",
            positions={"BTC-PERP": (1, 60_000)},
            balances={"USDC": balance},
        )
        now = desk(perp(1, 1_000_000), other, limits=[use, far])
        found = pre_trade(now, legs, by_id(perpetual()), RULES, [use, far])
        stands = [s.rung for s in found.after.limits if s.node == "desk/binance/other"]
        assert set(stands) == rungs
        assert found.objections == ()


def test_equity_that_is_lost_by_the_trade_is_hard_without_a_number() -> None:
    use = limit("margin_use_frac", 0.5, 0.9, PERP)
    assert trade("1", use, price="75000").objections == (
        f"{PERP} margin use goes beyond hard",
        "perp would be liquidatable",
    )


def test_all_of_the_initial_margin_is_enough_and_of_a_wallet_nobody_knows() -> None:
    """5 BTC are opened with 2 % of 300,000."""
    assert trade("4", held=perp(1, 6_000)).objections == ()
    assert trade("4", held=perp(1, "5999.99")).objections == ("perp would lack initial margin",)
    cold = account("cold", venue="wallet", balances={"USDC": 1})
    leg = Leg(instrument_id="BTC-PERP", quantity_contracts=Decimal(9), price_ccy=Decimal(60_000))
    found = pre_trade(desk(perp(), cold), {"cold": [leg]}, by_id(perpetual()), RULES, [])
    assert found.objections == ("cold has no rulebook to say whether it may trade",)


def test_unknown_and_expired_are_in_the_way() -> None:
    nowhere = account("cold", venue="wallet", balances={"XYZ": 1})
    delta = limit("delta_spot_usd", 1e9, 2e9, "desk")
    leg = Leg(instrument_id="BTC-PERP", quantity_contracts=Decimal(-1), price_ccy=Decimal(60_000))
    now = desk(perp(), nowhere, limits=[delta])
    found = pre_trade(now, {"perp": [leg]}, by_id(perpetual()), RULES, [delta])
    assert found.objections == ("desk delta is unknown: incomplete, missing: spot:XYZ",)
    old = limit("delta_spot_usd", 90_000, 150_000, "coin/BTC", expires_ns=T0_NS)
    assert trade("-0.5", old).objections == ("coin/BTC delta has an expired limit",)


def test_an_account_that_is_not_there() -> None:
    with pytest.raises(OutOfDomain, match="no account 'spot'; there are: perp"):
        trade("1", into="spot")


def test_of_two_limits_on_one_node_each_may_object() -> None:
    """Two people, one hard bound: 60,000 is beyond the one's soft bound and within the other's."""
    tight = limit("delta_spot_usd", 50_000, 150_000, "coin/BTC", owner="Ada")
    wide = limit("delta_spot_usd", 140_000, 150_000, "coin/B*", owner="Ben")
    for limits in ((tight, wide), (wide, tight)):
        found = trade("0.5", *limits)
        assert found.objections == ("coin/BTC delta gets worse beyond soft",)
        assert sorted(each.after.owner for each in found.changes if each.after) == ["Ada", "Ben"]


def test_a_limit_that_was_renewed_beside_itself_is_still_expired() -> None:
    old = limit("delta_spot_usd", 90_000, 150_000, "coin/BTC", expires_ns=T0_NS)
    new = limit("delta_spot_usd", 90_000, 150_000, "coin/BTC", expires_ns=T0_NS + 1)
    assert trade("0.1", old, new).objections == ("coin/BTC delta has an expired limit",)
