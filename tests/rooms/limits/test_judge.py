"""The ladder of a limit, as a table; which nodes a scope covers; the unknown is a breach."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import inf, nan

import msgspec
import pytest

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureRow, ExposureTable
from hedgerow.limits import METRICS, Limit, LimitState, Seen, breaches
from hedgerow.limits import judge as judge_seen
from hedgerow.limits.judge import rung_of
from hedgerow.limits.metrics import exposure_of
from hedgerow.margin import MarginLine, MarginReport
from hedgerow.portfolio import book
from hedgerow.pricing import GREEKS, VOL_REGIME
from hedgerow.solvency import Distance
from tests.builders import T0_NS, exact, exposure_row, snapshot

GONE = Failure(subject="BTC-PERP", reason="missing_data", message="no quote for BTC-PERP")


def judge(
    limits: Iterable[Limit],
    exposures: ExposureTable,
    reports: Mapping[str, Outcome[MarginReport]],
    distances: Mapping[str, Outcome[Distance]],
) -> tuple[LimitState, ...]:
    """Judge by tables alone, of a desk that holds nothing."""
    return judge_seen(limits, Seen(book([], {}), snapshot(), exposures, reports, distances))


def limit(metric: str, soft: float, hard: float, scope: str = "desk") -> Limit:
    return Limit(scope=scope, metric=metric, soft_frac_usd_or_coin=soft, hard_frac_usd_or_coin=hard)


def table(*rows: ExposureRow) -> ExposureTable:
    return ExposureTable(time_ns=T0_NS, rows=rows, option_age_ns_max=None, vol_regime=VOL_REGIME)


def report(equity: str, requirement: str) -> MarginReport:
    def line(amount: str) -> tuple[MarginLine, ...]:
        return (MarginLine(rule="r", subject="s", amount_ccy=exact(amount)),)

    return MarginReport(
        account_id="a",
        rulebook="r",
        currency="USD",
        time_ns=T0_NS,
        confidence="estimate",
        equity_ccy=Decimal(equity),
        requirement_maintenance_ccy=Decimal(requirement),
        requirement_initial_ccy=Decimal(requirement),
        lines=line(requirement),
        equity_lines=line(equity),
    )


def moves(down: float | None, up: float | None) -> Distance:
    return Distance(
        account_id="a",
        time_ns=T0_NS,
        down_frac=down,
        up_frac=up,
        searched_down_frac=-0.7,
        searched_up_frac=2.0,
    )


def of_account(
    one: Limit, outcome: Outcome[MarginReport] | Outcome[Distance], node: str = "desk/v/a"
) -> LimitState:
    is_use = one.metric == "margin_use_frac"
    reports: dict[str, Outcome[MarginReport]] = {node: outcome if is_use else GONE}  # type: ignore[dict-item]
    distances: dict[str, Outcome[Distance]] = {node: GONE if is_use else outcome}  # type: ignore[dict-item]
    (state,) = judge([one], table(), reports, distances)
    return state


CEILING = """
    delta_spot_usd  rung
         0          calm
     69999.99       calm
     70000          watch
     99999.99       watch
    100000          soft
    149999.99       soft
    150000          hard
       1e9          hard
    -69999.99       calm
    -70000          watch
   -100000          soft
   -150000          hard
"""


@pytest.mark.parametrize("row", CEILING.strip().splitlines()[1:])
def test_a_ceiling_of_100000_and_150000(row: str) -> None:
    delta, rung = row.split()
    one = limit("delta_spot_usd", 100_000, 150_000)
    (state,) = judge([one], table(exposure_row(delta_spot_usd=float(delta))), {}, {})
    assert state.rung == rung
    assert state.value_frac_usd_or_coin == float(delta)
    assert (state.soft_frac_usd_or_coin, state.hard_frac_usd_or_coin) == (100_000, 150_000)


FLOOR = """
    distance  rung
    0.30      calm
    0.2143    calm
    0.2142    watch
    0.1501    watch
    0.15      soft
    0.0801    soft
    0.08      hard
    0         hard
"""


@pytest.mark.parametrize("row", FLOOR.strip().splitlines()[1:])
@pytest.mark.parametrize("side", ["down", "up"])
def test_a_floor_of_15_and_8_per_cent_of_distance(row: str, side: str) -> None:
    nearest, rung = row.split()
    one = limit("distance_spot_frac", 0.15, 0.08, "desk/*/*")
    near, far = float(nearest), 0.5
    found = moves(-near, far) if side == "down" else moves(-far, near)
    state = of_account(one, found)
    assert state.rung == rung
    assert state.value_frac_usd_or_coin == near


USE = """
    equity  requirement  rung
    200     60           calm
    200     70           watch
    200     100          soft
    200     150          hard
    100     100          hard
    0       1            hard
   -5       0            hard
    0       0            calm
