"""What a judgement rests on, as one hash: the same inputs give the same hash on every machine."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from hashlib import sha256

import msgspec

from hedgerow.limits.records import Limit
from hedgerow.margin import Rulebook
from hedgerow.market import Snapshot
from hedgerow.portfolio import Book

__all__ = ["inputs_hash"]


def inputs_hash(
    book: Book,
    snapshot: Snapshot,
    limits: Iterable[Limit],
    rulebooks: Mapping[str, Rulebook],
    beside: Iterable[msgspec.Struct] = (),
) -> str:
    """Hash accounts, terms, everything the market said, the limits, and the rulebooks in use.

    Parameters
    ----------
    beside
        What else it was judged by, such as the ladders of calls.

    Returns
    -------
    str
        SHA-256 in hexadecimal, of JSON with keys in order. Numbers are written in full: one digit
        more or less of any input is another hash.
    """
    used = {each.rulebook for each in book.accounts}
    market = {
        each.name: _keyed(getattr(snapshot, each.name))
        for each in fields(snapshot)
        if not each.name.startswith("_")  # what it worked out, and was not told
    }
    inputs: dict[str, object] = {
        "accounts": book.accounts,
        "instruments": {name: book.terms[name] for name in sorted(book.terms)},
        "market": market,
        "limits": tuple(limits),
        "rulebooks": {name: rulebooks[name] for name in sorted(rulebooks) if name in used},
    }
    if more := tuple(beside):
        inputs["beside"] = more
    encoded = msgspec.json.encode(inputs, enc_hook=_builtin, order="deterministic")
    return sha256(encoded).hexdigest()


def _keyed(held: object) -> object:
    """Write keys of two parts as one: JSON has text only."""
    if not isinstance(held, Mapping):
        return held
    return {
        "|".join(map(str, key)) if isinstance(key, tuple) else key: each
        for key, each in held.items()
    }


def _builtin(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"objects of type {type(value).__name__} cannot be hashed; state them as data")
