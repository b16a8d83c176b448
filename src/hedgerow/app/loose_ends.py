"""What in a desk file refers to what, checked on the file as it was written.

The shape of the file is checked elsewhere. Here whatever has the wrong shape is passed over in
silence, so that one mistake hides no other and every mistake is told once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from hedgerow.app.band_ends import band_ends
from hedgerow.app.desk_instruments import ENTRY_KINDS
from hedgerow.app.limit_ends import limit_ends
from hedgerow.app.name_meant import name_meant
from hedgerow.app.planning_ends import planning_ends
from hedgerow.app.raw_tables import (
    account_ends,
    by_id,
    is_written,
    label_of,
    named,
    number_of,
    tables_of,
)
from hedgerow.errors import BoundaryError, Failure
from hedgerow.instruments import Instrument, LinearPerpetual, expiry_of, has_entry, lot_of
from hedgerow.margin import Rulebook, begun_in, rulebooks_at, terms_of
from hedgerow.portfolio import IN_TRANSIT
from hedgerow.reporting.remedies import INTO_A_COPY
from hedgerow.units import format_ns, is_multiple, parse_ns
from hedgerow.venues.recordings import future_from_name, option_from_name, perpetual_from_name

__all__ = ["loose_ends", "terms_from_name"]

# The names of what has left one account and not reached another (`execution.in_transit`).
_RESERVED = (("id", IN_TRANSIT), ("venue", "transit"))
_PRICED = object()
# Nearer than difflib's 0.6: SOLUSDT-PERP is no slip of the pen for ETHUSDT-PERP.
_NEAR = 0.8
_MOVER = "linear_perpetual"  # what hedges and movers are


def terms_from_name(name: str) -> Instrument:
    """Give the terms that an instrument's own name states (Deribit's manner).

    Raises
    ------
    RecordingRejected
        If no known pattern fits.
    """
    if name.endswith("-PERPETUAL"):
        return perpetual_from_name(name)
    return option_from_name(name) if name.endswith(("-C", "-P")) else future_from_name(name)


def loose_ends(raw: Mapping[str, Any], rulebooks: Mapping[str, Rulebook]) -> Iterator[str]:
    """Tell every reference that leads nowhere and every pair of values that cannot be meant."""
    accounts, described = by_id(raw, "accounts"), by_id(raw, "instruments")
    yield from _rulebook_ends(raw, rulebooks)
    start_ns = _desk_time(raw, "start")
    if start_ns is not None:
        rulebooks = rulebooks_at(rulebooks, start_ns)
    yield from _window(raw)
    yield from _recording_ends(raw)
    yield from _budget_ends(raw)
    yield from _twice(raw, "accounts", "id")
    yield from _twice(raw, "instruments", "id")
    yield from _twice(raw, "hedges", "underlying")
    yield from _twice(raw, "buffers", "account")
    for at, account in tables_of(raw, "accounts"):
        yield from _account_ends(f"accounts.{label_of(at, account)}", account, raw, rulebooks)
    for at, hedge in tables_of(raw, "hedges"):
        yield from _hedge_ends(f"hedges.[{at}]", hedge, accounts, described, rulebooks)
        yield from band_ends(f"hedges.[{at}]", hedge, raw.get("vols"))
    for at, buffer in tables_of(raw, "buffers"):
        yield from _buffer_ends(f"buffers.[{at}]", buffer, accounts)
    for at, route in tables_of(raw, "routes"):
        yield from _route_ends(f"routes.[{at}]", route, accounts, rulebooks)
    for at, switch in tables_of(raw, "switches"):
        yield from _switch_ends(f"switches.[{at}]", switch, accounts, rulebooks)
    for at, swap in tables_of(raw, "swaps"):
        yield from _swap_ends(f"swaps.[{at}]", swap, accounts, described, rulebooks)
    yield from limit_ends(raw, rulebooks)
    yield from planning_ends(raw)
    movers = raw.get("movers")
    for coin, mover in movers.items() if isinstance(movers, dict) else ():
        yield from _perpetual(f"movers.{coin}", mover, described)


def _rulebook_ends(raw: Mapping[str, Any], rulebooks: Mapping[str, Rulebook]) -> Iterator[str]:
    """Refuse a name that is neither a rulebook's nor a venue's, and a time without one in force."""
    days: dict[str, list[str]] = {}
    for name in rulebooks:
        venue, _, day = name.partition("/")
        days.setdefault(venue, []).append(day)
    start_ns, end_ns = _desk_time(raw, "start"), _desk_time(raw, "end")
    for at, account in tables_of(raw, "accounts"):
        book, where = account.get("rulebook"), f"accounts.{label_of(at, account)}.rulebook"
        if not isinstance(book, str) or book in rulebooks:
            continue
        if book not in days:
            yield f"{where}: unknown rulebook {book!r}{_rulebook_meant(book, days)}"
        elif start_ns is not None and end_ns is not None:
            for _, found in begun_in(rulebooks, book, start_ns, end_ns):
                if isinstance(found, Failure):
                    yield f"{where}: {found.message}"


def _rulebook_meant(book: str, days: Mapping[str, Sequence[str]]) -> str:
    """Say which rulebook was probably meant, or which there are, each name once."""
    name = book.partition("/")[0].lower()
    if name in days:
        return f"; {name} has {', '.join(days[name])}; {name!r} alone is that of the day"
    near = [each for each in days if each.startswith(f"{name}-")]
    near = near or get_close_matches(name, list(days), n=3, cutoff=_NEAR)
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    known = ", ".join(f"{each} ({', '.join(of)})" for each, of in days.items())
    return f"; there are: {known}; a name alone is that of the day"


def _window(raw: Mapping[str, Any]) -> Iterator[str]:
    start_ns, end_ns = _desk_time(raw, "start"), _desk_time(raw, "end")
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        yield f"desk.end: must lie after desk.start {format_ns(start_ns)}, was {format_ns(end_ns)}"


def _recording_ends(raw: Mapping[str, Any]) -> Iterator[str]:
    named = raw.get("recording")
    if isinstance(named, dict):
        for one, other in (("spot", "spot_windows"), ("books", "books_raw")):
            if one in named and other in named:
                yield f"recording.{other}: choose it or {one}; both carry the same instruments"


def _budget_ends(raw: Mapping[str, Any]) -> Iterator[str]:
    desk, budget = raw.get("desk"), raw.get("budget")
    if budget is None:
        if isinstance(desk, dict) and desk.get("mode") == "auto":
            yield "budget: missing; mode auto acts only inside one"
        return
    collar = number_of(budget.get("price_collar")) if isinstance(budget, dict) else None
    for at, hedge in tables_of(raw, "hedges"):
        slippage = number_of(hedge.get("slippage_limit"))
        if collar is not None and slippage is not None and slippage > collar:
            # At its limit every order would lie outside the collar and be refused.
            where = f"hedges.[{at}].slippage_limit"
            yield f"{where}: must not exceed budget.price_collar {collar}, was {slippage}"


def _account_ends(
    where: str, account: Mapping[str, Any], raw: Mapping[str, Any], rulebooks: Mapping[str, Any]
) -> Iterator[str]:
    book = account.get("rulebook")
    for key, reserved in _RESERVED:
        if account.get(key) == reserved:
            yield f"{where}.{key}: {reserved!r} is kept for what is on its way between accounts"
    rules = rulebooks.get(book) if isinstance(book, str) else None
    yield from _venue_ends(f"{where}.venue", account.get("venue"), rules)
    yield from _balance_ends(where, account, rules)
    yield from (f"{where}.{mistake}" for mistake in _twice(account, "positions", "instrument"))
    described, start_ns = by_id(raw, "instruments"), _desk_time(raw, "start")
    for at, position in tables_of(account, "positions"):
        name = position.get("instrument")
        if isinstance(name, str):
            step = f"{where}.positions.[{at}]"
            yield from _position_ends(step, name, position, described, start_ns)
    for at, order in tables_of(account, "orders"):
        name = order.get("instrument")
        if isinstance(name, str):
            step = f"{where}.orders.[{at}]"
            # An order has its own price; what is not marked against an entry needs no other.
            priced = {**order, "price_entry_ccy": _PRICED}
            yield from _position_ends(step, name, priced, described, start_ns)


def _venue_ends(where: str, venue: Any, rules: Rulebook | None) -> Iterator[str]:
    """Refuse a venue that is not its rulebook's: limits on the venue would pass the account by."""
    if rules is None or not isinstance(venue, str):
        return
    # A venue has a rulebook for each of its modes: of hyperliquid-portfolio it is hyperliquid too.
    fits = dict.fromkeys((rules.venue, rules.venue.split("-")[0]))
    reserved = dict(_RESERVED)["venue"]  # told already
    if venue not in fits and venue != reserved:
        must = " or ".join(fits)
        yield f"{where}: must be {must}, that of its rulebook {rules.name}, was {venue}"


