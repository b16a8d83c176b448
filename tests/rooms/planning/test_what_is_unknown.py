"""What a plan says of limits that cannot be judged: each of the reasons, and of what."""

from collections.abc import Sequence

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.limits import Given, Limit, Stress, Survey, survey
from hedgerow.market import NO_SHOCK, AgeLimits, MarketEvent, Snapshot
from hedgerow.planning import Joint, Plan, joint, made
from hedgerow.portfolio import book
from hedgerow.units import DAY_NS, MINUTE_NS, SECOND_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    option,
    option_quote,
    scan_rulebook,
    snapshot,
)
from tests.rooms.planning.test_joint import NOW, ROUTES, desk, limit, offers
from tests.rooms.planning.test_joint import RULES as PERPETUAL_RULES
from tests.rooms.planning.test_joint import TERMS as PERPETUALS

RULES = {"scan": scan_rulebook()}
LOST, OLD, FINE = (
    option(strike, "call", expiry_ns=T0_NS + 10 * DAY_NS) for strike in (800, 1000, 1200)
)
TERMS = by_id(LOST, OLD, FINE)
LATE_NS = T0_NS - AgeLimits().option_ns_max - SECOND_NS


LIMITS = (
    limit("desk/*/*", "margin_use_frac", 0.5, 0.8),
    limit("desk/*/*", "distance_spot_frac", 0.2, 0.1),
    limit("coin/BTC", "delta_spot_usd", 90_000, 100_000),
)


def market(*quotes: MarketEvent) -> Snapshot:
    fixed = index("BTC", 1000), index("ETH", 100), option_quote(FINE, 1000, 0.6)
    return snapshot(*sorted([*fixed, *quotes], key=lambda each: each.time_ns))


def looked(now: Snapshot, limits: Sequence[Limit] = LIMITS, time_ns: int = T0_NS) -> Survey:
    """Each account holds one option; what is quoted of them is what the market says."""
    accounts = [
        account(
            name,
            venue="deribit",
            rulebook="scan",
            currency="BTC",
            positions={held.instrument_id: 1},
            balances={"BTC": 5},
            time_ns=time_ns,
        )
        for name, held in (("lost", LOST), ("old", OLD), ("fine", FINE))
    ]
    cash = account("cash", venue="treasury", balances={"ETH": 1, "USDC": 5}, time_ns=time_ns)
    return survey(book([*accounts, cash], TERMS), now, RULES, limits)


def plan(now: Survey, limits: Sequence[Limit] = LIMITS) -> Plan:
    found = joint(now, limits, (), (), TERMS, RULES)
    assert isinstance(found, Joint)
    return made(found, limits, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)


def told(unmet: Sequence[Failure]) -> set[tuple[str, str, str]]:
    return {(each.subject, each.message.split(" is ")[0], each.reason) for each in unmet}


def test_a_quote_that_is_missing_and_one_that_is_old_are_told_apart() -> None:
    """One option was never quoted, one too long ago; the coin lacks both, an account its own."""
    now = looked(market(option_quote(OLD, 1000, 0.6, LATE_NS)))
    unmet = plan(now).unmet
    assert told(unmet) == {
        ("desk/deribit/lost", "margin_use_frac", "missing_data"),
        ("desk/deribit/lost", "distance_spot_frac", "missing_data"),
        ("desk/deribit/old", "margin_use_frac", "stale_data"),
        ("desk/deribit/old", "distance_spot_frac", "stale_data"),
        ("coin/BTC", "delta_spot_usd", "missing_data"),
        ("coin/BTC", "delta_spot_usd", "stale_data"),
    }
    said = "delta_spot_usd is unknown, not planned for: incomplete, missing: "
    of_coin = {each.reason: each.message for each in unmet if each.subject == "coin/BTC"}
    assert of_coin == {
        "missing_data": said + LOST.instrument_id,
        "stale_data": said + OLD.instrument_id,
    }
    # A person who reads the limit sees both names in one line, and the record has both reasons.
    (state,) = [each for each in now.limits if each.node == "coin/BTC"]
    assert {LOST.instrument_id, OLD.instrument_id} <= set(state.message.split(": ")[1].split(", "))
    assert [each.reason for each in state.missing] == ["missing_data", "stale_data"]


def test_what_is_known_lacks_nothing() -> None:
    now = looked(market(*(option_quote(each, 1000, 0.6) for each in (LOST, OLD))))
    assert plan(now).unmet == ()
    assert {each.missing for each in now.limits} == {()}


