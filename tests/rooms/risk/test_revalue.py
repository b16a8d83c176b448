import pytest

from hedgerow.errors import Failure
from hedgerow.pricing import value
from hedgerow.risk.revalue import BLOCKS, Block, Blocks, mixed, shares, subsets
from tests.builders import by_id, index, option, option_quote, snapshot
from tests.rooms.exposure import desk
from tests.rooms.risk.steps import everything, later

CALL = option(66_000, "call")


def game(**gains_usd: float) -> dict[Blocks, float]:
    """What coalitions win that need all blocks of a name such as ``spot_vol``."""
    return {
        each: sum(usd for name, usd in gains_usd.items() if set(name.split("_")) <= each)
        for each in subsets()
    }


def test_there_are_sixteen_sets_from_none_to_all() -> None:
    assert len(set(subsets())) == 16
    assert subsets()[0] == frozenset()
    assert subsets()[-1] == frozenset(BLOCKS)


def test_what_blocks_do_together_is_split_evenly() -> None:
    # The axioms: additive, symmetric, nothing for who does nothing, all of it shared out.
    found = shares(game(spot=100.0, vol=-30.0, spot_vol=12.0, spot_vol_time=9.0))
    assert found == pytest.approx({"spot": 109.0, "vol": -21.0, "time": 3.0, "basis": 0.0})


def test_mixed_markets_begin_at_one_end_and_finish_at_the_other() -> None:
    start, end = desk.now(), everything(0.03, 2.0, 0.001)
    book = desk.held()
    for moved, there in ((subsets()[0], start), (subsets()[-1], end)):
        here = value(book, mixed(start, end, moved, book.instruments))
        wanted = value(book, there)
        assert here.missing == wanted.missing
        assert here.unit_ccy == pytest.approx(wanted.unit_ccy, rel=1e-12)
        assert here.settlement_price_usd == pytest.approx(wanted.settlement_price_usd, rel=1e-12)


def test_each_block_moves_its_own_part_of_an_option() -> None:
    start = snapshot(index("BTC", 60_000), option_quote(CALL, 60_600, 0.6))
    end = later(index("BTC", 63_000), option_quote(CALL, 64_260, 0.65))

    def mark(*moved: Block) -> tuple[float, float, float]:
        found = mixed(start, end, frozenset(moved), by_id(CALL).values()).option(CALL)
        assert not isinstance(found, Failure)
        return (
            found.forward_usd,
            found.vol_frac,
            found.expiry_years * 365,
        )

    assert mark() == pytest.approx((60_600, 0.6, 73))
    assert mark("spot") == pytest.approx((63_630, 0.6, 73))
    assert mark("basis") == pytest.approx((61_200, 0.6, 73))
    assert mark("vol") == pytest.approx((60_600, 0.65, 73))
    assert mark("time") == pytest.approx((60_600, 0.6, 72.75))


def test_what_one_end_does_not_know_is_missing() -> None:
    start = snapshot(index("BTC", 60_000), option_quote(CALL, 60_600, 0.6))
    end = later(index("BTC", 63_000))
    between = mixed(start, end, frozenset({"vol"}), by_id(CALL).values())
    assert between.options == {}
