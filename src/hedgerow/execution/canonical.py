"""One way to write a payload: the same values give the same bytes on every machine.

Keys sorted, no spaces, exact numbers as strings in plain notation, model numbers rounded to the
decimals that their unit deserves. Digits beyond those are noise of the arithmetic library, and a
journal that kept them would differ between two machines that agree.
"""

import json
import math
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import JournalRejected

__all__ = ["DECIMALS", "canonical", "decimals_of", "rounded"]

# Decimal places of a model number by the unit that ends its name; the longest name wins. A rate
# takes those of the unit before `_per_` unless the rate itself is listed. Units that only whole
# numbers have (ns, count, index, raw, wad, ray, seed, ...) are absent: a float there is a mistake.
DECIMALS: Mapping[str, int] = {
    "usd": 2,
    "coin": 8,
    "contracts": 8,
    "ccy": 8,
    "frac": 6,
    "frac_usd_or_coin": 6,
    "bps": 2,
    "volpt": 4,
    "years": 8,
    "days": 6,
    "s": 3,
    "ms": 3,
    "coin_per_usd": 12,
    "frac_per_8h": 10,
}
_LONGEST_FIRST = sorted(DECIMALS, key=lambda unit: (-len(unit), unit))


def decimals_of(name: str) -> int | None:
    """Give the decimal places of a model number called `name`; None where no unit is known.

    Examples
    --------
    >>> decimals_of("equity_usd"), decimals_of("theta_usd_per_day"), decimals_of("equity")
    (2, 2, None)
    """
    stem = name.removesuffix("_max").removesuffix("_min")
    head, per, _ = stem.rpartition("_per_")
    for candidate in (stem, head) if per else (stem,):
        for unit in _LONGEST_FIRST:
            is_rate = "_per_" in unit
            if is_rate != (candidate == stem and bool(per)):
                continue
            if candidate == unit or candidate.endswith("_" + unit):
                return DECIMALS[unit]
    return None


def rounded(value: float, decimals: int) -> float:
    """Round half to even to `decimals` places; minus zero becomes zero.

    Raises
    ------
    JournalRejected
        If `value` is not finite.
    """
    if not math.isfinite(value):
        raise JournalRejected(f"{value} cannot be journalled; journal a Failure or None instead")
    return round(float(value), decimals) + 0.0  # -0.0 + 0.0 is 0.0


def canonical(payload: Mapping[str, object]) -> str:
    """Write a payload as canonical JSON.

    Parameters
    ----------
    payload
        Records, mappings, sequences, text, whole numbers, Decimal and float. A float takes its
        decimals from its own name or, inside a list or a mapping of coins, from the name above it.

    Raises
    ------
    JournalRejected
        If a number is not finite, a float has no unit in its name, or a type cannot be written.
    """
    try:
        plain = msgspec.to_builtins(
            payload,
            builtin_types=(Decimal,),
            str_keys=True,
            enc_hook=_builtin,
            order="deterministic",  # a set has no order of its own
        )
        text = json.dumps(
            _walk(plain, "payload", None),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )
        text.encode()  # half of a surrogate pair is no text
    except (TypeError, ValueError, RecursionError) as error:
        raise JournalRejected(f"payload cannot be journalled: {error}") from error
    return text


def _builtin(value: object) -> object:
    """Turn the near relations of built-in types (numpy floats, mapping proxies) into those."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"objects of type {type(value).__name__} have no canonical form")


def _walk(value: object, path: str, decimals: int | None) -> object:
    match value:
        case dict():
            return {
                key: _walk(item, f"{path}.{key}", _own_or_above(str(key), decimals))
                for key, item in value.items()
            }
        case list() | tuple():
            return [_walk(item, f"{path}[{at}]", decimals) for at, item in enumerate(value)]
        case Decimal():
            if not value.is_finite():
                raise JournalRejected(f"{path} is {value}; journal a Failure or None instead")
            return format(value, "f")
        case float():
            if decimals is None:
                raise JournalRejected(
                    f"{path} is the float {value}, but its name does not end in a unit that has "
                    f"decimals ({', '.join(DECIMALS)}); rename it or journal an exact number"
                )
            try:
                return rounded(value, decimals)
            except JournalRejected as error:
                raise JournalRejected(f"{path}: {error}") from None
        case _:
            return value


def _own_or_above(name: str, above: int | None) -> int | None:
    own = decimals_of(name)
    return above if own is None else own
