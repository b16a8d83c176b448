"""hedgerow's own portfolio margin, of an account or of accounts together, whose lines add up."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.portfolio.legs import Legs, legs_of
from hedgerow.margin.portfolio.model import PortfolioModel
from hedgerow.margin.portfolio.need import STEP_USD, TailLoss
from hedgerow.margin.portfolio.offsets import Offset, OffsetOf, apart_usd, asked_of, offsets_of
from hedgerow.margin.records import MarginLine, MarginReport, WorstScenario
from hedgerow.market import JointScenarios, Snapshot
from hedgerow.portfolio import Account, Book, book
from hedgerow.units import to_exact

__all__ = ["PortfolioReport", "require_portfolio", "require_together"]


class PortfolioReport(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement and the scan behind it. Losses are positive and include the time to exit.

    Attributes
    ----------
    scenario
        The worst one, in words.
    moves_log, moves_frac
        What each factor does in it, by kind and name: those that move by a log, and those by what
        is added to a skew, a carry or a rate of funding.
    tail
        The largest few of the losses that the shortfall is the mean of, largest first.
    apart_usd
        Maintenance of all positions, all coins and all accounts, each standing alone but as hard to
        leave as the whole; less the requirement it is what putting them together saves. Empty,
        as are the offsets, where no pairs were asked for.
    """

    margin: MarginReport
    scenario: str
    moves_log: dict[str, float]
    moves_frac: dict[str, float]
    worst_usd: float
    shortfall_usd: float
    tail: tuple[TailLoss, ...]
    level_frac: float
    scenarios_count: int
    apart_usd: dict[OffsetOf, Decimal] = {}
    offsets: tuple[Offset, ...] = ()


def require_portfolio(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    scenarios: JointScenarios,
    model: PortfolioModel,
    *,
    pairs_count_max: int = 0,
) -> Outcome[PortfolioReport]:
    """Give the requirement of an account, in dollars, balances included.

    Parameters
    ----------
    instruments
        Terms by id, of every position held.
    pairs_count_max
        As for `require_together`.

    Returns
    -------
    PortfolioReport or Failure
        A failure names the leg as soon as an input of it is missing or stale.
    """
    alone = book([account], instruments)
    return require_together(
        alone, account.account_id, snapshot, scenarios, model, pairs_count_max=pairs_count_max
    )


def require_together(
    held: Book,
    name: str,
    snapshot: Snapshot,
    scenarios: JointScenarios,
    model: PortfolioModel,
    *,
    pairs_count_max: int = 0,
) -> Outcome[PortfolioReport]:
    """Give the requirement of a book as if it were one account, whatever its accounts are.

    Parameters
    ----------
    name
        What the report calls it.
    pairs_count_max
        Offsets are told for that many pairs of positions, of coins and of accounts; none at 0.

    Returns
    -------
    PortfolioReport or Failure
        A failure names the leg as soon as an input of it is missing or stale.
    """
    legs = legs_of(held, snapshot, scenarios, model)
    if isinstance(legs, Failure):
        return legs
    asked = asked_of(legs, scenarios, model, snapshot)
    found = asked(range(len(legs)))
    equity = tuple(
        MarginLine(
            rule="value of position",
            subject=subject,
            amount_ccy=to_exact(float(legs.worth_usd[i]), STEP_USD, "down"),
            detail=legs.worths_told[i],
        )
        for i, subject in enumerate(legs.subjects)
    )
    at = found.worst_index
    return PortfolioReport(
        margin=MarginReport(
            account_id=name,
            rulebook=model.name,
            currency="USD",
            time_ns=snapshot.time_ns,
            confidence="estimate",
            equity_ccy=sum((line.amount_ccy for line in equity), Decimal(0)),
            requirement_maintenance_ccy=found.maintenance_usd,
            requirement_initial_ccy=found.initial_usd,
            lines=found.lines,
            equity_lines=equity,
            worst_scenario=_worst(legs, scenarios, at) if len(legs) else None,
        ),
        scenario=scenarios.labels[at],
        moves_log=_moves(scenarios, at, in_logs=True),
        moves_frac=_moves(scenarios, at, in_logs=False),
        worst_usd=found.worst_usd,
        shortfall_usd=found.shortfall_usd,
        tail=found.tail,
        level_frac=model.level_frac,
        scenarios_count=len(scenarios),
        apart_usd=apart_usd(legs, asked) if pairs_count_max else {},
        offsets=offsets_of(legs, asked, pairs_count_max) if pairs_count_max else (),
    )


def _moves(scenarios: JointScenarios, at: int, *, in_logs: bool) -> dict[str, float]:
    """Name what the factors do that are counted in logs, or the others."""
    return {
        f"{factor.kind} {factor.name}": float(move)
        for factor, move in zip(scenarios.factors, scenarios.moves_log_or_frac[at], strict=True)
        if factor.is_log == in_logs
    }


def _worst(legs: Legs, scenarios: JointScenarios, at: int) -> WorstScenario:
    """Name the worst scenario by what the coin that loses most in it does."""
    by_coin: dict[str, float] = {}
    for coin, profit in zip(legs.coins, legs.profits_usd[at], strict=True):
        by_coin[coin] = by_coin.get(coin, 0.0) + float(profit)
    coin = min(by_coin, key=lambda each: (by_coin[each], each))
    moves = scenarios.move_log("spot", coin)
    if moves is None:
        moves = scenarios.move_log("peg", coin)
    assert moves is not None, "legs were refused that no scenario moves"
    vols = scenarios.move_log("vol_level", coin)
    vol = 0.0 if vols is None else float(vols[at])
    return WorstScenario(
        scenario_index=at,
        coin=coin,
        # Shown, and counted nowhere: the nearest, for neither side is the careful one.
        price_move_frac=to_exact(float(np.expm1(moves[at])), STEP_USD, "half_up"),
        vol_shock="up" if vol > 0.0 else "down" if vol < 0.0 else "same",
        profit_ccy=to_exact(float(legs.profits_usd[at].sum()), STEP_USD, "down"),
    )
