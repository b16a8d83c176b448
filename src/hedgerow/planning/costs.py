"""What moves cost: trades by their books and by being held, transfers by fee and by their time."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec
import numpy as np

from hedgerow.collateral import Route
from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging import ChosenTrade, Offer, crossing_and_fee_usd, trade_costs
from hedgerow.market import Snapshot
from hedgerow.solving import Ladders, Tickets
from hedgerow.units import to_model

__all__ = [
    "PLAIN_TERMS",
    "ChosenMove",
    "ChosenSwap",
    "JointTerms",
    "ModeSwitch",
    "MoveCosts",
    "SwapWay",
    "route_name",
]


class JointTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is priced by, beside the books.

    `capital_frac_per_year` is what money tied up at a venue costs, `ticket_usd` what each trade
    costs beside its size, `slippage_frac` how far beyond the mark an order may fill.
    Branch and bound opens at most `nodes_count_max` nodes.
    """

    horizon_days: float = 1.0
    capital_frac_per_year: float = 0.05
    ticket_usd: float = 0.0
    slippage_frac: float = 0.01
    nodes_count_max: int = 100

    def __post_init__(self) -> None:
        for name in ("horizon_days", "capital_frac_per_year", "ticket_usd"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise OutOfDomain(f"{name} must not be negative, was {getattr(self, name)}")
        if not 0.0 <= self.slippage_frac < 1.0:
            raise OutOfDomain(f"slippage_frac must be from 0 to below 1, was {self.slippage_frac}")


PLAIN_TERMS = JointTerms()

# What a route's taking its time is expected to cost, in USD; None where nobody knows.
LateUsd: TypeAlias = Callable[[Route], float | None]


class ChosenMove(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a route's asset, and what moving it costs.

    `late_usd` is what is lost by a liquidation before it arrives, times the chance of one; None
    where nobody knows.
    """

    route: Route
    quantity_coin: Decimal
    fee_usd: float
    capital_usd: float
    late_usd: float | None

    @property
    def known_usd(self) -> float:
        """All that is known of it."""
        return self.fee_usd + self.capital_usd + (self.late_usd or 0.0)


class ModeSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """A category of its lending market that an account may join, or none, and what asking costs.

    It is told by the rulebook that the account is judged by afterwards.
    """

    account_id: str
    rulebook: str
    gas_usd: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.gas_usd < float("inf"):
            raise OutOfDomain(f"gas_usd must not be negative, was {self.gas_usd}")

    @property
    def cost_usd(self) -> float:
        """All of it."""
        return self.gas_usd


class SwapWay(msgspec.Struct, frozen=True, kw_only=True):
    """A collateral that an account may give for another, and what that takes of its worth.

    `fee_frac` and `half_spread_frac` are of what is given, `gas_usd` is of asking. They are taken
    to be the same for any size up to `quantity_coin_max`, of what is given; None is no cap.
    """

    account_id: str
    asset: str
    asset_take: str
    fee_frac: Decimal
    half_spread_frac: Decimal
    step_coin: Decimal
    gas_usd: float = 0.0
    quantity_coin_max: Decimal | None = None

    def __post_init__(self) -> None:
        for name in ("fee_frac", "half_spread_frac"):
            if not (getattr(self, name).is_finite() and getattr(self, name) >= 0):
                raise OutOfDomain(f"{name} must not be negative, was {getattr(self, name)}")
        if self.fee_frac + self.half_spread_frac >= 1:
            raise OutOfDomain("fee_frac and half_spread_frac must leave something of a swap")
        for name, amount in (
            ("step_coin", self.step_coin),
            ("quantity_coin_max", self.quantity_coin_max),
        ):
            if amount is not None and not (amount.is_finite() and amount > 0):
                raise OutOfDomain(f"{name} must be positive, was {amount}")
        if not 0.0 <= self.gas_usd < float("inf"):
            raise OutOfDomain(f"gas_usd must not be negative, was {self.gas_usd}")
        if self.asset == self.asset_take:
            raise OutOfDomain(f"asset_take must be another than the asset, was {self.asset}")


class ChosenSwap(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a collateral given, what comes for it, and what that costs, kind by kind."""

    way: SwapWay
    quantity_coin: Decimal
    quantity_take_coin: Decimal
    crossing_usd: float
    fee_usd: float

    @property
    def cost_usd(self) -> float:
        """All of it."""
        return self.crossing_usd + self.fee_usd + self.way.gas_usd


class MoveCosts:
    """Prices every move that may be made, the offers first and then the routes.

    A route of an asset without a price stands in a programme at no cost, and must be held there at
    nothing (`Desk.touches` refuses it): to ask what moving along it costs is a fault.
    """

    def __init__(
        self,
        offers: Sequence[Offer],
        routes: Sequence[Route],
        snapshot: Snapshot,
        terms: JointTerms,
        late_usd: LateUsd,
    ) -> None:
        self.offers, self.routes, self.terms = offers, routes, terms
        self._prices_usd: list[float | None] = []
        for route in routes:
            price = snapshot.asset(route.asset)
            self._prices_usd.append(None if isinstance(price, Failure) else price.price_usd)
        self.late_usd = [late_usd(route) for route in routes]
        self._carry_frac = terms.capital_frac_per_year * terms.horizon_days / 365.0

    def parts(self) -> list[Ladders | Tickets]:
        """Give them as parts of a programme."""
        trades = trade_costs(self.offers, self.terms.horizon_days)
        # What has no price is not moved, so nothing is paid for it.
        prices_usd = [price or 0.0 for price in self._prices_usd]
        first = len(self.offers)
        places = np.arange(first, first + len(self.routes), dtype=np.int64)
        moved = Ladders(
            book_index=np.arange(len(places), dtype=np.int64),
            is_up=np.ones(len(places), dtype=np.bool_),
            width_amount=np.full(len(places), np.inf),
            price_usd_per_amount=np.array(
                [price * self._carry_frac for price in prices_usd], dtype=np.float64
            ),
            decision_book_index=np.concatenate(
                [np.full(first, -1, dtype=np.int64), np.arange(len(places), dtype=np.int64)]
            ),
        )
        tickets = np.array(
            [self.terms.ticket_usd] * first
            + [
                to_model(route.fee_coin) * price + (late or 0.0)
                for route, price, late in zip(self.routes, prices_usd, self.late_usd, strict=True)
            ]
        )
        made: list[Ladders | Tickets] = [trades, moved]
        if np.any(tickets > 0.0):
            made.append(Tickets(tickets))
        return made

    def trade(
        self, each: Offer, quantity_contracts: float, taken_contracts: float = 0.0
    ) -> ChosenTrade:
        """Tell what a trade costs, kind by kind, with so much of the book's side gone already."""
        crossing, fee = crossing_and_fee_usd(each, quantity_contracts, taken_contracts)
        return ChosenTrade(
            instrument_id=each.instrument_id,
            account_id=each.account_id,
            quantity_contracts=quantity_contracts,
            crossing_usd=crossing,
            fee_usd=fee,
            carry_usd=each.carry_paid_usd(quantity_contracts, self.terms.horizon_days),
            ticket_usd=self.terms.ticket_usd,
        )

    def move(self, at: int, quantity_coin: Decimal) -> ChosenMove:
        """Tell what a transfer along a route costs, kind by kind."""
        route, price = self.routes[at], self._prices_usd[at]
        assert price is not None, "what has no price is refused before it is chosen"
        return ChosenMove(
            route=route,
            quantity_coin=quantity_coin,
            fee_usd=to_model(route.fee_coin) * price,
            capital_usd=to_model(quantity_coin) * price * self._carry_frac,
            late_usd=self.late_usd[at],
        )


def route_name(route: Route) -> str:
    """Say from where to where a route leads, and what for."""
    return (
        f"{route.asset} from {route.source_account_id} to {route.target_account_id} ({route.use})"
    )
