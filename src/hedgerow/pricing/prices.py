"""Prices of coins and assets, asked of a snapshot once each, and refused beyond any market."""

from typing import final

from hedgerow.errors import Failure, Outcome
from hedgerow.market import AssetPrice, Snapshot
from hedgerow.pricing.domain import inside
from hedgerow.pricing.gate import PRICE
from hedgerow.units import to_model

__all__ = ["Prices"]


@final
class Prices:
    """What a snapshot says of coins and assets. A chain has a thousand options and one coin."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._spots: dict[str, Outcome[float]] = {}
        self._assets: dict[str, Outcome[AssetPrice]] = {}

    def spot_usd(self, coin: str) -> Outcome[float]:
        """Give a coin's spot.

        Raises
        ------
        OutOfDomain
            If it is no price that a formula may see.
        """
        found = self._spots.get(coin)
        if found is None:
            spot = self._snapshot.spot_usd(coin)
            found = (
                spot
                if isinstance(spot, Failure)
                else inside(f"spot of {coin} in dollars", to_model(spot), PRICE)
            )
            self._spots[coin] = found
        return found

    def asset(self, asset: str) -> Outcome[AssetPrice]:
        """Give what one unit of an asset is worth and which coin moves it.

        Raises
        ------
        OutOfDomain
            If it is no price that a formula may see.
        """
        found = self._assets.get(asset)
        if found is None:
            found = self._snapshot.asset(asset)
            if not isinstance(found, Failure):
                inside(f"price of {asset} in dollars", found.price_usd, PRICE)
            self._assets[asset] = found
        return found
