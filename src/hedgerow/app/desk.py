"""A desk: the file a person wrote, turned into records of the lower rooms.

References between parts (an account's rulebook, a route's ends, a position's instrument) are
checked here, together with the shape, so that every mistake appears in one message.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from hedgerow.app.desk_file import (
    DeskFile,
    LinearPerpetualPart,
    RecordingPart,
    read_desk_file,
    shape_mistakes,
)
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.collateral import BufferPolicy, Route
from hedgerow.errors import BoundaryError, DeskRejected
from hedgerow.execution import Mode
from hedgerow.hedging import HedgePolicy
from hedgerow.instruments import Instrument, LinearPerpetual, LoanDebt, LoanSupply, expiry_of
from hedgerow.limits import Limit
from hedgerow.margin import Rulebook, TieredRulebook
from hedgerow.market import AgeLimits
from hedgerow.portfolio import Account, Balance, Position
from hedgerow.simulation import (
    Assumptions,
    DepthModel,
    LendingModel,
    OracleModel,
    StakingModel,
)
from hedgerow.units import format_ns, to_model
from hedgerow.venues.recordings import future_from_name, option_from_name, perpetual_from_name

__all__ = ["Desk", "load_desk"]


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
    hedges: tuple[HedgePolicy, ...]
    buffers: tuple[BufferPolicy, ...]
    routes: tuple[Route, ...]
    order_usd_max: Decimal
    orders_usd_per_day: Decimal
    transfers_usd_per_day: Decimal
    price_collar_frac: Decimal
    assumptions: Assumptions
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
    """
    raw = read_desk_file(path)
    rulebooks = packaged_rulebooks()
    written, mistakes = shape_mistakes(raw)
    mistakes.extend(_loose_ends(raw, rulebooks))
    if written is None or mistakes:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        count = f"{len(mistakes)} mistake{'s' if len(mistakes) != 1 else ''}"
        raise DeskRejected(f"{path}: {count}\n{listed}")
    return _desk(written, rulebooks, sha256(path.read_bytes()).hexdigest())


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


def _loose_ends(raw: Mapping[str, Any], rulebooks: Mapping[str, Rulebook]) -> Iterator[str]:
    """Check what refers to what, on the raw file: a mistake of shape hides none of these."""
    accounts = {a.get("id"): a for a in _tables(raw, "accounts")}
    described = {i.get("id"): i for i in _tables(raw, "instruments")}
    venues = {a.get("venue") for a in accounts.values()}
    start = raw.get("desk", {}).get("start") if isinstance(raw.get("desk"), dict) else None
    if len(accounts) != len(_tables(raw, "accounts")):
        yield "accounts: two accounts carry one id"
    for at, account in enumerate(_tables(raw, "accounts")):
        where = f"accounts.[{at}: {account.get('id')}]"
        book = account.get("rulebook")
        if book is not None and book not in rulebooks:
            yield f"{where}.rulebook: unknown rulebook {book!r}; known: {', '.join(rulebooks)}"
        for position in _tables(account, "positions"):
            yield from _position_ends(f"{where}.positions", position, described, start)
    for at, hedge in enumerate(_tables(raw, "hedges")):
        if hedge.get("account") not in accounts:
            yield f"hedges.[{at}].account: no account {hedge.get('account')!r}"
        if described.get(hedge.get("instrument"), {}).get("kind") != "linear_perpetual":
            name = hedge.get("instrument")
            yield f"hedges.[{at}].instrument: no linear perpetual {name!r} listed"
    for at, buffer in enumerate(_tables(raw, "buffers")):
        target = accounts.get(buffer.get("account"))
        if target is None:
            yield f"buffers.[{at}].account: no account {buffer.get('account')!r}"
        elif target.get("rulebook") is None:
            yield f"buffers.[{at}].account: {buffer['account']} has no rulebook, hence no buffer"
        trigger, fill = _number(buffer.get("trigger_use")), _number(buffer.get("target_use"))
        if trigger is not None and fill is not None and fill >= trigger:
            yield f"buffers.[{at}]: target_use {fill} must lie below trigger_use {trigger}"
    for at, route in enumerate(_tables(raw, "routes")):
        for end in ("source", "target"):
            if route.get(end) not in accounts:
                yield f"routes.[{at}].{end}: no account {route.get(end)!r}"
    for at, limit in enumerate(_tables(raw, "limits")):
        yield from _limit_ends(f"limits.[{at}]", limit, venues, accounts)
    for coin, mover in (raw.get("movers") or {}).items():
        if described.get(mover, {}).get("kind") != "linear_perpetual":
            yield f"movers.{coin}: no linear perpetual {mover!r} listed"


def _position_ends(
    where: str, position: Mapping[str, Any], described: Mapping[Any, Any], start: Any
) -> Iterator[str]:
    name = position.get("instrument")
    if name in described or not isinstance(name, str):
        return
    try:
        expiry_ns = expiry_of(terms_from_name(name))
    except BoundaryError as bad:
        yield f"{where}: {name!r} is neither listed under [[instruments]] nor named so that its "
        yield f"{where}: {bad}"
        return
    if expiry_ns is not None and isinstance(start, str):
        expiry = format_ns(expiry_ns)
        if expiry <= start:
            yield f"{where}: {name} expired {expiry}, before the desk's start {start}"


