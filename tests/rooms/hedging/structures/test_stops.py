"""Stop-losses as a table, and what holds of any path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.stops import StopRule, StopState, entered, stop_step, stopped

PLAIN = StopRule(loss_frac=0.1)
TRAILING = StopRule(loss_frac=0.1, is_trailing=True)
BACK = StopRule(loss_frac=0.1, return_frac=0.05)
SHORT = StopRule(loss_frac=0.1, is_short=True)

TABLE = """
    rule      prices                held
    plain     100 90.01             1 1
    plain     100 90                1 0
    plain     100 120 108 91 90     1 1 1 1 0
    trailing  100 120 108           1 1 0
    trailing  100 120 108.1 130     1 1 1 1
    back      100 90 94 94.5        1 0 0 1
    back      100 90 80 94.5 85.05  1 0 0 1 0
    short     100 90 109.9 110      1 1 1 0
"""
RULES = {"plain": PLAIN, "trailing": TRAILING, "back": BACK, "short": SHORT}


@pytest.mark.parametrize("row", TABLE.strip().splitlines()[1:])
def test_the_table(row: str) -> None:
    name, *words = row.split()
    half = len(words) // 2
    found = stopped(RULES[name], [float(word) for word in words[:half]])
    assert found.is_held.astype(int).tolist() == [int(word) for word in words[half:]]


def test_what_was_earned_until_the_stop() -> None:
    found = stopped(PLAIN, [100.0, 105.0, 80.0, 200.0], cost_frac=0.01)
    # A jump through the stop: 20 lost, not 10; 0.8 for selling at 80.
    assert found.profit_frac == pytest.approx([0.0, 0.05, -0.208, -0.208])
    assert found.trades_count == 1


def test_it_returns_lower_where_it_is_told_to() -> None:
    rule = StopRule(loss_frac=0.1, return_frac=-0.1)
    assert stopped(rule, [100, 90, 95, 81]).is_held.tolist() == [True, False, False, True]


paths = st.lists(st.floats(1.0, 1e4), min_size=1, max_size=40)


@given(paths, st.floats(0.01, 0.9), st.booleans())
def test_what_never_returns_stops_once_and_loses_no_more_than_its_last_step(
    prices: list[float], loss: float, trailing: bool
) -> None:
    found = stopped(StopRule(loss_frac=loss, is_trailing=trailing), prices)
    assert found.trades_count <= 1
    assert sorted(found.is_held.tolist(), reverse=True) == found.is_held.tolist()
    if found.trades_count:
        at = int((~found.is_held).argmax())
        assert prices[at] <= max(prices[:at]) * (1.0 - loss) * (1.0 + 1e-12)
        assert found.profit_frac[-1] == pytest.approx(prices[at] / prices[0] - 1.0)
    else:
        assert found.profit_frac[-1] == pytest.approx(prices[-1] / prices[0] - 1.0)


@given(paths, st.integers(0, 39))
def test_the_state_is_all_that_is_remembered(prices: list[float], cut: int) -> None:
    state = entered(prices[0])
    seen = [state]
    for price in prices[1:]:
        state = stop_step(BACK, state, price)
        seen.append(state)
    again = seen[min(cut, len(seen) - 1)]
    for price in prices[min(cut, len(seen) - 1) + 1 :]:
        again = stop_step(BACK, again, price)
    assert again == seen[-1]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="loss in"):
        StopRule(loss_frac=1.0)
    with pytest.raises(OutOfDomain, match="price_usd"):
        stop_step(PLAIN, StopState(is_held=True, price_reference_usd=1.0), float("nan"))
    with pytest.raises(OutOfDomain, match="one price"):
        stopped(PLAIN, [])
