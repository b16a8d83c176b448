"""Coefficients of the minimum variance delta are found in chains that were made with them."""

from dataclasses import replace

import numpy as np
import pytest

from hedgerow.app.past_changes import minimum_variance_of
from hedgerow.errors import Failure
from hedgerow.market import ChainColumns
from hedgerow.pricing import OptionColumns, greeks
from hedgerow.units import DAY_NS

NOW_NS = 1_770_000_000_000_000_000
STEP_NS = DAY_NS // 4
LAW = {True: (-0.3, 0.2, 0.1), False: (-0.2, -0.1, 0.3)}


def made(steps: int) -> list[ChainColumns]:
    """Chains six hours apart whose vols answer a small move of the forward by the law."""
    strikes = np.linspace(60.0, 150.0, 31)
    n = len(strikes)
    rng = np.random.default_rng(3)
    expiry = np.repeat([NOW_NS + days * DAY_NS for days in (5, 40, 90)], 2 * n)
    chain = ChainColumns(
        underlying="X",
        time_ns=NOW_NS,
        expiry_ns=expiry.astype(np.int64),
        strike_usd=np.tile(strikes, 6),
        is_call=np.tile(np.repeat([True, False], n), 3),
        forward_usd=np.full(6 * n, 100.0),
        vol_mark_frac=np.full(6 * n, 0.6),
        price_bid_usd=np.full(6 * n, np.nan),
        price_ask_usd=np.full(6 * n, np.nan),
    )
    out = [chain]
    for _ in range(steps):
        before = out[-1]
        years = (before.expiry_ns - before.time_ns) / (365 * DAY_NS)
        F = before.forward_usd
        delta = greeks(
            OptionColumns(
                forward_usd=F, strike_usd=before.strike_usd, vol_frac=before.vol_mark_frac,
                expiry_years=years, is_call=before.is_call,
            )
        ).delta_forward_frac  # fmt: skip
        a, b, c = np.array([LAW[bool(side)] for side in before.is_call]).T
        move = 1e-4 * float(rng.standard_normal())
        answer = (a + b * delta + c * delta**2) * move / np.sqrt(years)
        # What does not count is set wrong: the short expiry.
        answer = np.where(years < 14 / 365, 0.05, answer)
        out.append(
            replace(
                before,
                time_ns=before.time_ns + STEP_NS,
                forward_usd=F * (1.0 + move),
                vol_mark_frac=before.vol_mark_frac + answer,
            )
        )
    return out


def test_the_law_is_found_again() -> None:
    found = minimum_variance_of("X", made(16))
    assert not isinstance(found, Failure)
    for right, is_call in (("call", True), ("put", False)):
        one = found[right]  # type: ignore[index]
        np.testing.assert_allclose((one.a_frac, one.b_frac, one.c_frac), LAW[is_call], atol=5e-3)
        assert one.explained_frac > 0.99


@pytest.mark.parametrize("steps", [0, 3])
def test_too_short_a_past_is_told(steps: int) -> None:
    found = minimum_variance_of("X", made(steps))
    assert isinstance(found, Failure)
    assert found.reason == "missing_data"
    assert "needs 500" in found.message


def test_chains_far_apart_are_no_neighbours() -> None:
    far = [replace(chain, time_ns=NOW_NS + at * 2 * DAY_NS) for at, chain in enumerate(made(16))]
    assert isinstance(minimum_variance_of("X", far), Failure)


def test_a_forward_that_stands_still_determines_nothing() -> None:
    still = made(0)[0]
    past = [replace(still, time_ns=NOW_NS + at * STEP_NS) for at in range(20)]
    found = minimum_variance_of("X", past)
    assert isinstance(found, Failure)
    assert found.reason == "not_converged"
