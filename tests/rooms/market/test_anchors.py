"""What the perpetual cost when its coin was heard, from its quotes before and after."""

from decimal import Decimal

import pytest

from hedgerow.market import Quote
from hedgerow.market.anchors import Anchors
from tests.builders import quote

D = Decimal


def at(time_ns: int, mark: int) -> Quote:
    return quote("P", mark, time_ns)


def test_a_quote_of_the_same_time_is_the_anchor() -> None:
    anchors = Anchors(gap_ns_max=10)
    anchors.heard("BTC", 5, "P", at(5, 100))
    assert anchors.usd == {("BTC", 5): D(100)}


def test_between_two_quotes_the_price_lies_on_the_line_between_them() -> None:
    anchors = Anchors(gap_ns_max=10)
    before, after = at(0, 100), at(10, 200)
    anchors.heard("BTC", 3, "P", before)
    anchors.heard("ETH", 7, "other", before)
    assert anchors.usd == {}
    anchors.quoted(after, before)
    assert anchors.usd == {("BTC", 3): D(130)}
    anchors.quoted(at(20, 900), after)
    assert anchors.usd == {("BTC", 3): D(130)}, "learnt once"


@pytest.mark.parametrize(("gap_ns", "is_known"), [(10, True), (11, False)])
def test_over_a_longer_gap_nothing_is_known(gap_ns: int, is_known: bool) -> None:
    anchors = Anchors(gap_ns_max=10)
    before = at(0, 100)
    anchors.heard("BTC", 3, "P", before)
    anchors.quoted(at(gap_ns, 100), before)
    assert (("BTC", 3) in anchors.usd) == is_known
    anchors.quoted(at(gap_ns + 1, 100), at(gap_ns, 100))
    assert (("BTC", 3) in anchors.usd) == is_known, "and it stays so"


def test_without_a_quote_before_nothing_is_known() -> None:
    anchors = Anchors(gap_ns_max=10)
    anchors.heard("BTC", 3, "P", None)
    anchors.quoted(at(5, 100), None)
    assert anchors.usd == {}


def test_they_are_many_when_they_have_doubled_and_what_is_needed_stays() -> None:
    anchors = Anchors(gap_ns_max=10)
    for time_ns in range(400):
        anchors.heard("BTC", time_ns, "P", at(time_ns, time_ns + 1))
        assert anchors.are_many == (time_ns >= 256)
    needed = {("BTC", time_ns) for time_ns in range(200)} | {("ETH", 1)}
    anchors.keep(needed)
    assert anchors.usd == {("BTC", time_ns): D(time_ns + 1) for time_ns in range(200)}
    for time_ns in range(400, 601):
        assert not anchors.are_many
        anchors.heard("BTC", time_ns, "P", at(time_ns, 1))
    assert anchors.are_many, "401 are more than twice 200"
