"""What in a desk file refers to what, checked on the file as it was written.

The shape of the file is checked elsewhere. Here whatever has the wrong shape is passed over in
silence, so that one mistake hides no other and every mistake is told once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from hedgerow.app.desk_instruments import ENTRY_KINDS
from hedgerow.errors import BoundaryError, Failure
from hedgerow.instruments import Instrument, LinearPerpetual, expiry_of, has_entry, lot_of
from hedgerow.limits import METRICS
from hedgerow.margin import Rulebook, begun_in, rulebooks_at, terms_of
from hedgerow.units import format_ns, is_multiple, parse_ns, to_model
from hedgerow.venues.recordings import future_from_name, option_from_name, perpetual_from_name

__all__ = ["loose_ends", "terms_from_name"]

# The names of what has left one account and not reached another (`execution.in_transit`).
_RESERVED = (("id", "in-transit"), ("venue", "transit"))
_PRICED = object()
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
    accounts, described = _by_id(raw, "accounts"), _by_id(raw, "instruments")
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
    for at, account in _tables(raw, "accounts"):
        yield from _account_ends(f"accounts.{_label(at, account)}", account, raw, rulebooks)
    for at, hedge in _tables(raw, "hedges"):
        yield from _hedge_ends(f"hedges.[{at}]", hedge, accounts, described, rulebooks)
    for at, buffer in _tables(raw, "buffers"):
        yield from _buffer_ends(f"buffers.[{at}]", buffer, accounts)
    for at, route in _tables(raw, "routes"):
        yield from _route_ends(f"routes.[{at}]", route, accounts, rulebooks)
    for at, limit in _tables(raw, "limits"):
        yield from _limit_ends(f"limits.[{at}]", limit, accounts, rulebooks, _coins(raw))
    movers = raw.get("movers")
    for coin, mover in movers.items() if isinstance(movers, dict) else ():
        yield from _perpetual(f"movers.{coin}", mover, described)


def _rulebook_ends(raw: Mapping[str, Any], rulebooks: Mapping[str, Rulebook]) -> Iterator[str]:
    """Refuse a name that is neither a rulebook's nor a venue's, and a time without one in force."""
    venues = dict.fromkeys(each.venue for each in rulebooks.values())
    start_ns, end_ns = _desk_time(raw, "start"), _desk_time(raw, "end")
    for at, account in _tables(raw, "accounts"):
        book, where = account.get("rulebook"), f"accounts.{_label(at, account)}.rulebook"
        if not isinstance(book, str) or book in rulebooks:
            continue
        if book not in venues:
            known = f"{', '.join(rulebooks)}; or, for that of the day, {', '.join(venues)}"
            yield f"{where}: unknown rulebook {book!r}; known: {known}"
        elif start_ns is not None and end_ns is not None:
            for _, found in begun_in(rulebooks, book, start_ns, end_ns):
                if isinstance(found, Failure):
                    yield f"{where}: {found.message}"


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
    collar = _number(budget.get("price_collar")) if isinstance(budget, dict) else None
    for at, hedge in _tables(raw, "hedges"):
        slippage = _number(hedge.get("slippage_limit"))
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
    described, start_ns = _by_id(raw, "instruments"), _desk_time(raw, "start")
    for at, position in _tables(account, "positions"):
        name = position.get("instrument")
        if isinstance(name, str):
            step = f"{where}.positions.[{at}]"
            yield from _position_ends(step, name, position, described, start_ns)
    for at, order in _tables(account, "orders"):
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
        coins = _number(quantity)
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
        lot = _number(listed.get("lot_contracts")) if is_future else None
    else:
        try:
            terms = terms_from_name(name)
        except BoundaryError as bad:
            meant = _meant(name, described)
            told = f"{name!r} is not under [[instruments]], and as a name: {bad}{meant}"
            yield f"{where}.instrument: {told}"
            return
        is_future, expiry_ns, lot = has_entry(terms), expiry_of(terms), lot_of(terms)
    quantity = _number(position.get("quantity_contracts"))
    yield from _lot_ends(f"{where}.quantity_contracts", quantity, lot)
    if is_future and position.get("price_entry_ccy") is None:
        yield f"{where}.price_entry_ccy: missing; a future is marked against its entry price"
    if expiry_ns is not None and start_ns is not None and expiry_ns <= start_ns:
        expired, start = format_ns(expiry_ns), format_ns(start_ns)
        yield f"{where}.instrument: {name} expired {expired}, not after the desk's start {start}"


def _lot_ends(where: str, quantity: Decimal | None, lot: Decimal | None) -> Iterator[str]:
    if quantity is None or lot is None or not (_is_written(quantity) and _is_written(lot)):
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
    yield from _account(f"{where}.account", hedge.get("account"), accounts)
    yield from _perpetual(f"{where}.instrument", name, described)
    terms = described.get(name) if isinstance(name, str) else None
    seen = None if terms is None else terms.get("underlying")
    if isinstance(underlying, str) and isinstance(seen, str) and seen != underlying:
        yield f"{where}.instrument: must be on {underlying}, was {name} on {seen}"
    account = _named(hedge.get("account"), accounts)
    book = None if account is None else account.get("rulebook")
    rules = rulebooks.get(book) if isinstance(book, str) else None
    # A rulebook that is unknown or no name at all is told elsewhere.
    is_judged = account is not None and (book is None or rules is not None)
    if is_judged and (rules is None or LinearPerpetual not in terms_of(rules).instruments):
        name = hedge["account"]
        yield f"{where}.account: {name} must trade perpetuals, its rulebook was {book or 'none'}"
    elif rules is not None and terms_of(rules).charges is None:
        name = hedge["account"]
        yield f"{where}.account: {rules.name} does not say what an order of {name} costs"


def _buffer_ends(
    where: str, buffer: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    yield from _account(f"{where}.account", buffer.get("account"), accounts)
    account = _named(buffer.get("account"), accounts)
    if account is not None and account.get("rulebook") is None:
        yield f"{where}.account: {buffer['account']} has no rulebook, hence no buffer"
    trigger, fill = _number(buffer.get("trigger_use")), _number(buffer.get("target_use"))
    if trigger is not None and fill is not None and fill >= trigger:
        yield f"{where}.target_use: must lie below trigger_use {trigger}, was {fill}"


def _route_ends(
    where: str,
    route: Mapping[str, Any],
    accounts: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
) -> Iterator[str]:
    source, target = route.get("source"), route.get("target")
    yield from _account(f"{where}.source", source, accounts)
    yield from _account(f"{where}.target", target, accounts)
    if isinstance(source, str) and source == target:
        yield f"{where}.target: must be another account than the source, was {target}"
    yield from _arrival_ends(where, route, _named(target, accounts), rulebooks)


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


def _limit_ends(
    where: str,
    limit: Mapping[str, Any],
    accounts: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
    coins: Sequence[str],
) -> Iterator[str]:
    scope, metric = limit.get("scope"), METRICS.get(str(limit.get("metric")))
    if isinstance(scope, str):
        node_of = {name: f"desk/{a.get('venue')}/{name}" for name, a in accounts.items()}
        nodes = [node for name, node in node_of.items() if "rulebook" in accounts[name]]
        if metric is None or not metric.is_of_account:
            nodes = ["desk", *(f"coin/{coin}" for coin in coins)]
            for name, account in accounts.items():
                nodes += [f"desk/{account.get('venue')}", f"desk/{account.get('venue')}/{name}"]
        nodes = list(dict.fromkeys(nodes))
        if not any(_covers(scope, node) for node in nodes):
            bare = [name for name, node in node_of.items() if _covers(scope, node)]
            if bare and metric is not None and metric.is_of_account:
                told = f"{scope!r} names only accounts without a rulebook, which have no "
                yield f"{where}.scope: {told}{metric.title}; {_ruled(bare, accounts, rulebooks)}"
            else:
                there = ", ".join(nodes) or "none"
                yield f"{where}.scope: {scope!r} names no node; there are: {there}"
    bounds = {key: _number(limit.get(key)) for key in ("soft", "hard")}
    beyond = [
        f"{where}.{key}: {trouble}, was {bound}"
        for key, bound in bounds.items()
        if metric and bound is not None and (trouble := metric.trouble_with(to_model(bound)))
    ]
    yield from beyond
    soft, hard = bounds["soft"], bounds["hard"]
    # A bound that is told already says nothing of their order.
    if soft is not None and hard is not None and metric is not None and not beyond:
        is_floor = metric.side == "floor"
        if soft < hard if is_floor else soft > hard:
            order = "above" if is_floor else "below"
            yield f"{where}.soft: must lie {order} hard {hard}, to warn before it, was {soft}"


def _ruled(
    bare: Sequence[str],
    accounts: Mapping[str, Mapping[str, Any]],
    rulebooks: Mapping[str, Rulebook],
) -> str:
    """Say what to write: which of these accounts may follow its venue, or that none's is known."""
    own = {name: v for name in bare if str(v := accounts[name].get("venue")) in rulebooks}
    if not own:
        return f"give one to {' or '.join(bare)}"
    return "write " + ", ".join(f"rulebook = {venue!r} at {name}" for name, venue in own.items())