def _balance_ends(where: str, account: Mapping[str, Any], rules: Rulebook | None) -> Iterator[str]:
    currency, balances = account.get("currency"), account.get("balances")
    may_be_owed = () if rules is None else terms_of(rules).owed
    for asset, quantity in balances.items() if isinstance(balances, dict) else ():
        coins = number_of(quantity)
        if coins is not None and coins < 0 and asset not in may_be_owed:
            yield f"{where}.balances.{asset}: must be at least 0, was {quantity}"
    if rules is None or not isinstance(currency, str):
        return
    terms = terms_of(rules)
    if terms.counted is not None and currency not in terms.counted:
        known = ", ".join(terms.counted)
        yield f"{where}.currency: {rules.name} settles in {known}, was {currency}"
        return
    for asset in balances if isinstance(balances, dict) else ():
        if not terms.counts(asset, currency):
            yield f"{where}.balances.{asset}: does not count under {rules.name}; {_instead(rules)}"


def _instead(rules: Rulebook) -> str:
    if terms_of(rules).market is not None:
        return "supply it as a position, or hold it in an account without a rulebook"
    return "hold it in an account of that coin, or in one without a rulebook"


def _position_ends(
    where: str,
    name: str,
    position: Mapping[str, Any],
    described: Mapping[str, Mapping[str, Any]],
    start_ns: int | None,
) -> Iterator[str]:
    listed = described.get(name)
    if listed is not None:
        kind, expiry_ns = listed.get("kind"), _time(listed, "expiry")
        is_future = isinstance(kind, str) and kind in ENTRY_KINDS
        lot = number_of(listed.get("lot_contracts")) if is_future else None
    else:
        try:
            terms = terms_from_name(name)
        except BoundaryError as bad:
            meant = _meant(name, described)
            told = f"{name!r} is not under [[instruments]], and as a name: {bad}{meant}"
            yield f"{where}.instrument: {told}"
            return
        is_future, expiry_ns, lot = has_entry(terms), expiry_of(terms), lot_of(terms)
    quantity = number_of(position.get("quantity_contracts"))
    yield from _lot_ends(f"{where}.quantity_contracts", quantity, lot)
    if is_future and position.get("price_entry_ccy") is None:
        yield f"{where}.price_entry_ccy: missing; a future is marked against its entry price"
    if expiry_ns is not None and start_ns is not None and expiry_ns <= start_ns:
        expired, start = format_ns(expiry_ns), format_ns(start_ns)
        yield f"{where}.instrument: {name} expired {expired}, not after the desk's start {start}"


