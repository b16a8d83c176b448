"""What enters and leaves the limits room: limits, their state and breaches, what suggests them.

What is stated beside a limit is in `limits.seen`, as measures take it; calls have `call_records`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.limits.metrics import METRICS, TRIGGERS, USE, Metric
from hedgerow.limits.seen import Given, Rung, Side, Toward

__all__ = [
    "METRICS",
    "TRIGGERS",
    "USE",
    "Appetite",
    "Breach",
    "Held",
    "Key",
    "Limit",
    "LimitState",
    "Metric",
    "Rung",
    "Side",
    "Suggestion",
]


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One tolerance that a person set.

    `scope` is a node path of the exposure tree, or of who the desk leans on; ``*`` matches one step
    of it: ``desk/binance/*`` is every account of the venue ``binance``. Ceilings are compared with
    the size of the metric; floors with the metric itself. `metric` is a key of `METRICS`.

    `owner` is who set it and answers for it. From `expires_ns` on it is a breach until a person
    renews it. `dwell_ns` is how long a rung is held at least before it may fall (`held`).
    """

    scope: str
    metric: str
    soft_frac_usd_or_coin: float
    hard_frac_usd_or_coin: float
    owner: str = ""
    expires_ns: int | None = None
    dwell_ns: int = 0
    given: Given = Given()

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(
                f"limit on {self.scope}: no metric {self.metric!r}; there are: {', '.join(METRICS)}"
            )
        soft, hard = self.soft_frac_usd_or_coin, self.hard_frac_usd_or_coin
        near, far = (hard, soft) if self.side == "floor" else (soft, hard)
        # Written so that a NaN fails it: a limit of NaN would never bind.
        if not 0 <= near <= far < float("inf"):
            order = "hard at or below soft" if self.side == "floor" else "soft at or below hard"
            raise ValueError(
                f"limit {self.metric} on {self.scope}: bounds must be finite and not negative, "
                f"{order}, were soft {soft} and hard {hard}"
            )
        for name, bound in (("soft", soft), ("hard", hard)):
            if (trouble := METRICS[self.metric].trouble_with(bound)) is not None:
                raise ValueError(
                    f"limit {self.metric} on {self.scope}: {name} {trouble}, was {bound}"
                )
        if self.dwell_ns < 0:
            raise ValueError(
                f"limit {self.metric} on {self.scope}: dwell_ns must not be negative, "
                f"was {self.dwell_ns}"
            )

    @property
    def side(self) -> Side:
        """Whether more or less is worse."""
        return METRICS[self.metric].side


# What tells one limit from another on one node: node, metric, what is stated for it, and its bounds
# and owner, since two people may have set one each.
Key = tuple[str, str, str, float, float, str]


class LimitState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One limit on one node, now. Its value is None when unknown, which is a breach.

    `of` is what was stated for the metric, such as a shock; `toward` is as it was measured, and so
    is `missing`: why a number is unknown, once for each reason. The rest is as its limit has it.
    """

    node: str
    metric: str
    value_frac_usd_or_coin: float | None
    soft_frac_usd_or_coin: float
    hard_frac_usd_or_coin: float
    rung: Rung
    message: str
    of: str = ""
    owner: str = ""
    expires_ns: int | None = None
    dwell_ns: int = 0
    toward: Toward = ""
    missing: tuple[Failure, ...] = ()

    @property
    def key(self) -> Key:
        """What tells it from every other state of a desk."""
        bounds = self.soft_frac_usd_or_coin, self.hard_frac_usd_or_coin
        return self.node, self.metric, self.of, *bounds, self.owner


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A limit state that calls for action: beyond soft, beyond hard, expired, or unknown.

    `inputs_hash` is that of all that it was judged by (`evidence.inputs_hash`), so that whoever has
    the same inputs can judge it again; empty where nobody asked for it.
    """

    state: LimitState
    inputs_hash: str = ""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What one limit stands at, and what is remembered for the next look.

    `rung` is what is shown. `level_index` is the last rung that a number gave, in the order calm,
    watch, soft, hard: an unknown moment, or an expired limit, does not make it forgotten.
    `since_ns` is since when it stands there.
    """

    node: str
    metric: str
    of: str
    soft_frac_usd_or_coin: float
    hard_frac_usd_or_coin: float
    rung: Rung
    level_index: int
    since_ns: int
    owner: str = ""

    @property
    def key(self) -> Key:
        """That of the state it holds."""
        bounds = self.soft_frac_usd_or_coin, self.hard_frac_usd_or_coin
        return self.node, self.metric, self.of, *bounds, self.owner


class Appetite(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can bear.

    Attributes
    ----------
    chance_frac
        The probability of a liquidation within the horizon that is not to be exceeded: it is where
        the hard bound lies; half of it is where the soft one does.
    horizon_ns
        The time it is meant for.
    loss_usd
        What the desk may lose in it.
    vol_move_volpt
        By how many points vols may move in it.
    """

    chance_frac: float
    horizon_ns: int
    loss_usd: float
    vol_move_volpt: float

    def __post_init__(self) -> None:
        for name, number, most in (
            ("probability", self.chance_frac, 1.0),
            ("horizon", self.horizon_ns, float("inf")),
            ("loss", self.loss_usd, float("inf")),
            ("vol move", self.vol_move_volpt, 1000.0),
        ):
            if not 0.0 < number < most:
                raise OutOfDomain(f"the {name} must lie above 0 and below {most:g}, was {number:g}")


class Suggestion(NamedTuple):
    """Limits, what the present book makes of them, and what could not be suggested.

    `moves_frac` is by how much each coin moves in a corner; `linear_usd` what deltas and vegas
    foretell of the worst one at most, `full_usd` what full revaluation loses in it, and
    `curved_usd` what it loses beyond what they foretell of that corner.
    """

    limits: tuple[Limit, ...]
    states: tuple[LimitState, ...]
    unmet: tuple[Failure, ...]
    moves_frac: Mapping[str, float]
    linear_usd: float | None
    full_usd: float | None
    curved_usd: float | None
