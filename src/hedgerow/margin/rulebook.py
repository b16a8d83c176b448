"""Rulebooks: a venue's parameters as dated data.

Code holds formulas, TOML holds numbers, each file with its `source`, the day from which it is known
to hold (`as_of`) and how well it was verified. `app` reads the files; this room only decodes bytes.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

import msgspec

from hedgerow.errors import RulebookRejected
from hedgerow.margin.records import Confidence, Evidence
from hedgerow.units import date_utc, parse_ns

__all__ = [
    "RULES",
    "LendingReserve",
    "LendingRulebook",
    "Rulebook",
    "ScanRulebook",
    "Tier",
    "TieredRulebook",
    "decode_rulebook",
    "mistakes_of",
]


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `floor_usd` of notional on: maintenance rate and the leverage it permits."""

    floor_usd: Decimal
    rate_maintenance_frac: Decimal
    rate_initial_frac: Decimal


class TieredRulebook(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tiered"
):
    """Cross-margined perpetuals: each position's notional falls into tiers of its underlying."""

    name: str
    venue: str
    source: str
    as_of: str
    confidence: Confidence
    confidence_note: str
    evidence: dict[str, Evidence] = {}
    currency: str
    tiers: dict[str, list[Tier]]
    fee_taker_frac: Decimal
    fee_liquidation_frac: Decimal


class ScanRulebook(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="scan"
):
    """Portfolio margin by scenario scan over price and vol, per settlement currency."""

    name: str
    venue: str
    source: str
    as_of: str
    confidence: Confidence
    confidence_note: str
    evidence: dict[str, Evidence] = {}
    price_range_frac: dict[str, Decimal]
    buckets_count: int
    volatility_up_frac: dict[str, Decimal]
    volatility_down_frac: dict[str, Decimal]
    short_term_vega_power: Decimal
    long_term_vega_power: Decimal
    min_volatility_for_shock_up_frac: Decimal
    extended_moves_frac: list[Decimal]
    extended_table_factor_frac: Decimal
    extended_dampener_usd: dict[str, Decimal]
    annualised_move_risk_frac: dict[str, Decimal]
    min_annualised_move_frac: dict[str, Decimal]
    delta_shock_threshold_usd: Decimal
    maintenance_factor_frac: Decimal
    fee_taker_frac: Decimal
    fee_cap_of_price_frac: Decimal
    fee_delivery_frac: Decimal
    fee_liquidation_frac: Decimal


class LendingReserve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reserve of a lending market, in the protocol's basis points."""

    liquidation_threshold_bps: int
    liquidation_bonus_bps: int
    asset_decimals: int


class LendingRulebook(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="lending"
):
    """Over-collateralised loans, liquidated when the health factor falls below one."""

    name: str
    venue: str
    source: str
    as_of: str
    confidence: Confidence
    confidence_note: str
    evidence: dict[str, Evidence] = {}
    market: str
    close_factor_bps: int
    close_factor_full_below_health_frac: Decimal
    close_factor_full_below_usd: Decimal
    liquidation_protocol_fee_bps: int
    dust_base_usd: Decimal
    reserves: dict[str, LendingReserve]


# The rules each kind uses, by the names that its table `[evidence]` may hold.
RULES: Mapping[type, tuple[str, ...]] = {
    TieredRulebook: ("equity", "tiered_maintenance", "tiered_initial"),
    ScanRulebook: (
        "equity",
        "futures_scan",
        "options_scan",
        "tail_multiplier",
        "tail_dampener",
        "rounding",
        "roll_minimum",
        "roll_exponential",
    ),
    LendingRulebook: ("collateral", "debt"),
}

Rulebook: TypeAlias = TieredRulebook | ScanRulebook | LendingRulebook


