"""Value every distinct instrument of a book once.

One contract of every kind is reduced to the same few numbers: what it is worth in its settlement
asset, what that asset is worth in dollars and which coin moves it, and how the worth moves with the
instrument's own underlying. For a coin-settled option ``v = V/F`` this gives the premium-adjusted
delta ``δ - v``; holding the premium in coin adds ``v`` back, and the two together are the dollar
delta ``δ`` (methods.md section 2.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    EntryContract,
    Instrument,
    LoanDebt,
    LoanSupply,
    Option,
    PowerPerpetual,
    QuantoFuture,
    QuantoPerpetual,
    Spot,
    StakedCoin,
    VaultShare,
    expiry_of,
    has_entry,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
    underlying_of,
)
from hedgerow.market import AssetPrice, OptionMark, PowerMark, Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing.european import EuropeanColumns, Floats, european_greeks
from hedgerow.pricing.pool import concentrated_shares, constant_product_shares
from hedgerow.pricing.power import power_perpetuals_at_premium
from hedgerow.pricing.units import unit_ccy
from hedgerow.units import YEAR_NS, to_model

__all__ = ["Values", "value"]

_DAYS_PER_YEAR = 365.0
_RAY = 10**27


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Row i of every column is one priced instrument; `missing` names the others.

    Attributes
    ----------
    instrument_index
        Which instrument of the book the row belongs to.
    unit_ccy
        Worth of one contract in its settlement asset (futures: before their entry).
    settlement_price_usd, settlement_delta_coin_per_unit, settlement_coins
        Dollar price of one settlement unit, how many coins it moves like, and which coin.
    delta_own_coin, underlyings
        Coins of the underlying one contract moves like with the settlement price held still
        (coin-settled options: the premium-adjusted delta).
    gamma_coin_per_usd, vega_usd_per_volpt, theta_usd_per_day
        Of the dollar value; vega per 0.01 of volatility, theta per calendar day.
    is_estimate, age_ns
        Whether an input was carried or modelled, and its age.
    """

    instrument_index: NDArray[np.int64]
    unit_ccy: Floats
    settlement_price_usd: Floats
    settlement_delta_coin_per_unit: Floats
    settlement_coins: tuple[str, ...]
    delta_own_coin: Floats
    underlyings: tuple[str, ...]
    gamma_coin_per_usd: Floats
    vega_usd_per_volpt: Floats
    theta_usd_per_day: Floats
    is_estimate: NDArray[np.bool_]
    age_ns: NDArray[np.int64]
    missing: tuple[Failure, ...]


@dataclass(slots=True)
class _Row:
    """One instrument on its way to a row of `Values`."""

    index: int
    settlement: AssetPrice
    underlying: str
    unit_ccy: float = 0.0
    delta_own_coin: float = 0.0
    gamma_coin_per_usd: float = 0.0
    vega_usd_per_volpt: float = 0.0
    theta_usd_per_day: float = 0.0
    is_estimate: bool = False
    age_ns: int = 0


# An option on its way: its row, its terms, its mark, and the spot of its underlying in dollars.
_Held: TypeAlias = tuple[_Row, Option, OptionMark, float]


