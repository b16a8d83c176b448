"""Parity gives the forward that made the prices, or says why not."""

import numpy as np

from hedgerow.errors import Failure
from hedgerow.market import Forward, from_parity, from_strike
from hedgerow.pricing import value_usd

STRIKES = np.array([80.0, 90.0, 100.0, 110.0, 120.0])


def prices(forward: float, discount: float) -> tuple[np.ndarray, np.ndarray]:
    def side(call: bool) -> np.ndarray:
        n = len(STRIKES)
        return discount * value_usd(
            np.full(n, forward), STRIKES, np.full(n, 0.6), np.full(n, 0.2), np.full(n, call)
        )

    return side(True), side(False)


def test_parity_finds_forward_and_discount() -> None:
    call, put = prices(103.0, 0.98)
    found = from_parity("x", STRIKES, call, put, np.full(5, 0.1))
    assert isinstance(found, Forward)
    assert abs(found.forward_usd - 103.0) < 1e-10
    assert abs(found.discount_frac - 0.98) < 1e-12


def test_a_wide_quote_hardly_counts_and_a_missing_one_not_at_all() -> None:
    call, put = prices(103.0, 0.98)
    call[0] += 1.0
    put[4] = np.nan
    spread = np.array([1000.0, 0.1, 0.1, 0.1, 0.1])
    found = from_parity("x", STRIKES, call, put, spread)
    assert isinstance(found, Forward)
    assert abs(found.forward_usd - 103.0) < 1e-5


def test_a_known_discount_needs_one_strike() -> None:
    call, put = prices(103.0, 0.98)
    call[1:] = np.nan
    found = from_parity("x", STRIKES, call, put, np.full(5, 0.1), discount_frac=0.98)
    assert isinstance(found, Forward)
    assert abs(found.forward_usd - 103.0) < 1e-10


def test_too_few_pairs_and_nonsense_are_named() -> None:
    call, put = prices(103.0, 0.98)
    few = from_parity("x", STRIKES[:2], call[:2], put[:2], np.full(2, 0.1))
    assert isinstance(few, Failure)
    assert few.reason == "too_few_quotes"
    wrong = from_parity("x", STRIKES, put, call, np.full(5, 0.1))
    assert isinstance(wrong, Failure)
    assert wrong.reason == "not_converged"


def test_the_nearest_strike_gives_its_forward() -> None:
    call, put = prices(103.0, 1.0)
    strike, forward = from_strike(STRIKES, call, put, 1.0)
    assert strike == 100.0
    assert abs(forward - 103.0) < 1e-10
