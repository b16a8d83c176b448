"""Hedges chosen: closed forms, asks that nothing mends, and margin that legs take by a scan."""

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging import Ask, HedgeChoice, Offer, Rung, choose
from hedgerow.solving import Uses
from tests.builders import perpetual

# Lost by a contract of each leg sold in each of two scenarios of a scan: a fall and a rise.
LOSS = np.array([[0.0, 3.0], [3.0, 0.0]])


_DEAR = (Rung(width_contracts=50.0, cost_usd_per_contract=3.1, fee_usd_per_contract=0.1),)


def _leg(name: str) -> Offer:
    rungs = (Rung(width_contracts=50.0, cost_usd_per_contract=1.0, fee_usd_per_contract=0.1),)
    return Offer(
        instrument_id=name,
        account_id="deri",
        venue="deribit",
        terms=perpetual("BTC"),
        lot_contracts=0.1,
        price_mark_ccy=100.0,
        buys=rungs,
        sells=rungs,
        carry_usd_per_day=0.0,
    )


def _chosen(margin: Uses) -> HedgeChoice:
    """Both legs have a vega of one: ten are to be sold."""
    ask = Ask(name="vega", now_figure=10.0, low_figure=0.0, high_figure=0.0)
    found = choose([ask], [_leg("call"), _leg("put")], np.ones((1, 2)), parts=[margin])
    assert not isinstance(found, Failure)
    return found


def _theta(lot: float, *asks: Ask, figures: tuple[tuple[float, float], ...]) -> HedgeChoice:
    """A hundred a day wanted, of a near option at 2 or a far one at 3, beside other asks."""
    offers = [
        msgspec.structs.replace(
            _leg(name),
            lot_contracts=lot,
            buys=(rung := Rung(width_contracts=50.0, cost_usd_per_contract=cost,
                               fee_usd_per_contract=0.0),),
            sells=(rung,),
        )
        for name, cost in (("near", 2.0), ("far", 3.0))
    ]  # fmt: skip
    wide = np.array([(-10.0, -4.0), *figures])
    found = choose(asks, offers, wide)
    assert not isinstance(found, Failure)
    return found


def _within(name: str, now: float, middle: float, width: float) -> Ask:
    return Ask(
        name=name, now_figure=now, low_figure=middle - width, high_figure=middle + width,
        scale_figure=width,
    )  # fmt: skip


def _traded(choice: HedgeChoice) -> list[float]:
    traded = {each.instrument_id: each.quantity_contracts for each in choice.trades}
    return [traded.get(name, 0.0) for name in ("near", "far")]


def test_theta_is_sold_where_it_is_cheapest() -> None:
    """100 a day are ten contracts of the near option at 2 each, or 25 of the far one at 3."""
    found = _theta(0.1, _within("theta", 0.0, 100.0, 0.01), figures=())
    assert _traded(found) == pytest.approx([-10.0, 0.0])
    assert found.cost_usd == pytest.approx(20.0)


def test_gamma_and_vega_are_bounded_while_theta_is_sold() -> None:
    """Sold n and f: 10 n + 4 f = 100, and 2 n + f / 2 = 15 or 50 n + 120 f = 400."""
    theta = _within("theta", 0.0, 100.0, 1e-6)
    gamma = _within("gamma", 1.0, 0.0, 14.0)
    found = _theta(0.0, theta, gamma, figures=((2.0, 0.5),))
    assert _traded(found) == pytest.approx([-10 / 3, -50 / 3], abs=1e-5)
    vega = _within("vega", 100.0, 0.0, 300.0)
    found = _theta(0.1, theta, vega, figures=((50.0, 120.0),))
    assert _traded(found) == pytest.approx([-10.4, 1.0])
    assert found.cost_usd == pytest.approx(2.0 * 10.4 + 3.0)


