from decimal import Decimal

import pytest

from hedgerow.simulation import OracleModel
from hedgerow.simulation.oracle import Feed
from hedgerow.units import HOUR_NS, MINUTE_NS

MODEL = OracleModel(
    asset="ETH", heartbeat_ns=HOUR_NS, deviation_frac=Decimal("0.005"), delay_ns=MINUTE_NS
)


def test_the_table_a_feed_follows() -> None:
    feed = Feed(MODEL)
    table = (
        (0, "2000", True),  # the first price starts the first round
        (10, "2010", False),  # exactly 0.5 % is not beyond it
        (20, "2010.01", True),
        (30, "2000.1", False),  # measured against the last round
        (79, "2005", False),  # 59 minutes old
        (80, "2005", True),  # an hour old
    )
    for minute, price, answers in table:
        answer = feed.see(minute * MINUTE_NS, Decimal(price))
        assert (answer is not None) == answers, minute
        if answer is not None:
            assert answer.time_ns == (minute + 1) * MINUTE_NS
            assert answer.price_usd == Decimal(price)
            assert answer.heartbeat_ns == HOUR_NS
            assert answer.is_assumed


def test_parameters_must_be_possible() -> None:
    with pytest.raises(ValueError, match="oracle model ETH"):
        OracleModel(asset="ETH", heartbeat_ns=0, deviation_frac=Decimal("0.005"), delay_ns=0)
