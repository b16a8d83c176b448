"""Buckets hold what the node holds, each thing once."""

from math import fsum

import pytest

from hedgerow.errors import Failure
from hedgerow.exposure import BucketTable, ExposureRow, buckets
from hedgerow.instruments import Option
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import book
from hedgerow.pricing import GREEKS
from hedgerow.units import DAY_NS
from tests.builders import T0_NS, account, by_id, index, option, option_quote, snapshot
from tests.rooms.exposure.desk import CALL, held, market, now, revalued, row


def bucketed(node: str, at: Snapshot | None = None) -> BucketTable:
    found = buckets(held(), at or now(), node)
    assert isinstance(found, BucketTable), found
    return found


NODES = [one.node for one in revalued(held(), now()).rows]


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("by", ["by_expiry", "by_moneyness"])
def test_buckets_add_up_to_their_node(node: str, by: str) -> None:
    table = bucketed(node)
    want = row(revalued(held(), now()), node)
    assert table.total == want
    rows: tuple[ExposureRow, ...] = getattr(table, by)
    for name in ("value_usd", "delta_spot_usd", *GREEKS):
        # A dollar coin's delta and curvature stay on rows of its own, as in the tree.
        is_of_spot = name == "delta_spot_usd" or (name in GREEKS and GREEKS[name].spot > 0)
        is_kept = is_of_spot and "USDC" not in node
        addends = [getattr(r, name) for r in rows if not (is_kept and r.node.startswith("USDC/"))]
        total = getattr(want, name)
        assert abs(total - fsum(addends)) <= 1e-12 * fsum(map(abs, addends)), name


def test_rows_are_in_order_and_named() -> None:
    table = bucketed("desk")
    assert [one.node for one in table.by_expiry] == [
        "BTC/7-30 d", "BTC/over 90 d", "BTC/no expiry",
        "ETH/over 90 d", "ETH/no expiry",
        "USDC/7-30 d", "USDC/over 90 d", "USDC/no expiry",
    ]  # fmt: skip
    # ln(66000/60300)/(0.62 √(20/365)) = 0.622; ln(52000/61500)/(0.71 √(120/365)) = -0.412;
    # ln(63000/60300)/(0.58 √(20/365)) = 0.323; ln(3300/3060)/(0.8 √(120/365)) = 0.165.
    assert [one.node for one in table.by_moneyness if one.vega_usd_per_volpt] == [
        "BTC/-1 to -0.25", "BTC/0.25 to 1", "ETH/-0.25 to 0.25",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0.1, "0-2 d"), (2.0, "2-7 d"), (6.99, "2-7 d"), (7.0, "7-30 d"), (30.0, "30-90 d"),
     (90.0, "over 90 d"), (900.0, "over 90 d")],
)  # fmt: skip
def test_where_a_bucket_begins(days: float, bucket: str) -> None:
    terms = option(60000, "put", expiry_ns=T0_NS + round(days * DAY_NS))
    at = snapshot(index("BTC", 60000), option_quote(terms, 60000, 0.6))
    of = book([account(positions={terms.instrument_id: 1})], by_id(terms))
    found = buckets(of, at, "desk")
    assert isinstance(found, BucketTable)
    assert [one.node for one in found.by_expiry] == [f"BTC/{bucket}"]
    later = buckets(of, at.shocked(Shock(time_forward_ns=T0_NS)), "desk")
    assert isinstance(later, BucketTable)
    assert [one.node for one in later.by_expiry] == ["BTC/0-2 d"]


@pytest.mark.parametrize(
    ("deviations", "bucket"),
    [(-2.01, "below -2"), (-1.99, "-2 to -1"), (-0.9, "-1 to -0.25"), (0.0, "-0.25 to 0.25"),
     (0.26, "0.25 to 1"), (1.01, "1 to 2"), (2.01, "2 and above"), (30.0, "2 and above")],
)  # fmt: skip
def test_which_moneyness(deviations: float, bucket: str) -> None:
    strike = 60000 * 2.718281828459045 ** (deviations * 0.5 * (73 / 365) ** 0.5)
    terms: Option = option(round(strike, 6), "put")
    at = snapshot(index("BTC", 60000), option_quote(terms, 60000, 0.5))
    found = buckets(book([account(positions={terms.instrument_id: 1})], by_id(terms)), at, "desk")
    assert isinstance(found, BucketTable)
    assert [one.node for one in found.by_moneyness] == [f"BTC/{bucket}"]


def test_an_option_without_a_mark_has_an_expiry_but_no_moneyness() -> None:
    at = now(*(e for e in market() if getattr(e, "instrument_id", "") != CALL.instrument_id))
    table = bucketed("desk/deribit/options/BTC", at)
    named = {one.node: [f.subject for f in one.missing] for one in table.by_moneyness}
    assert named["BTC/unknown"] == [CALL.instrument_id]
    named = {one.node: [f.subject for f in one.missing] for one in table.by_expiry}
    assert named["BTC/7-30 d"] == [CALL.instrument_id]
    assert named["BTC/over 90 d"] == []
    assert [f.subject for f in table.total.missing] == [CALL.instrument_id]


def test_a_node_that_is_not_there_is_a_failure() -> None:
    assert isinstance(buckets(held(), now(), "coin/SOL"), Failure)
