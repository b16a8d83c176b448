"""When do we act?

A `View` enters, a `Decision` leaves, and nothing else happens: `DeskAgent.step` is a pure function
of what it is shown, so the same object runs replayed and simulated, and can run live. The room
refuses to know where it is.
"""

from hedgerow.agents.desk import DeskAgent

__all__ = ["DeskAgent"]
