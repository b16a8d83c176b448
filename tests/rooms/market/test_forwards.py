"""Parity gives the forward that made the prices, or says why not."""

import numpy as np

from hedgerow.errors import Failure
from hedgerow.market import Forward, from_parity, from_strike
from hedgerow.market.forwards import choose, from_chain, from_rows
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


def quoted(forward: float, *, wide: float = 0.1) -> tuple[np.ndarray, ...]:
    """Calls and puts of all strikes as rows of one chain, two-sided."""
    call, put = prices(forward, 1.0)
    mid = np.concatenate([call, put])
    return (
        np.concatenate([STRIKES, STRIKES]),
        np.repeat([True, False], len(STRIKES)),
        mid - 0.5 * wide,
        mid + 0.5 * wide,
    )


def test_a_chain_is_paired_and_its_forward_found() -> None:
    strike, is_call, bid, ask = quoted(103.0)
    order = np.random.default_rng(1).permutation(len(strike))
    found = from_chain("x", strike[order], is_call[order], bid[order], ask[order])
    assert isinstance(found, Forward)
    assert found.source == "parity"
    assert abs(found.forward_usd - 103.0) < 1e-9


def test_one_sided_and_far_quotes_are_not_paired() -> None:
    strike, is_call, bid, ask = quoted(103.0)
    bid[0] = np.nan  # call 80
    ask[3] = bid[3]  # call 110, locked: no spread to weigh it by
    ask[9] += 50.0  # put 120: far and wide
    found = from_chain("x", strike, is_call, bid, ask)
    assert isinstance(found, Forward)
    assert abs(found.forward_usd - 103.0) < 0.01
    none = from_chain("x", strike, np.ones(10, dtype=bool), bid, ask)
    assert isinstance(none, Failure)
    assert none.reason == "too_few_quotes"


def test_a_wrong_price_far_from_the_money_does_not_move_the_forward() -> None:
    strike = np.concatenate([STRIKES, [60.0, 160.0]])
    vol, years = np.full(7, 0.3), np.full(7, 0.05)
    mid = np.concatenate(
        [value_usd(np.full(7, 103.0), strike, vol, years, np.full(7, side)) for side in (1, 0)]
    )
    mid[6] += 40.0  # the call at 160
    bid, ask = mid - 1e-4, mid + 1e-4
    found = from_chain("x", np.tile(strike, 2), np.repeat([True, False], 7), bid, ask)
    assert isinstance(found, Forward)
    assert abs(found.forward_usd - 103.0) < 1e-9


CHOICE = """
    wanted  venue  future  taken
    venue   100    101     venue
    venue   none   101     parity
    future  100    101     future
    future  100    none    venue
    future  none   none    parity
    parity  100    101     parity
"""


def test_the_forward_that_is_wanted_is_taken() -> None:
    rows = [line.split() for line in CHOICE.strip().splitlines()[1:]]
    known = {"none": None, "100": 100.0, "101": 101.0}
    for wanted, venue, future, taken in rows:
        found = choose(
            "x",
            wanted,  # type: ignore[arg-type]
            venue_usd=known[venue],
            future_usd=known[future],
            parity=lambda: Forward(102.0, 1.0, "parity"),
        )
        assert isinstance(found, Forward)
        assert found.source == taken
        assert found.forward_usd == {"venue": 100.0, "future": 101.0, "parity": 102.0}[taken]


def test_parity_that_fails_has_no_substitute() -> None:
    failed = Failure(subject="x", reason="too_few_quotes", message="")
    found = choose("x", "parity", venue_usd=100.0, future_usd=101.0, parity=lambda: failed)
    assert found is failed


def test_rows_that_are_no_price_are_passed_over() -> None:
    assert from_rows(np.array([np.nan, 3.0, -1.0, 1.0, np.inf, 2.0])) == 2.0
    assert from_rows(np.array([np.nan, 0.0])) is None
