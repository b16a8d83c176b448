"""What a terminal, a pipe and the plan commands print."""

import io
import re
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console, RenderableType

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Failure
from hedgerow.exposure import ExposureRow, ExposureTable
from hedgerow.limits import METRICS
from hedgerow.margin import MarginLine, MarginReport, WorstScenario
from hedgerow.margin.tiered import no_tiers
from hedgerow.planning import Plan, Transfer
from hedgerow.pricing import GREEKS, VOL_REGIME
from hedgerow.reporting import (
    LiveView,
    daily,
    explain_tables,
    exposure_table,
    margin_tables,
    plan_tables,
    render_frame,
    rulebooks_table,
    summary,
    summary_tables,
    what_if_tables,
)
from hedgerow.reporting.doings import doings
from hedgerow.reporting.figures import clock, usd
from hedgerow.reporting.greeks import shown_metrics
from hedgerow.reporting.headline import headlines
from hedgerow.reporting.measures import text_distance, text_use
from hedgerow.reporting.panels import greek_charts
from hedgerow.simulation import Episode, Undone
from hedgerow.solvency import Standing, StandingChange, WhatIf
from hedgerow.units import HOUR_NS
from tests.builders import exposure_row
from tests.rooms.reporting.sample import START_NS, UNKNOWN_ROWS, sample

GREEKS_NONE = dict.fromkeys(GREEKS, 0.0)
FAILURE = Failure(subject="BTC-X", reason="stale_data", message="quote is 14 h old")


def tree(*rows: ExposureRow, age_ns: int | None = None) -> ExposureTable:
    return ExposureTable(
        time_ns=START_NS, rows=rows, option_age_ns_max=age_ns, vol_regime=VOL_REGIME
    )


