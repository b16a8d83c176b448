"""Stepwise full revaluation: the market moves in four blocks, in every order, and orders average.

Blocks are *spot* (coins and dollar coins), *vol*, *time* and *basis* (forwards and marks against
spot, and all rates). For each of the 2⁴ sets of blocks there is a snapshot in which these are of
the end and the others of the start, valued by the one path that the desk takes. What a block does
depends on what moved before it; its share is the mean over all orders (Shapley), and the shares add
up to the whole move to the last digit that floats have.

A mixed snapshot is made of answers, not of events: what either end says of spot, of a forward over
spot and of a vol, all of the time of the mixed one, so that nothing is carried and nothing is old.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from math import factorial
from typing import Final, Literal, TypeAlias

from msgspec import structs

from hedgerow.errors import Failure
from hedgerow.instruments import EntryContract, Instrument, Option, PowerPerpetual, has_entry
from hedgerow.market import IndexPrice, OptionQuote, PowerState, Quote, Snapshot
from hedgerow.units import digits_of, to_model

__all__ = ["BLOCKS", "Block", "Blocks", "mixed", "shares", "subsets"]

Block: TypeAlias = Literal["spot", "vol", "time", "basis"]
Blocks: TypeAlias = frozenset[Block]
BLOCKS: Final[tuple[Block, ...]] = ("spot", "vol", "time", "basis")


def subsets() -> tuple[Blocks, ...]:
    """Give every set of blocks, the empty one first and all of them last."""
    return tuple(
        frozenset(chosen)
        for count in range(len(BLOCKS) + 1)
        for chosen in combinations(BLOCKS, count)
    )


def shares(worths_usd: Mapping[Blocks, float]) -> dict[Block, float]:
    """Split what a holding gained between the blocks.

    Parameters
    ----------
    worths_usd
        What it is worth after the moves of each of `subsets`.

    Returns
    -------
    dict
        Dollars by block; they add up to the difference of all blocks and none.

    References
    ----------
    L. Shapley (1953), A value for n-person games; methods sheet, section 9.
    """
    n = len(BLOCKS)
    found = dict.fromkeys(BLOCKS, 0.0)
    for before, worth_usd in worths_usd.items():
        weight = factorial(len(before)) * factorial(n - len(before) - 1) if len(before) < n else 0
        for block in BLOCKS:
            if block not in before:
                gained_usd = worths_usd[before | {block}] - worth_usd
                found[block] += weight / factorial(n) * gained_usd
    return found


def mixed(
    start: Snapshot, end: Snapshot, moved: Blocks, instruments: Iterable[Instrument]
) -> Snapshot:
    """Give the market in which these blocks have moved and the others not.

    Knows what the instruments need and both ends know; the rest is missing in it.
    """

    def of(block: Block) -> Snapshot:
        return end if block in moved else start

    time_ns = of("time").time_ns
    spots = {coin: _spot(of("spot"), coin) for coin in {**start.indices, **end.indices}}
    quotes: dict[str, Quote] = {}
    options: dict[str, OptionQuote] = {}
    powers: dict[str, PowerState] = {}
    for terms in instruments:
        name = terms.instrument_id
        if has_entry(terms):
            mark = _mark_usd(terms, of("spot"), of("basis"))
            if mark is not None:
                quotes[name] = Quote(time_ns=time_ns, instrument_id=name, price_mark_usd=mark)
        elif isinstance(terms, Option):
            quote = _option(terms, of("spot"), of("basis"), of("vol"), time_ns)
            if quote is not None:
                options[name] = quote
        elif isinstance(terms, PowerPerpetual):
            state = _power(name, of("vol"), of("time"), time_ns)
            if state is not None:
                powers[name] = state
    rates = of("basis")
    return replace(
        rates,
        time_ns=time_ns,
        quotes=quotes,
        options=options,
        powers=powers,
        indices={
            coin: IndexPrice(time_ns=time_ns, underlying=coin, price_usd=price)
            for coin, price in spots.items()
            if price is not None
        },
        lendings={
            key: structs.replace(each, time_ns=time_ns) for key, each in rates.lendings.items()
        },
        stakings={
            key: structs.replace(each, time_ns=time_ns) for key, each in rates.stakings.items()
        },
        shares={key: structs.replace(each, time_ns=time_ns) for key, each in rates.shares.items()},
        heard=of("time").heard,
        movers={},
        anchors_usd={},
        dollars_usd=of("spot").dollars_usd,
    )


def _spot(snapshot: Snapshot, coin: str) -> Decimal | None:
    found = snapshot.spot_usd(coin)
    return None if isinstance(found, Failure) else found


def _mark_usd(terms: EntryContract, spots: Snapshot, bases: Snapshot) -> Decimal | None:
    """Give the mark that keeps its ratio to spot; without a spot at both, it is a spot itself."""
    name, coin = terms.instrument_id, terms.underlying
    here, there = _spot(spots, coin), _spot(bases, coin)
    if spots is bases or here is None or there is None:
        mark = spots.mark_usd(name, coin)
        return None if isinstance(mark, Failure) else mark
    mark = bases.mark_usd(name, coin)
    return None if isinstance(mark, Failure) else mark * here / there


def _option(
    terms: Option, spots: Snapshot, bases: Snapshot, vols: Snapshot, time_ns: int
) -> OptionQuote | None:
    based, priced = bases.option(terms), vols.option(terms)
    here, there = _spot(spots, terms.underlying), _spot(bases, terms.underlying)
    if isinstance(based, Failure) or isinstance(priced, Failure) or here is None or there is None:
        return None
    forward_usd = based.forward_usd * (to_model(here) / to_model(there))
    return OptionQuote(
        time_ns=time_ns,
        instrument_id=terms.instrument_id,
        underlying=terms.underlying,
        price_underlying_usd=digits_of(forward_usd),
        vol_mark_frac=priced.vol_frac,
    )


def _power(name: str, vols: Snapshot, times: Snapshot, time_ns: int) -> PowerState | None:
    """Give a state of one premium over the index and another norm factor, which time wears."""
    priced, worn = vols.powers.get(name), times.powers.get(name)
    if priced is None or worn is None:
        return None
    return structs.replace(
        priced,
        time_ns=time_ns,
        norm_factor_frac=worn.norm_factor_frac,
        price_mark_usd=priced.price_mark_usd * worn.norm_factor_frac / priced.norm_factor_frac,
    )