@pytest.mark.parametrize("gamma", [5.0, 5e6])
def test_what_nothing_can_mend_hinders_nothing_else(gamma: float) -> None:
    """No instrument has a gamma: theta is brought there as if none were asked for."""
    theta = _within("theta", 0.0, 100.003, 1e-5)
    found = _theta(1e-5, theta, _within("gamma", gamma, 0.0, 1.0), figures=((0.0, 0.0),))
    assert found.conflicts == ("gamma",)
    assert _traded(found) == pytest.approx([-10.0003, 0.0], abs=2e-6)


def test_of_so_few_legs_the_cheapest_or_none() -> None:
    """One leg does the one ask and another the other, at 1 each; a third both, at 3.1."""
    asks = [
        Ask(name="vega", now_figure=10.0, low_figure=0.0, high_figure=0.0),
        Ask(name="delta", now_figure=10.0, low_figure=0.0, high_figure=0.0),
    ]
    offers = [_leg("call"), _leg("put"), msgspec.structs.replace(_leg("both"), buys=_DEAR,
                                                                 sells=_DEAR)]  # fmt: skip
    figures = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    for most, cost_usd, names in ((2, 20.0, {"call", "put"}), (1, 31.0, {"both"})):
        found = choose(asks, offers, figures, legs_count_max=most)
        assert not isinstance(found, Failure)
        assert {each.instrument_id for each in found.trades} == names
        assert found.cost_usd == pytest.approx(cost_usd)
    none = choose(asks, offers[:2], figures[:, :2], legs_count_max=1)
    assert isinstance(none, Failure)
    assert "of 1 or fewer none were found" in none.message
    # What no number of legs does is named, and not laid at the door of their number.
    beyond = msgspec.structs.replace(asks[0], low_figure=-99.0, high_figure=-99.0)
    none = choose((beyond, asks[1]), offers, figures, legs_count_max=1)
    assert isinstance(none, Failure)
    assert none.message == "whatever their number, these cannot all hold: vega"
    # A small miss is one too, however much less it weighs than a leg too many.
    near = [
        msgspec.structs.replace(asks[0], low_figure=-0.2, high_figure=0.2, scale_figure=50.0),
        msgspec.structs.replace(asks[1], now_figure=3.0, scale_figure=50.0),
    ]
    none = choose(near, offers[:2], figures[:, :2], legs_count_max=1)
    assert isinstance(none, Failure)
    assert none.message == "of 1 or fewer none were found that do all that is asked"
    # Where so few do as much as any number does, they are shown with what they miss.
    some = choose((beyond,), offers[:1], figures[:1, :1], legs_count_max=1)
    assert not isinstance(some, Failure)
    assert (len(some.trades), some.conflicts) == (1, ("vega",))
    wide = choose((beyond, asks[1]), offers, figures)
    assert not isinstance(wide, Failure)
    assert wide.conflicts


def test_legs_that_offset_in_a_scan_take_its_worst_and_not_their_sum() -> None:
    """Five of each lose 15 whichever way it goes; one leg alone loses 30, and apart both do too."""
    apart = Uses(("margin",), np.zeros((1, 2)), np.full((1, 2), 3.0), np.array([16.0]), np.ones(1))
    assert _chosen(apart).conflicts == ("vega", "margin")
    scan = Uses(
        ("margin",),
        -LOSS,
        LOSS,
        np.full(2, 16.0),
        np.ones(1),
        of_index=np.zeros(2, dtype=np.int64),
    )
    found = _chosen(scan)
    assert not found.conflicts
    sold = {each.instrument_id: -each.quantity_contracts for each in found.trades}
    assert sum(sold.values()) == pytest.approx(10.0)
    assert max(sold.values()) * 3.0 <= 16.0 + 1e-9
    # At the very best there is, five and five.
    even = Uses(
        ("margin",),
        -LOSS,
        LOSS,
        np.full(2, 15.0),
        np.ones(1),
        of_index=np.zeros(2, dtype=np.int64),
    )
    assert [each.quantity_contracts for each in _chosen(even).trades] == pytest.approx([-5.0, -5.0])
