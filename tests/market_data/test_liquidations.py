"""What liquidators of Aave v2 received, against the rule with a bonus from elsewhere: a sample."""

from pathlib import Path

import pytest

from benchmarks.bonus_history import learn_bonuses
from benchmarks.measure_liquidations import (
    CHANGED,
    DUST,
    FIRST,
    MISMATCH,
    NEAR,
    STALE,
    read,
    reasons,
)
from hedgerow.margin import LendingReserve
from hedgerow.margin.liquidation_call import LiquidationCall

# Every seventh call: enough to learn from, and other calls than those whose figures are published.
EVERY = 7


@pytest.fixture(scope="module")
def sample(shared_data: Path) -> tuple[list[LiquidationCall], dict[str, LendingReserve]]:
    calls, reserves = read(shared_data)
    assert len(calls) == 7_623
    return calls[::EVERY], reserves


def test_a_learnt_history_explains_more_than_the_parameters_of_one_day(
    sample: tuple[list[LiquidationCall], dict[str, LendingReserve]],
) -> None:
    calls, reserves = sample
    table = reasons(calls, reserves, learn_bonuses(calls))
    dated, learnt, either = (
        int(table[name].sum()) for name in ("by_dated", "by_learnt", "by_either")
    )
    assert 0.6 < dated / len(calls) < 0.7
    assert learnt / len(calls) > 0.8
    assert either >= learnt
    counts = dict(table["reason"].value_counts().iter_rows())
    assert counts[NEAR] == learnt
    assert set(counts) <= {NEAR, FIRST, CHANGED, DUST, STALE, MISMATCH}
    # Where the prices give a bonus at all, few calls are lost to learning.
    assert counts[NEAR] / (counts[NEAR] + counts[FIRST] + counts[CHANGED]) > 0.9


def test_the_parameters_of_one_day_are_among_the_learnt(shared_data: Path) -> None:
    """Two sources that know nothing of each other: calls, and parameters of one day."""
    calls, reserves = read(shared_data)
    history = learn_bonuses(calls)
    for name in ("WETH", "LINK", "WBTC", "AAVE", "USDC", "REN", "MANA", "CRV", "MKR", "DAI"):
        assert reserves[name].liquidation_bonus_bps in history[name].bonuses_bps, name
    # And no bonus is learnt that is no round figure, though any whole one could be.
    learnt = {bps for each in history.values() for bps in each.bonuses_bps}
    assert all(bps % 50 == 0 for bps in learnt), learnt
