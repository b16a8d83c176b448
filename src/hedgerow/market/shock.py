"""A shock: how the world differs from the one quoted. Shocks compose by multiplication."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

__all__ = ["NO_SHOCK", "Shock"]


class Shock(msgspec.Struct, frozen=True, kw_only=True):
    """Relative moves of coins and vols, and a step forward in time.

    `spot_factor_frac` maps a coin to its factor, 0.9 for a fall of 10 %. The factor moves the coin's
    spot, forwards, perpetuals and oracle answers alike, and every token whose price derives from it.
    A dollar coin named here breaks its peg. Coins not named stand still.
    """

    spot_factor_frac: Mapping[str, float] = MappingProxyType({})
    vol_factor_frac: float = 1.0
    time_forward_ns: int = 0

    def __post_init__(self) -> None:
        factors = (self.vol_factor_frac, *self.spot_factor_frac.values())
        if not all(0 < factor < float("inf") for factor in factors):
            raise ValueError(f"shock factors must be positive and finite, were {factors}")

    def on(self, coin: str) -> float:
        """Give the factor on one coin's price."""
        return self.spot_factor_frac.get(coin, 1.0)

    def then(self, other: "Shock") -> "Shock":
        """Compose: this shock first, the other on top of it."""
        named = sorted(set(self.spot_factor_frac) | set(other.spot_factor_frac))
        return Shock(
            spot_factor_frac={coin: self.on(coin) * other.on(coin) for coin in named},
            vol_factor_frac=self.vol_factor_frac * other.vol_factor_frac,
            time_forward_ns=self.time_forward_ns + other.time_forward_ns,
        )


NO_SHOCK = Shock()
