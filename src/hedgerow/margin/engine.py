"""What the house asks of a venue's rules: a requirement, and a few facts about its accounts.

A venue answers both in its module of `margin.venues`, as one `Engine`; whoever needs an answer asks
`terms_of` or `require` and never which kind of rulebook it is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import ModuleType
from typing import Any, Generic, TypeVar

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.model import Model, Scan
from hedgerow.margin.reach import LiquidationReach
from hedgerow.margin.records import MarginReport, Rulebook
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["Charges", "Engine", "VenueTerms", "engines_in", "nothing_wrong", "unwritten"]

R = TypeVar("R", bound=Rulebook)


class Charges(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange takes of the notional: of an order that takes, and on top when it closes.

    The fee of an option is at most `fee_cap_of_price_frac` of its price, where there is such a cap.
    """

    fee_taker_frac: Decimal
    fee_liquidation_frac: Decimal
    fee_cap_of_price_frac: Decimal | None = None

    def fee_of_option_ccy(self, notional_ccy: Decimal, price_ccy: Decimal) -> Decimal:
        """Give a taker's fee for one coin of an option at a price, both in what it settles in.

        The notional is one coin where it settles in that, and otherwise the forward.
        """
        fee_ccy, cap_frac = self.fee_taker_frac * notional_ccy, self.fee_cap_of_price_frac
        return fee_ccy if cap_frac is None else min(fee_ccy, cap_frac * price_ccy)


class VenueTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a rulebook says beside the requirement.

    `instruments` are the kinds of terms that the engine covers. `counted` gives the assets whose
    balance is set against the requirement, by the currency an account is kept in: an account in
    another currency is a mistake. None where no balance counts at all, since what is lent and owed
    are positions. `charges` is None where there is nothing to send an order to, or where the
    rulebook does not know the fees, and `fees_unwritten` are the keys that would tell them, none
    where its kind has no place for them. `market` names the lending market, None on an exchange.
    `threshold_frac` is what part of a supply's worth counts, zero for what is only owed; `at_par`
    are assets that the market takes at one dollar. `owed` are the assets whose balance may be below
    zero: borrowed, or fees that are due. `penalty_frac` is what a liquidation takes beyond the debt
    that it repays, by the asset that it takes; of one that is not there the rulebook does not say.
    """

    instruments: tuple[type, ...]
    counted: Mapping[str, tuple[str, ...]] | None = None
    charges: Charges | None = None
    fees_unwritten: tuple[str, ...] = ()
    market: str | None = None
    threshold_frac: Mapping[str, Decimal] = {}
    at_par: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    penalty_frac: Mapping[str, Decimal] = {}

    def counts(self, asset: str, currency: str) -> bool:
        """Say whether a balance counts in an account kept in a currency."""
        return self.counted is not None and asset in self.counted.get(currency, ())

    def reads_owed(self, asset: str, currency: str) -> bool:
        """Say whether a negative balance is set against the requirement, or silently left out.

        A rulebook of one currency counts that, whatever the account calls its own.
        """
        counted = self.counted or {}
        if len(counted) == 1:
            (currency,) = counted
        return self.counts(asset, currency)


def unwritten(rulebook: Rulebook, *keys: str) -> tuple[str, ...]:
    """Give those keys of a rulebook that its file leaves out."""
    return tuple(key for key in keys if getattr(rulebook, key) is None)


def nothing_wrong(_: Rulebook) -> Iterator[str]:
    """Name no mistake: for a kind whose figures cannot contradict each other."""
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine(Generic[R]):
    """One venue's rules.

    `kind` is its rulebook, whose tag is what a file's `type` says. `rules` are the names that its
    table `[evidence]` may hold. `require` is told in `hedgerow.margin.require`. `mistakes` names
    what does not fit together in a rulebook whose every number is finite and not negative; those
    under a field in `signed` may be negative. `reach` is told in `hedgerow.margin.reach_of`; None
    where a liquidation goes through an order book. `switch_refusal` is told in `hedgerow.margin`;
    None where an account has nothing to choose. `knows_orders` says that the engine asks margin for
    orders that rest; an account that has some is refused where it does not. `model` answers for
    many accounts at once, as `hedgerow.margin.model` tells; None where each is asked for exactly.
    `scan` gives the requirement cell by cell, where it is the worst of a scan and has a model.
    """

    kind: type[R]
    rules: tuple[str, ...]
    require: Callable[[Account, Mapping[str, Instrument], Snapshot, R], Outcome[MarginReport]]
    terms: Callable[[R], VenueTerms]
    mistakes: Callable[[R], Iterator[str]] = nothing_wrong
    signed: tuple[str, ...] = ()
    reach: (
        Callable[[Account, Mapping[str, Instrument], Snapshot, R], Outcome[LiquidationReach | None]]
        | None
    ) = None
    switch_refusal: (
        Callable[[Account, Mapping[str, Instrument], Snapshot, R, Rulebook], Failure | None] | None
    ) = None
    knows_orders: bool = False
    model: Model | None = None
    scan: Scan | None = None

    @property
    def tag(self) -> str:
        """What a file of this kind says in `type`."""
        return str(self.kind.__struct_config__.tag)


def engines_in(modules: Iterable[ModuleType]) -> tuple[Engine[Any], ...]:
    """Collect the `ENGINE` of every module that has one, in the order of the modules.

    Raises
    ------
    TypeError
        If an `ENGINE` is no `Engine`.
    ValueError
        If two modules answer for one kind of rulebook, or for two that a file calls the same.
    """
    found: dict[str, tuple[str, Engine[Any]]] = {}
    for module in modules:
        engine = getattr(module, "ENGINE", None)
        if engine is None:
            continue
        if not isinstance(engine, Engine):
            raise TypeError(f"{module.__name__}.ENGINE must be an Engine, was {engine!r}")
        first, other = found.setdefault(engine.tag, (module.__name__, engine))
        if other is not engine or first != module.__name__:
            raise ValueError(
                f"{first} and {module.__name__} both give an engine for rulebooks of type "
                f"{engine.tag}; one kind has one engine"
            )
    return tuple(engine for _, engine in found.values())
