"""OKX futures mode (single currency) and Gate isolated: closing a position is part of its need.

Equity is the balance of the account's currency plus unrealised profit; every position needs its
tier's maintenance and the taker fee of closing it, ``N (rate + fee) - deduction``. That is the
venue's `mgnRatio`, equity over both. An isolated position is an account of its own.

References
----------
venue-margin.md section 4: [V] okx-iso-toy-4, gate-iso-toy-*, and the payload of an isolated
position whose ratio of 11.7317 is reproduced to about eleven digits.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    settlement_of,
)
from hedgerow.margin.bounds import outside
from hedgerow.margin.brackets import Brackets, mistakes_of_brackets, position_lines
from hedgerow.margin.contracts import held_contracts, wallet_lines
from hedgerow.margin.engine import Charges, Engine, VenueTerms, unwritten
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["CONTRACTS", "ENGINE", "ClosingFeeRulebook", "require"]

CONTRACTS = (LinearPerpetual, LinearFuture, InversePerpetual, InverseFuture)


class ClosingFeeRulebook(Rulebook, frozen=True, kw_only=True, tag="closing_fee"):
    """Tiers by ``underlying/settlement``, and the taker fee that closing costs.

    `fee_liquidation_frac` is what a liquidation takes beyond that; None where no source tells it.
    """

    brackets: dict[str, Brackets]
    fee_closing_frac: Decimal
    fee_liquidation_frac: Decimal | None = None


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ClosingFeeRulebook,
) -> Outcome[MarginReport]:
    """Give the requirement in the account's currency; see `hedgerow.margin.require`."""
    currency = account.currency

    def covers(terms: Instrument) -> str | None:
        if not isinstance(terms, CONTRACTS) or settlement_of(terms) != currency:
            return f"{terms.instrument_id} is no future or perpetual settled in {currency}"
        return None

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    lines: list[MarginLine] = []
    for each in held:
        needed = position_lines(
            each,
            rulebook.brackets,
            evidence=rulebook.known("tiered_maintenance"),
            evidence_initial=rulebook.known("initial"),
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
        currency=currency,
        lines=lines,
        equity_lines=wallet_lines(
            account,
            held,
            rule="balance",
            asset=currency,
            evidence=rulebook.known("equity"),
        ),
    )


def _terms(rulebook: ClosingFeeRulebook) -> VenueTerms:
    liquidation = rulebook.fee_liquidation_frac
    currencies = dict.fromkeys(name.rpartition("/")[2] for name in rulebook.brackets)
    return VenueTerms(
        instruments=CONTRACTS,
        counted={currency: (currency,) for currency in currencies},
        charges=None
        if liquidation is None
        else Charges(fee_taker_frac=rulebook.fee_closing_frac, fee_liquidation_frac=liquidation),
        fees_unwritten=unwritten(rulebook, "fee_liquidation_frac"),
    )


def _mistakes(rulebook: ClosingFeeRulebook) -> Iterator[str]:
    yield from mistakes_of_brackets(rulebook.brackets, rulebook.fee_closing_frac)
    yield from outside(rulebook, "[0, 1)", "fee_closing_frac", "fee_liquidation_frac")


ENGINE = Engine(
    kind=ClosingFeeRulebook,
    rules=("equity", "tiered_maintenance", "closing_fee", "initial"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
