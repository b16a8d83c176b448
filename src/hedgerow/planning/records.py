"""A plan is a value: the same plan is simulated, shown, approved and executed."""

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from hedgerow.errors import Failure
from hedgerow.limits import WORST_FIRST, LimitState
from hedgerow.units import SECOND_NS, format_ns

__all__ = [
    "BoundPrice",
    "CostKind",
    "CostName",
    "GreekChange",
    "Leg",
    "Order",
    "Plan",
    "RunnerUp",
    "Swap",
    "Switch",
    "Transfer",
    "stamp",
]


class Order(msgspec.Struct, frozen=True, kw_only=True, tag="order", omit_defaults=True):
    """An immediate-or-cancel limit order. Buying is positive `quantity_contracts`.

    Of an option `price_limit_ccy` is what the venue quotes, in what the option settles in; the
    price in dollars beside it is that at the dollar price of the settlement. `waits_for` are the
    client ids of legs that must be done before it is sent: filled in full, or arrived.
    """

    client_id: str
    account_id: str
    venue: str
    instrument_id: str
    quantity_contracts: Decimal
    price_limit_usd: Decimal
    cost_expected_usd: float
    reason: str
    price_limit_ccy: Decimal | None = None
    waits_for: tuple[str, ...] = ()


class Transfer(msgspec.Struct, frozen=True, kw_only=True, tag="transfer", omit_defaults=True):
    """An amount of one asset from one account of the desk to another.

    `use` says what the destination does with it: exchanges add it to the balance, a lending account
    either supplies it as collateral or repays debt with it. The source pays `fee_coin` of the asset
    beside the amount. `waits_for` is told at `Order`.
    """

    client_id: str
    source_account_id: str
    target_account_id: str
    asset: str
    quantity_coin: Decimal
    use: Literal["balance", "supply", "repay"]
    cost_expected_usd: float
    reason: str
    fee_coin: Decimal = Decimal(0)
    waits_for: tuple[str, ...] = ()


class Switch(msgspec.Struct, frozen=True, kw_only=True, tag="switch", omit_defaults=True):
    """An account of a lending market joins another category (e-mode), or leaves one.

    It is told by `rulebook`, the one that the account is judged by afterwards. `waits_for` is told
    at `Order`.
    """

    client_id: str
    account_id: str
    rulebook: str
    cost_expected_usd: float
    reason: str
    waits_for: tuple[str, ...] = ()


class Swap(msgspec.Struct, frozen=True, kw_only=True, tag="swap", omit_defaults=True):
    """A lending account gives so much of one collateral for at least so much of another.

    At once: withdrawn, sold and supplied in one transaction. `waits_for` is told at `Order`.
    """

    client_id: str
    account_id: str
    asset: str
    asset_take: str
    quantity_coin: Decimal
    quantity_take_coin_min: Decimal
    cost_expected_usd: float
    reason: str
    waits_for: tuple[str, ...] = ()


Leg: TypeAlias = Order | Transfer | Switch | Swap


class RunnerUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The best of the other plans, and why it was not taken.

    Its cost is partial where a funding, or what being late costs, is unknown, and is then what is
    known of it.
    """

    name: str
    cost_expected_usd: float
    lost_because: str
    is_cost_partial: bool = False


CostName: TypeAlias = Literal["crossing", "fee", "carry", "ticket", "capital", "late", "gas"]


class CostKind(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of what a plan costs; all that is known of them adds up to it.

    It is None where nothing of it is known, and partial where something is not.
    """

    kind: CostName
    cost_expected_usd: float | None
    is_partial: bool = False

    def __post_init__(self) -> None:
        if self.cost_expected_usd is None and not self.is_partial:
            raise ValueError(f"{self.kind}: a cost of which nothing is known is partial")


