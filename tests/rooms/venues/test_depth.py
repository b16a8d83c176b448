"""The book by Binance's rules, told in small updates."""

from decimal import Decimal

import pytest

from hedgerow.errors import Failure
from hedgerow.market import Ladder, Level
from hedgerow.venues.recordings.depth import Change, DepthBook, Start


def level(price: int, size: int) -> Level:
    return Level(price_usd=Decimal(price), quantity_contracts=Decimal(size))


def start(update_id: int) -> Start:
    return Start(
        update_id=update_id,
        bids=(level(99, 1), level(98, 2)),
        asks=(level(101, 1), level(102, 2)),
    )


def change(
    first: int, last: int, *, pu: int | None = None, bid: tuple[int, int] | None = None,
    ask: tuple[int, int] | None = None,
) -> Change:  # fmt: skip
    def side(new: tuple[int, int] | None) -> tuple[Level, ...]:
        return () if new is None else (level(*new),)

    return Change(first_id=first, last_id=last, bids=side(bid), asks=side(ask), previous_id=pu)


def best(book: DepthBook) -> tuple[int, int] | None:
    seen = book.ladder(0, levels_count=1)
    if isinstance(seen, Failure):
        return None
    return int(seen.bids[0].price_usd), int(seen.asks[0].price_usd)


def test_without_a_snapshot_there_is_no_answer() -> None:
    book = DepthBook("X")
    book.apply(change(1, 2, bid=(100, 1)))
    assert book.ladder(0) == Failure(subject="X", reason="missing_data", message="no snapshot yet")


def test_changes_newer_than_the_snapshot_wait_for_it() -> None:
    book = DepthBook("X")
    book.apply(change(8, 10, bid=(97, 5)))  # in the snapshot
    book.apply(change(11, 12, bid=(100, 1)))  # newer, and earlier here
    book.start(start(10))
    assert best(book) == (100, 101)
    book.apply(change(13, 13, bid=(100, 0)))
    assert best(book) == (99, 101)


def test_what_the_snapshot_holds_is_not_applied_again() -> None:
    book = DepthBook("X")
    book.apply(change(8, 10, bid=(100, 5)))  # a bid that was gone by the snapshot
    book.start(start(10))
    assert best(book) == (99, 101)


@pytest.mark.parametrize(
    ("first", "last", "fits"), [(11, 12, True), (9, 12, True), (12, 13, False)]
)
def test_the_first_spot_change_reaches_back_to_the_snapshot(
    first: int, last: int, fits: bool
) -> None:
    book = DepthBook("X")
    book.start(start(10))
    book.apply(change(first, last, bid=(100, 1)))
    assert (book.trouble is None) == fits


@pytest.mark.parametrize(
    ("first", "last", "fits"), [(10, 12, True), (5, 10, True), (11, 12, False)]
)
def test_the_first_futures_change_contains_the_snapshot(first: int, last: int, fits: bool) -> None:
    book = DepthBook("X")
    book.start(start(10))
    book.apply(change(first, last, pu=3, bid=(100, 1)))
    assert (book.trouble is None) == fits
    assert best(book) == ((100, 101) if fits else None)


def test_spot_follows_by_one_and_futures_by_pu() -> None:
    spot = DepthBook("S")
    spot.start(start(10))
    spot.apply(change(11, 12))
    spot.apply(change(13, 15))
    assert best(spot) == (99, 101)
    spot.apply(change(17, 18))
    assert spot.trouble == "gap: change 17 to 18 after 15"
    futures = DepthBook("F")
    futures.start(start(10))
    futures.apply(change(9, 12, pu=8))
    futures.apply(change(40, 44, pu=12))  # update ids of futures leave holes of their own
    assert best(futures) == (99, 101)
    futures.apply(change(45, 46, pu=43))
    assert futures.trouble == "gap: change 45 to 46 after 44"


def test_after_a_gap_a_later_snapshot_mends_the_book() -> None:
    book = DepthBook("X")
    book.start(start(10))
    book.apply(change(11, 11))
    book.apply(change(14, 15, bid=(97, 1)))
    assert isinstance(book.ladder(0), Failure)
    book.apply(change(16, 17, bid=(100, 2)))
    book.start(start(14))  # between what was missed and what came since
    assert best(book) == (100, 101)


def test_a_snapshot_older_than_the_gap_mends_nothing() -> None:
    book = DepthBook("X")
    book.apply(change(14, 15))
    book.start(start(10))
    assert book.trouble == "gap: snapshot ends at 10, first change begins 14"


def test_a_crossed_book_has_no_answer() -> None:
    book = DepthBook("X")
    book.start(start(10))
    book.apply(change(11, 11, bid=(101, 1)))
    assert book.trouble == "crossed book, bid 101 at or above ask 101"


def test_an_emptied_side_has_no_answer() -> None:
    book = DepthBook("X")
    book.start(Start(update_id=1, bids=(level(1, 1),), asks=(level(2, 1),)))
    book.apply(change(2, 2, ask=(2, 0)))
    assert book.trouble == "empty book, no asks"


def test_removing_what_is_not_there_changes_nothing() -> None:
    book = DepthBook("X")
    book.start(start(10))
    book.apply(change(11, 11, bid=(55, 0)))
    assert best(book) == (99, 101)


def test_a_ladder_shows_the_best_levels_in_order() -> None:
    book = DepthBook("X")
    book.start(start(10))
    book.apply(change(11, 11, bid=(97, 3)))
    ladder = book.ladder(7, levels_count=2)
    assert isinstance(ladder, Ladder)
    assert ladder.time_ns == 7
    assert [held.price_usd for held in ladder.bids] == [99, 98]
    assert [held.price_usd for held in ladder.asks] == [101, 102]
    assert [held.quantity_contracts for held in ladder.asks] == [1, 2]
