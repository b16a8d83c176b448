"""Derive's portfolio margin, second generation: the worst of a list of scenarios, one underlying.

Equity is the mark-to-market of everything with the cash; the requirement is what the manager takes
off: the worst scenario's loss by a factor, and contingencies beside it (onchain-margin.md section
3.2, [V] derive_pmrm_v2). Scenarios are in float64 where the contracts have 18 decimals.
"""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.engine import Engine
from hedgerow.margin.holdings import holdings
from hedgerow.margin.records import (
    MarginLine,
    MarginReport,
    WorstScenario,
    report_of,
    unsupported,
)
from hedgerow.margin.rules.derive.portfolio_v2 import margins_v2
from hedgerow.margin.venues.derive_portfolio_book import book_of, portfolio_of
from hedgerow.margin.venues.derive_portfolio_lines import (
    basis_lines,
    cell_lines,
    contingency_lines,
    equity_lines,
)
from hedgerow.margin.venues.derive_portfolio_rulebook import (
    SIGNED,
    DerivePortfolioRulebook,
    mistakes,
    venue_terms,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import to_exact, to_model

__all__ = ["ENGINE", "DerivePortfolioRulebook", "require"]

_STEP = Decimal("1e-12")


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: DerivePortfolioRulebook,
) -> Outcome[MarginReport]:
    """Give the portfolio requirement; see `hedgerow.margin.require`."""
    if account.currency != rulebook.currency:
        return unsupported(account, f"{rulebook.name} keeps accounts in {rulebook.currency}")
    held = holdings(account, instruments, snapshot)
    if isinstance(held, Failure):
        return held
    cash = MarginLine(
        rule="cash",
        subject=rulebook.currency,
        amount_ccy=account.balance_coin(rulebook.currency),
        evidence=rulebook.known("equity"),
    )
    if not account.positions and all(each.asset == rulebook.currency for each in account.balances):
        return report_of(
            account,
            rulebook,
            snapshot.time_ns,
            currency=rulebook.currency,
            lines=(),
            equity_lines=[cash],
        )
    book = book_of(account, held, snapshot, rulebook)
    if isinstance(book, Failure):
        return book
    parameters = rulebook.parameters.model()
    margins = margins_v2(
        portfolio_of(book, to_model(cash.amount_ccy)),
        [cell.model() for cell in rulebook.scenarios],
        parameters,
    )
    at = margins.worst_index
    cell = rulebook.scenarios[at] if at < len(rulebook.scenarios) else None
    lines = [
        *(basis_lines(book, rulebook) if cell is None else cell_lines(book, cell, rulebook)),
        *contingency_lines(book, rulebook),
    ]
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.currency,
        lines=lines,
        equity_lines=[cash, *equity_lines(book, rulebook)],
        used=[rulebook.known("feed_confidence"), rulebook.known("rates")],
        worst_scenario=None
        if cell is None
        else WorstScenario(
            scenario_index=at,
            coin=book.coin,
            price_move_frac=cell.spot_frac - 1,
            vol_shock="same" if cell.vol_shock == "none" else cell.vol_shock,
            profit_ccy=to_exact(margins.scenarios_usd[at], _STEP, "down"),
        ),
    )


ENGINE = Engine(
    kind=DerivePortfolioRulebook,
    rules=("equity", "scenarios", "contingencies", "rates", "feed_confidence"),
    require=require,
    terms=venue_terms,
    mistakes=mistakes,
    signed=SIGNED,
)
