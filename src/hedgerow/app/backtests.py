"""What ``hedgerow hedge backtest`` does: each policy through the same market, side by side."""

from collections.abc import Sequence

from hedgerow.app.asked import show
from hedgerow.app.assumptions import assumptions
from hedgerow.app.backtest_parts import (
    check_folder,
    progress_of,
    rng_of,
    run_troubles,
    teller,
    window_of,
    write_runs,
)
from hedgerow.app.backtest_request import BacktestAsked
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market, open_market
from hedgerow.app.hedge_backtest import (
    POLICIES,
    HedgeTerms,
    Policy,
    backtest,
    lacking,
    option_depth,
)
from hedgerow.app.lengths import every_ns_of, length_ns
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import OutOfDomain, RequestRejected
from hedgerow.hedging import HedgeBudget
from hedgerow.reporting.backtests import (
    HedgeRun,
    backtest_builtins,
    backtest_svg,
    backtest_tables,
)
from hedgerow.risk import RunDifference, run_difference, run_figures
from hedgerow.units import MINUTE_NS, format_ns

__all__ = ["run_statements", "show_backtest"]

_MOVED = "Collateral is moved by the policy buffered alone, along the routes of the desk; no"


def show_backtest(source: Source, asked: BacktestAsked, *, as_json: bool) -> int:
    """Print what every policy cost and came to; write and draw it where asked to.

    Raises
    ------
    DeskRejected
        If the window is none of the desk's.
    RequestRejected
        If a policy is none or lacks what it follows from, or anything else cannot be meant.
    """
    if asked.plot is not None:
        check_plot(asked.plot)
    check_folder(asked.out)
    terms = _terms(asked)
    desk, market = open_market(source.desk, source.data, source.seed, only_held=True)
    start_ns, end_ns = window_of(desk, asked.start, asked.end)
    every_ns = every_ns_of(asked.every, end_ns - start_ns)
    policies, left_out = _policies(desk, asked, terms)
    if asked.against is not None and asked.against not in policies:
        raise RequestRejected(
            f"--against {asked.against}: is not followed; there are {', '.join(policies)}"
        )
    runs = []
    with progress_of(is_quiet=as_json) as progress:
        for policy in policies:
            runs.append(
                backtest(
                    desk,
                    market,
                    policy,
                    terms,
                    start_ns=start_ns,
                    end_ns=end_ns,
                    every_ns=every_ns,
                    told=teller(progress, policy),
                )
            )
    differences = _differences(runs, asked)
    figures = {found.policy: run_figures(found.steps, rng_of(asked.draw_seed)) for found in runs}
    statements = (*run_statements(desk, market, terms), *left_out)
    if asked.out is not None:
        write_runs(asked.out, runs, figures, as_json=as_json)
    if asked.plot is not None:
        write_plot(asked.plot, backtest_svg(runs), as_json=as_json)
    heading = (
        f"{desk.name}: its opening positions, from {format_ns(start_ns)} to {format_ns(end_ns)}, "
        f"hedged by {len(runs)} polic{'ies' if len(runs) > 1 else 'y'}"
    )
    show(
        backtest_builtins(
            runs, figures, differences, statements=statements, draw_seed=asked.draw_seed
        ),
        backtest_tables(
            runs,
            figures,
            differences,
            heading=heading,
            statements=statements,
            draw_seed=asked.draw_seed,
            against=asked.against,
        ),
        as_json=as_json,
    )
    troubles = [*_liquidated_though_hedged(runs), *run_troubles(runs, figures)]
    return status(troubles, is_quiet=as_json)


def _terms(asked: BacktestAsked) -> HedgeTerms:
    budget = None
    if asked.budget_bps_per_day is not None and asked.shortfall_usd is not None:
        raise RequestRejected("--budget and --shortfall: choose one; a band follows from either")
    if asked.budget_bps_per_day is not None or asked.shortfall_usd is not None:
        budget = HedgeBudget(
            cost_bps_per_day=asked.budget_bps_per_day, shortfall_usd=asked.shortfall_usd
        )
    return HedgeTerms(
        look_ns=None
        if asked.look == "chain"
        else length_ns("--look", asked.look, MINUTE_NS, other="chain"),
        looks_at_chains=asked.look == "chain",
        depth_factor_frac=asked.depth_factor_frac,
        budget=budget,
        fixed_cost_usd=asked.fixed_cost_usd,
        interval_ns=length_ns("--interval", asked.interval),
        width_coin=asked.width_coin,
        loss_usd=asked.loss_usd,
    )


def _policies(
    desk: Desk, asked: BacktestAsked, terms: HedgeTerms
) -> tuple[list[Policy], list[str]]:
    """Give the policies to follow, and what is said of those that `all` leaves out."""
    unknown = [each for each in asked.policies if each not in (*POLICIES, "all")]
    if unknown:
        raise RequestRejected(f"--policy {unknown[0]}: there are {', '.join(POLICIES)}, and all")
    if "all" not in asked.policies:
        named = [each for each in POLICIES if each in asked.policies]
        for each in named:
            why = lacking(desk, each, terms)
            if why is not None:
                raise RequestRejected(f"--policy {each}: {why}")
        return named, []
    reasons = {each: lacking(desk, each, terms) for each in POLICIES}
    told = [f"{each} is left out: {why}." for each, why in reasons.items() if why is not None]
    return [each for each, why in reasons.items() if why is None], told


def _differences(runs: Sequence[HedgeRun], asked: BacktestAsked) -> dict[str, RunDifference]:
    """Compare each run with the one that was named, redrawn by the same blocks."""
    base = next((found for found in runs if found.policy == asked.against), None)
    if base is None:
        return {}
    try:
        return {
            found.policy: run_difference(found.steps, base.steps, rng_of(asked.draw_seed))
            for found in runs
            if found is not base
        }
    except OutOfDomain:  # no step is known in both: the answer says that of each
        return {}


def run_statements(
    desk: Desk, market: Market, terms: HedgeTerms, *, moves_collateral: bool = False
) -> list[str]:
    """Say how policies look and are filled, and all that is assumed."""
    step = _length(terms.look_ns or desk.step_ns)
    when = f"At the first {step} after every chain" if terms.looks_at_chains else f"Every {step}"
    said = [
        f"{when} a policy looks at the desk; its orders are filled at once out of the book of that "
        f"moment. {_MOVED if moves_collateral else 'No collateral is moved and no'} budget of "
        "orders kept.",
    ]
    if terms.depth_factor_frac != 1.0:
        said.append(f"Every order book is taken to be {terms.depth_factor_frac:g} times as deep.")
    if any(each.fixed_cost_usd for each in desk.hedges) or terms.fixed_cost_usd:
        said.append(
            "The fixed cost of a trade is what bands are made by; no venue here charges it."
        )
    if terms.loss_usd is not None:
        said.append(
            f"The stop-loss closes every option on the hedged coins once {terms.loss_usd:,.0f} USD "
            "are lost, and the delta that is left; until then it does nothing. "
            f"{option_depth(desk, terms).statement()}"
        )
    return [*said, *assumptions(desk, market)]


def _length(length_ns: int) -> str:
    minutes = length_ns / MINUTE_NS
    return f"{minutes / 60:g} h" if minutes % 60 == 0 else f"{minutes:g} min"


def _liquidated_though_hedged(runs: Sequence[HedgeRun]) -> list[str]:
    """Say what was liquidated; of a desk left alone that is what hedging is compared with."""
    return [
        f"{found.policy}: {name} was liquidated"
        for found in runs
        if found.policy != "none"
        for name in dict.fromkeys(each.account_id for each in found.liquidated)
    ]
