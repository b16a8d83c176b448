"""What leaves the limits room: the limits, their state, and the breaches."""

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Breach", "Limit", "LimitState", "Metric", "Rung", "Side"]

# What a limit can be set on. `margin_use_frac`: requirement over equity. `distance_spot_frac`: how
# far the joint spot may still move before an account is liquidatable (a floor: less is worse).
Metric: TypeAlias = Literal[
    "delta_spot_usd",
    "gamma_usd_per_pct",
    "vega_usd_per_volpt",
    "theta_usd_per_day",
    "margin_use_frac",
    "distance_spot_frac",
]
Side: TypeAlias = Literal["ceiling", "floor"]
# watch: beyond 70 % of soft. soft: act. hard: never wanted. unknown: a breach of its own kind.
Rung: TypeAlias = Literal["calm", "watch", "soft", "hard", "unknown"]

FLOOR_METRICS: frozenset[str] = frozenset({"distance_spot_frac"})


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One tolerance that a person set.

    `scope` is a node path of the exposure tree; ``*`` matches one step of it: ``desk/binance/*`` is
    every account of the venue ``binance``. Ceilings are compared with the size of the metric;
    floors with the metric itself.
    """

    scope: str
    metric: Metric
    soft_frac_or_usd: float
    hard_frac_or_usd: float

    def __post_init__(self) -> None:
        soft, hard = self.soft_frac_or_usd, self.hard_frac_or_usd
        near, far = (hard, soft) if self.side == "floor" else (soft, hard)
        # Written so that a NaN fails it: a limit of NaN would never bind.
        if not 0 <= near <= far < float("inf"):
            order = "hard at or below soft" if self.side == "floor" else "soft at or below hard"
            raise ValueError(
                f"limit {self.metric} on {self.scope}: bounds must be finite and not negative, "
                f"{order}, were soft {soft} and hard {hard}"
            )

    @property
    def side(self) -> Side:
        """Whether more or less is worse."""
        return "floor" if self.metric in FLOOR_METRICS else "ceiling"


class LimitState(msgspec.Struct, frozen=True, kw_only=True):
    """One limit on one node, now. `value_frac_or_usd` is None when unknown, which is a breach."""

    node: str
    metric: Metric
    value_frac_or_usd: float | None
    soft_frac_or_usd: float
    hard_frac_or_usd: float
    rung: Rung
    message: str


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A limit state that calls for action: beyond soft, beyond hard, or unknown."""

    state: LimitState

    @property
    def is_hard(self) -> bool:
        """Whether the hard limit is broken, or the value cannot be known."""
        return self.state.rung in ("hard", "unknown")
