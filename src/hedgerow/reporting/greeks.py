"""Which Greeks are shown where space is short: the usual ones, and those a limit is set on."""

from collections.abc import Iterable
from typing import Final

from hedgerow.limits import METRICS
from hedgerow.pricing import GREEKS
from hedgerow.simulation import Frame

__all__ = ["USUAL", "shown_metrics"]

# Those of a screen that is read every day; the others are asked for.
USUAL: Final = tuple(name for name in GREEKS if name.startswith(("gamma", "vega", "theta")))


def shown_metrics(frames: Iterable[Frame]) -> tuple[str, ...]:
    """Give delta, the usual Greeks and every further one that has a limit, as `METRICS` has them.

    >>> [METRICS[name].title for name in shown_metrics([])]
    ['delta', 'gamma', 'vega', 'theta']
    """
    limited = {state.metric for frame in frames for state in frame.limits}
    wanted = {"delta_spot_usd", *USUAL, *(limited & GREEKS.keys())}
    return tuple(name for name in METRICS if name in wanted)
