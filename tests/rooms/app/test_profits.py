"""``hedgerow risk explain``: as JSON, for a person and as a drawing, and what it refuses."""

import json
from decimal import Decimal
from math import fsum
from pathlib import Path
from typing import Any

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.app.held_desk import held_steps
from hedgerow.errors import Failure
from hedgerow.instruments import Option
from hedgerow.market import FundingSettlement, MarketEvent
from hedgerow.risk import explain
from hedgerow.units import HOUR_NS, parse_ns
from tests.builders import index, option_quote, quote
from tests.rooms.app.made import Answer, desk_file, hedgerow_here, morning


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], *more: str) -> Answer:
    return hedgerow_here("risk", "explain", *words, *more, cwd=Path(words[0]).parent)


def node(rows: list[Any], name: str) -> Any:
    (found,) = [row for row in rows if row["node"] == name]
    return found


def test_lines_of_every_step_add_up_in_json(words: list[str]) -> None:
    told = ask(words, "--every", "1h", "--json").json()
    assert set(told) == {"node", "methods"}
    assert set(told["methods"]) == {"taylor", "full"}
    for method in told["methods"].values():
        assert len(method["steps"]) == 4
        for step in method["steps"]:
            for row in step["rows"]:
                lines = fsum((*row["lines_usd"].values(), row["unexplained_usd"]))
                assert lines == pytest.approx(row["actual_usd"], abs=1e-6)
        assert method["pooled"]["all"]["steps_count"] == 4
        assert method["desk_test"] is None
    # Longs pay: a ten-thousandth of 5.5 coins at the mark of 08:00, received by the short.
    last = told["methods"]["full"]["steps"][2]["rows"]
    carry_usd = node(last, "desk/binance/perp/BTCUSDT-PERP")["lines_usd"]["carry"]
    assert carry_usd == pytest.approx(5.5 * 66_460 * 1e-4, rel=0.01)
    assert node(last, "desk")["unexplained_usd"] == pytest.approx(0.0, abs=1e-6)


def test_a_person_sees_lines_steps_nodes_and_what_stays(words: list[str]) -> None:
    shown = ask(words, "--every", "2h", "--from", "2026-02-01T05:00:00Z")
    for text in (
        "desk: 2 steps together",
        "delta of contracts and pool shares",
        "spot, revalued, of contracts and pool shares",
        "coins held, lent, owed or settled in, by their price",
        "Price is in two lines.",
        "A step's move is that of the coin that moved most",
        "desk, by Greeks",
        "desk, by revaluation",
        "desk/deribit/options/BTC-27FEB26-75000-P",
        "large move",
        "By revaluation 0.00 % of the gross stays unexplained",
        "nothing is traded and nothing liquidated",
    ):
        assert text in shown.out, shown.out
    assert shown.code == 0


def test_both_lines_of_price_are_the_whole_delta_times_the_move(words: list[str]) -> None:
    """Two coins and three of collateral are no delta line, and what is short of them is no coins.

    What the exposure tree says of the coin at the start, times its move, is the sum of both.
    """
    window = ("--every", "2h", "--to", "2026-02-01T07:00:00Z", "--method", "taylor")
    told = ask(words, *window, "--json").json()
    (step,) = told["methods"]["taylor"]["steps"]
    held = hedgerow_here("exposure", "show", *words, "--json", cwd=Path(words[0]).parent)
    delta_usd = node(json.loads(held.out)["rows"], "coin/BTC")["delta_spot_usd"]
    row = node(step["rows"], "coin/BTC")
    lines = row["lines_usd"]
    assert row["move_coin"] == node(step["rows"], "desk")["move_coin"] == "BTC"
    whole = delta_usd * row["move_frac"]
    assert lines["delta"] + lines["numeraire"] == pytest.approx(whole, rel=1e-9)
    assert min(abs(lines["delta"]), abs(lines["numeraire"])) > 100.0, "both have a part in it"
    # Five coins lie there, less what the option is worth that is paid in them.
    assert lines["numeraire"] == pytest.approx(5 * row["move_frac"] * 88_000, rel=0.25)
    shown = " ".join(ask(words, *window).out.split())
    assert f"times what each coin moved: {whole:+,.0f} USD." in shown
    assert "Hours BTC % USD" in shown
    assert f" 2.0 {100 * row['move_frac']:+.2f} " in shown


def test_one_node_by_one_method(words: list[str]) -> None:
    shown = ask(words, "--every", "2h", "--node", "coin/BTC", "--method", "taylor").out
    assert "coin/BTC, by Greeks" in shown
    assert "by revaluation" not in shown
    assert "Below" not in shown


