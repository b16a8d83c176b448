"""An account of a desk at other sizes of what it holds: its vol, and how likely it is liquidated.

Every position is scaled at its mark and balances stand still, so that equity is the same at every
size. Of an account that holds what is not bought and sold at a mark (loans, pool shares) there is
no other size.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from hedgerow.app.asked import looked_at, opened
from hedgerow.app.desk import Desk
from hedgerow.app.holding_asks import VolTargetAsked
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import packaged_covariance
from hedgerow.errors import Failure, Outcome, RequestRejected
from hedgerow.exposure import aggregate
from hedgerow.hedging.structures import LeverageCap, book_scale_frac
from hedgerow.instruments import EntryContract, Option
from hedgerow.limits import Survey, account_node
from hedgerow.margin import Rulebook, mark_ccy, rulebooks_at, with_leg
from hedgerow.market import Factor
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from hedgerow.reporting.vol_targets import SizeTrade, VolTargetShown
from hedgerow.solvency import distance
from hedgerow.units import DAY_NS, digits_of, percent, to_exact

__all__ = ["Unscalable", "scaled_account"]

Floats = NDArray[np.float64]
Chances = Callable[[float], float]
Capped = Callable[[Chances, VolTargetAsked, float], Outcome[LeverageCap]]

# A distance is accurate to 1e-4 of the price: a chance that falls by no more than this share as
# size grows did not fall.
_BLUR_FRAC = 0.02
_ASSUMED = (
    "Balances stand still, positions are traded at their marks, and correlations of coins are the "
    "packaged ones. The vol is that of deltas as they stand: what gamma adds is in the liquidation "
    "alone."
)


class Unscalable(Exception):
    """The account cannot be judged at some size, for this reason."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Scaled:
    """An account at other sizes."""

    def __init__(self, desk: Desk, state: Survey, held: Account, horizon_days: float) -> None:
        self._desk, self._state, self._held = desk, state, held
        self._horizon_ns = int(horizon_days * DAY_NS)
        rulebooks = rulebooks_at(desk.rulebooks, state.snapshot.time_ns)
        assert held.rulebook is not None
        self._rulebook: Rulebook = rulebooks[held.rulebook]
        self._found: dict[float, float] = {}

    def at(self, size: float) -> Account:
        """Give the account with every position that many times as large."""
        account = self._held
        for position in self._held.positions:
            terms = self._state.book.terms[position.instrument_id]
            assert isinstance(terms, EntryContract | Option)
            mark = mark_ccy(terms, self._state.snapshot)
            if isinstance(mark, Failure):
                raise Unscalable(mark)
            change = position.quantity_contracts * (digits_of(size) - 1)
            if change:
                account = with_leg(account, terms, change, digits_of(mark))
        return account

    def chance(self, size: float) -> float:
        """Give how likely the account is liquidated within the horizon at some size."""
        if size in self._found:
            return self._found[size]
        account = self.at(size)
        state = self._state
        found = distance(account, state.book.terms, state.snapshot, self._rulebook)
        if isinstance(found, Failure):
            raise Unscalable(found)
        likely = self._desk.chance(state.seen.coins_of(account), found, self._horizon_ns)
        if isinstance(likely, Failure):
            raise Unscalable(likely)
        least = max((each for at, each in self._found.items() if at < size), default=0.0)
        if (1.0 - _BLUR_FRAC) * least <= likely < least:
            likely = least
        self._found[size] = likely
        return likely

    def weights(self, size: float) -> tuple[float, dict[str, float]]:
        """Give equity in dollars, and the dollar delta in every coin that moves."""
        state = self._state
        booked = book([self.at(size)], state.book.terms)
        table = aggregate(booked, value(booked, state.snapshot), state.snapshot)
        whole = table.row("desk")
        if isinstance(whole, Failure) or whole.missing:
            raise Unscalable(whole if isinstance(whole, Failure) else whole.missing[0])
        dollars = state.snapshot.dollars_usd
        deltas = {row.node.removeprefix("coin/"): row.delta_spot_usd for row in table.coins()}
        return whole.value_usd, {coin: each for coin, each in deltas.items() if coin not in dollars}