def test_an_option_that_has_expired_is_unknown_for_the_reason_that_its_market_gives() -> None:
    """All three are past their expiry, and quoted that very moment."""
    after_ns = OLD.expiry_ns + SECOND_NS
    quotes = [option_quote(each, 1000, 0.6, after_ns) for each in (LOST, OLD, FINE)]
    indices = index("BTC", 1000, after_ns), index("ETH", 100, after_ns)
    now = snapshot(*indices, *quotes, time_ns=after_ns)
    why = now.option(OLD)
    assert isinstance(why, Failure)
    assert "expired" in why.message
    limits = [limit("coin/BTC", "delta_spot_usd", 9e4, 1e5)]
    (found,) = plan(looked(now, limits, after_ns), limits).unmet
    assert (found.subject, found.reason, why.reason) == ("coin/BTC", "unsupported", "unsupported")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_limit_that_nobody_renewed_is_out_of_date(*, is_known: bool) -> None:
    """Where the number is unknown too its own reason stands, and what is said names both."""
    quotes = [option_quote(each, 1000, 0.6) for each in (LOST, OLD)] if is_known else []
    limits = [limit("coin/BTC", "delta_spot_usd", 9e4, 1e5, expires_ns=T0_NS)]
    (found,) = plan(looked(market(*quotes), limits), limits).unmet
    assert found.reason == ("stale_data" if is_known else "missing_data")
    assert f"delta_spot_usd is {'expired' if is_known else 'unknown'}" in found.message
    assert "renew it; " in found.message


def test_what_no_data_would_tell_is_unsupported_and_what_is_not_stated_is_missing() -> None:
    """Coins do not add, a coin gives nothing back; a loss needs a shock, a chance a vol."""
    quotes = [option_quote(each, 1000, 0.6) for each in (LOST, OLD)]
    limits = [
        limit("desk", "delta_spot_coin", 1, 2),
        limit("coin/BTC", "default_loss_usd", 1, 2),
        limit("desk", "scenario_loss_usd", 1, 2),
        limit("desk/deribit/fine", "liquidation_probability_frac", 0.1, 0.2),
        limit("issuer/*", "concentration_usd", 1, 2),
    ]
    assert told(plan(looked(market(*quotes), limits), limits).unmet) == {
        ("desk", "delta_spot_coin", "unsupported"),
        ("coin/BTC", "default_loss_usd", "unsupported"),
        ("desk", "scenario_loss_usd", "missing_data"),
        ("desk/deribit/fine", "liquidation_probability_frac", "missing_data"),
        ("issuer/unknown", "concentration_usd", "missing_data"),
    }


def test_a_delta_that_nobody_knows_is_not_traded() -> None:
    """Account one would lose 3,000 of ten coins at 30 % down and may lose 2,000: it sells 3.7.

    An option of the coin has no quote, so the desk's delta is unknown: what account one sells the
    other account buys, but for a twentieth of the limit.
    """
    fall = Stress(name="fall", spot_factor_frac=0.7, shock=NO_SHOCK)
    limits = (
        limit("desk/binance/one", "scenario_loss_usd", 2_000, 9_000, given=Given(stresses=(fall,))),
        limit("coin/BTC", "delta_spot_usd", 20_000, 40_000),
    )
    held = desk(btc_one=10, usdc_one=9_000, usdc_two=9_000)
    lost = account("lost", venue="treasury", positions={LOST.instrument_id: 1})
    terms = {**PERPETUALS, LOST.instrument_id: LOST}
    for others, bought in (((), 0.0), ((lost,), 2.7)):
        now = survey(book([*held.book.accounts, *others], terms), NOW, PERPETUAL_RULES, limits)
        of_btc = [each for each in offers(now) if each.instrument_id == "BTC-PERP"]
        found = joint(now, limits, of_btc, ROUTES, terms, PERPETUAL_RULES)
        assert isinstance(found, Joint)
        done = {each.account_id: each.quantity_contracts for each in found.trades}
        # 95 % of the bound: 10 - 1,900 / 300; and so much of the limit is 1,000 USD, one coin.
        assert done["one"] == pytest.approx(-3.667, abs=2e-3)
        assert done.get("two", 0.0) == pytest.approx(bought, abs=0.04)
        assert [each.subject for each in found.unplanned] == ["coin/BTC"] * len(others)


def test_a_loss_that_nobody_knows_may_become_less() -> None:
    """Without a quote of an option the desk's loss is unknown; selling coins can only lessen it."""
    fall = Stress(name="fall", spot_factor_frac=0.7, shock=NO_SHOCK)
    given = Given(stresses=(fall,))
    own = limit("desk/binance/one", "scenario_loss_usd", 2_000, 9_000, given=given)
    lost = account("lost", venue="treasury", positions={LOST.instrument_id: 1})
    terms = {**PERPETUALS, LOST.instrument_id: LOST}
    for btc, sold in ((10, 3.667), (-10, 0.0)):
        rise = Stress(name="rise", spot_factor_frac=1.3, shock=NO_SHOCK) if btc < 0 else fall
        limits = (
            msgspec.structs.replace(own, given=Given(stresses=(rise,))),
            limit("desk", "scenario_loss_usd", 2_000, 9_000, given=given),
        )
        held = desk(btc_one=btc, usdc_one=9_000, usdc_two=9_000)
        now = survey(book([*held.book.accounts, lost], terms), NOW, PERPETUAL_RULES, limits)
        of_btc = [each for each in offers(now) if each.instrument_id == "BTC-PERP"]
        found = joint(now, limits, of_btc, ROUTES, terms, PERPETUAL_RULES)
        assert isinstance(found, Joint)
        net = sum(each.quantity_contracts for each in found.trades)
        # Of what the desk may lose in a fall 5 % of its limit may be added: 100 USD, a third.
        assert net == pytest.approx(-sold, abs=0.34)