def _limit_ends(
    where: str, limit: Mapping[str, Any], venues: set[Any], accounts: Mapping[Any, Any]
) -> Iterator[str]:
    scope, soft, hard = str(limit.get("scope")), _number(limit.get("soft")), limit.get("hard")
    steps = scope.split("/")
    fits = steps[0] in ("desk", "coin")
    if steps[0] == "desk" and len(steps) > 1:
        fits = steps[1] in venues | {"*"} and (len(steps) < 3 or steps[2] in {*accounts, "*"})
    if not fits:
        yield (
            f"{where}.scope: {scope!r} names no node; write desk, desk/VENUE, desk/VENUE/ACCOUNT "
            "or coin/COIN, with * for any"
        )
    top = _number(hard)
    if soft is None or top is None:
        return
    is_floor = limit.get("metric") == "distance_spot_frac"
    if soft < top if is_floor else soft > top:
        order = "above" if is_floor else "below"
        yield f"{where}: soft {soft} must lie {order} hard {top}, or they would never warn first"


def _tables(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = raw.get(key)
    return [t for t in listed if isinstance(t, dict)] if isinstance(listed, list) else []


def _number(written: Any) -> Decimal | None:
    try:
        return None if isinstance(written, bool) or written is None else Decimal(str(written))
    except ArithmeticError:
        return None


def _desk(written: DeskFile, rulebooks: Mapping[str, Rulebook], digest: str) -> Desk:
    instruments: dict[str, Instrument] = {}
    for part in written.instruments:
        instruments[part.id] = _instrument(part)
    for account in written.accounts:
        for position in account.positions:
            if position.instrument not in instruments:
                instruments[position.instrument] = terms_from_name(position.instrument)
    perpetuals = tuple(t for t in instruments.values() if isinstance(t, LinearPerpetual))
    fee_of = {
        account.id: rulebook.fee_taker_frac
        for account in written.accounts
        if isinstance(rulebook := rulebooks.get(account.rulebook or ""), TieredRulebook)
    }
    ages = {f"{k}_ns_max": v for k, v in written.ages.model_dump().items() if v is not None}
    return Desk(
        name=written.desk.name,
        digest=digest,
        mode=written.desk.mode,
        step_ns=written.desk.step,
        start_ns=written.desk.start,
        end_ns=written.desk.end,
        warmup_ns=written.desk.warmup,
        recording=written.recording,
        movers=dict(written.movers),
        dollars_usd=dict(written.dollars),
        ages=AgeLimits(**ages),
        instruments=instruments,
        accounts=tuple(_account(part, written.desk.start) for part in written.accounts),
        rulebooks=rulebooks,
        limits=tuple(
            Limit(
                scope=part.scope,
                metric=part.metric,
                soft_frac_or_usd=part.soft,
                hard_frac_or_usd=part.hard,
            )
            for part in written.limits
        ),
        hedges=tuple(
            HedgePolicy(
                underlying=part.underlying,
                instrument_id=part.instrument,
                account_id=part.account,
                target_delta_coin=part.target_delta_coin,
                risk_aversion_per_usd=part.risk_aversion_per_usd,
                band_min_coin=part.band_min_coin,
                fee_taker_frac=to_model(fee_of[part.account]),
                slippage_limit_frac=part.slippage_limit,
            )
            for part in written.hedges
        ),
        buffers=tuple(
            BufferPolicy(
                account_id=part.account,
                trigger_use_frac=part.trigger_use,
                target_use_frac=part.target_use,
            )
            for part in written.buffers
        ),
        routes=tuple(
            Route(
                source_account_id=part.source,
                target_account_id=part.target,
                asset=part.asset,
                use=part.use,
                latency_ns=part.latency,
                fee_coin=part.fee_coin,
                step_coin=part.step_coin,
            )
            for part in written.routes
        ),
        order_usd_max=written.budget.order_usd_max,
        orders_usd_per_day=written.budget.orders_usd_per_day,
        transfers_usd_per_day=written.budget.transfers_usd_per_day,
        price_collar_frac=written.budget.price_collar,
        assumptions=_assumptions(written, perpetuals),
        option_half_spread_vol_frac=written.assumptions.option_spread.half_spread_vol,
    )


def _instrument(part: Any) -> Instrument:
    if isinstance(part, LinearPerpetualPart):
        return LinearPerpetual(
            instrument_id=part.id,
            underlying=part.underlying,
            settlement=part.settlement,
            multiplier_coin_per_contract=part.multiplier_coin_per_contract,
            tick_usd=part.tick_usd,
            lot_contracts=part.lot_contracts,
            funding_interval_ns=part.funding_interval,
        )
    kind: Callable[..., LoanSupply | LoanDebt] = (
        LoanSupply if part.kind == "loan_supply" else LoanDebt
    )
    return kind(
        instrument_id=part.id,
        market=part.market,
        asset=part.asset,
        asset_decimals=part.asset_decimals,
    )


def _account(part: Any, start_ns: int) -> Account:
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
    )


def _assumptions(written: DeskFile, perpetuals: tuple[LinearPerpetual, ...]) -> Assumptions:
    part = written.assumptions
    depth = part.depth
    return Assumptions(
        depth=None
        if depth is None
        else DepthModel(
            depth_usd_per_bps=depth.depth_usd_per_bps,
            vol_reference_frac=depth.vol_reference,
            vol_exponent_frac=depth.vol_exponent,
            half_spread_bps=depth.half_spread_bps,
            levels_count=depth.levels,
            level_step_bps=depth.level_step_bps,
        ),
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
        stakings=tuple(
            StakingModel(
                asset=asset,
                base=token.base,
                rate_coin_per_coin=token.rate_coin_per_coin,
                growth_frac_per_year=token.growth_per_year,
                discount_frac=token.discount,
                heartbeat_ns=token.heartbeat,
            )
            for asset, token in part.staking.items()
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
