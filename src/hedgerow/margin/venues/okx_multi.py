"""OKX multi-currency margin: every currency's equity at a discount that grows with its amount.

Adjusted equity is ``Σ eq · discount · price`` over currencies, eq being the balance plus the
unrealised profit of what is settled in it; what losses owe counts in full. A balance that is owed
is refused: no source here tells what the venue requires for lending it. Against adjusted equity
stand every position's maintenance and closing fee, in dollars. The venue warns at three times and
liquidates at one (venue-margin.md section 4, [D] and [S]).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, settlement_of
from hedgerow.margin.bounds import outside
from hedgerow.margin.brackets import Brackets, mistakes_of_brackets, position_lines
from hedgerow.margin.contracts import borrowed, held_contracts
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of
from hedgerow.margin.venues.okx import CONTRACTS
from hedgerow.margin.venues.okx_equity import Discount, currencies_held, mistakes_of_discounts
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "MultiCurrencyRulebook", "require"]


class MultiCurrencyRulebook(Rulebook, frozen=True, kw_only=True, tag="multi_currency"):
    """Discounts by currency, tiers by ``underlying/settlement``; counted in US dollars."""

    discounts: dict[str, Discount]
    brackets: dict[str, Brackets]
    fee_closing_frac: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MultiCurrencyRulebook,
) -> Outcome[MarginReport]:
    """Give the requirement in dollars; see `hedgerow.margin.require`."""

    def covers(terms: Instrument) -> str | None:
        if not isinstance(terms, CONTRACTS):
            return f"{terms.instrument_id} is neither future nor perpetual"
        return None

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    for asset in dict.fromkeys(each.asset for each in account.balances):
        owing = borrowed(account, rulebook, asset)
        if owing is not None:
            return owing
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
    lines: list[MarginLine] = []
    for each in held:
        needed = position_lines(
            each,
            rulebook.brackets,
            evidence=rulebook.known("tiered_maintenance"),
            evidence_initial=rulebook.known("initial"),
            price_usd=currencies[settlement_of(each.terms)].price_usd,
            fee_frac=rulebook.fee_closing_frac,
            fee_evidence=rulebook.known("closing_fee"),
        )
        if isinstance(needed, Failure):
            return needed
        lines.extend(needed)
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=[each.line for each in currencies.values()],
    )


def _terms(rulebook: MultiCurrencyRulebook) -> VenueTerms:
    return VenueTerms(instruments=CONTRACTS, counted={"USD": tuple(rulebook.discounts)})


def _mistakes(rulebook: MultiCurrencyRulebook) -> Iterator[str]:
    yield from mistakes_of_brackets(rulebook.brackets, rulebook.fee_closing_frac)
    yield from outside(rulebook, "[0, 1)", "fee_closing_frac")
    yield from mistakes_of_discounts(rulebook.discounts)


ENGINE = Engine(
    kind=MultiCurrencyRulebook,
    rules=("discounted_equity", "tiered_maintenance", "closing_fee", "initial"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
