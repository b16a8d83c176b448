"""A desk: the file a person wrote, turned into records of the lower rooms.

Its shape and what in it refers to what are checked together, so that every mistake appears in one
message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from hedgerow.agents import Means
from hedgerow.app.desk_file import (
    AccountPart,
    AgesPart,
    BudgetPart,
    BufferPart,
    DepthPart,
    DeskFile,
    HedgePart,
    PlanningPart,
    RecordingPart,
    RoutePart,
    StakingPart,
    SwapPart,
    SwitchPart,
    read_desk_file,
)
from hedgerow.app.desk_limits import calls_of, limits_of
from hedgerow.app.desk_mistakes import shape_mistakes
from hedgerow.app.loose_ends import loose_ends, terms_from_name
from hedgerow.app.portfolio_model import packaged_chance
from hedgerow.app.rulebooks import packaged_rulebooks, rulebooks_in
from hedgerow.collateral import BufferPolicy, Route
from hedgerow.errors import DeskRejected, HedgerowError
from hedgerow.execution import Mode
from hedgerow.hedging import Depth, HedgeBudget, HedgePolicy
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.limits import CallPolicy, FirstPassage, Limit
from hedgerow.margin import Rulebook, rulebooks_at, terms_of
from hedgerow.market import AgeLimits
from hedgerow.planning import JointTerms, ModeSwitch, SwapWay
from hedgerow.portfolio import Account, Balance, OpenOrder, Position
from hedgerow.simulation import (
    Assumptions,
    DepthModel,
    LendingModel,
    OracleModel,
    PegOracleModel,
    ShareModel,
    StakingModel,
)
from hedgerow.units import DAY_NS, to_model

__all__ = ["Desk", "JointPlanning", "load_desk"]

_NOTHING = BudgetPart(
    order_usd_max=Decimal(0),
    orders_usd_per_day=Decimal(0),
    transfers_usd_per_day=Decimal(0),
    price_collar=Decimal("0.02"),
)


@dataclass(frozen=True, slots=True, eq=False)
class JointPlanning:
    """How a desk plans trades and transfers together: by what means, depth, horizon and charge."""

    means: Means
    depth: Depth
    terms: JointTerms


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Everything a run needs besides the market itself."""

    name: str
    digest: str
    mode: Mode
    step_ns: int
    start_ns: int
    end_ns: int
    warmup_ns: int
    recording: RecordingPart
    movers: Mapping[str, str]
    dollars_usd: Mapping[str, Decimal]
    ages: AgeLimits
    instruments: Mapping[str, Instrument]
    accounts: tuple[Account, ...]
    rulebooks: Mapping[str, Rulebook]
    limits: tuple[Limit, ...]
    calls: tuple[CallPolicy, ...]
    chance: FirstPassage
    hedges: tuple[HedgePolicy, ...]
    buffers: tuple[BufferPolicy, ...]
    routes: tuple[Route, ...]
    switches: tuple[ModeSwitch, ...]
    swaps: tuple[SwapWay, ...]
    has_budget: bool  # without one (never in mode auto) the caps below are zero
    order_usd_max: Decimal
    orders_usd_per_day: Decimal
    transfers_usd_per_day: Decimal
    price_collar_frac: Decimal
    planning: JointPlanning | None  # None: bands and buffers, each for itself
    assumptions: Assumptions
    at_spot: tuple[str, ...]  # perpetuals that nobody recorded, taken to stand at spot
    option_half_spread_vol_frac: float

    @property
    def perpetuals(self) -> tuple[LinearPerpetual, ...]:
        """The perpetuals described in the file."""
        return tuple(t for t in self.instruments.values() if isinstance(t, LinearPerpetual))


def load_desk(path: Path) -> Desk:
    """Read and check a desk file.

    Raises
    ------
    DeskRejected
        With every mistake found, one a line, each with its path in the file.
    RulebookRejected
        If the desk names a folder of rulebooks, and one there cannot be used.
    """
    raw = read_desk_file(path)
    rulebooks = dict(packaged_rulebooks())
    desk = raw.get("desk")
    folder = desk.get("rulebooks") if isinstance(desk, dict) else None
    if isinstance(folder, str):
        rulebooks |= rulebooks_in(path.parent / folder)
    written, mistakes = shape_mistakes(raw)
    mistakes.extend(loose_ends(raw, rulebooks))
    if written is None or mistakes:
        raise _rejected(path, mistakes)
    try:
        return _desk(written, rulebooks, sha256(path.read_bytes()).hexdigest())
    except (HedgerowError, ValueError) as bad:  # what a record refuses that no part could know
        raise _rejected(path, [str(bad)]) from bad


