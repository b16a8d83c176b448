"""Chains become surfaces free of arbitrage, and whatever is left out is named."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import ChainColumns, Essvi, Surface, Svi, fit_surfaces
from hedgerow.market.essvi import to_svi
from hedgerow.market.svi import Floats, butterfly_min, calendar_gap, total_variance
from hedgerow.units import DAY_NS

NOW_NS = 1_770_000_000_000_000_000
FORWARD = 70_000.0
DAYS = (3, 10, 30, 90)


def true_slice(days: float) -> Svi:
    """A smile that no neighbour crosses: SSVI-like, all parameters in step with the deviation."""
    w = 0.3 * days / 365
    return Svi(*(np.array([each]) for each in (0.5 * w, 0.45 * w**0.5, -0.3, 0.0, 1.1 * w**0.5)))


def chain(days: tuple[int, ...] = DAYS, noise: float = 0.0, steps_count: int = 25) -> ChainColumns:
    rng = np.random.default_rng(1)
    rows = []
    for each in days:
        w = float(total_variance(true_slice(each), np.zeros(1))[0])
        k = np.linspace(-3.0, 3.0, steps_count) * np.sqrt(w)
        vol = np.sqrt(total_variance(true_slice(each), k[None])[0] / (each / 365))
        vol = vol * (1.0 + noise * rng.standard_normal(len(k)))
        for is_call in (True, False):
            for moneyness, one in zip(k, vol, strict=True):
                rows.append((each, FORWARD * np.exp(moneyness), is_call, one))
    expiry, strike, call, vol_rows = zip(*rows, strict=True)
    n = len(rows)
    return ChainColumns(
        underlying="BTC",
        time_ns=NOW_NS,
        expiry_ns=np.array([NOW_NS + each * DAY_NS for each in expiry], dtype=np.int64),
        strike_usd=np.array(strike),
        is_call=np.array(call),
        forward_usd=np.full(n, FORWARD),
        vol_mark_frac=np.array(vol_rows),
        price_bid_usd=np.full(n, 100.0),
        price_ask_usd=np.full(n, 110.0),
    )


def essvi(theta: float, rho: float, psi: float) -> Essvi:
    return Essvi(*(np.array(each) for each in (theta, rho, psi)))


def essvi_variance(slice_: Essvi, k: Floats) -> Floats:
    return total_variance(to_svi(slice_), k)


def only(surface: Surface) -> list[Svi]:
    return [Svi(*(np.atleast_1d(each) for each in smile.svi)) for smile in surface.smiles]


def test_a_surface_that_is_svi_is_found_again() -> None:
    (surface,) = fit_surfaces([chain()])
    assert [smile.repair for smile in surface.smiles] == ["none"] * len(DAYS)
    for smile in surface.smiles:
        assert smile.error_median_volpt < 1e-2
        assert smile.forward_usd == FORWARD
    k = np.array([-0.1, 0.0, 0.1])
    truth = np.sqrt(total_variance(true_slice(30), k[None])[0] / (30 / 365))
    np.testing.assert_allclose(surface.vol_frac(k, np.full(3, 30 / 365)), truth, atol=1e-3)


def test_noise_makes_no_arbitrage() -> None:
    (surface,) = fit_surfaces([chain((3, 5, 7, 9, 11), noise=0.02)], error_volpt_max=5.0)
    assert len(surface.smiles) >= 3
    for svi in only(surface):
        assert butterfly_min(svi)[0][0] >= 0
    for earlier, later in pairwise(only(surface)):
        assert calendar_gap(earlier, later)[0] >= 0


def test_variance_falls_nowhere_between_or_beyond_the_slices() -> None:
    (surface,) = fit_surfaces([chain()])
    times = np.linspace(0.5, 200, 400) / 365
    w = surface.variance_frac(np.linspace(-1, 1, 9)[:, None], times[None])
    assert (np.diff(w, axis=1) > 0).all()
    short = surface.vol_frac(np.zeros(2), np.array([0.1, 3.0]) / 365)
    assert short[0] == pytest.approx(short[1])


def test_a_surface_does_not_depend_on_its_company() -> None:
    (alone,) = fit_surfaces([chain()])
    both = fit_surfaces([chain((2, 60), noise=0.01), chain()])[1]
    for one, other in zip(only(alone), only(both), strict=True):
        np.testing.assert_allclose(
            total_variance(one, np.linspace(-1, 1, 9)[None]),
            total_variance(other, np.linspace(-1, 1, 9)[None]),
            rtol=1e-5,
        )


def test_every_rejection_is_named() -> None:
    (few,) = fit_surfaces([chain((10,), steps_count=4)])
    assert [failure.reason for failure in few.rejected] == ["too_few_quotes"]
    (rough,) = fit_surfaces([chain((10,), noise=0.1)])
    assert [failure.reason for failure in rough.rejected] == ["poor_fit"]
    with pytest.raises(OutOfDomain, match="rejected"):
        rough.vol_frac(np.zeros(1), np.ones(1))


@pytest.mark.slow
def test_slices_that_cross_are_parted_or_one_is_left_out() -> None:
    falling = chain((10, 11))
    late = falling.expiry_ns == falling.expiry_ns.max()
    vol = np.where(late, 0.9 * falling.vol_mark_frac, falling.vol_mark_frac)
    (surface,) = fit_surfaces([replace(falling, vol_mark_frac=vol)])
    assert [failure.reason for failure in surface.rejected] == ["calendar_arbitrage"]
    assert "crosses BTC 2026-02-1" in surface.rejected[0].message


def test_wings_that_cross_beyond_the_quotes_cost_no_slice() -> None:
    """The short expiry's wing is steeper than the long one's: both give a little."""
    short, long = essvi(0.0025, 0.0, 0.09), essvi(0.025, 0.0, 0.08)
    two = chain((3, 30))
    is_short = two.expiry_ns == two.expiry_ns.min()
    k = np.log(two.strike_usd / FORWARD)
    w = np.where(is_short, essvi_variance(short, k), essvi_variance(long, k))
    assert (essvi_variance(long, k) > essvi_variance(short, k)).all()
    vol = np.sqrt(w / np.where(is_short, 3 / 365, 30 / 365))
    (surface,) = fit_surfaces([replace(two, vol_mark_frac=vol)])
    assert [(smile.repair, smile.model) for smile in surface.smiles] == [("calendar", "svi")] * 2
    assert max(smile.error_median_volpt for smile in surface.smiles) < 0.1
    assert calendar_gap(*only(surface))[0] >= 0


def test_only_slices_that_crossed_say_so() -> None:
    """As above with a third expiry that crosses nobody, and a fourth with stale marks."""
    short, long = essvi(0.0025, 0.0, 0.09), essvi(0.025, 0.0, 0.08)
    four = chain((3, 30, 180, 365))
    days = (four.expiry_ns - NOW_NS) // DAY_NS
    k = np.log(four.strike_usd / FORWARD)
    w = np.where(days == 3, essvi_variance(short, k), essvi_variance(long, k))
    w = np.where(days == 180, essvi_variance(essvi(0.15, 0.0, 0.3), k), w)
    w = np.where(days == 365, essvi_variance(essvi(0.3, 0.0, 0.45), k), w)
    vol = np.sqrt(w * 365 / days)
    stale = (days == 365) & (np.arange(len(days)) % 5 == 0)
    (surface,) = fit_surfaces([replace(four, vol_mark_frac=vol + np.where(stale, 0.03, 0.0))])
    assert [smile.repair for smile in surface.smiles] == [
        "calendar", "calendar", "together", "outliers",
    ]  # fmt: skip


def test_a_few_stale_marks_do_not_cost_a_slice() -> None:
    """Every fifth strike is three points off: most of the smile is there, and is found."""
    true = chain((10,))
    stale = np.arange(len(true.strike_usd)) % 5 == 0
    off = true.vol_mark_frac + np.where(stale, 0.03, 0.0)
    (surface,) = fit_surfaces([replace(true, vol_mark_frac=off)])
    (smile,) = surface.smiles
    assert smile.repair == "outliers"
    assert smile.error_median_volpt < 0.3 < smile.error_max_volpt
    truth = np.sqrt(total_variance(true_slice(10), np.zeros(1))[0] / (10 / 365))
    assert smile.vol_frac(np.zeros(())) == pytest.approx(truth, abs=1e-2)


def test_each_model_fits_what_it_can() -> None:
    """A chain of eSSVI slices is found by eSSVI, and kept as the SVI slices it is."""
    slices = {days: essvi(0.3 * days / 365, -0.4, 0.5 * (days / 365) ** 0.5) for days in DAYS}
    like = chain()
    days = (like.expiry_ns - NOW_NS) // DAY_NS
    k = np.log(like.strike_usd / FORWARD)
    w = np.array([essvi_variance(slices[int(day)], one) for day, one in zip(days, k, strict=True)])
    (surface,) = fit_surfaces([replace(like, vol_mark_frac=np.sqrt(w * 365 / days))], model="essvi")
    assert [smile.model for smile in surface.smiles] == ["essvi"] * len(DAYS)
    for smile, truth in zip(surface.smiles, slices.values(), strict=True):
        assert smile.error_max_volpt < 1e-3
        np.testing.assert_allclose(
            smile.variance_frac(np.array([-0.2, 0.0, 0.2])),
            essvi_variance(truth, np.array([-0.2, 0.0, 0.2])),
            rtol=1e-4,
        )
    # The other models name themselves too.
    assert {smile.model for smile in fit_surfaces([chain()], model="svi")[0].smiles} == {"svi"}


def test_an_expired_chain_and_an_empty_one_give_no_smile() -> None:
    (gone,) = fit_surfaces([replace(chain((3,)), time_ns=NOW_NS + 3 * DAY_NS)])
    assert [failure.reason for failure in gone.rejected] == ["stale_data"]
    no, none = np.zeros(0), np.zeros(0, dtype=np.bool_)
    empties = ChainColumns("BTC", NOW_NS, np.zeros(0, np.int64), no, none, no, no, no, no)
    (empty,) = fit_surfaces([empties])
    assert (empty.smiles, empty.rejected) == ((), ())


def test_between_two_slices_variance_is_linear_in_time_at_fixed_moneyness() -> None:
    """Methods sheet, section 5.4."""
    (surface,) = fit_surfaces([chain()])
    k = np.array([-0.2, 0.0, 0.15])
    early, late = (smile for smile in surface.smiles[1:3])
    for part in (0.25, 0.6):
        years = (1 - part) * early.expiry_years + part * late.expiry_years
        want = (1 - part) * early.variance_frac(k) + part * late.variance_frac(k)
        np.testing.assert_allclose(surface.variance_frac(k, np.full(3, years)), want, rtol=1e-13)


def test_a_fit_that_misses_the_level_at_the_money_is_named() -> None:
    """Methods sheet, section 5.2, pitfall: the fitted vol at the money against the quoted one."""
    made = chain((30,))
    # A hump that no hyperbola follows; one strike alone would be dropped as a cliff.
    k = np.log(made.strike_usd / FORWARD)
    lifted = made.vol_mark_frac * (1.0 + 0.5 * np.exp(-((k / 0.06) ** 2)))
    (surface,) = fit_surfaces([replace(made, vol_mark_frac=lifted)])
    assert [failure.reason for failure in surface.rejected] == ["level_off"]
    assert "vol at the money" in surface.rejected[0].message