"""


@pytest.mark.parametrize("row", USE.strip().splitlines()[1:])
def test_use_of_half_and_three_quarters(row: str) -> None:
    equity, requirement, rung = row.split()
    state = of_account(limit("margin_use_frac", 0.5, 0.75, "desk/*/*"), report(equity, requirement))
    assert state.rung == rung
    if Decimal(equity) <= 0 and rung == "hard":
        assert state.value_frac_usd_or_coin is None
        assert state.message == "equity is not positive"


def test_no_breach_within_reach_is_the_nearer_edge_of_the_search() -> None:
    state = of_account(limit("distance_spot_frac", 0.15, 0.08, "desk/*/*"), moves(None, None))
    assert state.rung == "calm"
    assert state.value_frac_usd_or_coin == 0.7
    assert state.message == "no breach within 70 % of the joint spot"


@pytest.mark.parametrize("metric", ["margin_use_frac", "distance_spot_frac"])
def test_an_unknown_account_is_a_breach(metric: str) -> None:
    state = of_account(limit(metric, 0.5, 0.5, "desk/*/*"), GONE)
    assert (state.rung, state.value_frac_usd_or_coin) == ("unknown", None)
    assert state.message == "no quote for BTC-PERP"
    (breach,) = breaches([state])
    assert breach.state == state


def test_an_incomplete_node_is_a_breach_however_small_its_sum() -> None:
    twice = (GONE, Failure(subject="A", reason="stale_data", message="old"), GONE)
    (state,) = judge([limit("delta_spot_usd", 1, 2)], table(exposure_row(missing=twice)), {}, {})
    assert (state.rung, state.value_frac_usd_or_coin) == ("unknown", None)
    assert state.message == "incomplete, missing: A, BTC-PERP"


def test_breaches_are_what_calls_for_action() -> None:
    one = limit("delta_spot_usd", 100, 150)
    rows = [exposure_row(f"n{d}", delta_spot_usd=d) for d in (0.0, 80.0, 100.0, 150.0)]
    any_scope = [limit("delta_spot_usd", 100, 150, row.node) for row in rows]
    states = judge(any_scope, table(*rows, exposure_row("x", missing=(GONE,))), {}, {})
    assert [(s.node, s.rung) for s in states] == [
        ("n150.0", "hard"),
        ("n100.0", "soft"),
        ("n80.0", "watch"),
        ("n0.0", "calm"),
    ]
    assert [breach.state.rung for breach in breaches(states)] == ["hard", "soft"]
    assert rung_of(one, 99.0) == "watch"


def test_the_worst_comes_first_and_the_unknown_before_it() -> None:
    rows = (exposure_row("a", delta_spot_usd=1000.0), exposure_row("b", missing=(GONE,)))
    limits = [limit("delta_spot_usd", 1, 2, "a"), limit("delta_spot_usd", 1, 2, "b")]
    assert [state.rung for state in judge(limits, table(*rows), {}, {})] == ["unknown", "hard"]


SCOPES = """
    scope              covers
    desk               desk
    desk/*             desk/binance desk/deribit
    desk/binance       desk/binance
    desk/*/*           desk/binance/perp desk/deribit/main
    desk/deribit/*     desk/deribit/main
    desk/*/main/*      desk/deribit/main/BTC
    desk/*/*/*/*       desk/deribit/main/BTC/2026-02-27
    coin/*             coin/BTC
    *                  desk
    coin               -
    desk/bin*          desk/binance
"""
NODES = (
    "desk",
    "desk/binance",
    "desk/binance/perp",
    "desk/deribit",
    "desk/deribit/main",
    "desk/deribit/main/BTC",
    "desk/deribit/main/BTC/2026-02-27",
    "coin/BTC",
)


@pytest.mark.parametrize("row", SCOPES.strip().splitlines()[1:])
def test_a_star_is_one_step(row: str) -> None:
    scope, *covers = row.split()
    states = judge([limit("delta_spot_usd", 1, 2, scope)], table(*map(exposure_row, NODES)), {}, {})
    assert [state.node for state in states] == [node for node in covers if node != "-"]


def test_account_limits_look_at_accounts_with_a_requirement_only() -> None:
    one = limit("margin_use_frac", 0.5, 0.9, "desk/*/*")
    reports = {"desk/v/a": report("10", "1"), "desk/w/b": report("10", "9")}
    states = judge([one], table(*map(exposure_row, NODES)), reports, dict.fromkeys(reports, GONE))
    assert [(state.node, state.rung) for state in states] == [
        ("desk/w/b", "hard"),
        ("desk/v/a", "calm"),
    ]


