"""A plan that trades options tells the Greeks of the desk and its coins before and after it."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging import effects
from hedgerow.instruments import Option
from hedgerow.planning import Allowed, Joint, Plan, made
from hedgerow.planning.bound_prices import bound_prices
from hedgerow.planning.greek_changes import greek_changes
from hedgerow.solving import Shadow
from hedgerow.units import MINUTE_NS
from tests.rooms.planning.test_joint_options import LIMITS, ROUTES, RULES, TERMS, drawn, offers
from tests.rooms.planning.test_joint_options import planned as chosen_of

GREEKS = ("delta_spot_usd", "gamma_usd_per_pct", "vega_usd_per_volpt", "theta_usd_per_day")


def written(chosen: Joint, allowed: Allowed | None) -> Plan:
    return made(chosen, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS, allowed=allowed)


@pytest.mark.parametrize("seed", range(6))
def test_the_greeks_change_by_those_of_what_is_traded(seed: int) -> None:
    """Each contract adds its own, valued alone; what the trades cost in coins has a delta too."""
    now = drawn(seed)
    chosen = chosen_of(now)
    able = offers(now)
    plan = written(chosen, Allowed(able, ROUTES))
    has_option = any(isinstance(TERMS[each.instrument_id], Option) for each in chosen.trades)
    assert bool(plan.greeks) == has_option
    assert written(chosen, None).greeks == ()
    one = effects(able, now.snapshot)
    traded = {(each.instrument_id, each.account_id): each for each in chosen.trades}
    contracts = np.array(
        [
            traded[key].quantity_contracts if key in traded else 0.0
            for key in ((each.instrument_id, each.account_id) for each in one.offers)
        ]
    )
    for change in plan.greeks:
        for name in GREEKS:
            before, after = change.before_usd[name], change.after_usd[name]
            assert before is not None
            assert after is not None
            row = now.exposures.row(change.node)
            assert not isinstance(row, Failure)
            assert before == pytest.approx(getattr(row, name), abs=1e-6)
            # What is paid for the trades in a coin is no more of it: a delta, and no other Greek.
            paid_usd = sum(each.crossing_usd + each.fee_usd for each in chosen.trades)
            slack = paid_usd + 10.0 if name == "delta_spot_usd" else 1e-5
            moved = float(one.exposure_of(change.node, name) @ contracts)
            assert after - before == pytest.approx(moved, abs=slack + 1e-3)


def test_six_drawn_desks_have_plans_with_options_among_them() -> None:
    found = [
        any(isinstance(TERMS[each.instrument_id], Option) for each in chosen_of(drawn(seed)).trades)
        for seed in range(6)
    ]
    assert any(found)


def test_how_far_a_search_went_is_told_as_no_bound() -> None:
    """Of this desk two accounts are kept near to where they are, and that has a price."""
    chosen = chosen_of(drawn(10))
    words = "as far as it is known"
    assert any(each.name.endswith(words) for each in chosen.shadows)
    assert any(each.endswith(words) for each in chosen.conflicts)
    plan = written(chosen, Allowed(offers(chosen.before), ROUTES))
    assert not any(each.name.endswith(words) for each in plan.prices)
    assert plan.conflicts == ()
    said = [each for each in plan.unmet if "as far as the search went on desk/" in each.message]
    assert {each.reason for each in said} == {"not_converged"}


def test_what_is_missing_makes_a_greek_unknown_and_what_is_not_held_has_none() -> None:
    now = drawn(1)
    option = next(each for each in TERMS.values() if isinstance(each, Option))
    gone = Failure(subject="BTC-X", reason="stale_data", message="quote is old")
    rows = tuple(
        msgspec.structs.replace(row, missing=(gone,)) if row.node == "desk" else row
        for row in now.exposures.rows
        if row.node != "coin/BTC"
    )
    table = msgspec.structs.replace(now.exposures, rows=rows)
    desk, coin = greek_changes([option], table, now.exposures)
    assert (desk.node, coin.node) == ("desk", "coin/BTC")
    assert desk.before_usd == dict.fromkeys(GREEKS)
    assert coin.before_usd == dict.fromkeys(GREEKS, 0.0)
    assert desk.after_usd["vega_usd_per_volpt"] is not None
    perpetual = TERMS["BTC-PERP"]
    assert greek_changes([perpetual], table, now.exposures) == ()


def test_a_dollar_of_equity_of_an_account_in_coins_is_a_thousandth_of_a_bitcoin_here() -> None:
    """A bitcoin that may be lacked saves 200 dollars: by half of it, 0.1 a dollar of equity."""
    now = drawn(1)
    chosen = chosen_of(now)
    (use,) = [each for each in chosen.demands if each.name == "desk/deribit/deri margin_use_frac"]
    priced = replace(chosen, shadows=(Shadow(name=use.name, price_usd_per_figure=200.0),))
    (told,) = bound_prices(priced)
    assert told.saved_usd_per_figure == pytest.approx(0.2 * use.use_frac, abs=1e-6)
    assert told.figure == "USD more of equity there"
    # Two limits of that name: which of them binds nobody knows, so it is told as it was priced.
    other = msgspec.structs.replace(use, use_frac=0.1)
    (told,) = bound_prices(replace(priced, demands=(*chosen.demands, other)))
    assert told.saved_usd_per_figure == 200.0
    assert told.figure == "BTC that it may lack"
    # What an account can pay out of is in its coin.
    (told,) = bound_prices(
        replace(chosen, shadows=(Shadow(name="USDC of cold", price_usd_per_figure=0.5),))
    )
    assert (told.saved_usd_per_figure, told.figure) == (0.5, "USDC more there")
