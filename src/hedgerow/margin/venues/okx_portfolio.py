"""OKX's portfolio margin: what each underlying's contracts may lose together, or a least charge.

Equity is that of several currencies (`venues.okx_equity`). A risk unit holds all futures and
perpetuals of an underlying, whatever they are settled in, and so much of the coin itself as hedges
them. What it must maintain is the worse of its spot shock and its extreme move, and its basis and
pegs on top; or its least charge, where that is more. `rules.okx` has formulas and sources.

Theta, vega and interest rates are risks of options alone, says the interface's page. No source
tells how implied volatility moves in a shock, nor how vega, rates and the least charge of an
option are computed, so that options are refused. What is owed needs a loan's requirement.

How the basis of several contracts nets has no source: each is charged by itself. A dated future's
is charged no less than a perpetual's, which its page does not say either. Both ask for too much
rather than too little.
"""

from collections.abc import Mapping

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, is_inverse, settlement_of
from hedgerow.margin.contracts import held_contracts
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import MarginLine, MarginReport, WorstScenario, report_of
from hedgerow.margin.venues.okx import CONTRACTS
from hedgerow.margin.venues.okx_equity import currencies_held
from hedgerow.margin.venues.okx_portfolio_lines import loan_lines, unit_lines
from hedgerow.margin.venues.okx_portfolio_rulebook import OkxPortfolioRulebook, mistakes
from hedgerow.margin.venues.okx_portfolio_units import DOLLARS, units_held
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "OkxPortfolioRulebook", "require"]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: OkxPortfolioRulebook,
) -> Outcome[MarginReport]:
    """Give the requirement in dollars; see `hedgerow.margin.require`."""

    def covers(terms: Instrument) -> str | None:
        if not isinstance(terms, CONTRACTS):
            return (
                f"{terms.instrument_id} is neither future nor perpetual, and {rulebook.name} has "
                "no figures for vols, rates and the least charge of options"
            )
        if not is_inverse(terms) and settlement_of(terms) not in DOLLARS:
            return f"{terms.instrument_id} is settled in none of {', '.join(DOLLARS)}"
        return None

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    currencies = currencies_held(
        account,
        held,
        snapshot,
        rulebook.discounts,
        name=rulebook.name,
        evidence=rulebook.known("discounted_equity"),
    )
    if isinstance(currencies, Failure):
        return currencies
    units = units_held(account, held, currencies, snapshot, rulebook)
    if isinstance(units, Failure):
        return units
    lines: list[MarginLine] = []
    worsts: list[WorstScenario] = []
    for unit in units:
        needed = unit_lines(account, unit, snapshot, rulebook)
        if isinstance(needed, Failure):
            return needed
        lines += needed[0]
        worsts.append(needed[1])
    lent = loan_lines(account, currencies, rulebook)
    if isinstance(lent, Failure):
        return lent
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=[*lines, *lent],
        equity_lines=[each.line for each in currencies.values()],
        worst_scenario=worsts[0] if len(worsts) == 1 else None,
    )


def _terms(rulebook: OkxPortfolioRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=CONTRACTS,
        counted={"USD": tuple(dict.fromkeys([*rulebook.discounts, *rulebook.loans]))},
        owed=tuple(rulebook.loans),
    )


ENGINE = Engine(
    kind=OkxPortfolioRulebook,
    rules=(
        "discounted_equity",
        "spot_shock",
        "extreme_move",
        "spot_in_use",
        "basis",
        "basis_netting",
        "pegs",
        "minimum_charge",
        "charge_tiers",
        "other_contracts",
        "loans",
        "initial",
    ),
    require=require,
    terms=_terms,
    mistakes=mistakes,
)
