"""Whole trades cut into pieces, for where none of them may go whole."""

from decimal import Decimal

from hedgerow.hedging import ChosenTrade, Offer, crossing_and_fee_usd
from hedgerow.instruments import lot_of
from hedgerow.planning.outcome import Joint
from hedgerow.units import exact_lots, quantise, to_model

__all__ = ["pieces"]

# Of 17 plans of the tests that go in no order whole, halves order two and quarters three;
# sixteenths order no more, and look at ten times as many desks.
_PIECES = 4


def pieces(chosen: Joint) -> list[ChosenTrade]:
    """Cut every trade into four, as far as its lots allow."""
    offers = {(each.instrument_id, each.account_id): each for each in chosen.offers}
    found: list[ChosenTrade] = []
    taken: dict[tuple[str, bool], float] = {}
    for each in chosen.trades:
        side = each.instrument_id, each.quantity_contracts > 0
        found += _cut(each, offers[each.instrument_id, each.account_id], taken.get(side, 0.0))
        taken[side] = taken.get(side, 0.0) + abs(each.quantity_contracts)
    return found


def _cut(each: ChosenTrade, own: Offer, taken_contracts: float) -> list[ChosenTrade]:
    lot = lot_of(own.terms)
    assert lot is not None
    whole = exact_lots(each.quantity_contracts, lot)
    small = quantise(abs(whole) / _PIECES, lot, "down") * (1 if whole > 0 else -1)
    sizes = [small] * (_PIECES - 1) + [whole - small * (_PIECES - 1)]
    cut, done, paid = [], Decimal(0), (0.0, 0.0)
    for size in sizes:
        if size == 0:
            continue
        done += size
        share = to_model(size) / each.quantity_contracts
        # The first pieces take the best of the book.
        crossing, fee = crossing_and_fee_usd(own, to_model(done), taken_contracts)
        cut.append(
            ChosenTrade(
                instrument_id=each.instrument_id,
                account_id=each.account_id,
                quantity_contracts=to_model(size),
                crossing_usd=crossing - paid[0],
                fee_usd=fee - paid[1],
                carry_usd=None if each.carry_usd is None else each.carry_usd * share,
                ticket_usd=each.ticket_usd,
            )
        )
        paid = crossing, fee
    return cut