class BoundPrice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a plan would save if a bound were looser by one of what `figure` names.

    That is one of the unit of a limit; of what is asked of an account, a dollar more of equity as
    its venue counts it. Of a plan written before it was told it is empty.
    """

    name: str
    saved_usd_per_figure: float
    figure: str = ""


class GreekChange(msgspec.Struct, frozen=True, kw_only=True):
    """Greeks of a node as they are, and with every leg done; None where not all is known.

    By their names in an exposure table, which say per what each is in dollars.
    """

    node: str
    before_usd: dict[str, float | None]
    after_usd: dict[str, float | None]


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ordered legs, what they cost, what each limit was and is expected to be.

    `unmet` names what the plan could not do and why; a plan may be empty of legs and still say
    that. A plan of hedges and collateral together tells more: of what its cost is made, what each
    bound costs, which limits `conflicts`, and the plan that came second. Where one of `costs` is
    partial, `cost_expected_usd` and that of some leg are what is known of them. `greeks` are those
    of the desk and of each coin that is traded, where a leg trades an option and somebody asked.
    """

    plan_id: str
    time_ns: int
    expires_ns: int
    legs: tuple[Leg, ...]
    cost_expected_usd: float
    limits_before: tuple[LimitState, ...]
    limits_after: tuple[LimitState, ...]
    assumptions: tuple[str, ...]
    unmet: tuple[Failure, ...]
    costs: tuple[CostKind, ...] = ()
    prices: tuple[BoundPrice, ...] = ()
    conflicts: tuple[str, ...] = ()
    runner_up: RunnerUp | None = None
    greeks: tuple[GreekChange, ...] = ()

    @property
    def holds_after(self) -> bool | None:
        """Whether every limit is inside its soft bound after it; None where nobody knows."""
        rungs = {each.rung for each in self.limits_after}
        if rungs & {"soft", "hard", "expired"}:
            return False
        return None if "unknown" in rungs else True

    @property
    def newly_broken(self) -> tuple[LimitState, ...]:
        """The limits as they are after it that are then soft, hard or unknown, and better before.

        One of which nothing was there before is among them.
        """
        was = {each.key: WORST_FIRST[each.rung] for each in self.limits_before}
        return tuple(
            each
            for each in self.limits_after
            if each.rung in ("soft", "hard", "unknown")
            and WORST_FIRST[each.rung] < was.get(each.key, WORST_FIRST["calm"])
        )

    @property
    def is_cost_partial(self) -> bool:
        """Whether something of what it costs is unknown."""
        return any(each.is_partial for each in self.costs)

    @property
    def cost_late_usd(self) -> float | None:
        """What is expected to be lost while transfers are on their way; None where unknown."""
        late = [each for each in self.costs if each.kind == "late"]
        if any(each.is_partial for each in late):
            return None
        return sum(each.cost_expected_usd or 0.0 for each in late)

    @property
    def cost_without_late_usd(self) -> float:
        """What else it costs: all that is known of that where another of `costs` is partial."""
        late = sum(each.cost_expected_usd or 0.0 for each in self.costs if each.kind == "late")
        # To a millionth, as the costs are: a difference of floats has digits of its own.
        return round(self.cost_expected_usd - late, 6)

    def __post_init__(self) -> None:
        ids = [leg.client_id for leg in self.legs]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(
                f"plan {self.plan_id}: several legs have client id {', '.join(twice)}; a venue "
                "takes a repeated id for the same leg, so each leg needs its own"
            )
        earlier: set[str] = set()
        for leg in self.legs:
            later = [each for each in leg.waits_for if each not in earlier]
            if later:
                raise ValueError(
                    f"plan {self.plan_id}: leg {leg.client_id} waits for {', '.join(later)}, which "
                    "is no leg before it; legs stand in an order in which they can be done"
                )
            earlier.add(leg.client_id)
        if self.expires_ns < self.time_ns:
            raise ValueError(
                f"plan {self.plan_id}: expires {self.time_ns - self.expires_ns} ns before it is "
                "made; expires_ns must not lie before time_ns"
            )


def stamp(time_ns: int) -> str:
    """Write a time as letters and digits only, which every venue takes in a client id.

    To the nanosecond where it is not a whole second: venues take a repeated id for the same leg.
    """
    whole = format_ns(time_ns).translate(str.maketrans("", "", "-:"))
    rest_ns = time_ns % SECOND_NS
    return f"hg{whole}{rest_ns:09d}" if rest_ns else f"hg{whole}"
