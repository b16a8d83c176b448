"""The desk file: what a person writes, checked whole before anything runs.

One TOML file says which accounts, limits, hedges, buffers, routes and budgets there are, and what
is assumed where nothing was recorded. Unknown keys are refused; every mistake is listed at once
with its path, what was seen and, for a key, the nearest one that exists.
"""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from hedgerow.app.desk_fields import (
    Count,
    Duration,
    DurationPositive,
    Exact,
    ExactFraction,
    ExactNotNegative,
    ExactPositive,
    Fraction,
    Moment,
    Name,
    NotNegative,
    Part,
    Positive,
    Real,
    Step,
)
from hedgerow.app.desk_instruments import INSTRUMENT_KINDS, InstrumentPart
from hedgerow.errors import DeskRejected
from hedgerow.limits import Metric
from hedgerow.units import HOUR_NS

__all__ = ["DeskFile", "read_desk_file", "shape_mistakes"]


class DeskPart(Part):
    """What the desk is called, how far it may act alone, and when it looks."""

    name: str
    numeraire: Literal["USD"] = "USD"
    mode: Literal["observe", "propose", "auto"] = "observe"
    step: Step
    start: Moment
    end: Moment
    warmup: Duration = 24 * HOUR_NS


class RecordingPart(Part):
    """Folders below ``--data``; one left out is not read."""

    options: str | None = None
    dated_futures: str | None = None
    perpetual_quotes: str | None = None
    perpetuals: str | None = None
    marks: str | None = None
    spot: str | None = None
    spot_windows: str | None = None
    funding: str | None = None
    power_perpetuals: str | None = None
    oracle_rounds: str | None = None
    books: str | None = None
    books_raw: str | None = None


class AgesPart(Part):
    """How old an input may be; what is left out keeps a live desk's limit."""

    quote: Duration | None = None
    option: Duration | None = None
    index: Duration | None = None
    ladder: Duration | None = None
    lending: Duration | None = None
    staking: Duration | None = None
    share: Duration | None = None
    power: Duration | None = None
    funding: Duration | None = None
    account: Duration | None = None


class PositionPart(Part):
    """One holding at the start."""

    instrument: Name
    quantity_contracts: Exact
    price_entry_ccy: ExactPositive | None = None


class OrderPart(Part):
    """One order that rests from the start: it takes margin, and nothing fills it."""

    instrument: Name
    quantity_contracts: Exact
    price_ccy: ExactPositive
    reduce_only: bool = False


class AccountPart(Part):
    """One account at the start. Without a rulebook nothing can liquidate it."""

    id: Name
    venue: Name
    currency: Name
    rulebook: str | None = None
    balances: dict[Name, ExactNotNegative] = Field(default_factory=dict)
    positions: list[PositionPart] = Field(default_factory=list)
    orders: list[OrderPart] = Field(default_factory=list)


class LimitPart(Part):
    """One tolerance. For distances less is worse, for everything else more."""

    scope: str
    metric: Metric
    soft: Positive
    hard: Positive


class HedgePart(Part):
    """How one coin's delta is held."""

    underlying: Name
    instrument: Name
    account: Name
    target_delta_coin: Real = 0.0
    risk_aversion_per_usd: Positive
    band_min_coin: NotNegative
    slippage_limit: Fraction


class BufferPart(Part):
    """When an account is refilled and how far, as requirement over equity."""

    account: Name
    trigger_use: ExactFraction
    target_use: ExactFraction


class RoutePart(Part):
    """One allowed way for one asset."""

    source: Name
    target: Name
    asset: Name
    use: Literal["balance", "supply", "repay"]
    latency: Duration
    fee_coin: ExactNotNegative
    step_coin: ExactPositive


class BudgetPart(Part):
    """Hard caps outside the strategy; a cap of 0 allows nothing."""

    order_usd_max: ExactNotNegative
    orders_usd_per_day: ExactNotNegative
    transfers_usd_per_day: ExactNotNegative
    price_collar: ExactFraction


class DepthPart(Part):
    """Order book as a function of volatility."""

    depth_usd_per_bps: Positive
    vol_reference: Positive
    vol_exponent: Positive
    half_spread_bps: Positive
    levels: Annotated[Count, Field(gt=0, le=200)]
    level_step_bps: Positive


class OptionSpreadPart(Part):
    """What closing options costs beyond the mark, in volatility."""

    half_spread_vol: Positive


class OraclePart(Part):
    """Feed by heartbeat and deviation."""

    heartbeat: DurationPositive
    deviation: ExactPositive
    delay: Duration


class StakingPart(Part):
    """What a staked token redeems for."""

    base: Name
    rate_coin_per_coin: ExactPositive
    growth_per_year: ExactNotNegative = Decimal(0)
    discount: Annotated[ExactNotNegative, Field(lt=1)] = Decimal(0)
    heartbeat: DurationPositive | None = None


class SharePart(Part):
    """What one share of a vault is worth in the vault's asset."""

    rate_coin_per_share: ExactPositive
    growth_per_year: ExactNotNegative = Decimal(0)


class LendingPart(Part):
    """Constant rates of one reserve."""

    supply_apr: ExactNotNegative = Decimal(0)
    borrow_apr: ExactNotNegative = Decimal(0)