def printed(picture: RenderableType, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(picture, crop=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def helped() -> Episode:
    return sample(helped=True)


def test_a_frame_shows_accounts_limits_and_time_left(helped: Episode) -> None:
    text = printed(
        render_frame(
            helped.frames[5], title="desk", progress_frac=0.25, elapsed_s=30.0,
            actions=helped.actions[:7], alerts=("look here",),
        )
    )  # fmt: skip
    for words in ("25 %", "about 1 min 30 s to go", "perp-1", "watch", "Last actions, of 7",
                  "look here", "BTC", "none in range"):  # fmt: skip
        assert words in text


def test_a_frame_of_unknowns_says_so(helped: Episode) -> None:
    text = printed(render_frame(helped.frames[UNKNOWN_ROWS[0]], title="", progress_frac=0.0))
    assert "desk equity unknown USD" in text
    assert text.count("unknown") >= 10
    assert "no quote for 13 h" in text


@pytest.mark.parametrize("metric", GREEKS)
def test_a_greek_that_has_a_limit_is_shown(helped: Episode, metric: str) -> None:
    state = msgspec.structs.replace(helped.frames[0].limits[0], metric=metric)
    row = msgspec.structs.replace(exposure_row("coin/BTC"), **{metric: 1_234_567.0})
    frame = msgspec.structs.replace(
        helped.frames[0], limits=(state,), prices_usd={"BTC": 1.0}, exposures={"BTC": row}
    )
    titles = [METRICS[name].title for name in shown_metrics([frame])]
    assert GREEKS[metric].title.lower() in titles
    lines = printed(render_frame(frame, title="", progress_frac=0.0), 400).splitlines()
    assert any(GREEKS[metric].title in line.split() for line in lines)
    assert "1,234,567" in next(line for line in lines if line.startswith("BTC "))
    charts = greek_charts([msgspec.structs.replace(helped, frames=(frame,))])
    (chart,) = next(row for row in charts if row[0].chart_id == f"{GREEKS[metric].title.lower()}-0")
    assert chart.groups[0].lines[0].values == (1_234_567.0,)


def test_the_desk_stands_below_its_coins_and_is_no_coin(helped: Episode) -> None:
    rows = {"BTC": exposure_row("coin/BTC"), "desk": exposure_row(theta_usd_per_day=777.0)}
    frame = msgspec.structs.replace(helped.frames[0], prices_usd={"BTC": 1.0}, exposures=rows)
    lines = printed(render_frame(frame, title="", progress_frac=0.0)).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("Net"))
    nodes = [line.split()[0] for line in lines[start + 1 : start + 6] if line.strip()]
    assert nodes.index("desk") == nodes.index("BTC") + 1
    assert next(line for line in lines if line.startswith("desk ")).split()[-1] == "777"
    charts = greek_charts([msgspec.structs.replace(helped, frames=(frame,))])
    assert {line.label for row in charts for line in row[0].groups[0].lines} == {"BTC"}


def test_names_are_not_markup(helped: Episode) -> None:
    name = "[red]evil[/red][/]"
    frame = msgspec.structs.replace(helped.frames[0], missing=(name,), prices_usd={name: 1.0})
    assert printed(render_frame(frame, title=name, progress_frac=0.0)).count(name) == 4


def test_a_pipe_gets_one_line_per_day(helped: Episode) -> None:
    out = io.StringIO()
    with LiveView("desk", "with hedgerow", console=Console(file=out, width=40)) as view:
        for frame in helped.frames:
            view.see(frame, actions=[a for a in helped.actions if a.time_ns <= frame.time_ns])
    lines = out.getvalue().splitlines()
    rows = daily(helped)
    assert [line[:22] for line in lines] == [f"with hedgerow: {day.date[:7]}" for day in rows]
    count = 0
    for line, day in zip(lines, rows, strict=True):
        count += day.actions_count
        assert line.startswith(f"with hedgerow: {day.date}")
        assert f"equity {usd(day.equity_usd)} USD" in line
        assert f"  {count:,} action" in line
    whole = summary(helped)
    assert f"worst use so far {text_use(whole.use)}  " in lines[-1]
    assert f"nearest so far {text_distance(whole.distance)}  " in lines[-1]


def test_a_log_does_not_depend_on_how_often_it_is_drawn(helped: Episode) -> None:
    logs = []
    for often in (1, 7):
        out = io.StringIO()
        with LiveView("desk", console=Console(file=out, width=40)) as view:
            for n, frame in enumerate(helped.frames):
                view.see(frame)
                if n % often == 0:
                    view.draw(progress_frac=0.5, elapsed_s=0.1 * n)
        logs.append(out.getvalue())
    assert logs[0] == logs[1]


def test_what_is_being_done_is_one_line(helped: Episode) -> None:
    first, *_ = helped.actions
    sent = next(a for a in helped.actions if a.status == "credited")
    under_way = msgspec.structs.replace(sent, status="acknowledged")
    assert doings([]) == "0 actions"
    assert doings([first]).startswith("1 action, ")
    text = doings([first, under_way])
    assert text.startswith("2 actions, ")
    assert f"last: {clock(sent.time_ns)[-5:]} top up 12.5 BTC to options" in text
    assert text.endswith("; under way: 12.5 BTC to options")
    idea = msgspec.structs.replace(first, status="proposed")
    assert doings([idea]).startswith("1 proposal, nothing sent; last: ")
    shown = printed(
        render_frame(helped.frames[0], title="", progress_frac=0.5, actions=[first, under_way])
    )
    assert text in shown


NUMBER = re.compile(r"[-+]?\d[\d,.]*(?: %)?")


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_number_is_cut_or_broken_in_a_narrow_terminal(helped: Episode, width: int) -> None:
    pictures = [
        summary_tables((sample(helped=False), helped)),
        render_frame(helped.frames[100], title="desk", progress_frac=0.5, actions=helped.actions),
    ]
    for picture in pictures:
        narrow, wide = printed(picture, width), printed(picture, 400)
        assert "…" not in narrow
        assert set(NUMBER.findall(narrow)) <= set(NUMBER.findall(wide))
        if width >= 80:
            assert max(map(len, narrow.splitlines())) <= width


def test_a_tree_of_exposures_fits_a_narrow_terminal() -> None:
    row = ExposureRow(
        node="desk", value_usd=3_691_154.0, delta_spot_usd=-3_238_665.0, delta_spot_coin=None,
        delta_premium_adjusted_coin=None, is_estimate=False, missing=(),
        **GREEKS_NONE | {"gamma_usd_per_pct": -82_055.0, "vega_usd_per_volpt": -998.61,
                         "theta_usd_per_day": 2_436.0},
    )  # fmt: skip
    leaf = msgspec.structs.replace(row, node="desk/v/a/USDC/none", delta_spot_coin=-900_010.685)
    text = printed(
        exposure_table(tree(row, leaf)),
        80,
    )
    assert max(map(len, text.splitlines())) <= 80
    assert "-900,011" in text
    assert "Trust" not in text


def test_a_narrow_terminal_leaves_out_what_only_explains(helped: Episode) -> None:
    frame = helped.frames[UNKNOWN_ROWS[0]]
    remarked = msgspec.structs.replace(frame.limits[0], message="three options have no quote")
    frame = msgspec.structs.replace(frame, limits=(remarked,))
    narrow = printed(render_frame(frame, title="desk", progress_frac=0.5), 80)
    wide = printed(render_frame(frame, title="desk", progress_frac=0.5), 140)
    for name in ("Venue", "Confidence", "Remark"):
        assert name not in narrow
        assert name in wide


def test_limits_broken_and_things_undone_are_printed(helped: Episode) -> None:
    frames = list(helped.frames)
    state = msgspec.structs.replace(
        frames[-1].limits[1], rung="hard", value_frac_usd_or_coin=-612_345.0
    )
    frames[-1] = msgspec.structs.replace(frames[-1], limits=(state,))
    undone = Undone(
        subject="BTC", message="budget of the day is spent", first_ns=START_NS,
        last_ns=START_NS + HOUR_NS, steps_count=12,
    )  # fmt: skip
    text = printed(
        summary_tables([msgspec.structs.replace(helped, frames=tuple(frames), undone=(undone,))])
    )
    narrow = printed(
        summary_tables([msgspec.structs.replace(helped, frames=tuple(frames), undone=(undone,))]),
        80,
    )
    assert max(map(len, narrow.splitlines())) <= 80
    assert "-612,345" in narrow
    for words in (
        "Hard limits broken, with hedgerow", "-612,345 USD", "500,000 USD", "yes",
        "Limits that could not be judged", "3 options have no quote", "Left undone",
        "budget of the day is spent", "1, 1 still at the end",
    ):  # fmt: skip
        assert words in text


def test_a_terminal_gets_a_picture_that_goes_away(helped: Episode) -> None:
    out = io.StringIO()
    with LiveView(
        "desk", console=Console(file=out, force_terminal=True, width=120, height=60)
    ) as view:
        view.see(helped.frames[0])
        view.draw(progress_frac=0.5, elapsed_s=2.0)
        assert "Accounts" in out.getvalue()


def test_the_end_prints_the_headlines_side_by_side(helped: Episode) -> None:
    pair = (sample(helped=False), helped)
    text = printed(summary_tables(pair))
    for headline in headlines([summary(episode) for episode in pair]):
        line = next(line for line in text.splitlines() if line.startswith(headline.name))
        assert all(part in line for part in headline.texts)
    assert "left alone: Liquidated" in text


def test_an_incomplete_total_says_what_it_leaves_out() -> None:
    row = ExposureRow(
        node="desk", value_usd=1_234_567.0, delta_spot_usd=-2_000.0, delta_spot_coin=None,
        delta_premium_adjusted_coin=None, is_estimate=True, missing=(FAILURE,),
        **GREEKS_NONE | {"gamma_usd_per_pct": 1.0, "vega_usd_per_volpt": 2.0,
                         "theta_usd_per_day": 3.0},
    )  # fmt: skip
    leaf = msgspec.structs.replace(row, node="desk/v/a", delta_spot_coin=0.5, missing=())
    table = tree(row, leaf, age_ns=2 * HOUR_NS)
    text = printed(exposure_table(table, "opening positions of the desk file"))
    assert text.startswith("opening positions of the desk file\n")
    assert "are peg risk" in text
    assert "1,234,567" in text
    assert "without BTC-X" in text
    assert "quote is 14 h old" in text
    assert "Oldest option quote: 2 h." in text
    assert "    a" in text


def test_a_requirement_is_printed_line_by_line_or_as_unknown() -> None:
    line = MarginLine(rule="scan", subject="BTC", amount_ccy=Decimal("1.25"), detail="cell 3")
    cash = MarginLine(rule="balance", subject="BTC", amount_ccy=Decimal("2.5"))
    report = MarginReport(
        account_id="options", rulebook="deribit/2026-01-15", currency="BTC", time_ns=START_NS,
        confidence="estimate", equity_ccy=Decimal("2.5"),
        requirement_maintenance_ccy=Decimal("1.25"), requirement_initial_ccy=Decimal("1.5"),
        lines=(line,), equity_lines=(cash,),
        worst_scenario=WorstScenario(scenario_index=3, coin="BTC", price_move_frac=Decimal("-0.16"),
                                     vol_shock="up", profit_ccy=Decimal("-1.25")),
    )  # fmt: skip
    text = printed(
        margin_tables(
            {"desk/deribit/options": report, "desk/bybit/by": FAILURE}, "opening positions"
        )
    )
    assert text.startswith("opening positions\n")
    assert "1.25000000" in text
    for words in ("use 50.0 %", "estimate", "cell 3", "headroom +1.2500 BTC",
                  "price of BTC -16.0 %", "vol up", "bybit/by  BTC-X  stale data"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("no oracle answer for BTC-X by noon", "[assumptions.oracle.BTC-X]"),
        ("no staking rate for BTC-X by noon", "[assumptions.staking.BTC-X]"),
        ("no share rate for BTC-X by noon", "[assumptions.share.BTC-X]"),
        ("no lending index for BTC-X by noon", "[assumptions.lending.BTC-X]"),
        ("no quote for BTC-X by noon", "perpetuals or marks, dated_futures, perpetual_quotes"),
        ("no option quote for BTC-X by noon", "[recording] options"),
        ("no index for BTC-X by noon", "list a dollar coin in [dollars]"),
        ("no funding rate for BTC-X by noon", "[recording] funding"),
        ("no power perpetual's state for BTC-X by noon", "[recording] power_perpetuals"),
        ("no order book for BTC-X by noon", "[recording] books, or assume a depth in"),
        ("no entry price", None),
    ],
)
def test_an_unknown_requirement_says_what_to_write(message: str, remedy: str | None) -> None:
    failure = Failure(subject="BTC-X", reason="missing_data", message=message)
    text = printed(margin_tables({"desk/v/a": failure}), width=400)
    assert message in text
    assert (remedy is None) is (f"{message}; " not in text)
    assert (remedy or message) in text


