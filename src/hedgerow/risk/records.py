"""What enters an explanation beside books and markets, and what leaves it."""

from collections.abc import Mapping
from decimal import Decimal
from math import fsum, isfinite
from typing import Final, Literal, TypeAlias

import msgspec

from hedgerow.errors import Failure, Outcome

__all__ = [
    "FULL_LINES",
    "MOVE_FRAC_MAX",
    "TAYLOR_LINES",
    "UNEXPLAINED_FRAC_MAX",
    "CashFlow",
    "ExplainRow",
    "Explained",
    "Fill",
    "FillKind",
    "FlowKind",
    "Marks",
    "Method",
    "Verdict",
]

Method: TypeAlias = Literal["taylor", "full"]
Marks: TypeAlias = Literal["model", "venue"]
Verdict: TypeAlias = Literal["within", "alert", "large_move", "unknown"]
# The words of a venue's ledger, and `capital` for what owners put in or take out.
FlowKind: TypeAlias = Literal[
    "trade",
    "fee",
    "funding",
    "delivery",
    "liquidation_fee",
    "insurance",
    "seized",
    "transit",
    "pool",
    "capital",
]
FillKind: TypeAlias = Literal["trade", "liquidation", "adl", "transfer"]

_CASH: Final = ("numeraire", "trades", "expiries", "fees", "transfers", "liquidations")
# In the order of the methods sheet, section 9; `higher` are the third-order terms and those of time
# with spot or vol, which it does not list.
TAYLOR_LINES: Final = (
    "time", "carry", "delta", "gamma", "vega", "vanna", "volga", "higher", "basis", "cross", *_CASH
)  # fmt: skip
FULL_LINES: Final = ("time", "carry", "spot", "vol", "basis", *_CASH)

# Acceptance, methods sheet, section 9.
UNEXPLAINED_FRAC_MAX: Final = 0.01
MOVE_FRAC_MAX: Final = 0.05
# Floats of one sum in another order; what does not add up beyond this is a fault of ours.
_SUM_FRAC: Final = 1e-9
# Moves with price whether counted in dollars or in the coin: one thing in two lines.
_OF_PRICE: Final = ("delta", "spot", "numeraire")


class CashFlow(msgspec.Struct, frozen=True, kw_only=True):
    """What an account received of one asset between two times; negative is paid.

    `instrument_id` is what it was paid for, None where that is nothing the account holds (a
    deposit, the fee of a transfer). `trade` is the cash side of a fill: the premium of an option,
    the realised profit of a future.
    """

    account_id: str
    asset: str
    quantity_coin: Decimal
    kind: FlowKind
    instrument_id: str | None = None

    def __post_init__(self) -> None:
        if not self.quantity_coin.is_finite():
            raise ValueError(
                f"{self.account_id} {self.asset}: quantity_coin of a flow must be finite, "
                f"was {self.quantity_coin}"
            )


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one position; buying is positive.

    `price_ccy` is what the venue quotes: dollars for futures and perpetuals, for an option the
    currency it settles in. None for what was moved in kind (a loan repaid, a share sent), which
    counts at its mark at the end and is no trade.
    """

    account_id: str
    instrument_id: str
    quantity_contracts: Decimal
    price_ccy: Decimal | None
    kind: FillKind = "trade"

    def __post_init__(self) -> None:
        if not self.quantity_contracts.is_finite():
            raise ValueError(
                f"{self.instrument_id}: quantity_contracts of a fill must be finite, "
                f"was {self.quantity_contracts}"
            )
        price = self.price_ccy
        if (price is None) != (self.kind == "transfer") or (
            price is not None and not (price.is_finite() and price > 0)
        ):
            raise ValueError(
                f"{self.instrument_id}: the price of a fill must be positive, and None for a "
                f"transfer alone, was {price} for a {self.kind}"
            )


class ExplainRow(msgspec.Struct, frozen=True, kw_only=True):
    """One node's profit and the lines it is made of.

    With something in `missing` the figures are those of the rest, and None or nothing where there
    is no rest; they are then no total.

    Attributes
    ----------
    node
        As in an `ExposureTable`, with positions as leaves:
        ``desk/deribit/btc/BTC-27FEB26-80000-P``.
    actual_usd
        Change of what the node is worth; at an account with all that was paid into it or out.
    lines_usd
        By the names of `TAYLOR_LINES` or `FULL_LINES`, and in their order.
    unexplained_usd
        `actual_usd` less all lines.
    gross_usd
        Sum of the sizes of the lines, with what moves with price counted once and transfers not.
    tolerance_usd
        The larger of one per cent of the gross and `ticks_usd`.
    ticks_usd
        What two ticks of every position are worth, at the larger of its two quantities.
    move_frac
        The largest relative move of a coin that moves the node, None where none does.
    move_coin
        Which coin that is.
    """

    node: str
    actual_usd: float | None
    lines_usd: Mapping[str, float]
    unexplained_usd: float | None
    ticks_usd: float
    move_frac: float | None
    missing: tuple[Failure, ...]
    move_coin: str | None = None

    def __post_init__(self) -> None:
        if self.actual_usd is None or self.unexplained_usd is None:
            assert self.missing, "unknown without a reason"
            assert not self.lines_usd, "lines of what is unknown"
            return
        figures = (*self.lines_usd.values(), self.unexplained_usd, self.actual_usd)
        assert all(map(isfinite, figures)), f"{self.node}: a line is no number"
        off_usd = fsum((*self.lines_usd.values(), self.unexplained_usd, -self.actual_usd))
        if abs(off_usd) > _SUM_FRAC * (1.0 + max(map(abs, figures))):
            raise ValueError(f"{self.node}: lines and actual are {off_usd} USD apart")

    @property
    def gross_usd(self) -> float:
        """Sum of the sizes of the lines; price moves are one line, transfers none."""
        of_price = fsum(self.lines_usd.get(name, 0.0) for name in _OF_PRICE)
        others = (
            abs(amount)
            for name, amount in self.lines_usd.items()
            if name not in _OF_PRICE and name != "transfers"
        )
        return fsum((abs(of_price), *others))

    @property
    def tolerance_usd(self) -> float:
        """How much may stay unexplained (methods sheet, section 9)."""
        return max(UNEXPLAINED_FRAC_MAX * self.gross_usd, self.ticks_usd)

    @property
    def verdict(self) -> Verdict:
        """Whether the acceptance of the methods sheet holds; it does not speak of large moves."""
        if self.missing or self.unexplained_usd is None:
            return "unknown"
        if self.move_frac is not None and abs(self.move_frac) > MOVE_FRAC_MAX:
            return "large_move"
        return "within" if abs(self.unexplained_usd) <= self.tolerance_usd else "alert"


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """The profit of a desk between two times, explained: parents first, then the coins.

    `marks` says whose marks the actual profit is by: ours, or those that venues printed with a
    chain of that very time (ours where there is none).
    """

    start_ns: int
    end_ns: int
    method: Method
    marks: Marks
    rows: tuple[ExplainRow, ...]

    def row(self, node: str) -> Outcome[ExplainRow]:
        """Find one node's row."""
        for row in self.rows:
            if row.node == node:
                return row
        return Failure(subject=node, reason="missing_data", message=f"no profit at node {node}")
