"""The cheapest options of a chain, and a perpetual, against the delta and gamma of a pool share."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.app.chain_source import refuse_far
from hedgerow.app.holding_asks import PoolAsked
from hedgerow.app.terms import expiry_ns
from hedgerow.errors import Failure, HedgerowError, RequestRejected
from hedgerow.hedging import Ask, HedgeChoice, Offer, Rung, choose
from hedgerow.hedging.structures import PoolHedge
from hedgerow.instruments import LinearPerpetual, Option
from hedgerow.market import ChainColumns
from hedgerow.pricing import EuropeanColumns, EuropeanGreeks, european_greeks, value_usd
from hedgerow.reporting.coin_hedges import PoolOptions
from hedgerow.units import HOUR_NS, SECOND_NS, YEAR_NS, format_ns, percent, to_model
from hedgerow.venues.recordings import option_from_name

__all__ = ["OptionsHeld", "pool_options"]

Floats = NDArray[np.float64]

_FEE_FRAC, _FEE_OF_PRICE_FRAC, _PERP_COST_FRAC = 0.0003, 0.125, 0.0005
# No recording says how much of an option is offered: so many contracts at the ask, no more.
_DEPTH_CONTRACTS: Final = 100.0
_PERP_CONTRACTS: Final = 1e7
_PERP = "the perpetual"
_ASSUMED: Final = (
    f"At an option's ask {_DEPTH_CONTRACTS:g} contracts are assumed, and none beyond it; its fee "
    f"is {percent(_FEE_FRAC, 2)} of the forward, at most {percent(_FEE_OF_PRICE_FRAC)} of the ask.",
    f"The perpetual is assumed to trade in any size at {percent(_PERP_COST_FRAC, 2)} of the "
    "price, fee and half a spread; its funding is not counted.",
)


class OptionsHeld(NamedTuple):
    """Options and perpetual that are held then, for the tables and for drawing them."""

    shown: PoolOptions
    price_usd: float
    perpetual_coin: float
    terms: tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]
    quantity_coin: Floats

    def gained_usd(self, moves_frac: Floats) -> Floats:
        """Give what perpetual and options gain at once over moves of the price."""
        F, K, vol, years, call = self.terms
        then = value_usd(F * (1.0 + moves_frac[:, None]), K, vol, years, call)
        now = value_usd(F, K, vol, years, call)
        options = (then - now) @ self.quantity_coin
        return np.asarray(options + self.perpetual_coin * self.price_usd * moves_frac)


def pool_options(
    asked: PoolAsked, hedge: PoolHedge, chain: ChainColumns, price_usd: float
) -> OptionsHeld:
    """Choose options at their asks and a perpetual, at least cost, in whole lots.

    Raises
    ------
    RequestRejected
        If no option is offered, the chain is of another price, or no choice was found.
    """
    assert asked.gamma_max_coin_per_usd is not None
    listed = _listed(asked, chain, price_usd)
    each_perp = to_model(asked.multiplier_coin_per_contract)
    found = choose(
        _asks(asked, hedge, asked.gamma_max_coin_per_usd),
        [*listed.offers, _perpetual(asked, chain.underlying, price_usd)],
        np.array([[*listed.delta_coin, each_perp], [*listed.gamma_coin_per_usd, 0.0]]),
        ticket_usd=1.0,
    )
    if isinstance(found, Failure):
        raise RequestRejected(f"no options were found: {found.message}")
    bought = _amounts(found, [each.instrument_id for each in listed.terms])
    traded = _amounts(found, [_PERP])[0] + to_model(asked.held_contracts)
    return OptionsHeld(
        shown=PoolOptions(
            chain=f"the chain of {chain.underlying} of {format_ns(chain.time_ns)}",
            assumed=_ASSUMED,
            choice=found,
            theta_usd_per_day=float(listed.theta_usd_per_day @ bought),
        ),
        price_usd=price_usd,
        perpetual_coin=traded * each_perp,
        terms=listed.columns,
        quantity_coin=bought * listed.size_coin,
    )


class _Listed(NamedTuple):
    """The options that are offered, and of one contract of each its size and its Greeks.

    Greeks are by the pool's price. `columns` are forward, strike, vol, years, and whether a call.
    """

    terms: list[Option]
    offers: list[Offer]
    columns: tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]
    size_coin: Floats
    delta_coin: Floats
    gamma_coin_per_usd: Floats
    theta_usd_per_day: Floats


def _listed(asked: PoolAsked, chain: ChainColumns, price_usd: float) -> _Listed:
    """Value what is offered; RequestRejected where the chain is of another price."""
    terms, rows = _offered(asked, chain)
    F, K, vol = chain.forward_usd[rows], chain.strike_usd[rows], chain.vol_mark_frac[rows]
    refuse_far("--price", price_usd, F, time_ns=chain.time_ns)
    years = (chain.expiry_ns[rows] - chain.time_ns) / YEAR_NS
    call = chain.is_call[rows]
    greeks = european_greeks(
        EuropeanColumns(
            underlying_usd=F, strike_usd=K, vol_frac=vol, expiry_years=years, is_call=call
        )
    )
    words = EuropeanGreeks.by_word()
    ratio = F / price_usd
    size = np.array([to_model(each.multiplier_coin_per_contract) for each in terms])
    offers = [
        _offer(each, float(ask), float(mark), float(forward))
        for each, ask, mark, forward in zip(
            terms, chain.price_ask_usd[rows], greeks.value_usd, F, strict=True
        )
    ]
    return _Listed(
        terms=terms,
        offers=offers,
        columns=(F, K, vol, years, call),
        size_coin=size,
        delta_coin=size * getattr(greeks, words["delta"]) * ratio,
        gamma_coin_per_usd=size * getattr(greeks, words["gamma"]) * ratio**2,
        theta_usd_per_day=size * getattr(greeks, words["theta"]) / 365.0,
    )


def _asks(asked: PoolAsked, hedge: PoolHedge, gamma_max_coin_per_usd: float) -> list[Ask]:
    """Say between which bounds delta and gamma are to lie."""
    return [
        Ask(
            name="delta, coins",
            now_figure=hedge.before_coin,
            low_figure=asked.target_coin - asked.band_coin,
            high_figure=asked.target_coin + asked.band_coin,
            scale_figure=asked.band_coin or 1.0,
        ),
        Ask(
            name="gamma, coins per USD",
            now_figure=hedge.gamma_coin_per_usd,
            low_figure=-gamma_max_coin_per_usd,
            high_figure=gamma_max_coin_per_usd,
            scale_figure=gamma_max_coin_per_usd or max(abs(hedge.gamma_coin_per_usd), 1e-12),
        ),
    ]


def _offered(asked: PoolAsked, chain: ChainColumns) -> tuple[list[Option], NDArray[np.int64]]:
    """Give the options that somebody offers, and their rows."""
    kept = (
        (chain.price_ask_usd > 0.0)
        & (chain.vol_mark_frac > 0.0)
        & np.isfinite(chain.forward_usd)
        & (chain.expiry_ns > chain.time_ns + HOUR_NS)
    )
    if asked.expiry is not None:
        kept &= chain.expiry_ns == expiry_ns(asked.expiry, "--expiry")
    rows = np.flatnonzero(kept)
    terms = []
    for row in rows.tolist():
        strike = f"{chain.strike_usd[row]:.12g}".replace(".", "d")
        day = datetime.fromtimestamp(int(chain.expiry_ns[row]) // SECOND_NS, UTC)
        name = (
            f"{chain.underlying}-{day.day}{day.strftime('%b%y').upper()}-{strike}-"
            f"{'C' if chain.is_call[row] else 'P'}"
        )
        try:
            terms.append(option_from_name(name))
        except HedgerowError as bad:
            raise RequestRejected(f"--chains: the terms of {name} are not known: {bad}") from bad
    if not terms:
        raise RequestRejected(
            f"no option of {chain.underlying} is offered at {format_ns(chain.time_ns)}"
        )
    return terms, rows


def _offer(terms: Option, ask_usd: float, mark_usd: float, forward_usd: float) -> Offer:
    size = to_model(terms.multiplier_coin_per_contract)
    fee = size * min(_FEE_FRAC * forward_usd, _FEE_OF_PRICE_FRAC * ask_usd)
    rung = Rung(
        width_contracts=_DEPTH_CONTRACTS,
        cost_usd_per_contract=size * max(ask_usd - mark_usd, 0.0) + fee,
        fee_usd_per_contract=fee,
    )
    return Offer(
        instrument_id=terms.instrument_id,
        account_id="chain",
        venue="chain",
        terms=terms,
        lot_contracts=to_model(terms.lot_contracts),
        price_mark_ccy=mark_usd,
        buys=(rung,),
        sells=(),
        carry_usd_per_day=0.0,
    )


def _perpetual(asked: PoolAsked, coin: str, price_usd: float) -> Offer:
    size = asked.multiplier_coin_per_contract
    cost = _PERP_COST_FRAC * to_model(size) * price_usd
    rung = Rung(
        width_contracts=_PERP_CONTRACTS, cost_usd_per_contract=cost, fee_usd_per_contract=cost
    )
    terms = LinearPerpetual(
        instrument_id=_PERP,
        underlying=coin,
        settlement="USDC",
        multiplier_coin_per_contract=size,
        tick_usd=Decimal("0.01"),
        lot_contracts=asked.lot_contracts,
        funding_interval_ns=8 * HOUR_NS,
    )
    return Offer(
        instrument_id=_PERP,
        account_id="perpetual",
        venue="chain",
        terms=terms,
        lot_contracts=to_model(asked.lot_contracts),
        price_mark_ccy=price_usd,
        buys=(rung,),
        sells=(rung,),
        carry_usd_per_day=None,
    )


def _amounts(found: HedgeChoice, names: list[str]) -> Floats:
    traded = {each.instrument_id: each.quantity_contracts for each in found.trades}
    return np.array([traded.get(name, 0.0) for name in names])
