"""One contract of every kind but options, reduced to the numbers that `Values` has of it."""

from dataclasses import dataclass, field
from decimal import Decimal

from msgspec import structs

from hedgerow.errors import Failure
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    EntryContract,
    Instrument,
    LoanDebt,
    LoanSupply,
    Option,
    PowerPerpetual,
    Spot,
    StakedCoin,
    VaultShare,
    expiry_of,
    has_entry,
    is_inverse,
)
from hedgerow.market import AssetPrice, PowerMark, Snapshot
from hedgerow.pricing.domain import inside
from hedgerow.pricing.gate import PRICE
from hedgerow.pricing.pool import concentrated_shares, constant_product_shares
from hedgerow.pricing.power import power_perpetuals_at_premium
from hedgerow.pricing.power_orders import power_orders
from hedgerow.pricing.prices import Prices
from hedgerow.pricing.sensitivities import Orders
from hedgerow.pricing.units import unit_ccy
from hedgerow.units import YEAR_NS, format_ns, to_model

__all__ = ["Row", "fill"]

_RAY = 10**27


@dataclass(slots=True)
class Row:
    """One instrument on its way to a row of `Values`.

    `raw` has the derivatives of its dollar value beyond the delta, by their orders in spot, vol and
    time: per dollar, per 1.00, per year. What is not there is zero; options bring columns instead.
    `bends_with_settlement` says that the settlement coin's gamma and speed are the underlying's.
    """

    index: int
    settlement: AssetPrice
    underlying: str
    unit_ccy: float = 0.0
    delta_own_coin: float = 0.0
    raw: dict[Orders, float] = field(default_factory=dict)
    bends_with_settlement: bool = False
    is_estimate: bool = False
    age_ns: int = 0


def fill(row: Row, instrument: Instrument, snapshot: Snapshot, prices: Prices) -> Failure | None:
    """Fill everything but options; give the reason where there is no answer.

    Raises
    ------
    OutOfDomain
        If a number is beyond what the formula of its kind may see.
    """
    if has_entry(instrument):
        return _fill_contract(row, instrument, snapshot, prices)
    match instrument:
        case Spot() | StakedCoin():
            row.unit_ccy = 1.0
        case LoanSupply() | LoanDebt():
            index = snapshot.lending(instrument.market, instrument.asset)
            if isinstance(index, Failure):
                return index
            is_supply = isinstance(instrument, LoanSupply)
            ray = index.liquidity_index_ray if is_supply else index.borrow_index_ray
            row.unit_ccy = to_model(Decimal(ray) / _RAY)
        case ConstantProductShare() | ConcentratedShare():
            spot = prices.spot_usd(instrument.underlying)
            if isinstance(spot, Failure):
                return spot
            _fill_pool(row, instrument, spot)
        case VaultShare():
            share_rate = snapshot.share_rate(instrument.vault)
            if isinstance(share_rate, Failure):
                return share_rate
            row.unit_ccy = to_model(share_rate.rate_coin_per_share)
        case PowerPerpetual():
            power = snapshot.power(instrument)
            if isinstance(power, Failure):
                return power
            _fill_power(row, instrument, power)
        case Option():
            raise AssertionError("options are valued together, in pricing.held_options")
    return None


def _fill_contract(
    row: Row, contract: EntryContract, snapshot: Snapshot, prices: Prices
) -> Failure | None:
    """Fill a future or perpetual, which has no gamma of its own.

    One that expires on the way of a shock is settled at its mark: worth the same from then on, and
    moved by nothing but what it is paid in.
    """
    expiry_ns = expiry_of(contract)
    if expiry_ns is not None and expiry_ns <= snapshot.time_ns:
        return Failure(
            subject=contract.instrument_id,
            reason="unsupported",
            message=f"expired {format_ns(expiry_ns)}, before {format_ns(snapshot.time_ns)}; "
            "settle it and drop the position",
        )
    mark = snapshot.mark_usd(contract.instrument_id, contract.underlying)
    if isinstance(mark, Failure):
        return mark
    mark_usd = inside("price_mark_usd", to_model(mark), PRICE)
    unit = to_model(unit_ccy(contract, mark))
    row.unit_ccy = unit
    if expiry_ns is not None and expiry_ns <= snapshot.time_ns + snapshot.shock.time_forward_ns:
        return None
    if is_inverse(contract):
        # d(-Q/M)/dM · M = Q/M coins, which is minus the unit.
        row.delta_own_coin = -unit
        return None
    # Counted in a settlement asset, so a peg that breaks moves it, and a quanto's coin does
    # (methods.md section 2.3).
    paid_usd = row.settlement.price_usd
    # x · ∂M/∂S: forward and mark move in proportion to spot, as a shock has them do (methods.md
    # section 3). Sums leave the delta out where spot is unknown, whatever it is, and say so.
    spot = prices.spot_usd(contract.underlying)
    row.delta_own_coin = unit * paid_usd / (mark_usd if isinstance(spot, Failure) else spot)
    return None