def _rejected(path: Path, mistakes: Sequence[str]) -> DeskRejected:
    listed = "\n".join(f"  {_printable(mistake)}" for mistake in mistakes)
    count = f"{len(mistakes)} mistake{'s' if len(mistakes) != 1 else ''}"
    return DeskRejected(f"{path}: {count}\n{listed}")


def _printable(told: str) -> str:
    """Escape what a file may hold and a terminal would obey."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in told)


def _desk(written: DeskFile, rulebooks: Mapping[str, Rulebook], digest: str) -> Desk:
    desk, budget = written.desk, written.budget or _NOTHING
    instruments = _instruments(written)
    perpetuals = tuple(t for t in instruments.values() if isinstance(t, LinearPerpetual))
    fees_frac = _fees_frac(written, rulebooks)
    chance = packaged_chance(written.vols)
    return Desk(
        name=desk.name,
        digest=digest,
        mode=desk.mode,
        step_ns=desk.step,
        start_ns=desk.start,
        end_ns=desk.end,
        warmup_ns=desk.warmup,
        recording=written.recording,
        movers=dict(written.movers),
        dollars_usd=dict(written.dollars),
        ages=_ages(written.ages),
        instruments=instruments,
        accounts=tuple(_account(part, desk.start) for part in written.accounts),
        rulebooks=rulebooks,
        limits=limits_of(written, chance),
        calls=calls_of(written),
        chance=chance,
        hedges=tuple(
            _hedge(part, fees_frac[part.account], chance.vol_frac, desk.step)
            for part in written.hedges
        ),
        buffers=tuple(map(_buffer, written.buffers)),
        routes=tuple(map(_route, written.routes)),
        switches=tuple(map(_switch, written.switches)),
        swaps=tuple(map(_swap, written.swaps)),
        has_budget=written.budget is not None,
        order_usd_max=budget.order_usd_max,
        orders_usd_per_day=budget.orders_usd_per_day,
        transfers_usd_per_day=budget.transfers_usd_per_day,
        price_collar_frac=budget.price_collar,
        planning=_planning(written.planning, written.assumptions.option_spread.half_spread_vol),
        assumptions=_assumptions(written, perpetuals),
        at_spot=tuple(written.assumptions.perpetuals_at_spot),
        option_half_spread_vol_frac=written.assumptions.option_spread.half_spread_vol,
    )


def _instruments(written: DeskFile) -> dict[str, Instrument]:
    """Give the terms of what the file describes, then of what accounts hold and a name tells."""
    instruments: dict[str, Instrument] = {p.id: p.record() for p in written.instruments}
    for account in written.accounts:
        held = [part.instrument for part in account.positions]
        for name in held + [part.instrument for part in account.orders]:
            if name not in instruments:
                instruments[name] = terms_from_name(name)
    return instruments


def _fees_frac(written: DeskFile, rulebooks: Mapping[str, Rulebook]) -> dict[str, Decimal]:
    """Give what a taker pays, by account, where its rulebook tells.

    A hedge's cost is the policy's: of a venue's rulebooks the one at the start says it.
    """
    opening = rulebooks_at(rulebooks, written.desk.start)
    return {
        account.id: charges.fee_taker_frac
        for account in written.accounts
        if account.rulebook is not None
        and (charges := terms_of(opening[account.rulebook]).charges) is not None
    }


def _ages(part: AgesPart) -> AgeLimits:
    ages = {f"{kind}_ns_max": age for kind, age in part.model_dump().items() if age is not None}
    return AgeLimits(**ages)


def _hedge(
    part: HedgePart, fee_taker_frac: Decimal, vols_frac: Mapping[str, float], step_ns: int
) -> HedgePolicy:
    budget = None
    if part.budget_bps_per_day is not None or part.budget_shortfall_usd is not None:
        budget = HedgeBudget(
            cost_bps_per_day=part.budget_bps_per_day, shortfall_usd=part.budget_shortfall_usd
        )
    return HedgePolicy(
        underlying=part.underlying,
        instrument_id=part.instrument,
        account_id=part.account,
        target_delta_coin=part.target_delta_coin,
        risk_aversion_per_usd=part.risk_aversion_per_usd,
        band_min_coin=part.band_min_coin,
        fee_taker_frac=to_model(fee_taker_frac),
        slippage_limit_frac=part.slippage_limit,
        band="whalley-wilmott" if part.band is None and budget is not None else part.band,
        budget=budget,
        vol_frac=vols_frac.get(part.underlying),
        fixed_cost_usd=part.fixed_cost_usd,
        interval_ns=part.interval,
        look_ns=step_ns,
    )


def _planning(part: PlanningPart, half_spread_vol_frac: float) -> JointPlanning | None:
    if part.agent == "bands":
        return None
    return JointPlanning(
        means=part.means,
        depth=Depth(
            option_contracts=part.option_depth_contracts,
            half_spread_vol_frac=half_spread_vol_frac,
        ),
        terms=JointTerms(
            horizon_days=part.horizon / DAY_NS,
            capital_frac_per_year=part.capital_per_year,
            slippage_frac=part.slippage_limit,
        ),
    )


def _buffer(part: BufferPart) -> BufferPolicy:
    return BufferPolicy(
        account_id=part.account,
        trigger_use_frac=part.trigger_use,
        target_use_frac=part.target_use,
    )


def _route(part: RoutePart) -> Route:
    return Route(
        source_account_id=part.source,
        target_account_id=part.target,
        asset=part.asset,
        use=part.use,
        latency_ns=part.latency,
        fee_coin=part.fee_coin,
        step_coin=part.step_coin,
    )


def _switch(part: SwitchPart) -> ModeSwitch:
    return ModeSwitch(
        account_id=part.account, rulebook=part.rulebook, gas_usd=to_model(part.gas_usd)
    )


def _swap(part: SwapPart) -> SwapWay:
    return SwapWay(
        account_id=part.account,
        asset=part.give,
        asset_take=part.take,
        fee_frac=part.fee,
        half_spread_frac=part.half_spread,
        step_coin=part.step_coin,
        gas_usd=to_model(part.gas_usd),
        quantity_coin_max=part.give_coin_max,
    )


def _account(part: AccountPart, start_ns: int) -> Account:
    return Account(
        account_id=part.id,
        venue=part.venue,
        currency=part.currency,
        rulebook=part.rulebook,
        positions=tuple(
            Position(
                instrument_id=held.instrument,
                quantity_contracts=held.quantity_contracts,
                price_entry_ccy=held.price_entry_ccy,
            )
            for held in part.positions
        ),
        balances=tuple(
            Balance(asset=asset, quantity_coin=quantity)
            for asset, quantity in part.balances.items()
        ),
        time_observed_ns=start_ns,
        orders=tuple(
            OpenOrder(
                instrument_id=order.instrument,
                quantity_contracts=order.quantity_contracts,
                price_ccy=order.price_ccy,
                is_reduce_only=order.reduce_only,
            )
            for order in part.orders
        ),
    )


def _assumptions(written: DeskFile, perpetuals: tuple[LinearPerpetual, ...]) -> Assumptions:
    part = written.assumptions
    return Assumptions(
        start_ns=written.desk.start,
        depth=None if part.depth is None else _depth(part.depth),
        futures=perpetuals,
        oracles=tuple(
            OracleModel(
                asset=asset,
                heartbeat_ns=feed.heartbeat,
                deviation_frac=feed.deviation,
                delay_ns=feed.delay,
            )
            for asset, feed in part.oracle.items()
        ),
        peg_oracles=tuple(
            PegOracleModel(asset=asset, round_age_ns=feed.round_age)
            for asset, feed in part.peg_oracle.items()
        ),
        stakings=tuple(_staking(asset, token) for asset, token in part.staking.items()),
        shares=tuple(
            ShareModel(
                vault=vault,
                rate_coin_per_share=share.rate_coin_per_share,
                growth_frac_per_year=share.growth_per_year,
            )
            for vault, share in part.share.items()
        ),
        lendings=tuple(
            LendingModel(
                market=market,
                asset=asset,
                supply_frac_per_year=rates.supply_apr,
                borrow_frac_per_year=rates.borrow_apr,
            )
            for market, reserves in part.lending.items()
            for asset, rates in reserves.items()
        ),
        movers=dict(written.movers),
        dollars_usd=dict(written.dollars),
    )


def _depth(part: DepthPart) -> DepthModel:
    return DepthModel(
        depth_usd_per_bps=part.depth_usd_per_bps,
        vol_reference_frac=part.vol_reference,
        vol_exponent_frac=part.vol_exponent,
        half_spread_bps=part.half_spread_bps,
        levels_count=part.levels,
        level_step_bps=part.level_step_bps,
    )


def _staking(asset: str, part: StakingPart) -> StakingModel:
    return StakingModel(
        asset=asset,
        base=part.base,
        rate_coin_per_coin=part.rate_coin_per_coin,
        growth_frac_per_year=part.growth_per_year,
        discount_frac=part.discount,
        heartbeat_ns=part.heartbeat,
    )
