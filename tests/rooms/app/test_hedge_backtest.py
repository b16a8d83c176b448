"""``hedgerow hedge backtest``: policies through one market, and what must hold of each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from math import fsum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import polars as pl
import pytest

from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market, open_market
from hedgerow.app.hedge_backtest import POLICIES, HedgeTerms, Policy, backtest
from hedgerow.errors import Failure, RequestRejected
from hedgerow.market import Candle, MarketEvent
from hedgerow.reporting.backtests import HedgeRun, unexplained
from hedgerow.risk import Method
from hedgerow.units import HOUR_NS
from tests.rooms.app.made import Answer, hedgerow_here, morning

ALL = ("--loss", "30000", "--gas", "2", "--width", "0.5", "--interval", "1h", "--every", "1h")
# Named bands need a vol, which the package has; a fixed cost needs a band that is named.
NAMED = ("band_min_coin = 0.1", 'band_min_coin = 0.1\nband = "whalley-wilmott"')
SOME = ("none", "stop-loss", "zakamouline")
TERMS = HedgeTerms(loss_usd=30_000.0, fixed_cost_usd=2.0, width_coin=0.5)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"), NAMED)


@pytest.fixture(scope="module")
def told(words: list[str]) -> Any:
    return ask(words, *ALL, "--json").json()


@pytest.fixture(scope="module")
def opened(words: list[str]) -> tuple[Desk, Market]:
    return open_market(Path(words[0]), Path(words[2]), None, only_held=True)


def ask(words: list[str], *more: str) -> Answer:
    return hedgerow_here("hedge", "backtest", *words, *more, cwd=Path(words[0]).parent)


def follow(opened: tuple[Desk, Market], policy: Policy, terms: HedgeTerms = TERMS) -> HedgeRun:
    desk, market = opened
    return backtest(
        desk, market, policy, terms,
        start_ns=desk.start_ns, end_ns=desk.end_ns, every_ns=HOUR_NS,
    )  # fmt: skip


def line_usd(run: HedgeRun, name: str) -> list[float]:
    rows = [each.row("desk") for each in run.explained["full"]]
    return [row.lines_usd[name] for row in rows if not isinstance(row, Failure)]


def test_every_policy_is_followed_and_its_profit_explained_to_the_cent(told: Any) -> None:
    assert list(told["policies"]) == sorted(POLICIES)
    for name, each in told["policies"].items():
        assert len(each["steps"]) == 4
        full = each["unexplained"]["full"]["all"]
        assert full["unknown_count"] == 0
        # Every fill, fee, funding and forced sale was told, or the books would not add up.
        assert full["unexplained_usd"] < 0.01, name
        assert each["unexplained"]["taylor"]["all"]["unexplained_frac"] < 0.02
        figures = each["figures"]
        for key in ("fees_usd", "spread_usd", "funding_usd"):
            assert figures[key] == pytest.approx(fsum(step[key] for step in each["steps"]))
        profit = fsum(step["profit_usd"] for step in each["steps"])
        assert figures["profit_usd"]["at_figure"] == pytest.approx(profit)
        # Four steps tell nothing of how it might have gone otherwise.
        bounds = figures["cost_usd_per_day"]
        assert bounds["low_figure"] is bounds["high_figure"] is None
    trades = {name: each["figures"]["trades_count"] for name, each in told["policies"].items()}
    assert trades["none"] == 0
    assert min(count for name, count in trades.items() if name != "none") > 0


@pytest.mark.slow
def test_fees_are_those_the_explanation_says_and_no_more(opened: tuple[Desk, Market]) -> None:
    found = follow(opened, "whalley-wilmott")
    fees = [each.fees_usd for each in found.steps]
    assert fees == pytest.approx([-each for each in line_usd(found, "fees")])
    assert fsum(fees) > 0
    # The perpetual venue's taker fee on what was traded, at prices of the morning.
    traded = fsum(abs(b - a) for a, b in _pairs(-5.5, found.hedge_coin["BTC"]))
    assert fsum(fees) >= 0.0004 * traded * 66_000
    carry = [each.funding_usd for each in found.steps]
    assert carry == pytest.approx(line_usd(found, "carry"))
    assert sum(each != 0 for each in carry) == 1


def _pairs(first: float, rest: tuple[float, ...]) -> Iterator[tuple[float, float]]:
    yield from zip((first, *rest), rest, strict=False)


@pytest.mark.slow
def test_a_desk_left_alone_gains_what_risk_explain_says(tmp_path: Path) -> None:
    """With coins enough: what is held is not liquidated, which `risk explain` never does."""
    safe = morning(tmp_path, NAMED, ('balances = { BTC = "3" }', 'balances = { BTC = "30" }'))
    alone = ask(safe, "--policy", "none", "--every", "1h", "--json").json()["policies"]["none"]
    assert alone["liquidations"] == []
    held = hedgerow_here("risk", "explain", *safe, "--every", "1h", "--json", cwd=tmp_path).json()
    rows = [
        next(row for row in step["rows"] if row["node"] == "desk")
        for step in held["methods"]["full"]["steps"]
    ]
    assert [step["profit_usd"] for step in alone["steps"]] == pytest.approx(
        [row["actual_usd"] for row in rows], abs=1e-6
    )


@pytest.mark.slow
def test_the_same_run_writes_the_same_bytes(words: list[str], tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        some = [word for policy in SOME for word in ("--policy", policy)]
        told = ask(words, *ALL, *some, "--json", "--out", str(tmp_path / name))
        assert "steps.parquet written" in told.err
        files = sorted((tmp_path / name).iterdir())
        assert [each.name for each in files] == ["policies.parquet", "steps.parquet"]
        written.append((told.out, [each.read_bytes() for each in files]))
    assert written[0] == written[1]
    steps = pl.read_parquet(tmp_path / "one" / "steps.parquet")
    assert steps["policy"].unique(maintain_order=True).to_list() == list(SOME)
    assert len(steps) == 4 * len(SOME)
    lines = [each for each in steps.columns if each.startswith("full_") and "gross" not in each]
    off = steps["profit_usd"] - steps.select(pl.sum_horizontal(lines)).to_series()
    assert off.abs().max() < 1e-6  # type: ignore[operator]
    policies = pl.read_parquet(tmp_path / "one" / "policies.parquet")
    assert policies["policy"].to_list() == list(SOME)
    # Of four steps no bound is known, and a number all the same.
    assert policies["low_profit_usd"].null_count() == len(SOME)
    assert policies["low_profit_usd"].dtype == pl.Float64


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["stop-loss", "zakamouline", "combined-cost"])
def test_what_comes_later_changes_nothing_before(
    opened: tuple[Desk, Market], policy: Policy
) -> None:
    desk, market = opened
    turn_ns = desk.start_ns + 2 * HOUR_NS

    def bent(events: Callable[[], Iterator[MarketEvent]]) -> Iterator[MarketEvent]:
        for event in events():
            if event.time_ns > turn_ns and isinstance(event, Candle):
                factor = Decimal("1.2")
                event = msgspec.structs.replace(
                    event,
                    price_open_usd=event.price_open_usd * factor,
                    price_high_usd=event.price_high_usd * factor,
                    price_low_usd=event.price_low_usd * factor,
                    price_close_usd=event.price_close_usd * factor,
                )
            yield event

    other = replace(market, events=lambda: bent(market.events))
    one, two = follow((desk, market), policy), follow((desk, other), policy)
    assert one.steps[:2] == two.steps[:2]
    assert one.hedge_coin["BTC"][:2] == two.hedge_coin["BTC"][:2]
    assert one.explained["full"][:2] == two.explained["full"][:2]
    assert one.steps[2:] != two.steps[2:]


@pytest.mark.slow
def test_a_stop_closes_once_and_stays_closed(opened: tuple[Desk, Market]) -> None:
    run = follow(opened, "stop-loss")
    losses = [each.profit_usd or 0.0 for each in run.steps]
    traded = [each.trades_count for each in run.steps]
    first = next(at for at, count in enumerate(traded) if count)
    assert not any(traded[:first])
    assert fsum(losses[: first + 1]) < -30_000
    for delta in run.delta_coin["BTC"][first:]:
        assert delta == pytest.approx(0.0, abs=0.15)
    assert all(abs(each) < 2_000 for each in losses[first + 1 :])
    # The options were bought beyond their marks, by half of what was quoted.
    assert run.steps[first].spread_usd > 200


@pytest.mark.slow
def test_books_less_deep_cost_more(opened: tuple[Desk, Market]) -> None:
    deep, thin = (
        follow(opened, "leland", replace(TERMS, interval_ns=HOUR_NS, depth_factor_frac=factor))
        for factor in (1.0, 0.02)
    )
    spreads = [fsum(each.spread_usd for each in run.steps) for run in (deep, thin)]
    assert spreads[1] > 2 * spreads[0] > 0
    none_left = follow(opened, "fixed", replace(TERMS, depth_factor_frac=1e-6))
    assert sum(each.trades_count for each in none_left.steps) == 0
    assert any("order book" in each for each in none_left.troubles)


@pytest.mark.slow
def test_a_policy_may_look_at_chains_alone(opened: tuple[Desk, Market]) -> None:
    """One chain comes in the window, at 06:00: all that is traded is traded then."""
    terms = replace(TERMS, looks_at_chains=True)
    run = follow(opened, "fixed", terms)
    assert [each.trades_count for each in run.steps] == [1, 0, 0, 0]
    desk, market = opened
    by_chain = backtest(
        desk, market, "fixed", terms, start_ns=desk.start_ns, end_ns=desk.end_ns, every_ns=None
    )
    assert [each.end_ns - desk.start_ns for each in by_chain.steps] == [HOUR_NS, 4 * HOUR_NS]


@pytest.mark.slow
def test_what_is_liquidated_is_told_and_explained(tmp_path: Path) -> None:
    poor = morning(tmp_path, NAMED, ('balances = { BTC = "3" }', 'balances = { BTC = "2.2" }'))
    told = ask(poor, "--policy", "none", "--every", "1h", "--json").json()["policies"]["none"]
    assert told["liquidations"]
    assert told["figures"]["liquidations_usd"] > 0
    assert told["unexplained"]["full"]["all"]["unexplained_usd"] < 0.01
    # Left alone it may be; hedged it may not, and hedges cannot save this one.
    shown = ask(poor, "--policy", "none", "--every", "1h")
    assert shown.code == 0
    assert "none: liquidated: equity" in " ".join(shown.out.split())
    hedged = ask(poor, "--policy", "none", "--policy", "fixed", "--every", "1h")
    assert hedged.code == 1
    assert "exit 1: fixed: options was liquidated" in hedged.err


@pytest.mark.slow
def test_policies_are_held_against_one_of_them(words: list[str]) -> None:
    two = ("--policy", "none", "--policy", "fixed", "--every", "1h", "--against", "none")
    told = ask(words, *two, "--json").json()["policies"]
    assert told["none"]["difference"] is None
    gained = [sum(step["profit_usd"] for step in told[name]["steps"]) for name in ("fixed", "none")]
    less = told["fixed"]["difference"]["profit_usd"]
    assert less["at_figure"] == pytest.approx(gained[0] - gained[1])
    assert less["low_figure"] is less["high_figure"] is None
    said = ask(words, *two).out
    assert "Less none, over the same steps" in said
    assert "[unknown]" in said


@pytest.mark.slow
def test_a_person_sees_two_tables_and_what_was_assumed(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "policies.svg"
    answer = ask(words, "--every", "2h", "--plot", str(path))
    said = " ".join(answer.out.split())
    for part in (
        "Policies over 2 steps, 0.2 days",
        "stays unexplained",
        "stop-loss is left out: it closes at a loss that --loss states.",
        "fixed-cost is left out",
        "No collateral is moved",
        "what 95 % of the runs redrawn",
    ):
        assert part in said, answer.out
    # The options are liquidated on the way, whatever holds the delta.
    assert answer.code == 1
    assert "whalley-wilmott: options was liquidated" in answer.err
    drawing = path.read_text(encoding="utf-8")
    ElementTree.fromstring(drawing)
    assert drawing.count("<polyline") >= 4 * 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--policy", "magic"), "--policy magic: there are none, stop-loss, fixed"),
        (("--policy", "stop-loss"), "--policy stop-loss: it closes at a loss that --loss states"),
        (("--policy", "fixed-cost"), "has no fixed cost; write --gas"),
        (("--budget", "1", "--shortfall", "100"), "choose one"),
        (("--look", "6"), "--look 6: write a duration"),
        (("--look", "1s"), "--look 1s: must be at least a minute"),
        (("--interval", "0s"), "must be above 0"),
        (("--every", "1s"), "--every 1s: must be at least a minute"),
        (("--from", "soon"), "--from soon: write a time such as"),
        (("--to", "2026-02-01T12:00:00Z"), "lies outside"),
        (("--to", "2026-02-01T05:00:00Z"), "must be later than --from"),
        (("--depth", "0"), "--depth"),
        (("--against", "stop-loss"), "--against stop-loss: is not followed; there are none, fix"),
        (("--plot", "x.png"), "a drawing is SVG"),
        (("--out", "desk.toml"), "is not a folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], more: tuple[str, ...], said: str
) -> None:
    answer = ask(words, *more)
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.slow
def test_a_step_without_a_quote_is_unknown_and_ends_with_1(tmp_path: Path) -> None:
    stale = morning(tmp_path, NAMED, ('option = "6h"', 'option = "1h"'))
    answer = ask(stale, "--policy", "none", "--every", "1h")
    assert answer.code == 1
    assert "steps is unknown" in answer.err


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["none", "stop-loss", "whalley-wilmott", "leland"])
def test_little_of_the_recorded_week_stays_unexplained(shared_data: Path, policy: Policy) -> None:
    """The bars of issue 6, after every chain from 2026-01-29 to 2026-02-06."""
    path = Path(__file__).resolve().parents[3] / "examples" / "hedged_strangle_2026_02.toml"
    desk, market = open_market(path, shared_data, None, only_held=True)
    terms = HedgeTerms(loss_usd=150_000.0)
    run = backtest(
        desk, market, policy, terms, start_ns=desk.start_ns, end_ns=desk.end_ns, every_ns=None
    )
    assert len(run.steps) == 36
    assert not run.troubles
    methods: tuple[tuple[Method, float], ...] = (("taylor", 0.02), ("full", 0.01))
    for method, bar_frac in methods:
        for part in unexplained(run, method).values():
            assert part.unknown_count == part.alerts_count == 0
            assert part.unexplained_frac is not None
            assert part.unexplained_frac <= bar_frac


@pytest.mark.slow
def test_a_desk_without_hedges_is_only_left_alone(opened: tuple[Desk, Market]) -> None:
    desk, market = opened
    bare = replace(desk, hedges=())
    assert follow((bare, market), "none").steps
    with pytest.raises(RequestRejected, match="the desk file hedges no coin"):
        follow((bare, market), "fixed")
