"""What leaves the limits room: the limits, their state, and the breaches."""

import msgspec

from hedgerow.limits.metrics import METRICS, TRIGGERS, USE, Metric
from hedgerow.limits.seen import Given, Rung, Side, Toward

__all__ = [
    "METRICS",
    "TRIGGERS",
    "USE",
    "Breach",
    "Key",
    "Limit",
    "LimitState",
    "Metric",
    "Rung",
    "Side",
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

    `of` is what was stated for the metric, such as a shock; `toward` is as it was measured; the
    rest is as its limit has it.
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

    @property
    def alert(self) -> tuple[Key, Rung]:
        """What one alert is about: while it stays the same, it is told once."""
        return self.state.key, self.state.rung
