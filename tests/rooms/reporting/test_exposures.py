"""What is unknown never looks like a number, and what is partial never like a whole."""

import io
import re
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console, RenderableType

from hedgerow.errors import Failure
from hedgerow.exposure import (
    ExposureTable,
    LiquidityRow,
    ScenarioLadder,
    aggregate,
    buckets,
    cross_gammas,
    funding,
    ladder,
    liquidity,
)
from hedgerow.market import MarketEvent, Snapshot
from hedgerow.portfolio import book
from hedgerow.pricing import value
from hedgerow.reporting import (
    bucket_tables,
    cross_table,
    exposure_table,
    funding_table,
    ladder_tables,
    liquidity_tables,
)
from tests.builders import account, by_id, perpetual, quote
from tests.builders import ladder as order_book
from tests.rooms.exposure.desk import CALL, held, market, now, revalued


def printed(shown: RenderableType, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(shown, crop=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines(shown: RenderableType) -> dict[str, list[str]]:
    """Cells of every row, by its first."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in printed(shown, 240).splitlines()]
    return {cells[0]: cells[1:] for cells in rows}


def without(*instrument_ids: str) -> Snapshot:
    return now(*(e for e in market() if getattr(e, "instrument_id", "") not in instrument_ids))


def test_a_whole_tree_has_no_mark() -> None:
    text = printed(exposure_table(revalued(held(), now())), 240)
    assert "?" not in text
    assert "unknown" not in text


def test_partial_sums_are_marked_and_nothing_known_is_unknown() -> None:
    table = revalued(held(), without(CALL.instrument_id, "ETH-PERP", "LF"))
    rows = lines(exposure_table(table))
    # Nothing of it is known: neither of the two contracts has a mark.
    (ether,) = [r for r in table.rows if r.node == "desk/binance/perps/ETH"]
    assert (ether.value_usd, ether.delta_spot_usd) == (0.0, 0.0)
    shown = printed(exposure_table(table), 240).splitlines()
    at = next(n for n, line in enumerate(shown) if line.strip().startswith("binance"))
    binance = [re.split(r"\s{2,}", line.strip()) for line in shown[at : at + 8]]
    (nothing,) = [cells for cells in binance if cells[0] == "ETH"]
    assert nothing[1:7] == ["unknown"] * 6
    # The desk knows a part of every figure.
    assert all(
        re.fullmatch(r"-?[\d,.]+\?", cell) for cell in (*rows["desk"][:2], *rows["desk"][3:6])
    )
    assert rows["desk"][2] == "several"
    # A node with nothing missing is plain.
    assert all(cell == "" or "?" not in cell for cell in rows["aave"])
    assert "A number with ? is not whole" in printed(exposure_table(table), 240)


def test_the_second_table_buckets_and_crosses_are_marked_too() -> None:
    at = without(CALL.instrument_id)
    table: ExposureTable = revalued(held(), at)
    higher = printed(exposure_table(table, with_higher=True), 400).split("Rho and the Greeks")[1]
    desk = next(line for line in higher.splitlines() if line.startswith("desk"))
    assert desk.count("?") == 9
    made, crossed = buckets(held(), at, "desk"), cross_gammas(held(), at, "desk")
    assert not isinstance(made, Failure)
    assert not isinstance(crossed, Failure)
    rows = lines(bucket_tables(made))
    assert rows["all"][0].endswith("?")
    assert sum("?" in cell for cell in lines(cross_table(crossed))["BTC"]) == 3


def test_partial_interest_and_net_are_marked_and_rates_are_shown() -> None:
    rate = {"supply_frac_per_year": Decimal("0.01"), "borrow_frac_per_year": Decimal("0.02")}
    events = tuple(
        msgspec.structs.replace(e, **rate) if getattr(e, "asset", "") == "USDC" and hasattr(
            e, "borrow_index_ray") else e
        for e in market()
    )  # fmt: skip
    at = now(*events)
    table = funding(held(), value(held(), at), at)
    rows = lines(funding_table(table))
    desk = rows["desk"]
    assert not desk[0].endswith("?")  # funding is whole
    assert desk[3].endswith("?")  # interest is not
    assert desk[4].endswith("?")  # nor is both together
    assert desk[5] == "without supply:wstETH"
    assert not rows["binance"][4].endswith("?")
    assert rows["BTC-PERP"] == ["+0.0100 %", "8 h"]
    assert rows["ETH-PERP"] == ["-0.0050 %", "8 h"]


def exits(*events: MarketEvent) -> tuple[RenderableType, LiquidityRow]:
    of = book(
        [account(positions={"BTC-PERP": (1, 50_000), "ETH-PERP": (1, 2_000)})],
        by_id(perpetual(), perpetual("ETH")),
    )
    at = now(*market(), *events)
    made = liquidity(of, value(of, at), at, participation_frac=0.1)
    row = made.row("desk")
    assert not isinstance(row, Failure)
    return liquidity_tables(made, row), row


def test_costs_and_times_to_leave_say_apart_what_they_lack() -> None:
    shown, row = exits(order_book("BTC-PERP", 60000, half_spread=10, size=5))
    assert (row.cost_usd, row.exit_hours) == (10.0, None)
    desk = lines(shown)["desk"]
    assert desk == ["10.00?", "unknown", "cost without ETH-PERP; time without BTC-PERP, ETH-PERP"]
    assert "what its cost or its time leaves out" in printed(shown, 240)


def laddered(at: Snapshot) -> ScenarioLadder:
    found = ladder(
        held(), at, "desk",
        spot_moves_frac=[0.0, 0.1], vol_moves_volpt=[0.0], elapsed_days=[0.0],
    )  # fmt: skip
    assert isinstance(found, ScenarioLadder)
    return found


def test_a_ladder_marks_the_cells_that_miss_something_and_no_others() -> None:
    whole = laddered(now())
    assert "?" not in printed(ladder_tables(whole), 240)
    trouble = Failure(subject="X", reason="missing_data", message="no X")
    first, second = whole.cells
    for cells, marked in (
        ((first, msgspec.structs.replace(second, missing=(trouble,))), "+10"),
        ((msgspec.structs.replace(first, missing=(trouble,)), second), "0"),
    ):
        rows = lines(ladder_tables(msgspec.structs.replace(whole, cells=cells)))
        other = {"+10": "0", "0": "+10"}[marked]
        assert [cell.endswith("?") for cell in rows[marked]] == [True] * 3
        assert [cell.endswith("?") for cell in rows[other]] == [False] * 3


def test_a_ladder_without_a_comparison_shows_none() -> None:
    found = ladder(
        held(), now(), "coin/USDC",
        spot_moves_frac=[0.0, 0.1], vol_moves_volpt=[0.0], elapsed_days=[0.0],
    )  # fmt: skip
    assert isinstance(found, ScenarioLadder)
    text = printed(ladder_tables(found), 240)
    assert "Missed" not in text
    assert "it is not compared with the Greeks" in text
    assert "Missed" in printed(ladder_tables(laddered(now())), 240)


def test_a_ladder_says_what_stands_still() -> None:
    text = printed(ladder_tables(laddered(now())), 240)
    assert "staking and vault growth stand still" in text
    assert "the vols of all coins move" in text


@pytest.mark.parametrize("node", ["desk", "coin/BTC"])
def test_a_desk_in_order_has_nothing_to_explain(node: str) -> None:
    table = aggregate(held(), value(held(), now()), now())
    assert table.row(node) is not None
    assert "not whole" not in printed(exposure_table(table), 240)


def test_an_unused_quote_is_no_trouble() -> None:
    assert "?" not in printed(exposure_table(revalued(held(), now(*market(), quote("X", 1)))), 240)