def _fill_pool(row: Row, terms: ConstantProductShare | ConcentratedShare, spot_usd: float) -> None:
    """Value one unit of liquidity, which is coins and units of the settlement asset.

    The pool's price and its range are in the settlement asset, so a dollar coin that breaks its peg
    moves both; its own part is what the share holds of it, and not all that the share is worth.
    """
    parity_usd = row.settlement.price_usd
    price = spot_usd / parity_usd
    share = (
        constant_product_shares(liquidity_contracts=1.0, price_usd=price)
        if isinstance(terms, ConstantProductShare)
        else concentrated_shares(
            liquidity_contracts=1.0,
            price_usd=price,
            price_lower_usd=to_model(terms.price_lower_usd),
            price_upper_usd=to_model(terms.price_upper_usd),
        )
    )
    row.unit_ccy = float(share.value_usd[0])
    row.delta_own_coin = float(share.delta_coin[0])
    # V(S, P) = P v(S/P) doubles when both prices do: P² V_PP = S² V_SS, and S P V_SP is minus that.
    # With Γ in proportion to S^-1.5 inside the range, P³ V_PPP = S³ V_SSS as well. Of one coin in
    # two forms the price never moves, and nothing bends.
    row.bends_with_settlement = row.settlement.underlying != row.underlying
    if row.bends_with_settlement:
        gamma = float(share.gamma_coin_per_usd[0]) / parity_usd
        row.raw = {(2, 0, 0): gamma, (3, 0, 0): -1.5 * gamma / spot_usd}
    held_frac = float(share.quote_usd[0]) / row.unit_ccy
    row.settlement = structs.replace(
        row.settlement, delta_coin_per_unit=held_frac * row.settlement.delta_coin_per_unit
    )


def _fill_power(row: Row, terms: PowerPerpetual, mark: PowerMark) -> None:
    """Value one token at the premium last recorded."""
    funding_years = terms.funding_period_ns / YEAR_NS
    token = power_perpetuals_at_premium(
        quantity_contracts=1.0,
        price_usd=mark.price_usd,
        norm_factor_frac=mark.norm_factor_frac,
        price_recorded_usd=mark.price_underlying_recorded_usd,
        price_mark_recorded_usd=mark.price_mark_recorded_usd,
        vol_factor_frac=mark.vol_factor_frac,
        vol_shift_frac=mark.vol_shift_frac,
        elapsed_years=mark.elapsed_years,
        exponent_power=float(terms.exponent_power),
        scale_usd=to_model(terms.scale_usd),
        funding_years=funding_years,
    )
    row.unit_ccy = float(token.value_usd[0]) / row.settlement.price_usd
    row.delta_own_coin = float(token.delta_coin[0])
    if row.settlement.underlying == row.underlying:
        # Counted in the coin itself, a part of the delta is that of the coins it is worth.
        row.delta_own_coin -= row.unit_ccy * row.settlement.delta_coin_per_unit
    else:
        # Its worth is so many dollars, whatever it is counted in: a broken peg does not move it.
        row.settlement = structs.replace(row.settlement, delta_coin_per_unit=0.0)
    row.raw = power_orders(
        token,
        price_usd=mark.price_usd,
        exponent_power=float(terms.exponent_power),
        funding_years=funding_years,
    )
    row.is_estimate = mark.is_estimate
    row.age_ns = mark.age_ns