def _covers(scope: str, node: str) -> bool:
    """Match step by step; below an account there may be two steps more, underlying and expiry."""
    wanted, steps = scope.split("/"), node.split("/")
    if steps[0] == "desk" and len(steps) == 3:
        wanted = wanted[: 3 if len(wanted) <= 5 else None]
    return len(wanted) == len(steps) and all(map(fnmatchcase, steps, wanted))


def _coins(raw: Mapping[str, Any]) -> list[str]:
    """List every coin the file speaks of."""
    found: set[Any] = set()
    described = _by_id(raw, "instruments")
    for key in ("movers", "dollars"):
        found |= set(raw[key]) if isinstance(raw.get(key), dict) else set()
    for _, terms in _tables(raw, "instruments"):
        found |= {x for k in ("underlying", "asset") if isinstance(x := terms.get(k), str)}
    for _, account in _tables(raw, "accounts"):
        balances = account.get("balances")
        found |= set(balances) if isinstance(balances, dict) else set()
        for _, position in _tables(account, "positions"):
            name = position.get("instrument")
            if isinstance(name, str) and name not in described:
                found.add(name.split("-")[0].split("_")[0])
    return sorted(found)


def _meant(name: str, known: Iterable[str]) -> str:
    """Say which of the names there are was probably meant."""
    # Nearer than difflib's 0.6: SOLUSDT-PERP is no slip of the pen for ETHUSDT-PERP.
    near = get_close_matches(name, list(known), n=1, cutoff=0.8)
    return f"; did you mean {near[0]!r}?" if near else ""