def scaled_account(
    source: Source, asked: VolTargetAsked, account_id: str, capped: Capped
) -> tuple[VolTargetShown, Chances, float]:
    """Size an account of a desk.

    Returns
    -------
    tuple
        What is shown, the chance of a liquidation at a size, and how far to draw it.

    Raises
    ------
    RequestRejected, DeskRejected, RecordingRejected
        If the desk cannot be read, or the account cannot be scaled or valued.
    """
    if asked.vol_frac is not None or asked.marks is not None:
        raise RequestRejected("--vol and --marks go without --account: [vols] of the desk say it")
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    held = _account(state, account_id)
    scaled = _Scaled(desk, state, held, asked.horizon_days)
    moves = _moves(desk, scaled, account_id, asked.vol_min_frac)
    # Asked first: it refuses positions that move with no coin, of which no size is the largest.
    wanted = moves.size_at(asked.target_vol_frac)
    size_max = asked.leverage_max_frac / moves.gross_frac
    cap: Outcome[LeverageCap]
    try:
        cap = capped(scaled.chance, asked, size_max)
    except Unscalable as unknown:
        cap = unknown.failure
    size = None if isinstance(cap, Failure) else min(wanted, cap.leverage_frac)
    is_in_band = (
        size is not None
        and abs(size - 1.0) <= asked.band_frac
        and (isinstance(cap, LeverageCap) and cap.leverage_frac >= 1.0)
    )
    then = 1.0 if is_in_band else size
    now_vol = moves.vol_frac(1.0)
    shown = VolTargetShown(
        subject=f"{account_id}, every position scaled alike",
        unit="times what is held",
        target_vol_frac=asked.target_vol_frac,
        vol_frac=now_vol,
        vol_used_frac=now_vol,
        vol_source=f"of the equity now; coins at {_told(moves.vols_frac)}, notional × "
        f"{moves.gross_frac:.3g} of it",
        wanted_frac=min(wanted, size_max),
        cap=cap,
        allowed_frac=asked.allowed_frac,
        horizon_days=asked.horizon_days,
        size_frac=then,
        vol_then_frac=None if then is None else moves.vol_frac(then),
        chance_wanted_frac=_or_none(scaled, min(wanted, size_max)),
        chance_then_frac=None if then is None else _or_none(scaled, then),
        market=f"Liquidation by the rules of {held.rulebook} and a joint move of all coins, "
        f"{desk.chance.said}, from above. {_ASSUMED}",
        size_now_frac=1.0,
        chance_now_frac=_or_none(scaled, 1.0),
        is_in_band=is_in_band,
        trades=() if then is None or is_in_band else _trades(state, held, then),
    )
    return shown, scaled.chance, 1.5 * max(1.0, min(wanted, size_max), size or 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """What of the equity moves with each coin: balances, which stand still, and positions.

    `fixed_frac` and `moving_frac` are dollar deltas over equity, in the order of `vols_frac`.
    """

    vols_frac: Mapping[str, float]
    fixed_frac: Floats
    moving_frac: Floats
    covariance_frac: Floats

    @property
    def gross_frac(self) -> float:
        """How much is held, over equity."""
        return float(np.abs(self.moving_frac).sum())

    @property
    def moves_nothing(self) -> bool:
        """Whether the positions have no vol at all, at any size."""
        return float(self.moving_frac @ self.covariance_frac @ self.moving_frac) <= 0.0

    def vol_frac(self, size: float) -> float:
        """Give the yearly vol of the equity at some size of the positions."""
        weights = self.fixed_frac + size * self.moving_frac
        return sqrt(float(weights @ self.covariance_frac @ weights))

    def size_at(self, vol_frac: float) -> float:
        """Give the largest size of that vol; RequestRejected where none has it."""
        if self.moves_nothing:
            raise RequestRejected("its positions move with no coin: no size of them has a vol")
        size = book_scale_frac(
            self.moving_frac, self.covariance_frac, vol_frac=vol_frac, fixed_frac=self.fixed_frac
        )
        if isinstance(size, Failure):
            raise RequestRejected(
                f"what it holds in coins moves more than {percent(vol_frac)} a year, whatever its "
                "positions"
            )
        return size


def _moves(desk: Desk, scaled: _Scaled, account_id: str, vol_min_frac: float) -> _Moves:
    """Weigh the account with its positions and without."""
    try:
        equity, now = scaled.weights(1.0)
        _, rest = scaled.weights(0.0)
    except Unscalable as unknown:
        raise RequestRejected(f"{account_id} cannot be valued: {unknown}") from unknown
    if equity <= 0.0:
        raise RequestRejected(f"{account_id} has no equity to be sized by")
    vols = {coin: max(_vol(desk, coin), vol_min_frac) for coin in sorted({*now, *rest})}
    fixed = np.array([rest.get(coin, 0.0) for coin in vols]) / equity
    moving = np.array([now.get(coin, 0.0) for coin in vols]) / equity - fixed
    return _Moves(vols, fixed, moving, _covariance(desk, vols))


def _account(state: Survey, account_id: str) -> Account:
    accounts = {each.account_id: each for each in state.book.accounts}
    held = accounts.get(account_id)
    if held is None:
        raise RequestRejected(f"--account {account_id}: there are {', '.join(accounts)}")
    report = state.reports.get(account_node(held))
    if held.rulebook is None or report is None:
        raise RequestRejected(f"--account {account_id}: it has no rulebook, nothing liquidates it")
    if isinstance(report, Failure):
        raise RequestRejected(f"--account {account_id}: {report.message}")
    if not held.positions:
        raise RequestRejected(f"--account {account_id}: it holds no position to size")
    for position in held.positions:
        terms = state.book.terms[position.instrument_id]
        if not isinstance(terms, EntryContract | Option):
            raise RequestRejected(
                f"--account {account_id}: {position.instrument_id} is not traded at a mark, so the "
                "account has no other size; `collateral plan` says what to repay or supply"
            )
    return held


def _vol(desk: Desk, coin: str) -> float:
    vol = desk.chance.vol_frac.get(coin)
    if vol is None:
        raise RequestRejected(f"no vol of {coin} is known; state it under [vols]")
    return vol


def _covariance(desk: Desk, vols: Mapping[str, float]) -> Floats:
    model = packaged_covariance()
    known = [Factor(kind="spot", name=coin) for coin in vols]
    missing = [each.name for each in known if each not in model.factors]
    if missing and len(vols) > 1:
        raise RequestRejected(f"no correlation of {', '.join(missing)} is known")
    wide = np.array(list(vols.values()))
    if missing:
        return np.outer(wide, wide)
    at = [model.factors.index(each) for each in known]
    return np.asarray(np.outer(wide, wide) * np.asarray(model.correlation_frac)[np.ix_(at, at)])


def _or_none(scaled: _Scaled, size: float) -> float | None:
    try:
        return scaled.chance(size)
    except Unscalable:
        return None


def _trades(state: Survey, held: Account, size: float) -> tuple[SizeTrade, ...]:
    """Give whole lots towards the size: never larger than it."""
    found = []
    for position in held.positions:
        terms = state.book.terms[position.instrument_id]
        assert isinstance(terms, EntryContract | Option)
        wished = abs(position.quantity_contracts) * (digits_of(size) - 1)
        sign = 1 if position.quantity_contracts > 0 else -1
        lots = to_exact(float(abs(wished)), terms.lot_contracts, "down" if wished > 0 else "up")
        traded = sign * (lots if wished > 0 else -min(lots, abs(position.quantity_contracts)))
        if traded:
            found.append(
                SizeTrade(
                    instrument_id=position.instrument_id,
                    held_contracts=position.quantity_contracts,
                    quantity_contracts=Decimal(traded),
                )
            )
    return tuple(found)


def _told(vols: Mapping[str, float]) -> str:
    return ", ".join(f"{coin} {100.0 * each:.3g} %" for coin, each in vols.items())
