"""What a measure looks at, what a person states for it, and what it answers.

A limit carries in its `Given` all that the desk itself does not show: shocks, a horizon, who knows
how likely a move is, who stands behind a token. So one limit is judged alike wherever it is judged.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from hedgerow.errors import Failure, Outcome, Reason
from hedgerow.exposure import ExposureTable, NodeProfits, aggregate, node_profits
from hedgerow.margin import MarginReport
from hedgerow.market import NO_SHOCK, Shock, Snapshot
from hedgerow.portfolio import Account, Book
from hedgerow.pricing import value
from hedgerow.solvency import Distance, coins_moved
from hedgerow.units import DAY_NS

__all__ = [
    "NOBODY",
    "Backing",
    "Chance",
    "Given",
    "Measure",
    "Measured",
    "Rung",
    "Seen",
    "Side",
    "Stress",
    "Toward",
    "account_node",
    "incomplete",
    "unknown",
]

Side: TypeAlias = Literal["ceiling", "floor"]
# watch: beyond 70 % of soft. soft: act. hard: never wanted. expired: nobody renewed the limit.
# unknown: a breach of its own kind.
Rung: TypeAlias = Literal["calm", "watch", "soft", "hard", "expired", "unknown"]

# Which way prices go where a number is a move of them; nowhere: no move within the search does it,
# and the number is how far was searched. Empty where it is no move.
Toward: TypeAlias = Literal["", "fall", "rise", "nowhere"]

# The coins an account hangs on, how far it is from its liquidation, and the time it is asked about.
Chance: TypeAlias = Callable[[Sequence[str], Distance, int], Outcome[float]]

NOBODY = "nobody"
"""Written where no one stands behind a token in some respect: a coin of its own has no issuer."""


class Stress(msgspec.Struct, frozen=True, kw_only=True):
    """One shock, before it is known which coins there are.

    Every coin but dollar coins moves by `spot_factor_frac`; what `shock` names moves by that alone.
    """

    name: str
    spot_factor_frac: float = 1.0
    shock: Shock = NO_SHOCK

    def on(self, coins: Sequence[str]) -> Shock:
        """Give the shock of these coins."""
        every = dict.fromkeys(coins, self.spot_factor_frac) if self.spot_factor_frac != 1.0 else {}
        factors = {**every, **self.shock.spot_factor_frac}
        return msgspec.structs.replace(self.shock, spot_factor_frac=factors)


class Backing(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands behind a token: who redeems it, who carries it, who prices it as collateral.

    None where nobody has said; `NOBODY` where there is none to fail.
    """

    issuer: str | None = None
    bridge: str | None = None
    oracle: str | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a person states for a measure; each measure takes what it needs.

    Attributes
    ----------
    said
        The part of it that tells two limits on one metric apart, as a person wrote it: ``1d``.
    stresses
        The shocks of a scenario loss: the worst of them counts.
    horizon_ns
        Within which time a liquidation is asked about.
    chance
        How likely a liquidation is within a time; a better model takes the place of a plainer one
        here. None where nobody knows, and then the answer is unknown.
    backing
        Who stands behind which token.
    """

    said: str = ""
    stresses: tuple[Stress, ...] = ()
    horizon_ns: int = DAY_NS
    chance: Chance | None = None
    backing: Mapping[str, Backing] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A desk at one time, before anybody judges it. Reports and distances are by account node."""

    book: Book
    snapshot: Snapshot
    exposures: ExposureTable
    reports: Mapping[str, Outcome[MarginReport]]
    distances: Mapping[str, Outcome[Distance]]
    # Several limits may ask for one shock, and a revaluation of a desk is dear.
    _revalued: dict[str, ExposureTable] = field(init=False, repr=False, default_factory=dict)
    _gained: dict[str, NodeProfits] = field(init=False, repr=False, default_factory=dict)

    def profits(self, stresses: Sequence[Stress]) -> NodeProfits:
        """Say what every node gains under each shock; a row for each of them, in their order."""
        key = msgspec.json.encode(list(stresses), order="deterministic").decode()
        if key not in self._gained:
            coins = coins_moved(self.book.terms.values(), self.book.accounts, self.snapshot)
            shocks = [each.on(coins) for each in stresses]
            nodes = [row.node for row in self.exposures.rows]
            self._gained[key] = node_profits(self.book, self.snapshot, shocks, nodes)
        return self._gained[key]

    def under(self, stress: Stress) -> ExposureTable:
        """Revalue the whole desk in a shocked market."""
        key = msgspec.json.encode(stress, order="deterministic").decode()
        if key not in self._revalued:
            coins = coins_moved(self.book.terms.values(), self.book.accounts, self.snapshot)
            shocked = self.snapshot.shocked(stress.on(coins))
            self._revalued[key] = aggregate(self.book, value(self.book, shocked), shocked)
        return self._revalued[key]

    def account(self, node: str) -> Account:
        """Find an account that a venue may liquidate by its node."""
        return next(each for each in self.book.accounts if account_node(each) == node)

    def coins_of(self, account: Account) -> tuple[str, ...]:
        """List the coins an account hangs on."""
        terms = self.book.terms
        held = [terms[p.instrument_id] for p in account.positions if p.instrument_id in terms]
        return coins_moved(held, [account], self.snapshot)


class Measured(NamedTuple):
    """What a measure says of one node.

    `rung` is told where it is no matter of bounds: unknown, or hard without any number. Of an
    unknown one `missing` says why, once for each reason.
    """

    node: str
    value_frac_usd_or_coin: float | None
    message: str
    rung: Rung | None = None
    toward: Toward = ""
    missing: tuple[Failure, ...] = ()


# A metric's name, what is seen, what is given, and which nodes are asked for.
Measure: TypeAlias = Callable[[str, Seen, Given, Callable[[str], bool]], Iterator[Measured]]


def unknown(node: str, why: Failure) -> Measured:
    """Say that the number of a node is unknown, for one reason."""
    return Measured(node, None, why.message, "unknown", missing=(why,))


def incomplete(node: str, missing: Iterable[Failure]) -> Measured:
    """Say that the number of a node lacks something, and what it lacks for which reason."""
    lost: dict[Reason, set[str]] = {}
    for each in missing:
        lost.setdefault(each.reason, set()).add(each.subject)
    said = _lacking(set[str]().union(*lost.values()))
    why = tuple(
        Failure(subject=node, reason=reason, message=_lacking(lost[reason]))
        for reason in sorted(lost)
    )
    return Measured(node, None, said, "unknown", missing=why)


def _lacking(subjects: set[str]) -> str:
    return f"incomplete, missing: {', '.join(sorted(subjects))}"


def account_node(account: Account) -> str:
    """Give an account's place in the exposure tree."""
    return f"desk/{account.venue}/{account.account_id}"
