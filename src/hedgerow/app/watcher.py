"""Whoever watches a run: every frame is seen, and drawn no more often than an eye can follow."""

import time
from collections.abc import Sequence
from types import TracebackType

from hedgerow.execution import Liquidation
from hedgerow.reporting import LiveView
from hedgerow.simulation import Action, Frame

__all__ = ["Watcher"]

_DRAW_EVERY_S = 0.25


class Watcher:
    """Shows every frame to the view, which is drawn no more often than an eye can follow."""

    def __init__(self, view: LiveView | None) -> None:
        self._view = view
        self._started_s = time.monotonic()
        self._drawn_s = 0.0

    def __enter__(self) -> "Watcher":
        if self._view is not None:
            self._view.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._view is not None:
            self._view.__exit__(kind, error, trace)

    def show(
        self,
        now: Frame,
        progress_frac: float,
        actions: Sequence[Action],
        liquidations: Sequence[Liquidation],
    ) -> None:
        """See this frame, and draw it unless one was drawn a moment ago."""
        if self._view is None:
            return
        # Every one: what a log says of a day must not depend on how fast the machine is.
        self._view.see(now, actions=actions, liquidations=liquidations)
        now_s = time.monotonic()
        if now_s - self._drawn_s < _DRAW_EVERY_S and progress_frac < 1.0:
            return
        self._drawn_s = now_s
        self._view.draw(progress_frac=progress_frac, elapsed_s=now_s - self._started_s)
