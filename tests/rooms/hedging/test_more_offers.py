"""One more offer never makes a hedge dearer, whatever books accounts share and funding they get."""

from itertools import pairwise

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging import Ask, Offer, Rung, choose
from tests.builders import perpetual

Levels = list[tuple[float, float]]


def _offer(
    at: int, name: str, fee: float, buys: Levels, sells: Levels, carry: float | None = 0.0
) -> Offer:
    def side(levels: Levels) -> tuple[Rung, ...]:
        return tuple(
            Rung(width_contracts=width, cost_usd_per_contract=cost + fee, fee_usd_per_contract=fee)
            for width, cost in levels
        )

    return Offer(
        instrument_id=name,
        account_id=f"account {at}",
        venue="somewhere",
        terms=perpetual("BTC"),
        lot_contracts=0.1,
        price_mark_ccy=1000.0,
        buys=side(buys),
        sells=side(sells),
        carry_usd_per_day=carry,
    )


def _usd(asks: list[Ask], offers: list[Offer], figures: np.ndarray, days: float) -> float:
    found = choose(asks, offers, figures, horizon_days=days, is_whole=False)
    assert not isinstance(found, Failure), found
    assert found.bound_usd <= found.objective_usd + 1e-6
    if days == 0.0:
        assert found.objective_usd - found.bound_usd <= 1e-6 * max(1.0, found.objective_usd)
    return found.objective_usd


def test_a_cheap_offer_that_ends_soon_takes_nobody_s_funding_away() -> None:
    """Two levels at a fee of 0.4 that funding of 0.5 pays for; one more offer has the first."""
    ask = Ask(name="delta", now_figure=2.0, low_figure=0.0, high_figure=0.0)
    dear = _offer(0, "perp", 0.4, [(1.0, 0.1)], [(1.0, 0.2), (1.0, 0.6)], carry=-0.5)
    cheap = _offer(1, "perp", 0.01, [(1.0, 0.1)], [(1.0, 0.2)], carry=-0.5)
    alone = _usd([ask], [dear], np.ones((1, 1)), 1.0)
    assert alone == pytest.approx((0.2 + 0.4 - 0.5) + (0.6 + 0.4 - 0.5))
    both = _usd([ask], [dear, cheap], np.ones((1, 2)), 1.0)
    # The first at a hundredth of what it costs, the second as it was.
    assert both == pytest.approx(0.01 * (0.2 + 0.01) + (0.6 + 0.4 - 0.5))


def _drawn(rng: np.random.Generator) -> tuple[list[Ask], list[Offer], np.ndarray]:
    """Up to seven offers in four books: levels of no depth, sides nobody quotes, funding."""
    books = []
    for _ in range(4):
        sides = [
            [
                (float(width) if rng.random() > 0.15 else 0.0, float(cost))
                for width, cost in zip(
                    rng.uniform(0.5, 6.0, 3), np.cumsum(rng.uniform(0.0, 0.5, 3)), strict=True
                )
            ]
            for _ in range(2)
        ]
        carry = (None, 0.0, float(rng.normal(scale=0.3)), float(rng.normal(scale=3.0)))
        books.append((*sides, carry[rng.integers(4)]))
    which = rng.integers(0, 4, rng.integers(2, 8))
    offers = []
    for at, book in enumerate(which.tolist()):
        buys, sells, carry_usd = books[book]
        first = 0 if rng.random() < 0.2 else 1
        ends = rng.integers(first, 4, 2)
        fee = float(rng.uniform(0.0, 0.5))
        offers.append(_offer(at, f"book {book}", fee, buys[: ends[0]], sells[: ends[1]], carry_usd))
    asks = [
        Ask(
            name=f"greek {k}",
            now_figure=float(now),
            low_figure=-0.5,
            high_figure=0.5,
            penalty_usd_per_figure=float(rng.choice([2.0, 20.0])),
        )
        for k, now in enumerate(4.0 * rng.normal(size=3))
    ]
    return asks, offers, rng.normal(size=(3, 4))[:, which]


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(each, marks=pytest.mark.slow) for each in range(50, 300, 50))]
)
def test_one_more_offer_never_raises_the_relaxed_cost(first: int) -> None:
    for seed in range(first, first + 50):
        rng = np.random.default_rng(seed)
        asks, offers, figures = _drawn(rng)
        days = float(rng.choice([0.0, 1.0, 5.0]))
        costs = [
            _usd(asks, offers[:count], figures[:, :count], days) for count in range(len(offers) + 1)
        ]
        assert all(after <= before + 1e-6 for before, after in pairwise(costs)), seed
