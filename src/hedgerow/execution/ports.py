"""Ports: what execution needs of the world. Venues and the simulator both implement them."""

from typing import Protocol

from hedgerow.execution.records import Decision, Receipt, View
from hedgerow.planning import Leg, Order, Swap, Switch, Transfer

__all__ = ["Agent", "Exchange", "send"]


class Exchange(Protocol):
    """Where legs go. Implementations must treat a repeated `client_id` as the same leg."""

    def place(self, order: Order, time_ns: int) -> Receipt:
        """Send one order; the receipt may say that the outcome is unknown."""
        ...

    def move(self, transfer: Transfer, time_ns: int) -> Receipt:
        """Start one transfer; it is credited later."""
        ...

    def switch(self, switch: Switch, time_ns: int) -> Receipt:
        """Let an account join another category of its lending market; ``filled`` when it has."""
        ...

    def swap(self, swap: Swap, time_ns: int) -> Receipt:
        """Give one collateral for another at once; ``filled`` with what was given."""
        ...

    def query(self, client_id: str, time_ns: int) -> Receipt | None:
        """Say what became of a leg; None when the venue has never seen it."""
        ...


class Agent(Protocol):
    """Anything that turns a view into a decision without looking elsewhere."""

    def step(self, view: View, time_ns: int) -> Decision:
        """Decide."""
        ...


def send(exchange: Exchange, leg: Leg, time_ns: int) -> Receipt:
    """Send a leg of any kind the way its kind goes."""
    if isinstance(leg, Order):
        return exchange.place(leg, time_ns)
    if isinstance(leg, Switch):
        return exchange.switch(leg, time_ns)
    if isinstance(leg, Swap):
        return exchange.swap(leg, time_ns)
    return exchange.move(leg, time_ns)