def value(book: Book, snapshot: Snapshot) -> Values:
    """Value every distinct instrument of the book under one snapshot.

    Returns
    -------
    Values
        In the order of ``book.instruments``, less those without an answer, which are in `missing`.
    """
    rows: list[_Row] = []
    missing: list[Failure] = []
    options: list[_Held] = []

    for index, instrument in enumerate(book.instruments):
        settlement = snapshot.asset(settlement_of(instrument))
        if isinstance(settlement, Failure):
            missing.append(_about(instrument, settlement))
            continue
        row = _Row(index, settlement, snapshot.coin_of(underlying_of(instrument)))
        if isinstance(instrument, Option):
            mark = snapshot.option(instrument)
            if isinstance(mark, Failure):
                missing.append(_about(instrument, mark))
                continue
            spot = snapshot.spot_usd(instrument.underlying)
            if isinstance(spot, Failure):
                missing.append(_about(instrument, spot))
                continue
            options.append((row, instrument, mark, to_model(spot)))
        else:
            trouble = _fill_linear(row, instrument, snapshot)
            if trouble is not None:
                missing.append(_about(instrument, trouble))
                continue
        rows.append(row)

    _fill_options(options)
    return Values(
        instrument_index=np.array([r.index for r in rows], dtype=np.int64),
        unit_ccy=_column(rows, "unit_ccy"),
        settlement_price_usd=np.array([r.settlement.price_usd for r in rows], dtype=np.float64),
        settlement_delta_coin_per_unit=np.array(
            [r.settlement.delta_coin_per_unit for r in rows], dtype=np.float64
        ),
        settlement_coins=tuple(r.settlement.underlying for r in rows),
        delta_own_coin=_column(rows, "delta_own_coin"),
        underlyings=tuple(r.underlying for r in rows),
        gamma_coin_per_usd=_column(rows, "gamma_coin_per_usd"),
        vega_usd_per_volpt=_column(rows, "vega_usd_per_volpt"),
        theta_usd_per_day=_column(rows, "theta_usd_per_day"),
        is_estimate=np.array([r.is_estimate for r in rows], dtype=np.bool_),
        age_ns=np.array([r.age_ns for r in rows], dtype=np.int64),
        missing=tuple(missing),
    )


def _fill_linear(row: _Row, instrument: Instrument, snapshot: Snapshot) -> Failure | None:
    """Fill everything but options; give the reason where there is no answer."""
    if has_entry(instrument):
        return _fill_contract(row, instrument, snapshot)
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
            spot = snapshot.spot_usd(instrument.underlying)
            if isinstance(spot, Failure):
                return spot
            _fill_pool(row, instrument, to_model(spot))
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
            raise AssertionError("options are valued together, in _fill_options")
    return None


def _fill_contract(row: _Row, contract: EntryContract, snapshot: Snapshot) -> Failure | None:
    """Fill a future or perpetual, which has no gamma of its own."""
    mark = snapshot.mark_usd(contract.instrument_id, contract.underlying)
    if isinstance(mark, Failure):
        return mark
    unit = to_model(unit_ccy(contract, mark))
    row.unit_ccy = unit
    if is_inverse(contract):
        # d(-Q/M)/dM · M = Q/M coins, which is minus the unit.
        row.delta_own_coin = -unit
        return None
    # What is paid in dollars stands for coins as it is; the dollars of a quanto depend on what the
    # coin that it is paid in is worth (methods.md section 2.3).
    is_quanto = isinstance(contract, QuantoPerpetual | QuantoFuture)
    paid_usd = row.settlement.price_usd if is_quanto else 1.0
    if expiry_of(contract) is None:
        row.delta_own_coin = to_model(slope_ccy_per_usd(contract)) * paid_usd
        return None
    # x · ∂F/∂S, the forward moving in proportion to spot (methods.md section 3).
    spot = snapshot.spot_usd(contract.underlying)
    if isinstance(spot, Failure):
        return spot
    row.delta_own_coin = unit * paid_usd / to_model(spot)
    return None


def _fill_pool(row: _Row, terms: ConstantProductShare | ConcentratedShare, spot_usd: float) -> None:
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
    row.gamma_coin_per_usd = float(share.gamma_coin_per_usd[0]) / parity_usd
    held_frac = float(share.quote_usd[0]) / row.unit_ccy
    row.settlement = structs.replace(
        row.settlement, delta_coin_per_unit=held_frac * row.settlement.delta_coin_per_unit
    )


def _fill_power(row: _Row, terms: PowerPerpetual, mark: PowerMark) -> None:
    """Value one token at the premium last recorded."""
    token = power_perpetuals_at_premium(
        quantity_contracts=1.0,
        price_usd=mark.price_usd,
        norm_factor_frac=mark.norm_factor_frac,
        price_recorded_usd=mark.price_underlying_recorded_usd,
        price_mark_recorded_usd=mark.price_mark_recorded_usd,
        vol_factor_frac=mark.vol_factor_frac,
        elapsed_years=mark.elapsed_years,
        exponent_power=float(terms.exponent_power),
        scale_usd=to_model(terms.scale_usd),
        funding_years=terms.funding_period_ns / YEAR_NS,
    )
    row.unit_ccy = float(token.value_usd[0]) / row.settlement.price_usd
    row.delta_own_coin = float(token.delta_coin[0])
    if row.settlement.underlying == row.underlying:
        # Counted in the coin itself, a part of the delta is that of the coins it is worth.
        row.delta_own_coin -= row.unit_ccy * row.settlement.delta_coin_per_unit
    row.gamma_coin_per_usd = float(token.gamma_coin_per_usd[0])
    row.vega_usd_per_volpt = float(token.vega_usd_per_vol[0]) / 100.0
    row.theta_usd_per_day = float(token.theta_usd_per_day[0])
    row.is_estimate = mark.is_estimate
    row.age_ns = mark.age_ns