def _lot_ends(where: str, quantity: Decimal | None, lot: Decimal | None) -> Iterator[str]:
    if quantity is None or lot is None or not (is_written(quantity) and is_written(lot)):
        return
    if lot > 0 and not is_multiple(quantity, lot):
        yield f"{where}: must be a multiple of the lot {lot:f}, was {quantity:f}"


def _hedge_ends(
    where: str,
    hedge: Mapping[str, Any],
    accounts: Mapping[str, Mapping[str, Any]],
    described: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
) -> Iterator[str]:
    name, underlying = hedge.get("instrument"), hedge.get("underlying")
    yield from account_ends(f"{where}.account", hedge.get("account"), accounts)
    yield from _perpetual(f"{where}.instrument", name, described)
    terms = described.get(name) if isinstance(name, str) else None
    seen = None if terms is None else terms.get("underlying")
    if isinstance(underlying, str) and isinstance(seen, str) and seen != underlying:
        yield f"{where}.instrument: must be on {underlying}, was {name} on {seen}"
    account = named(hedge.get("account"), accounts)
    book = None if account is None else account.get("rulebook")
    rules = rulebooks.get(book) if isinstance(book, str) else None
    # A rulebook that is unknown or no name at all is told elsewhere.
    is_judged = account is not None and (book is None or rules is not None)
    if is_judged and (rules is None or LinearPerpetual not in terms_of(rules).instruments):
        name = hedge["account"]
        yield f"{where}.account: {name} must trade perpetuals, its rulebook was {book or 'none'}"
    elif rules is not None and (venue := terms_of(rules)).charges is None:
        said = f"{rules.name} does not say what an order of {hedge['account']} costs"
        remedy = "it has no key for that: leave the hedge out, or trade it at another venue"
        if venue.fees_unwritten:
            remedy = f"write {' and '.join(venue.fees_unwritten)} {INTO_A_COPY}"
        yield f"{where}.account: {said}; {remedy}"