def test_from_chain_to_chain_by_the_marks_of_the_venue(words: list[str], tmp_path: Path) -> None:
    early = morning(tmp_path, ('start = "2026-02-01T05:00:00Z"', 'start = "2026-02-01T02:15:00Z"'))
    told = ask(early, "--every", "chain", "--marks", "venue", "--json").json()
    (step,) = told["methods"]["full"]["steps"]
    assert step["end_ns"] - step["start_ns"] == 210 * 60 * 10**9
    row = node(step["rows"], "desk/deribit/options/BTC-27FEB26-75000-P")
    # Marks are rounded to four decimals of a coin, ten contracts short.
    assert 0.0 < abs(row["unexplained_usd"]) < 10 * 0.0001 * 80_000
    shown = ask(early, "--every", "chain", "--marks", "venue").out
    assert "by the marks that the venue printed" in shown
    assert "No funding of BTCUSDT-PERP was heard" in shown


def test_a_drawing_is_written(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "profit.svg"
    told = ask(words, "--every", "1h", "--plot", str(path), "--json")
    assert "written" in told.err
    drawing = path.read_text(encoding="utf-8")
    assert "desk: the profit, explained" in drawing
    assert drawing.count("<polyline") > 5


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--from", "soon"), "--from soon: write a time such as"),
        (("--to", "2026-02-01T12:00:00Z"), "--to 2026-02-01T12:00:00Z lies outside"),
        (("--to", "2026-02-01T05:00:00Z"), "must be later than --from"),
        (("--every", "6"), "--every 6: write a duration such as 90s, 15m, 13h or 2d; or write ch"),
        (("--every", "1s"), "--every 1s: must be at least a minute"),
        (("--every", "chain"), "fewer than two option chains"),
        (("--node", "desk/okx"), "no profit at node desk/okx; there are: desk, desk/binance"),
        (("--plot", "x.png"), "a drawing is SVG"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], more: tuple[str, ...], said: str
) -> None:
    answer = ask(words, *more)
    assert answer.code == 2
    assert said in answer.err


def test_a_step_without_a_quote_is_unknown_and_ends_with_1(tmp_path: Path) -> None:
    stale = morning(tmp_path, ('option = "6h"', 'option = "1h"'))
    answer = ask(stale, "--every", "1h", "--method", "taylor")
    assert answer.code == 1
    assert "steps at desk are unknown by taylor" in answer.err
    assert "unknown" in answer.out
    assert "Unknown in some step" in answer.out


def test_what_expires_is_delivered_on_the_way(tmp_path: Path) -> None:
    """A put of 75,000 delivered at 70,000, ten of them short; and funding at 07:00."""
    desk = load_desk(desk_file(tmp_path, ("BTC-27FEB26-75000-P", "BTC-1FEB26-75000-P")))
    put = desk.instruments["BTC-1FEB26-75000-P"]
    assert isinstance(put, Option)
    at_ns = parse_ns("2026-02-01T05:00:00Z")
    events: list[MarketEvent] = []
    for quarter in range(17):
        time_ns = at_ns + quarter * HOUR_NS // 4
        events += quote("BTCUSDT-PERP", 70_000, time_ns), index("BTC", 70_000, time_ns)
        if time_ns < put.expiry_ns:
            events.append(option_quote(put, 70_000, 0.6, time_ns))
    events.append(
        FundingSettlement(
            time_ns=at_ns + 2 * HOUR_NS, instrument_id="BTCUSDT-PERP", rate_frac=Decimal("0.001")
        )
    )
    events.sort(key=lambda event: event.time_ns)
    steps = list(
        held_steps(desk, events, start_ns=at_ns, end_ns=at_ns + 4 * HOUR_NS, every_ns=2 * HOUR_NS)
    )
    assert [[flow.kind for flow in step.flows] for step in steps] == [["funding"], ["delivery"]]
    assert steps[0].flows[0].quantity_coin == Decimal("385")  # 5.5 · 70,000 · 0.001
    paid_coin = steps[1].flows[0].quantity_coin
    assert paid_coin < -10 * Decimal(5_000) / 70_000  # and the fee of delivery
    assert steps[1].troubles == ()
    last = steps[1]
    found = explain(last.before, last.after, last.start, last.end, flows=last.flows)
    row = found.row("desk/deribit/options/BTC-1FEB26-75000-P")
    assert not isinstance(row, Failure)
    assert row.lines_usd["expiries"] == pytest.approx(row.actual_usd)
    assert row.unexplained_usd == pytest.approx(0.0, abs=1e-6)
    whole = found.row("desk")
    assert not isinstance(whole, Failure)
    assert whole.unexplained_usd == pytest.approx(0.0, abs=1e-6)
