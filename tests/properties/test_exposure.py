"""How a desk writes its positions down changes nothing of what it is exposed to."""

from decimal import Decimal
from math import fsum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.exposure import (
    BucketTable,
    CrossTable,
    ExposureRow,
    FundingRow,
    LiquidityRow,
    ScenarioLadder,
    aggregate,
    buckets,
    cross_gammas,
    funding,
    ladder,
    liquidity,
)
from hedgerow.portfolio import Account, Position, book
from hedgerow.pricing import GREEKS, value
from tests.builders import account, by_id
from tests.builders import ladder as order_book
from tests.draws import draws
from tests.rooms.exposure.desk import CALL, ETHER, LINEAR, POOL, PUT, TERMS, market, now

NOW = now(*market(), order_book("BTC-PERP", 60000, half_spread=3, size=40, levels=3))
HELD = (CALL, PUT, LINEAR, ETHER, POOL)
SIZES = st.integers(-5000, 5000).map(lambda n: Decimal(n) / 100)


@st.composite
def positions(draw: st.DrawFn) -> tuple[Position, ...]:
    entry = Decimal(draw(st.integers(30_000, 90_000)))
    found = [
        Position(
            instrument_id=terms.instrument_id, quantity_contracts=draw(SIZES), price_entry_ccy=None
        )
        for terms in HELD
    ]
    found += [
        Position(instrument_id=name, quantity_contracts=draw(SIZES), price_entry_ccy=entry)
        for name in ("BTC-PERP", "BTC-PERPETUAL", "LF")
    ]
    return tuple(found)


def desk(*accounts: tuple[Position, ...]) -> tuple[Account, ...]:
    return tuple(
        msgspec.structs.replace(account(f"a{n}", balances={"BTC": 1}), positions=held)
        for n, held in enumerate(accounts)
    )


class Seen(msgspec.Struct, frozen=True, eq=True):
    """Everything the room says of the whole desk."""

    row: ExposureRow
    ladder: ScenarioLadder
    buckets: BucketTable
    cross: CrossTable
    funding: FundingRow
    exit: LiquidityRow


def seen(accounts: tuple[Account, ...]) -> Seen:
    held = book(accounts, by_id(*TERMS))
    values = value(held, NOW)
    row = aggregate(held, values, NOW).row("desk")
    steps = ladder(
        held, NOW, "desk",
        spot_moves_frac=[-0.2, 0.1], vol_moves_volpt=[5.0], elapsed_days=[0.0, 3.0],
    )  # fmt: skip
    sorted_in = buckets(held, NOW, "desk")
    crossed = cross_gammas(held, NOW, "desk")
    paid = funding(held, values, NOW).row("desk")
    left = liquidity(held, values, NOW, participation_frac=0.1).row("desk")
    assert isinstance(row, ExposureRow)
    assert isinstance(steps, ScenarioLadder)
    assert isinstance(sorted_in, BucketTable)
    assert isinstance(crossed, CrossTable)
    assert isinstance(paid, FundingRow)
    assert isinstance(left, LiquidityRow)
    return Seen(row, steps, sorted_in, crossed, paid, left)


@draws(25)
@given(positions(), positions(), st.randoms(use_true_random=False))
def test_no_order_changes_a_digit(
    one: tuple[Position, ...], other: tuple[Position, ...], rng: Any
) -> None:
    first, second = desk(one, other)
    turned = tuple(
        msgspec.structs.replace(
            each, positions=tuple(rng.sample(each.positions, len(each.positions)))
        )
        for each in (second, first)
    )
    assert seen(turned) == seen((first, second))


@draws(25)
@given(positions(), st.integers(1, 9))
def test_splitting_a_position_over_accounts_changes_nothing(
    held: tuple[Position, ...], tenths: int
) -> None:
    def part(share: Decimal) -> tuple[Position, ...]:
        return tuple(
            msgspec.structs.replace(each, quantity_contracts=each.quantity_contracts * share)
            for each in held
        )

    share = Decimal(tenths) / 10
    whole, split = seen(desk(held, ())), seen(desk(part(share), part(1 - share)))
    scale = fsum(abs(float(p.quantity_contracts)) for p in held) * 60_000 + 1.0
    for name in ("value_usd", "delta_spot_usd", *GREEKS):
        assert getattr(split.row, name) == pytest.approx(
            getattr(whole.row, name), rel=1e-11, abs=1e-12 * scale
        )
    for a, b in zip(split.ladder.cells, whole.ladder.cells, strict=True):
        assert a.profit_usd == pytest.approx(b.profit_usd, rel=1e-9, abs=1e-12 * scale)
    for by in ("by_expiry", "by_moneyness"):
        for c, d in zip(getattr(split.buckets, by), getattr(whole.buckets, by), strict=True):
            assert c.node == d.node
            assert c.value_usd == pytest.approx(d.value_usd, rel=1e-9, abs=1e-12 * scale)
    for name in ("funding_usd_per_day", "funding_usd_per_day_per_pct"):
        assert getattr(split.funding, name) == pytest.approx(
            getattr(whole.funding, name), rel=1e-11, abs=1e-12 * scale
        )
    assert [line.cost_usd is None for line in split.exit.lines] == [
        line.cost_usd is None for line in whole.exit.lines
    ]
    if whole.exit.cost_usd is not None:
        assert split.exit.cost_usd == pytest.approx(whole.exit.cost_usd, rel=1e-9)
