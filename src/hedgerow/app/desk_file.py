"""The desk file: what a person writes, checked whole before anything runs.

One TOML file says which accounts, limits, hedges, buffers, routes and budgets there are, and what
is assumed where nothing was recorded. Unknown keys are refused; `desk_mistakes` tells of every one.
"""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, create_model

from hedgerow.app.desk_fields import (
    Count,
    DollarPeg,
    Duration,
    DurationPositive,
    Exact,
    ExactFraction,
    ExactNotNegative,
    ExactPositive,
    Fraction,
    MetricName,
    Moment,
    Name,
    NotNegative,
    Part,
    Positive,
    Real,
    RungBounds,
    Step,
)
from hedgerow.app.desk_instruments import InstrumentPart
from hedgerow.app.plan_asked import (
    CAPITAL_FRAC_PER_YEAR,
    HORIZON_DAYS,
    OPTION_DEPTH_CONTRACTS,
    SLIPPAGE_FRAC,
)
from hedgerow.errors import DeskRejected
from hedgerow.hedging import BandKind
from hedgerow.limits import TRIGGERS, USE
from hedgerow.units import DAY_NS, HOUR_NS

__all__ = ["DeskFile", "PlanningPart", "read_desk_file"]

P = TypeVar("P", bound=Part)


class DeskPart(Part):
    """What the desk is called, how far it may act alone, and when it looks."""

    name: str
    numeraire: Literal["USD"] = "USD"
    mode: Literal["observe", "propose", "auto"] = "observe"
    step: Step
    start: Moment
    end: Moment
    warmup: Duration = 24 * HOUR_NS
    rulebooks: str | None = None


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
    balances: dict[Name, Exact] = Field(default_factory=dict)
    positions: list[PositionPart] = Field(default_factory=list)
    orders: list[OrderPart] = Field(default_factory=list)


class LimitPart(Part):
    """One tolerance. For distances less is worse, for everything else more."""

    scope: str
    metric: MetricName
    soft: Positive
    hard: Positive
    owner: str = ""
    expires: Moment | None = None
    dwell: Duration = 0
    shocks: list[str] = Field(default_factory=list)
    horizon: DurationPositive | None = None


class BackingPart(Part):
    """Who stands behind a token; "nobody" where there is none to fail."""

    issuer: Name | None = None
    bridge: Name | None = None
    oracle: Name | None = None


def _with_triggers(part: type[P]) -> type[P]:
    """Add a key for each metric that the rungs of a call may begin by; only one must be there."""
    keys: dict[str, Any] = {
        each.trigger: RungBounds if metric == USE else (RungBounds | None, None)
        for metric, each in TRIGGERS.items()
    }
    return create_model(part.__name__, __base__=part, __doc__=part.__doc__, **keys)


@_with_triggers
class CallPart(Part):
    """Where the rungs of an account begin (watch, call, inject, reduce), and who is called."""

    account: Name
    horizon: DurationPositive = round(HORIZON_DAYS * DAY_NS)
    target_use: ExactFraction
    patience: Fraction = 0.01
    dwell: Duration = 0
    owner: str = ""

    @property
    def rungs(self) -> dict[str, list[float]]:
        """Where they begin, by metric."""
        found = {metric: getattr(self, each.trigger) for metric, each in TRIGGERS.items()}
        return {metric: bounds for metric, bounds in found.items() if bounds is not None}


class HedgePart(Part):
    """How one coin's delta is held; by which band, and what hedging by it may cost."""

    underlying: Name
    instrument: Name
    account: Name
    target_delta_coin: Real = 0.0
    band: BandKind | None = None
    risk_aversion_per_usd: Positive | None = None
    budget_bps_per_day: Positive | None = None
    budget_shortfall_usd: Positive | None = None
    fixed_cost_usd: NotNegative = 0.0
    interval: DurationPositive | None = None
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


class SwitchPart(Part):
    """A category of its lending market (e-mode) that an account may join: that of a rulebook."""

    account: Name
    rulebook: str
    gas_usd: ExactNotNegative = Decimal(0)


class SwapPart(Part):
    """A collateral that an account may give for another, and what that costs."""

    account: Name
    give: Name
    take: Name
    fee: Annotated[ExactNotNegative, Field(lt=1)] = Decimal(0)
    half_spread: Annotated[ExactNotNegative, Field(lt=1)] = Decimal(0)
    step_coin: ExactPositive
    gas_usd: ExactNotNegative = Decimal(0)
    give_coin_max: ExactPositive | None = None


class BudgetPart(Part):
    """Hard caps outside the strategy; a cap of 0 allows nothing."""

    order_usd_max: ExactNotNegative
    orders_usd_per_day: ExactNotNegative
    transfers_usd_per_day: ExactNotNegative
    price_collar: ExactFraction


class PlanningPart(Part):
    """Who plans: bands and buffers each for themselves, or trades and transfers together."""

    agent: Literal["bands", "joint"] = "bands"
    means: Literal["joint", "hedges", "collateral"] = "joint"
    option_depth_contracts: Positive = OPTION_DEPTH_CONTRACTS
    horizon: DurationPositive = round(HORIZON_DAYS * DAY_NS)
    capital_per_year: Fraction = CAPITAL_FRAC_PER_YEAR
    slippage_limit: Fraction = SLIPPAGE_FRAC


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


class PegOraclePart(Part):
    """How old a round of the token's feed may be, against the coin it is staked from."""

    round_age: DurationPositive


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
    peg_oracle: dict[Name, PegOraclePart] = Field(default_factory=dict)
    staking: dict[Name, StakingPart] = Field(default_factory=dict)
    share: dict[Name, SharePart] = Field(default_factory=dict)
    lending: dict[Name, dict[Name, LendingPart]] = Field(default_factory=dict)
    perpetuals_at_spot: list[Name] = Field(default_factory=list)


class DeskFile(Part):
    """The whole file."""

    desk: DeskPart
    recording: RecordingPart = RecordingPart()
    movers: dict[Name, Name] = Field(default_factory=dict)
    dollars: dict[Name, DollarPeg] = Field(default_factory=dict)
    ages: AgesPart = AgesPart()
    instruments: list[InstrumentPart] = Field(default_factory=list)
    accounts: Annotated[list[AccountPart], Field(min_length=1)]
    limits: list[LimitPart] = Field(default_factory=list)
    hedges: list[HedgePart] = Field(default_factory=list)
    buffers: list[BufferPart] = Field(default_factory=list)
    routes: list[RoutePart] = Field(default_factory=list)
    switches: list[SwitchPart] = Field(default_factory=list)
    swaps: list[SwapPart] = Field(default_factory=list)
    budget: BudgetPart | None = None
    planning: PlanningPart = PlanningPart()
    assumptions: AssumptionsPart = AssumptionsPart()
    vols: dict[Name, Positive] = Field(default_factory=dict)
    backing: dict[Name, BackingPart] = Field(default_factory=dict)
    calls: list[CallPart] = Field(default_factory=list)


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