def _account(where: str, name: Any, accounts: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(name, str) and name not in accounts:
        yield f"{where}: no account {name!r}; there are: {', '.join(accounts) or 'none'}"


def _perpetual(where: str, name: Any, described: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if isinstance(name, str) and described.get(name, {}).get("kind") != _MOVER:
        meant = _meant(name, [k for k, t in described.items() if t.get("kind") == _MOVER])
        yield f"{where}: no linear perpetual {name!r} under [[instruments]]{meant}"


def _twice(raw: Mapping[str, Any], key: str, name: str) -> Iterator[str]:
    names = [t[name] for _, t in _tables(raw, key) if isinstance(t.get(name), str)]
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


def _named(name: Any, tables: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return tables.get(name) if isinstance(name, str) else None


def _by_id(raw: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    return {t["id"]: t for _, t in _tables(raw, key) if isinstance(t.get("id"), str)}


def _tables(raw: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    listed = raw.get(key)
    if not isinstance(listed, list):
        return []
    return [(at, table) for at, table in enumerate(listed) if isinstance(table, dict)]


def _label(at: int, table: Mapping[str, Any]) -> str:
    name = table.get("id")
    return f"[{at}: {name}]" if isinstance(name, str) else f"[{at}]"


def _number(written: Any) -> Decimal | None:
    if isinstance(written, bool) or not isinstance(written, int | str | Decimal):
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_written(number: Decimal) -> bool:
    """Whether a number has no more digits than a desk file may give: more are told elsewhere."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -18 and number.adjusted() < 18