@pytest.mark.parametrize(
    "metric", [*GREEKS, "delta_spot_usd", "delta_spot_coin", "delta_premium_adjusted_coin"]
)
def test_each_metric_reads_its_own_column(metric: str) -> None:
    row = msgspec.structs.replace(exposure_row(), **{metric: -5.0})
    (state,) = judge([limit(metric, 4, 6)], table(row), {}, {})
    assert (state.metric, state.value_frac_usd_or_coin, state.rung) == (metric, -5.0, "soft")


def test_whatever_a_greek_is_it_can_be_limited_and_says_its_dollars() -> None:
    assert GREEKS.keys() < METRICS.keys()
    assert METRICS["vega_usd_per_volpt"][:2] == ("vega", "USD per vol point")
    assert METRICS["vanna_usd_per_volpt"][:2] == ("vanna", "USD of delta per pt")
    assert {metric.unit[:3] for name, metric in METRICS.items() if name in GREEKS} == {"USD"}


def test_every_number_of_an_exposure_but_its_value_can_be_limited() -> None:
    told = {"node", "value_usd", "is_estimate", "missing"}
    exposed = {name for name, metric in METRICS.items() if metric.measure is exposure_of}
    assert exposed == set(ExposureRow.__struct_fields__) - told


def test_every_metric_says_what_mends_it() -> None:
    """What is an exposure by its row; what is an account's by what an account has; losses alone."""
    mended = {name: metric.mended_by for name, metric in METRICS.items()}
    assert {name for name, by in mended.items() if by == "exposure"} == {
        name for name, metric in METRICS.items() if metric.measure is exposure_of
    }
    others = {name: by for name, by in mended.items() if by not in ("exposure", None)}
    assert others == {
        "margin_use_frac": "use",
        "distance_spot_frac": "distance",
        "liquidation_probability_frac": "chance",
        "scenario_loss_usd": "losses",
    }
    assert {name for name, metric in METRICS.items() if metric.is_of_account} < others.keys()


def test_a_delta_to_spot_says_what_it_is_counted_in() -> None:
    counted = {name: metric.delta_in for name, metric in METRICS.items() if metric.delta_in}
    assert counted == {
        name: name.removeprefix("delta_spot_") for name in METRICS if name.startswith("delta_spot_")
    }
    assert counted  # and the premium-adjusted one is of another kind


def test_a_delta_in_coins_is_unknown_where_several_coins_are_joined() -> None:
    rows = table(exposure_row("desk"), exposure_row("coin/BTC", delta_spot_coin=-5.0))
    limits = [limit("delta_spot_coin", 4, 6, scope) for scope in ("desk", "coin/*")]
    joined, alone = judge(limits, rows, {}, {})
    assert (joined.rung, joined.value_frac_usd_or_coin) == ("unknown", None)
    assert "joins several coins" in joined.message
    assert (alone.rung, alone.message) == ("soft", "delta_spot_coin is -5")


def test_a_metric_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"limit on desk: no metric 'vomma'; .*volga_usd_per"):
        limit("vomma", 1, 2)


BAD_LIMITS: list[tuple[str, float, float]] = [
    ("delta_spot_usd", nan, 1.0),
    ("delta_spot_usd", 1.0, nan),
    ("delta_spot_usd", inf, inf),
    ("delta_spot_usd", -1.0, 1.0),
    ("delta_spot_usd", 2.0, 1.0),
    ("distance_spot_frac", 0.1, 0.2),
    ("margin_use_frac", 0.5, 1.01),
    ("margin_use_frac", 50, 80),
    ("distance_spot_frac", 0.7, 0.1),
]


@pytest.mark.parametrize(("metric", "soft", "hard"), BAD_LIMITS)
def test_a_limit_that_cannot_bind_is_refused(metric: str, soft: float, hard: float) -> None:
    with pytest.raises(ValueError, match=f"limit {metric} on desk: "):
        limit(metric, soft, hard)


def test_every_fraction_has_a_furthest_bound() -> None:
    """A fraction without one would take per cent and never fire."""
    assert {name for name, metric in METRICS.items() if metric.bound_frac_max is not None} == {
        name for name in METRICS if name.endswith("_frac")
    }
    at_one = limit("margin_use_frac", 1.0, 1.0)
    assert at_one.hard_frac_usd_or_coin == 1.0, "the venue liquidates beyond one, not at it"


def test_no_limit_on_a_distance_is_broken_by_an_account_that_breaks_nowhere() -> None:
    """The search ends 70 % down: what breaks nowhere in it is reported at that edge."""
    one = limit("distance_spot_frac", 0.699, 0.1, "desk/*/*")
    assert of_account(one, moves(None, None)).rung == "watch"
