"""What was left out is tried again between its neighbours, and only comes back if it fits there."""

import numpy as np
import pytest

from hedgerow.market import SmileQuotes
from hedgerow.market.coordinates import SmileModel
from hedgerow.market.essvi import Essvi, to_svi
from hedgerow.market.fitting import Fitting
from hedgerow.market.smile import GatedQuotes
from hedgerow.market.svi import calendar_gap, total_variance
from hedgerow.units import DAY_NS

NOW_NS = 1_770_000_000_000_000_000


def three() -> list[SmileQuotes]:
    """Three expiries, each an eSSVI slice, well apart."""
    out = []
    for days in (5, 20, 60):
        years = days / 365
        k = np.linspace(-2.5, 2.5, 21) * (0.3 * years) ** 0.5
        slice_ = Essvi(np.array(0.3 * years), np.array(-0.3), np.array(0.6 * years**0.5))
        vol = np.sqrt(total_variance(to_svi(slice_), k) / years)
        out.append(
            SmileQuotes(
                subject=f"X {days}",
                time_ns=NOW_NS,
                expiry_ns=NOW_NS + days * DAY_NS,
                expiry_years=years,
                forward_usd=100.0,
                forward_source="venue",
                forward_venue_usd=100.0,
                strike_usd=100.0 * np.exp(k),
                moneyness_log=k,
                vol_frac=vol,
                vol_mark_frac=vol,
                width_volpt=np.ones(21),
                gated=GatedQuotes(moneyness_log=np.zeros(0), vol_mark_frac=np.zeros(0), gate=()),
            )
        )
    return out


@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_a_slice_left_out_comes_back_where_there_is_room(left_out: int) -> None:
    fitting = Fitting(three(), [0, 0, 0], "svi", 0.3)
    fitting.checked.reasons[left_out] = "calendar_arbitrage"
    fitting.svi.a[left_out] += 10.0
    fitting._put_back()
    assert fitting.checked.reasons == [None, None, None]
    assert fitting.repair[left_out] == "calendar"
    order = np.arange(3)
    gap = calendar_gap(fitting.svi.rows(order[:-1]), fitting.svi.rows(order[1:]))
    assert (gap >= 0).all()


@pytest.mark.parametrize("model", ["svi", "essvi"])
def test_the_model_that_found_it_is_named(model: SmileModel) -> None:
    fitting = Fitting(three(), [0, 0, 0], "either", 0.3)
    assert fitting.model == ["svi"] * 3
    assert len(fitting._try_between(np.array([1]), model)) == 0
    assert fitting.model[1] == model


def test_a_slice_without_room_stays_out() -> None:
    """The first expiry lifted above the last: nothing near its quotes fits below the second."""
    quotes = three()
    fitting = Fitting(quotes, [0, 0, 0], "either", 0.3)
    fitting.checked.reasons[1] = "calendar_arbitrage"
    high = to_svi(Essvi(np.array(0.5), np.array(-0.3), np.array(0.7)))
    for whole, part in zip(fitting.svi, high, strict=True):
        whole[0] = part
    fitting._put_back()
    assert fitting.checked.reasons[1] == "calendar_arbitrage"


def test_a_neighbour_of_another_chain_is_no_neighbour() -> None:
    quotes = three()
    fitting = Fitting([*quotes, *quotes], [0, 0, 0, 1, 1, 1], "svi", 0.3)
    floor, ceiling = fitting._around(np.array([1, 3]))
    np.testing.assert_array_equal(floor.a[0], fitting.svi.a[0])
    np.testing.assert_array_equal(ceiling.a[0], fitting.svi.a[2])
    # Nothing before the first of the second chain: next to no variance.
    assert floor.b[1] < 1e-9
    np.testing.assert_array_equal(ceiling.a[1], fitting.svi.a[4])