def _fill_options(options: Sequence[_Held]) -> None:
    """Value all options of the book in one call, then scale to one contract."""
    if not options:
        return
    # Inside the settlement window only the part of the average still to come moves: it weighs f,
    # the fraction of the window that is left, and its variance is a third of what plain time would
    # give (methods.md, section 1, pitfall 5). So the deviation is σ·f·√(T/3), which falls with
    # T^1.5, and what moves with the average moves f times as much. The observed part is taken at
    # the forward, hence an estimate. Before the window the venue's own convention is plain time to
    # expiry, which its marks confirm.
    open_frac = np.ones(len(options))
    years = np.array([mark.expiry_years for _, _, mark, _ in options])
    for i, (row, option, _, _) in enumerate(options):
        window_years = option.averaging_ns / YEAR_NS
        if years[i] < window_years:
            open_frac[i] = years[i] / window_years
            row.is_estimate = True
    in_window = open_frac < 1.0
    vol_scale = np.where(in_window, open_frac / np.sqrt(3.0), 1.0)
    theta_scale = np.where(in_window, 3.0, 1.0)
    result = european_greeks(
        EuropeanColumns(
            underlying_usd=np.array([mark.forward_usd for _, _, mark, _ in options]),
            strike_usd=np.array([to_model(option.strike_usd) for _, option, _, _ in options]),
            vol_frac=vol_scale * np.array([mark.vol_frac for _, _, mark, _ in options]),
            expiry_years=years,
            is_call=np.array([option.right == "call" for _, option, _, _ in options]),
        )
    )
    for i, (row, option, mark, spot_usd) in enumerate(options):
        size = to_model(option.multiplier_coin_per_contract)
        worth_usd = size * float(result.value_usd[i])
        delta = size * float(result.delta_underlying_frac[i])
        gamma = size * float(result.gamma_coin_per_usd[i])
        f = float(open_frac[i])
        # The forward moves in proportion to spot; Greeks below are in spot.
        carry = mark.forward_usd / spot_usd
        if option.is_coin_settled:
            row.unit_ccy = worth_usd / mark.forward_usd
            row.delta_own_coin = f * (delta - row.unit_ccy)
            # Of S·v: f² Γ F/S, and coins already earned that move with what is still open.
            earned = 2.0 * (1.0 - f) * row.delta_own_coin / spot_usd
            row.gamma_coin_per_usd = f * f * gamma * carry + earned
        else:
            row.unit_ccy = worth_usd / row.settlement.price_usd
            row.delta_own_coin = f * delta * carry
            row.gamma_coin_per_usd = f * f * gamma * carry * carry
        # What is paid in coin is worth spot, not the forward, in dollars.
        paid = size / carry if option.is_coin_settled else size
        row.vega_usd_per_volpt = paid * float(vol_scale[i] * result.vega_usd_per_vol[i]) / 100.0
        row.theta_usd_per_day = (
            paid * float(theta_scale[i] * result.theta_usd_per_year[i]) / _DAYS_PER_YEAR
        )
        row.is_estimate = row.is_estimate or mark.is_estimate
        row.age_ns = mark.age_ns


def _column(rows: Sequence[_Row], name: str) -> Floats:
    return np.array([getattr(row, name) for row in rows], dtype=np.float64)


def _about(instrument: Instrument, trouble: Outcome[object]) -> Failure:
    """Say which instrument has no answer, keeping the cause."""
    assert isinstance(trouble, Failure)
    return Failure(subject=instrument.instrument_id, reason=trouble.reason, message=trouble.message)
