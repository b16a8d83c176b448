"""Random walks as hourly bars: what a price does of which everything is known."""

import numpy as np

from hedgerow.market import HourBars
from hedgerow.units import HOUR_NS

__all__ = ["walk"]

_STEPS = 60


def walk(
    subject: str,
    start_ns: int,
    days: int,
    *,
    seed: int,
    vol_hour: float = 0.006,
    busy_hour: int | None = None,
) -> HourBars:
    """Walk without drift, a step a minute; in one hour of each day thrice as wildly, if asked."""
    count = days * 24
    scale = np.full(count, vol_hour)
    if busy_hour is not None:
        scale[(start_ns // HOUR_NS + np.arange(count)) % 24 == busy_hour] *= 3.0
    steps = np.random.default_rng(seed).standard_normal((count, _STEPS)) / np.sqrt(_STEPS)
    path = np.cumsum((steps * scale[:, None]).ravel()).reshape(count, _STEPS)
    first = np.concatenate([[0.0], path[:-1, -1]])
    log = np.column_stack([first, path])
    prices = (1e4 * np.exp(each) for each in (first, log.max(axis=1), log.min(axis=1), path[:, -1]))
    return HourBars(subject, start_ns + np.arange(count) * HOUR_NS, *prices)
