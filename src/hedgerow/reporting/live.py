"""A run while it runs: a live picture on a terminal, else one line per UTC day."""

from collections.abc import Iterable, Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from hedgerow.execution import Liquidation
from hedgerow.reporting.days import day_of
from hedgerow.reporting.doings import counted
from hedgerow.reporting.figures import usd
from hedgerow.reporting.measures import (
    is_exhausted,
    nearest_distance,
    text_distance,
    text_use,
    use_frac,
    worst_use,
)
from hedgerow.reporting.terminal import render_frame
from hedgerow.simulation import AccountFrame, Action, Frame

__all__ = ["LiveView"]


class _Worst:
    """The accounts that were worst so far, and whether any could not be judged: a handful."""

    def __init__(self) -> None:
        self._accounts: list[AccountFrame] = []

    def take(self, accounts: Iterable[AccountFrame]) -> None:
        """Keep of all that was seen what a worst use and a nearest distance are read from."""
        found = [*self._accounts, *accounts]
        used = [a for a in found if is_exhausted(a)][:1]
        used += sorted(
            (a for a in found if use_frac(a) is not None), key=lambda a: -(use_frac(a) or 0.0)
        )[:1]
        near = sorted((a for a in found if _move(a) is not None), key=lambda a: _move(a) or 0.0)
        # Somebody who is known to be far: without one "none in range" would read as "unknown".
        known = [a for a in found if a.is_distance_known]
        self._accounts = [*used, *near[:1], *known[:1]]

    def text(self, liquidations: Sequence[Liquidation]) -> str:
        """Say the worst so far."""
        use = text_use(worst_use(self._accounts, liquidations))
        near = text_distance(nearest_distance(self._accounts, liquidations))
        return f"worst use so far {use}  nearest so far {near}"


def _move(account: AccountFrame) -> float | None:
    sides = (account.distance_down_frac, account.distance_up_frac)
    moves = [abs(side) for side in sides if side is not None]
    return min(moves) if moves and account.is_distance_known else None


class LiveView:
    """Shows a run while it runs. Writes to stderr, so that stdout stays for the answer.

    Call `see` with every frame: it is cheap, and without a terminal it prints a line whenever a UTC
    day is over, which depends on the frames alone. Call `draw` as often as an eye can follow; it
    draws the last frame seen where there is a terminal, and does nothing elsewhere.

    Parameters
    ----------
    title
        Whose run this is.
    label
        What stands before each line of a log (`run_label`); by default the title.
    console
        Where to write; by default stderr.
    """

    def __init__(self, title: str, label: str = "", *, console: Console | None = None) -> None:
        self._title = f"{title}, {label}" if label else title
        self._label = label or title
        self._console = Console(stderr=True) if console is None else console
        self._live: Live | None = None
        self._last: Frame | None = None
        self._start_ns = 0
        self._actions: tuple[Action, ...] = ()
        self._liquidations: tuple[Liquidation, ...] = ()
        self._worst = _Worst()

    def __enter__(self) -> "LiveView":
        """Start drawing where there is a terminal to draw on."""
        if self._console.is_terminal:
            # No refresh thread: what is drawn depends on the calls alone.
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was, or print the last day; a day that failed is not over."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        elif self._last is not None and kind is None:
            self._print(self._last)
        self._last = None

    def see(
        self,
        frame: Frame,
        *,
        actions: Sequence[Action] = (),
        liquidations: Sequence[Liquidation] = (),
    ) -> None:
        """Take a newer frame, with every action and liquidation of the run so far."""
        if self._live is None:
            last = self._last
            if last is None:
                self._start_ns = frame.time_ns
            elif self._day(last) != self._day(frame):
                self._print(last)
            self._worst.take(frame.accounts)
        # As tuples: what happens to a caller's list afterwards belongs to a later frame.
        self._last, self._actions = frame, tuple(actions)
        self._liquidations = tuple(liquidations)

    def draw(
        self,
        *,
        progress_frac: float,
        elapsed_s: float | None = None,
        alerts: Sequence[str] = (),
    ) -> None:
        """Draw the last frame seen; arguments as for `render_frame`."""
        if self._live is None or self._last is None:
            return
        picture = render_frame(
            self._last, title=self._title, progress_frac=progress_frac, elapsed_s=elapsed_s,
            actions=self._actions, alerts=alerts,
        )  # fmt: skip
        self._live.update(picture, refresh=True)

    def _day(self, frame: Frame) -> str:
        return day_of(frame.time_ns, start_ns=self._start_ns)

    def _print(self, frame: Frame) -> None:
        prices = (f"{coin} {usd(price)}" for coin, price in sorted(frame.prices_usd.items()))
        hits = self._liquidations
        line = (
            f"{self._label}: {self._day(frame)}  {' '.join(prices)}  "
            f"equity {usd(frame.equity_usd)} USD  {self._worst.text(hits)}  "
            f"{counted(self._actions)}" + (f"  {len(hits):,} liquidated" if hits else "")
        )
        # soft_wrap: a log line stays one line however narrow the pipe claims to be.
        self._console.print(Text(line), soft_wrap=True, highlight=False)