def _buffer_ends(
    where: str, buffer: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    yield from account_ends(f"{where}.account", buffer.get("account"), accounts)
    account = named(buffer.get("account"), accounts)
    if account is not None and account.get("rulebook") is None:
        yield f"{where}.account: {buffer['account']} has no rulebook, hence no buffer"
    trigger, fill = number_of(buffer.get("trigger_use")), number_of(buffer.get("target_use"))
    if trigger is not None and fill is not None and fill >= trigger:
        yield f"{where}.target_use: must lie below trigger_use {trigger}, was {fill}"


def _route_ends(
    where: str,
    route: Mapping[str, Any],
    accounts: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
) -> Iterator[str]:
    source, target = route.get("source"), route.get("target")
    yield from account_ends(f"{where}.source", source, accounts)
    yield from account_ends(f"{where}.target", target, accounts)
    if isinstance(source, str) and source == target:
        yield f"{where}.target: must be another account than the source, was {target}"
    yield from _arrival_ends(where, route, named(target, accounts), rulebooks)


def _switch_ends(
    where: str,
    switch: Mapping[str, Any],
    accounts: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
) -> Iterator[str]:
    """Refuse a category that its account can never join: none, or one of another market."""
    yield from account_ends(f"{where}.account", switch.get("account"), accounts)
    name, account = switch.get("rulebook"), named(switch.get("account"), accounts)
    if not isinstance(name, str) or account is None:
        return  # told elsewhere
    if name not in rulebooks:
        yield (
            f"{where}.rulebook: unknown rulebook {name!r}; one with that category's [e_mode] is "
            f"written at {name}.toml in the folder that desk.rulebooks names"
        )
        return
    held = account.get("rulebook")
    if held is None:
        yield f"{where}.account: {switch.get('account')} has no rulebook, so nothing to switch"
        return
    now = rulebooks.get(held) if isinstance(held, str) else None
    market = terms_of(rulebooks[name]).market
    if now is not None and (market is None or market != terms_of(now).market):
        yield f"{where}.rulebook: {name} is of another market than {held} of the account"


def _swap_ends(
    where: str,
    swap: Mapping[str, Any],
    accounts: Mapping[str, Mapping[str, Any]],
    described: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
) -> Iterator[str]:
    """Refuse a swap that no plan could ever make: it would be read and silently passed over."""
    yield from account_ends(f"{where}.account", swap.get("account"), accounts)
    account = named(swap.get("account"), accounts)
    book = None if account is None else account.get("rulebook")
    rules = rulebooks.get(book) if isinstance(book, str) else None
    market = None if rules is None else terms_of(rules).market
    if account is not None and market is None:
        if book is None or rules is not None:  # an unknown rulebook is told elsewhere
            yield f"{where}.account: {swap.get('account')} is no account of a lending market"
        return
    supplied = {
        terms["asset"]: None
        for terms in described.values()
        if terms.get("kind") == "loan_supply" and isinstance(terms.get("asset"), str)
        if market is None or terms.get("market") == market
    }
    give, take = swap.get("give"), swap.get("take")
    for key, asset in (("give", give), ("take", take)):
        if isinstance(asset, str) and asset not in supplied:
            known = ", ".join(supplied) or "none"
            yield (
                f"{where}.{key}: no loan_supply of {asset!r} under [[instruments]]"
                f"{_meant(asset, supplied)}; there are: {known}"
            )
    if isinstance(give, str) and give == take:
        yield f"{where}.take: must be another collateral than is given, was {take}"


def _arrival_ends(
    where: str,
    route: Mapping[str, Any],
    account: Mapping[str, Any] | None,
    rulebooks: Mapping[str, Rulebook],
) -> Iterator[str]:
    """Refuse what would arrive and not count."""
    book = None if account is None else account.get("rulebook")
    rules = rulebooks.get(book) if isinstance(book, str) else None
    use, asset = route.get("use"), route.get("asset")
    if account is None or (rules is None and book is not None):
        return  # told elsewhere
    is_lent = rules is not None and terms_of(rules).market is not None
    if use in ("balance", "supply", "repay") and is_lent == (use == "balance"):
        fits = "supply or repay" if is_lent else "balance"
        yield f"{where}.use: must be {fits} for {route.get('target')}, was {use}"
    elif rules is not None and not is_lent and isinstance(asset, str) and use == "balance":
        counted = (terms_of(rules).counted or {}).get(str(account.get("currency")), ())
        if counted and asset not in counted:
            only = ", ".join(counted)
            yield f"{where}.asset: only {only} counts under {rules.name}, was {asset}"


def _meant(name: str, known: Iterable[str]) -> str:
    """Say which of the names there are was probably meant."""
    near = name_meant(name, known, near_frac=_NEAR)
    return f"; did you mean {near!r}?" if near else ""


def _perpetual(where: str, name: Any, described: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if isinstance(name, str) and described.get(name, {}).get("kind") != _MOVER:
        meant = _meant(name, [k for k, t in described.items() if t.get("kind") == _MOVER])
        yield f"{where}: no linear perpetual {name!r} under [[instruments]]{meant}"


def _twice(raw: Mapping[str, Any], key: str, name: str) -> Iterator[str]:
    names = [t[name] for _, t in tables_of(raw, key) if isinstance(t.get(name), str)]
    for seen, times in Counter(names).items():
        if times > 1:
            yield f"{key}: {times} entries with the {name} {seen!r}; it must be there once"


def _desk_time(raw: Mapping[str, Any], key: str) -> int | None:
    desk = raw.get("desk")
    return _time(desk, key) if isinstance(desk, dict) else None


def _time(table: Mapping[str, Any], key: str) -> int | None:
    written = table.get(key)
    try:
        return parse_ns(written) if isinstance(written, str) else None
    except (ValueError, OverflowError):
        return None
