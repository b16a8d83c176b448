"""Value every distinct instrument of a book once.

One contract of every kind is reduced to the same few numbers: what it is worth in its settlement
asset, what that asset is worth in dollars and which coin moves it, and how the worth moves with the
instrument's own underlying. For a coin-settled option ``v = V/F`` this gives the premium-adjusted
delta ``δ - v``; holding the premium in coin adds ``v`` back, and the two together are the dollar
delta ``δ`` (methods.md section 2.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

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
    Spot,
    StakedCoin,
    VaultShare,
    expiry_of,
    has_entry,
    is_inverse,
    settlement_of,
    underlying_of,
)
from hedgerow.market import AssetPrice, OptionMark, PowerMark, Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing.chain_rule import Contracts, derivative
from hedgerow.pricing.dollar_greeks import GREEKS, GreekColumns, Orders
from hedgerow.pricing.european import EuropeanColumns, Floats, european_greeks
from hedgerow.pricing.pool import concentrated_shares, constant_product_shares
from hedgerow.pricing.power import power_perpetuals_at_premium
from hedgerow.pricing.units import unit_ccy
from hedgerow.units import YEAR_NS, format_ns, to_model, years_between

__all__ = ["Values", "value"]

_RAY = 10**27
_DUST = 1e-300  # stands for no window at all, which nothing is inside of


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
    greeks
        Of the dollar value of one contract, settlement included: every field of `DollarGreeks`.
        Those of spot are by the underlying alone.
    settlement_greeks
        The same by the settlement coin alone: gamma and speed of pool shares, zero elsewhere.
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
    greeks: GreekColumns
    settlement_greeks: GreekColumns
    is_estimate: NDArray[np.bool_]
    age_ns: NDArray[np.int64]
    missing: tuple[Failure, ...]


@dataclass(slots=True)
class _Row:
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


@dataclass(frozen=True, slots=True)
class _Held:
    """An option on its way: its row, its terms, its mark, and the spot of its underlying."""

    row: _Row
    terms: Option
    mark: OptionMark
    spot_usd: float


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

    # A chain has a thousand options and one coin.
    price_of, spot_of = cache(snapshot.asset), cache(snapshot.spot_usd)
    for index, instrument in enumerate(book.instruments):
        settlement = price_of(settlement_of(instrument))
        if isinstance(settlement, Failure):
            missing.append(_about(instrument, settlement))
            continue
        row = _Row(index, settlement, snapshot.coin_of(underlying_of(instrument)))
        if isinstance(instrument, Option):
            mark = snapshot.option(instrument)
            if isinstance(mark, Failure):
                missing.append(_about(instrument, mark))
                continue
            spot = spot_of(instrument.underlying)
            if isinstance(spot, Failure):
                missing.append(_about(instrument, spot))
                continue
            options.append(_Held(row, instrument, mark, to_model(spot)))
        else:
            trouble = _fill_linear(row, instrument, snapshot)
            if trouble is not None:
                missing.append(_about(instrument, trouble))
                continue
        rows.append(row)

    contracts = _fill_options(options, snapshot)
    greeks = _greeks(rows, options, contracts, book, snapshot)
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
        greeks=greeks,
        settlement_greeks=_settlement_greeks(rows, greeks),
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
    spot = snapshot.spot_usd(contract.underlying)
    if isinstance(spot, Failure):
        spot = mark
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


def _fill_power(row: _Row, terms: PowerPerpetual, mark: PowerMark) -> None:
    """Value one token at the premium last recorded."""
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
        funding_years=terms.funding_period_ns / YEAR_NS,
    )
    row.unit_ccy = float(token.value_usd[0]) / row.settlement.price_usd
    row.delta_own_coin = float(token.delta_coin[0])
    if row.settlement.underlying == row.underlying:
        # Counted in the coin itself, a part of the delta is that of the coins it is worth.
        row.delta_own_coin -= row.unit_ccy * row.settlement.delta_coin_per_unit
    row.raw = _power_orders(
        value_usd=float(token.value_usd[0]),
        vega_usd_per_vol=float(token.vega_usd_per_vol[0]),
        variance_usd=float(token.variance_usd_per_variance[0]),
        funding_frac_per_year=float(token.funding_frac_per_year[0]),
        funding_years=terms.funding_period_ns / YEAR_NS,
        exponent=float(terms.exponent_power),
        price_usd=mark.price_usd,
    )
    row.is_estimate = mark.is_estimate
    row.age_ns = mark.age_ns


def _power_orders(
    *,
    value_usd: float,
    vega_usd_per_vol: float,
    variance_usd: float,
    funding_frac_per_year: float,
    funding_years: float,
    exponent: float,
    price_usd: float,
) -> dict[Orders, float]:
    """Derive ``W = c S^p e^{h σ² f - F t}``, with F the rate of funding and h σ² its part of vol.

    What is derived by σ or t as well is in proportion to S^p like the value itself.
    """
    x = vega_usd_per_vol / value_usd  # 2 h σ f
    bend = 2.0 * variance_usd / value_usd if x > 0.0 else 0.0  # 2 h f; without vol it is not priced
    decay = -funding_frac_per_year
    by_vol_and_time = {
        (0, 0): 1.0,
        (1, 0): x,
        (2, 0): x * x + bend,
        (3, 0): x * (x * x + 3.0 * bend),
        (0, 1): decay,
        (1, 1): decay * x - x / funding_years,
    }
    by_spot = (
        1.0,
        exponent,
        exponent * (exponent - 1.0),
        exponent * (exponent - 1.0) * (exponent - 2.0),
    )
    return {
        (spot, vol, time): value_usd * part * power / price_usd**spot
        for (vol, time), part in by_vol_and_time.items()
        for spot, power in enumerate(by_spot)
        if 1 <= spot + vol + time <= 3
    }


def _fill_options(options: Sequence[_Held], snapshot: Snapshot) -> Contracts | None:
    """Value all options of the book in one call; give what their Greeks are made from.

    Inside the settlement window only the part of the average still to come moves: it weighs f, the
    fraction of the window that is left (`pricing.chain_rule`). The observed part is taken at the
    forward, hence an estimate; a shock of spot comes now, so it does not move what is observed by
    now. Before the window the venue's own convention is plain time to expiry, which its marks
    confirm.
    """
    if not options:
        return None
    years = np.array([held.mark.expiry_years for held in options])
    present = np.array([years_between(snapshot.time_ns, held.terms.expiry_ns) for held in options])
    window = np.array([held.terms.averaging_ns / YEAR_NS for held in options])
    open_frac, open_now = _open_frac(years, window), _open_frac(present, window)
    in_window = open_frac < 1.0
    factor = np.array([snapshot.shock.on(held.terms.underlying) for held in options])
    marked = np.array([held.mark.forward_usd for held in options])
    # What is observed keeps the forward from before the shock.
    forward = np.where(open_now < 1.0, marked / factor * (1.0 + open_now * (factor - 1.0)), marked)
    spot = np.array([held.spot_usd for held in options])
    vol_scale = np.where(in_window, open_frac / np.sqrt(3.0), 1.0)
    contracts = Contracts(
        greeks=european_greeks(
            EuropeanColumns(
                underlying_usd=forward,
                strike_usd=np.array([to_model(held.terms.strike_usd) for held in options]),
                vol_frac=vol_scale * np.array([held.mark.vol_frac for held in options]),
                expiry_years=years,
                is_call=np.array([held.terms.right == "call" for held in options]),
            ),
            with_third_vol=True,
        ),
        forward_usd=forward,
        spot_usd=spot,
        carry_frac=marked / spot,
        settlement_usd=np.array([held.row.settlement.price_usd for held in options]),
        is_coin_settled=np.array([held.terms.is_coin_settled for held in options]),
        open_frac=open_frac,
        open_frac_per_year=np.where(in_window & (years > 0.0), -1.0 / np.maximum(window, _DUST), 0),
        vol_scale_frac=vol_scale,
    )
    worth = contracts.greeks.value_usd
    unit = np.where(contracts.is_coin_settled, worth / forward, worth)
    delta = derivative(contracts, (1, 0, 0))
    # Held in coin, the premium moves with spot by itself: premium-adjusted is what is left.
    own = np.where(contracts.is_coin_settled, delta - unit, delta)
    for i, held in enumerate(options):
        size = to_model(held.terms.multiplier_coin_per_contract)
        held.row.unit_ccy = size * float(unit[i])
        held.row.delta_own_coin = size * float(own[i])
        held.row.is_estimate = held.mark.is_estimate or bool(in_window[i])
        held.row.age_ns = held.mark.age_ns
    return contracts


def _open_frac(years: Floats, window_years: Floats) -> Floats:
    """Give the fraction of the settlement average that is still to come."""
    is_inside = (years < window_years) | (years <= 0.0)
    return np.where(is_inside, np.maximum(years, 0.0) / np.maximum(window_years, _DUST), 1.0)


def _greeks(
    rows: Sequence[_Row],
    options: Sequence[_Held],
    contracts: Contracts | None,
    book: Book,
    snapshot: Snapshot,
) -> GreekColumns:
    """Scale what every row is derived by to what its name says, per contract."""
    table = np.zeros((len(GREEKS), len(rows)))
    now_ns = snapshot.time_ns + snapshot.shock.time_forward_ns
    spots = np.ones(len(rows))
    carried = np.zeros(len(rows))
    coins = {row.underlying for row in rows}
    spot_by_coin = {coin: snapshot.spot_usd(coin) for coin in coins}
    for i, row in enumerate(rows):
        expiry_ns = expiry_of(book.instruments[row.index])
        spot = spot_by_coin[row.underlying]
        if isinstance(spot, Failure):
            continue  # whoever adds up will miss the coin's spot, and say so
        spots[i] = to_model(spot)
        if expiry_ns is not None:
            # F = S exp(b T): what moves with spot through the forward moves T times as much with b.
            carried[i] = row.delta_own_coin * spots[i] * max(0.0, years_between(now_ns, expiry_ns))
    at = {row.index: i for i, row in enumerate(rows)}
    columns = [at[held.row.index] for held in options]
    sizes = np.array([to_model(held.terms.multiplier_coin_per_contract) for held in options])
    bent = [i for i, row in enumerate(rows) if row.raw]
    for g, greek in enumerate(GREEKS.values()):
        raw = carried
        if not greek.carry:
            raw = np.zeros(len(rows))
            for i in bent:
                raw[i] = rows[i].raw.get(greek.orders, 0.0)
            if contracts is not None:
                raw[columns] = sizes * derivative(contracts, greek.orders)
        table[g] = raw * greek.scale(spots)
    return GreekColumns(table)


def _settlement_greeks(rows: Sequence[_Row], greeks: GreekColumns) -> GreekColumns:
    """Give Greeks by the settlement coin alone; displayed ones count per cents of either price."""
    table = np.zeros_like(greeks.table)
    bends = np.array([row.bends_with_settlement for row in rows], dtype=np.bool_)
    for g, (name, greek) in enumerate(GREEKS.items()):
        if greek.orders in ((2, 0, 0), (3, 0, 0)):
            table[g] = np.where(bends, greeks[name], 0.0)
    return GreekColumns(table)


def _column(rows: Sequence[_Row], name: str) -> Floats:
    return np.array([getattr(row, name) for row in rows], dtype=np.float64)


def _about(instrument: Instrument, trouble: Outcome[object]) -> Failure:
    """Say which instrument has no answer, keeping the cause."""
    assert isinstance(trouble, Failure)
    return Failure(subject=instrument.instrument_id, reason=trouble.reason, message=trouble.message)