def test_tiers_that_are_not_there_say_where_to_write_them() -> None:
    said = no_tiers(
        "BTC/USDC", instrument_id="BTC-PERP", key='brackets."BTC/USDC"', known=["BTC/USDT"]
    )
    failure = Failure(subject="BTC-PERP", reason="unsupported", message=said)
    text = printed(margin_tables({"desk/v/a": failure}), width=400)
    assert f"{said}; write them into a copy of the rulebook, at VENUE/DAY.toml" in text
    other = Failure(subject="BTC-PERP", reason="unsupported", message="no perpetual of USDC")
    assert "write them" not in printed(margin_tables({"desk/v/a": other}), width=400)


def test_rulebooks_fit_a_hundred_columns_and_say_what_confidence_is() -> None:
    known = list(packaged_rulebooks().values())
    lines = printed(rulebooks_table(known), width=100).splitlines()
    assert max(map(len, lines)) <= 100
    head = next(line for line in lines if line.startswith("Rulebook "))
    assert head.split() == ["Rulebook", "As", "of", "Kind", "Confidence"]
    # A row each, of one line: the sources stand below.
    rows = lines[lines.index(head) + 1 :][: len(known)]
    assert [line.split()[0] for line in rows] == [each.name for each in known]
    assert {line.split()[-1] for line in rows} == {"exact", "estimate"}
    text = " ".join(" ".join(lines).split())
    assert "Confidence: exact where the rules give the venue's own cases to the digit" in text
    assert all(f"{each.name}: {' '.join(each.source.split()[:3])}" in text for each in known)


