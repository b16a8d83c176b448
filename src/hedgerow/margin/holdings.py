"""What an account of linear contracts holds, by underlying: perpetuals, and options by expiry.

Positions in one instrument are one. The market is asked for spot by index, a perpetual by its mark,
an option by its forward and its own strike's vol, inside its settlement window by those of the
average (`hedgerow.market.averages`); whatever has no answer is a Failure by its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual, Option
from hedgerow.margin.records import Evidence, unsupported
from hedgerow.market import OptionMark, Snapshot
from hedgerow.portfolio import Account

__all__ = ["Holdings", "OptionHeld", "PerpetualHeld", "black_written", "holdings"]


@dataclass(frozen=True, slots=True)
class PerpetualHeld:
    """One perpetual, net: coins, mark, and what they have gained since their entries."""

    instrument_id: str
    size_coin: Decimal
    mark_usd: Decimal
    profit_usd: Decimal
    profit_detail: str


@dataclass(frozen=True, slots=True)
class OptionHeld:
    """One option, net, with what the market says of it."""

    terms: Option
    size_coin: Decimal
    mark: OptionMark

    def known(self, evidence: Evidence) -> Evidence:
        """Give how well its worth is known: not at all where its average was not heard."""
        return evidence if self.mark.is_heard else "U"


@dataclass(frozen=True, slots=True)
class Holdings:
    """All of an account but its balances, by underlying; options also by expiry, in time."""

    spots_usd: Mapping[str, Decimal]
    perpetuals: Mapping[str, list[PerpetualHeld]]
    options: Mapping[str, Mapping[int, list[OptionHeld]]]


def holdings(
    account: Account, instruments: Mapping[str, Instrument], snapshot: Snapshot
) -> Outcome[Holdings]:
    """Sort positions by underlying; positions in one instrument are one.

    Returns
    -------
    Holdings or Failure
        A Failure names the position that is no perpetual or option settled in the account's
        currency, has no price, no entry price or no vol, or is past its expiry.
    """
    spots: dict[str, Decimal] = {}
    perpetuals: dict[str, list[PerpetualHeld]] = {}
    options: dict[str, dict[int, list[OptionHeld]]] = {}
    for instrument_id in dict.fromkeys(each.instrument_id for each in account.positions):
        terms = instruments[instrument_id]
        if not isinstance(terms, LinearPerpetual | Option) or terms.settlement != account.currency:
            return unsupported(
                account,
                f"{instrument_id} is neither perpetual nor option settled in {account.currency}",
            )
        spot = snapshot.spot_usd(terms.underlying)
        if isinstance(spot, Failure):
            return spot
        spots[terms.underlying] = spot
        if isinstance(terms, LinearPerpetual):
            perpetual = _perpetual(account, terms, snapshot)
            if isinstance(perpetual, Failure):
                return perpetual
            perpetuals.setdefault(terms.underlying, []).append(perpetual)
            continue
        mark = snapshot.option(terms)
        if isinstance(mark, Failure):
            return mark
        size_coin = account.quantity_contracts(instrument_id) * terms.multiplier_coin_per_contract
        of_coin = options.setdefault(terms.underlying, {})
        of_coin.setdefault(terms.expiry_ns, []).append(OptionHeld(terms, size_coin, mark))
    return Holdings(
        spots_usd=spots,
        perpetuals=perpetuals,
        options={
            coin: {
                expiry_ns: sorted(held, key=lambda each: each.terms.instrument_id)
                for expiry_ns, held in sorted(by_expiry.items())
            }
            for coin, by_expiry in options.items()
        },
    )


def black_written(
    option: Option, *, forward_usd: float | str, vol_frac: float, years: float
) -> str:
    """Write a value by Black's formula, a coin, as the detail of a line does.

    Floats have every digit; a forward may be an expression.
    """
    return (
        f"{option.right}(F {forward_usd}, K {option.strike_usd}, vol {float(vol_frac)!r}, "
        f"years {float(years)!r})"
    )


def _perpetual(
    account: Account, terms: LinearPerpetual, snapshot: Snapshot
) -> Outcome[PerpetualHeld]:
    mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
    if isinstance(mark, Failure):
        return mark
    profit_usd, size_coin = Decimal(0), Decimal(0)
    said = []
    for position in account.positions:
        if position.instrument_id != terms.instrument_id:
            continue
        if position.price_entry_ccy is None:
            return Failure(
                subject=position.instrument_id, reason="missing_data", message="no entry price"
            )
        coins = position.quantity_contracts * terms.multiplier_coin_per_contract
        size_coin += coins
        profit_usd += coins * (mark - position.price_entry_ccy)
        said.append(f"{coins} x ({mark} - {position.price_entry_ccy})")
    return PerpetualHeld(
        instrument_id=terms.instrument_id,
        size_coin=size_coin,
        mark_usd=mark,
        profit_usd=profit_usd,
        profit_detail=" + ".join(said),
    )