def decode_rulebook(raw: bytes, *, where: str) -> Rulebook:
    """Decode one rulebook file.

    Parameters
    ----------
    raw
        The TOML text; its key `type` says which of the three kinds it is.
    where
        How to name the file in errors.

    Raises
    ------
    RulebookRejected
        If it is no TOML, a key is missing, unknown or of the wrong type, a number is negative or
        not finite, tiers or their rates do not rise, or a table of a scan lacks a currency.
    """
    try:
        rulebook: Rulebook = msgspec.toml.decode(raw, type=Rulebook)
    except RecursionError as bad:
        raise RulebookRejected(f"{where}: nested too deeply") from bad
    except (msgspec.MsgspecError, ValueError) as bad:  # ValueError: not UTF-8, an endless integer
        raise RulebookRejected(f"{where}: {bad}") from bad
    # In this order: tiers and tables may be compared once their numbers are numbers.
    mistake = next(mistakes_of(rulebook), None)
    if mistake is not None:
        raise RulebookRejected(f"{where}: {mistake}")
    return rulebook


def mistakes_of(rulebook: Rulebook) -> Iterator[str]:
    """Name what cannot be in a decoded rulebook: numbers first, since shapes compare numbers."""
    is_sound = True
    for mistake in _bad_numbers(rulebook, ""):
        is_sound = False
        yield mistake
    if is_sound:
        yield from _bad_shapes(rulebook)
    yield from _bad_evidence(rulebook)
    yield from _bad_day(rulebook)


def _bad_evidence(rulebook: Rulebook) -> Iterator[str]:
    """Name tags of rules that are none: a misspelt one would leave its rule unverified."""
    rules = RULES[type(rulebook)]
    for rule in rulebook.evidence:
        if rule not in rules:
            yield f"evidence.{rule} is no rule of this kind; there are {', '.join(rules)}"


def _bad_day(rulebook: Rulebook) -> Iterator[str]:
    """Refuse a date that is none: it decides which rulebook applies when."""
    try:
        is_day = date_utc(parse_ns(rulebook.as_of)) == rulebook.as_of
    except ValueError:
        is_day = False
    if not is_day:
        yield f"as_of must be a day such as 2026-02-15, was {rulebook.as_of}"


def _bad_numbers(part: object, path: str) -> Iterator[str]:
    """Name every number that cannot be, with its path; only the moves of a tail may be negative."""
    if isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from _bad_numbers(getattr(part, name), f"{path}.{name}" if path else name)
    elif isinstance(part, dict):
        for name, inner in part.items():
            yield from _bad_numbers(inner, f"{path}.{name}")
    elif isinstance(part, list):
        for at, inner in enumerate(part):
            yield from _bad_numbers(inner, f"{path}.[{at}]")
    elif isinstance(part, Decimal | int):
        number = Decimal(part)
        may_fall = path.startswith("extended_moves_frac")
        if not number.is_finite() or (number < 0 and not may_fall):
            yield f"{path} must be finite and not negative, was {part}"
        elif may_fall and (number <= -1 or number == 0):
            yield f"{path} must be above -1 and not 0, was {part}"


def _bad_shapes(rulebook: Rulebook) -> Iterator[str]:
    """Say what does not fit together."""
    if isinstance(rulebook, TieredRulebook):
        for underlying, tiers in rulebook.tiers.items():
            floors = [tier.floor_usd for tier in tiers]
            if not floors or floors[0] != 0 or floors != sorted(set(floors)):
                listed = [str(floor) for floor in floors]
                yield f"tiers.{underlying} must start at 0 and rise, floors were {listed}"
            rates = [tier.rate_maintenance_frac for tier in tiers]
            if rates != sorted(rates):
                listed = [str(rate) for rate in rates]
                yield f"tiers.{underlying} maintenance rates must rise, were {listed}"
    if isinstance(rulebook, ScanRulebook):
        if rulebook.buckets_count == 0:
            yield "buckets_count must be positive, was 0"
        currencies = ", ".join(sorted(rulebook.price_range_frac))
        for name in (
            "volatility_up_frac",
            "volatility_down_frac",
            "extended_dampener_usd",
            "annualised_move_risk_frac",
            "min_annualised_move_frac",
        ):
            named = ", ".join(sorted(getattr(rulebook, name)))
            if named != currencies:
                yield f"{name} names {named}, price_range_frac names {currencies}"
