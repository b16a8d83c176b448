"""Options named on a command line, found in a chain, with the Greeks of what is got into."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hedgerow.app.amounts import read
from hedgerow.errors import Failure, Outcome, OutOfDomain, RecordingRejected, RequestRejected
from hedgerow.instruments import Option
from hedgerow.market import ChainColumns
from hedgerow.pricing import GREEKS, DollarGreeks, EuropeanColumns, EuropeanGreeks, european_greeks
from hedgerow.units import YEAR_NS, format_ns, to_model
from hedgerow.venues.recordings import option_from_name

__all__ = ["Pick", "picks_of"]

# Deribit takes no more than this part of an option's price as its fee.
_FEE_OF_PRICE_FRAC = 0.125


class Pick(NamedTuple):
    """So many coins of one option, and its Greeks and price for one of them.

    `greeks` are in the units of their names, for moves of the forward. `entry_usd` is what getting
    into one costs beyond the mark, fee included; a Failure where nobody quotes that side.
    """

    name: str
    quantity_coin: float
    days: float
    forward_usd: float
    vol_frac: float
    greeks: DollarGreeks
    entry_usd: Outcome[float]


def picks_of(texts: Sequence[str], chain: ChainColumns, fee_frac: float) -> list[Pick]:
    """Find options in a chain.

    Raises
    ------
    RequestRejected
        If one is no option, is not in the chain or has no vol there, is named twice, or its
        quantity is none.
    """
    found: dict[str, Pick] = {}
    for text in texts:
        name, equals, amount = text.partition("=")
        if not equals or not name:
            raise RequestRejected(
                f"--option {text}: write an option and contracts, such as BTC-27FEB26-80000-C=5"
            )
        if name in found:
            raise RequestRejected(f"--option {name}: named twice; add the contracts up")
        try:
            contracts = read(amount, "quantity")
        except ValueError as bad:
            raise RequestRejected(f"--option {text}: {bad}") from bad
        if contracts == 0.0:
            raise RequestRejected(f"--option {text}: 0 contracts are none")
        found[name] = _pick(name, contracts, chain, fee_frac)
    return list(found.values())


def _pick(name: str, contracts: float, chain: ChainColumns, fee_frac: float) -> Pick:
    terms, n = _found(name, chain)
    days = (terms.expiry_ns - chain.time_ns) / YEAR_NS * 365.0
    F, vol = float(chain.forward_usd[n]), float(chain.vol_mark_frac[n])
    if not (np.isfinite(F) and vol > 0.0 and days > 0.0):
        raise RequestRejected(f"--option {name}: its forward or vol is not known, so no Greek is")
    try:
        raw = european_greeks(
            EuropeanColumns(
                underlying_usd=np.full(1, F),
                strike_usd=chain.strike_usd[[n]],
                vol_frac=np.full(1, vol),
                expiry_years=np.full(1, days / 365.0),
                is_call=chain.is_call[[n]],
            ),
            with_third_vol=True,
        )
    except OutOfDomain as bad:
        raise RequestRejected(f"--option {name}: {bad}") from bad
    coins = contracts * to_model(terms.multiplier_coin_per_contract)
    price = float((chain.price_ask_usd if coins > 0.0 else chain.price_bid_usd)[n])
    return Pick(
        name=name,
        quantity_coin=coins,
        days=days,
        forward_usd=F,
        vol_frac=vol,
        greeks=_in_dollars(raw, F),
        entry_usd=_entry_usd(name, price, float(raw.value_usd[0]), fee_frac * F, coins > 0.0),
    )


def _found(name: str, chain: ChainColumns) -> tuple[Option, int]:
    """Read an option's terms, and find its row; RequestRejected where there is none."""
    try:
        terms = option_from_name(name)
    except RecordingRejected as bad:
        raise RequestRejected(f"--option {name}: {bad}") from bad
    at = np.flatnonzero(
        (chain.expiry_ns == terms.expiry_ns)
        & (chain.strike_usd == to_model(terms.strike_usd))
        & (chain.is_call == (terms.right == "call"))
    )
    if terms.underlying != chain.underlying or not len(at):
        raise RequestRejected(
            f"--option {name}: not in the chain of {chain.underlying} of {format_ns(chain.time_ns)}"
        )
    return terms, int(at[0])


def _entry_usd(
    name: str, price_usd: float, mark_usd: float, fee_usd: float, is_bought: bool
) -> Outcome[float]:
    """Give what getting into one costs beyond its mark; a price of zero is nobody's."""
    if not price_usd > 0.0:
        return Failure(
            subject=name,
            reason="missing_data",
            message=f"nobody {'offers' if is_bought else 'bids for'} it, so what entering costs is "
            "not known",
        )
    beyond = price_usd - mark_usd if is_bought else mark_usd - price_usd
    return max(beyond, 0.0) + min(fee_usd, _FEE_OF_PRICE_FRAC * price_usd)


def _in_dollars(raw: EuropeanGreeks, forward_usd: float) -> DollarGreeks:
    """Give the Greeks of one option in the units of their names."""
    words, F = EuropeanGreeks.by_word(), np.array(forward_usd)
    return DollarGreeks(
        **{
            name: float(getattr(raw, words[greek.title.lower()])[0] * greek.scale(F))
            for name, greek in GREEKS.items()
        }
    )