def shown_rows(text: str) -> list[list[str]]:
    """The numbers with two decimals of each line of a table."""
    return [re.findall(r"-?[\d,]+\.\d\d(?!\d)", line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("amounts", "rest"),
    [(["1.004", "1.004", "1.004"], "0.01"), (["1.006", "1.006"], "-0.01"), (["1", "2"], None)],
)
def test_lines_add_up_as_they_are_shown(amounts: list[str], rest: str | None) -> None:
    """Three lines of 1.004 are 3.01 in sum and 3.00 as shown; a line says where the cent is."""
    lines = tuple(
        MarginLine(rule="tier", subject="BTC", amount_ccy=Decimal(each), detail="1 x 1; 1 = 2 - 1",
                   amount_initial_ccy=2 * Decimal(each))
        for each in amounts
    )  # fmt: skip
    total = sum(map(Decimal, amounts), Decimal(0))
    report = MarginReport(
        account_id="a", rulebook="r", currency="USDC", time_ns=START_NS, confidence="estimate",
        equity_ccy=total, requirement_maintenance_ccy=total, requirement_initial_ccy=2 * total,
        lines=lines, equity_lines=lines,
    )  # fmt: skip
    numbers: list[Decimal] = []
    for row in printed(margin_tables({"a": report})).splitlines()[1:]:
        if row.startswith(("tier", "rounding", "requirement", "equity")):
            numbers.append(Decimal(shown_rows(row)[0][0]))
        if row.startswith(("requirement", "equity")):
            assert sum(numbers[:-1]) == numbers[-1]
            assert len(numbers) == len(amounts) + 1 + (rest is not None)
            numbers.clear()
    text = printed(explain_tables({"a": report}))
    needed, _, counted = text.partition("a: equity")
    for table, columns in ((needed, 2), (counted, 1)):
        rows = [row[:columns] for row in shown_rows(table.partition("\ntier, ")[0]) if row]
        *parts, totals = [[Decimal(each.replace(",", "")) for each in row] for row in rows]
        assert len(parts) >= len(amounts)
        for column in range(columns):
            assert sum(part[column] for part in parts) == totals[column]
    assert ("rounding of what is shown" in needed) is (rest is not None)
    if rest is not None:
        (row,) = [each for each in counted.splitlines() if each.startswith("rounding of")]
        assert row.split()[-1] == rest
    # Where the numbers of a line come from stands below, not in the narrow column.
    assert text.count("tier, BTC: 1 x 1; 1 = 2 - 1") == 2 * len(amounts)


@pytest.mark.parametrize(
    ("maintenance", "initial", "how"),
    [
        ("0", "12.5", "initial only, 12.50: 25 x 0.5"),
        ("1", "2", "25 x 0.5"),
        ("0", "0", "25 x 0.5"),
    ],
)
def test_a_line_that_is_initial_only_says_what_it_asks(
    maintenance: str, initial: str, how: str
) -> None:
    line = MarginLine(
        rule="open orders",
        subject="BTC",
        amount_ccy=Decimal(maintenance),
        detail="25 x 0.5",
        amount_initial_ccy=Decimal(initial),
    )
    report = MarginReport(
        account_id="a", rulebook="r", currency="USDC", time_ns=START_NS, confidence="estimate",
        equity_ccy=Decimal(0), requirement_maintenance_ccy=Decimal(maintenance),
        requirement_initial_ccy=Decimal(initial), lines=(line,), equity_lines=(),
    )  # fmt: skip
    (row,) = [each for each in printed(margin_tables({"a": report})).splitlines() if "0.5" in each]
    assert re.split(r"  +", row.rstrip())[-1] == how


def test_a_change_is_what_the_two_shown_differ_by_in_points() -> None:
    """1.004 to 2.006 is 1.00 to 2.01 as shown: +1.01, where the change itself is +1.00."""

    def standing(ccy: str, use: str, fall: float, rise: float | None) -> Standing:
        return Standing(
            requirement_maintenance_ccy=Decimal(ccy), requirement_initial_ccy=Decimal(ccy),
            equity_ccy=Decimal(ccy), headroom_ccy=Decimal(0), use_frac=Decimal(use),
            distance_down_frac=fall, distance_up_frac=rise, is_liquidatable=False,
            confidence="estimate",
        )  # fmt: skip

    change = StandingChange(
        requirement_maintenance_ccy=Decimal("1.002"), requirement_initial_ccy=Decimal("1.002"),
        equity_ccy=Decimal("1.002"), headroom_ccy=Decimal(0), use_frac=Decimal("0.0492"),
        distance_down_frac=0.1, distance_up_frac=None,
    )  # fmt: skip
    found = WhatIf(
        account_id="a", rulebook="r", currency="USDC", legs=(), marks_ccy=(), change=change,
        before=standing("1.004", "0.1004", -0.2986, None),
        after=standing("2.006", "0.1496", -0.1986, 0.5),
    )  # fmt: skip
    text = printed(what_if_tables({"desk/v/a": found}))
    rows = [re.split(r"  +", row.strip()) for row in text.splitlines()]
    for row in (
        ["equity", "1.00", "2.01", "+1.01"],
        ["use", "10.0 %", "15.0 %", "+5.0 points"],
        ["liquidated by a fall of", "29.9 %", "19.9 %", "-10.0 points"],
        ["liquidated by a rise of", "none in range", "50.0 %", "–"],
    ):
        assert row in rows


def test_plans_say_what_they_do_and_what_they_cannot(helped: Episode) -> None:
    frame = helped.frames[0]
    plan = Plan(
        plan_id="p1", time_ns=START_NS, expires_ns=START_NS + HOUR_NS,
        legs=tuple(a.leg for a in helped.actions if a.status == "credited" or a.cost_usd > 100),
        cost_expected_usd=24.0, limits_before=frame.limits, limits_after=frame.limits[:1],
        assumptions=("depth is modelled",), unmet=(FAILURE,),
    )  # fmt: skip
    text = printed(plan_tables(plan, "market of 22:00"))
    assert text.startswith("market of 22:00\n")
    for words in (
        "repay USDC: wallet to loan",
        "24.00",
        "depth is modelled",
        "Not done",
        "unknown",
    ):
        assert words in text


def test_a_plan_says_which_legs_wait_for_which() -> None:
    bare = Transfer(
        client_id="x-0", source_account_id="cold", target_account_id="perp", asset="USDC",
        quantity_coin=Decimal(5), use="balance", cost_expected_usd=0.0, reason="margin",
    )  # fmt: skip
    later = msgspec.structs.replace(bare, client_id="x-1", waits_for=("x-0",))
    plan = Plan(
        plan_id="x", time_ns=START_NS, expires_ns=START_NS, legs=(bare, later), unmet=(),
        cost_expected_usd=0.0, limits_before=(), limits_after=(), assumptions=(),
    )  # fmt: skip
    rows = [re.split(r"  +", row.strip()) for row in printed(plan_tables(plan)).splitlines()]
    assert [row[:2] for row in rows if row[0] in ("1", "2")] == [
        ["1", "balance USDC: cold to perp"],
        ["2", "1"],
    ]
    alone = msgspec.structs.replace(plan, legs=(bare,))
    assert "Waits for" in printed(plan_tables(plan))
    assert "Waits for" not in printed(plan_tables(alone))