class AssumptionsPart(Part):
    """Stated models, used only where nothing was recorded."""

    depth: DepthPart | None = None
    option_spread: OptionSpreadPart = OptionSpreadPart(half_spread_vol=0.01)
    oracle: dict[Name, OraclePart] = Field(default_factory=dict)
    staking: dict[Name, StakingPart] = Field(default_factory=dict)
    share: dict[Name, SharePart] = Field(default_factory=dict)
    lending: dict[Name, dict[Name, LendingPart]] = Field(default_factory=dict)


class DeskFile(Part):
    """The whole file."""

    desk: DeskPart
    recording: RecordingPart = RecordingPart()
    movers: dict[Name, Name] = Field(default_factory=dict)
    dollars: dict[Name, ExactPositive] = Field(default_factory=dict)
    ages: AgesPart = AgesPart()
    instruments: list[InstrumentPart] = Field(default_factory=list)
    accounts: Annotated[list[AccountPart], Field(min_length=1)]
    limits: list[LimitPart] = Field(default_factory=list)
    hedges: list[HedgePart] = Field(default_factory=list)
    buffers: list[BufferPart] = Field(default_factory=list)
    routes: list[RoutePart] = Field(default_factory=list)
    budget: BudgetPart | None = None
    assumptions: AssumptionsPart = AssumptionsPart()


def read_desk_file(path: Path) -> dict[str, Any]:
    """Read the TOML, keeping every digit of its numbers.

    Raises
    ------
    DeskRejected
        If the file cannot be read or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        reason = getattr(bad, "strerror", None) or str(bad)
        raise DeskRejected(
            f"{path}: cannot be read: {reason}; name a desk file, or none for the embedded desk"
        ) from bad
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as bad:  # bad TOML, a number of 5,000 digits, deep nests
        raise DeskRejected(f"{path}: not TOML: {bad}") from bad


def shape_mistakes(raw: Mapping[str, Any]) -> tuple[DeskFile | None, list[str]]:
    """Check names, types and ranges; give the file or every mistake."""
    try:
        return DeskFile.model_validate(raw), []
    except ValidationError as bad:
        return None, [_tell(error, raw) for error in bad.errors()]


def _tell(error: Any, raw: Mapping[str, Any]) -> str:
    where = ".".join(_steps(error["loc"], raw))
    if error["type"] == "extra_forbidden":
        close = get_close_matches(str(error["loc"][-1]), _keys_at(error["loc"][:-1]), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"{where}: unknown key{hint}"
    if error["type"] == "missing":
        needs = _required(error["loc"])
        return f"{where}: missing" + (f"; it needs {', '.join(needs)}" if needs else "")
    if error["type"] == "union_tag_not_found":
        return f"{where}.kind: missing; must be {_expected(', '.join(INSTRUMENT_KINDS))}"
    if error["type"] == "union_tag_invalid":
        tag, expected = error["ctx"]["tag"], _expected(error["ctx"]["expected_tags"])
        return f"{where}.kind: must be {expected}, was {_seen(tag)}"
    return f"{where}: {_words(error)}, was {_seen(error['input'])}"


# What is said instead of the validator's own words; braces are filled from the rule that broke.
_WORDS = {
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be finite",
    "literal_error": "must be {expected}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} decimal places",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "may hold letters, digits and _ . : - only",
    "list_type": "must be a list",
    "too_short": "must have at least {min_length} entry",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


def _words(error: Any) -> str:
    said = _WORDS.get(error["type"])
    if said is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return said.format(**error.get("ctx", {}))


def _expected(listed: str) -> str:
    names = sorted(name.strip(" '") for name in listed.split(","))
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _required(loc: tuple[Any, ...]) -> list[str]:
    """List what a missing table, or each entry of a missing list of tables, must hold."""
    kinds: list[Any] = [DeskFile]
    for step in loc[:-1]:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    fields = [kind.model_fields.get(loc[-1]) for kind in kinds if hasattr(kind, "model_fields")]
    tables = [inner for field in fields if field for inner in _models(field.annotation)]
    return [k for table in tables for k, f in table.model_fields.items() if f.is_required()]


def _seen(written: Any) -> str:
    try:
        return f"{written!s:.60}"
    except ValueError:
        return "a number of thousands of digits"


def _steps(loc: tuple[Any, ...], raw: Any) -> Iterator[str]:
    """Write a location as a person would: list items carry their id, union tags are left out."""
    at = raw
    for step in loc:
        if isinstance(step, int):
            at = at[step] if isinstance(at, list) and step < len(at) else None
            name = at.get("id") if isinstance(at, Mapping) else None
            yield f"[{step}]" if name is None else f"[{step}: {name}]"
        elif isinstance(at, Mapping) and (step in at or step not in INSTRUMENT_KINDS):
            at = at.get(step)
            yield str(step)


def _keys_at(loc: tuple[Any, ...]) -> list[str]:
    """List the keys that would have been fine at a location."""
    kinds: list[Any] = [DeskFile]
    for step in loc:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    return sorted({key for kind in kinds for key in getattr(kind, "model_fields", {})})


def _inside(kind: Any, step: Any) -> list[Any]:
    """Give the models one step further in, looking through lists, dicts, unions and Annotated."""
    field = getattr(kind, "model_fields", {}).get(step) if isinstance(step, str) else None
    if field is not None:
        return list(_models(field.annotation))
    return [kind]


def _models(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)
