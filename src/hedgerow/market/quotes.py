"""The quotes of each expiry that a smile is fitted to, and those that were left out, by gate."""

from collections.abc import Iterator
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.market.chain import OPEN_GATE, ChainColumns
from hedgerow.market.forwards import Forward, ForwardSource, choose, from_chain, from_rows
from hedgerow.market.smile import GatedQuotes, SmileQuotes
from hedgerow.market.svi import Floats
from hedgerow.units import date_utc, years_between

__all__ = ["VolsFrom", "expiry_forwards", "smile_quotes"]

VolsFrom: TypeAlias = Literal["mark", "mid"]

_INV_SQRT_2PI = 0.3989422804014327
_CLIFF_FRAC = 0.5


def expiry_forwards(chain: ChainColumns, wanted: ForwardSource) -> dict[int, Outcome[Forward]]:
    """Give the forward of each expiry, earliest first; `forwards.choose` says which."""
    out: dict[int, Outcome[Forward]] = {}
    for each in np.unique(chain.expiry_ns):
        expiry_ns = int(each)
        rows = np.flatnonzero(chain.expiry_ns == expiry_ns)
        subject = f"{chain.underlying} {date_utc(expiry_ns)}"
        out[expiry_ns] = choose(
            subject,
            wanted,
            venue_usd=from_rows(chain.forward_usd[rows]),
            future_usd=chain.futures_usd.get(expiry_ns),
            parity=partial(
                from_chain,
                subject,
                chain.strike_usd[rows],
                chain.is_call[rows],
                chain.price_bid_usd[rows],
                chain.price_ask_usd[rows],
            ),
        )
    return out


def smile_quotes(
    chain: ChainColumns, *, vols_from: VolsFrom = "mark", forwards: ForwardSource = "venue"
) -> Iterator[Outcome[SmileQuotes]]:
    """Give the usable quotes of each expiry, earliest first.

    Per strike the out-of-the-money side: puts below the forward, calls from it on. Vols that jump
    to half or twice their neighbours' within the smile are cliffs of a stale row and are left out;
    so are strikes without a positive vol, and from mids all that fail a gate of
    `ChainColumns.quotes`.

    Raises
    ------
    OutOfDomain
        If mids are asked for and the chain has no quotes.
    """
    if vols_from == "mid" and chain.quotes is None:
        raise OutOfDomain(
            f"{chain.underlying}: a fit to mids needs the vols of bids and asks in `quotes`"
        )
    for expiry_ns, forward in expiry_forwards(chain, forwards).items():
        if isinstance(forward, Failure):
            yield forward
        else:
            yield _quotes_of(chain, expiry_ns, forward, vols_from)


def _quotes_of(
    chain: ChainColumns, expiry_ns: int, forward: Forward, vols_from: VolsFrom
) -> Outcome[SmileQuotes]:
    subject = f"{chain.underlying} {date_utc(expiry_ns)}"
    every = np.flatnonzero(chain.expiry_ns == expiry_ns)
    years = years_between(chain.time_ns, expiry_ns)
    if years <= 0:
        return Failure(subject=subject, reason="stale_data", message="it has expired")
    F = forward.forward_usd
    rows = every[chain.is_call[every] == (chain.strike_usd[every] >= F)]
    rows = rows[chain.strike_usd[rows] > 0]
    rows = rows[np.argsort(chain.strike_usd[rows], kind="stable")]
    mark = chain.vol_mark_frac[rows]
    vol = mark
    gate = np.full(len(rows), OPEN_GATE, dtype="U32")
    if vols_from == "mid":
        assert chain.quotes is not None
        vol, gate = chain.quotes.vol_mid_frac[rows], chain.quotes.gate[rows].astype("U32")
    has_vol = np.isfinite(vol) & (vol > 0)
    gate[(gate == OPEN_GATE) & ~has_vol] = "no_vol"
    passed = np.flatnonzero(gate == OPEN_GATE)
    gate[passed[_cliffs(vol[passed])]] = "cliff"
    usable = gate == OPEN_GATE
    k = np.log(chain.strike_usd[rows] / F)
    gated = GatedQuotes(
        moneyness_log=k[~usable], vol_mark_frac=mark[~usable], gate=tuple(map(str, gate[~usable]))
    )
    if not usable.any():
        took = ", ".join(f"{count} {name}" for name, count in gated.counts().items())
        return Failure(
            subject=subject, reason="too_few_quotes", message=f"no usable strike: {took or 'none'}"
        )
    rows, k, vol = rows[usable], k[usable], vol[usable]
    if vols_from == "mid":
        assert chain.quotes is not None
        width = chain.quotes.width_volpt[rows]
    else:
        s = vol * np.sqrt(years)
        d1 = -k / s + 0.5 * s
        vega = F * _INV_SQRT_2PI * np.exp(-0.5 * d1 * d1) * np.sqrt(years)
        spread = chain.price_ask_usd[rows] - chain.price_bid_usd[rows]
        width = spread / np.maximum(0.01 * vega, 1e-12 * F)
    return SmileQuotes(
        subject=subject,
        time_ns=chain.time_ns,
        expiry_ns=expiry_ns,
        expiry_years=years,
        forward_usd=F,
        forward_source=forward.source,
        forward_venue_usd=from_rows(chain.forward_usd[every]),
        strike_usd=chain.strike_usd[rows],
        moneyness_log=k,
        vol_frac=vol,
        vol_mark_frac=mark[usable],
        width_volpt=width,
        gated=gated,
    )


def _cliffs(vol: Floats) -> NDArray[np.bool_]:
    """Find vols that differ by more than half from both neighbours, in the same direction."""
    if len(vol) < 3:
        return np.zeros(len(vol), dtype=np.bool_)
    jump = np.log(vol[1:-1] / vol[:-2]), np.log(vol[1:-1] / vol[2:])
    steep = np.log1p(_CLIFF_FRAC)
    inside = (np.minimum(*jump) > steep) | (np.maximum(*jump) < -steep)
    return np.concatenate([[False], inside, [False]])
