"""When do we act?

A `View` enters, a `Decision` leaves, and nothing else happens: the `step` of `DeskAgent` (bands and
buffers) and of `JointAgent` (trades and transfers chosen together) is a pure function of what it is
shown, so the same object runs replayed and simulated, and can run live. `HedgeAgent` only hedges;
`StopLossAgent` closes options once too much is lost, and trades the delta that is then left. They
are what policies are compared by. The room refuses to know where it is.
"""

from hedgerow.agents.desk import DeskAgent
from hedgerow.agents.hedger import HedgeAgent
from hedgerow.agents.joint import JointAgent, Means
from hedgerow.agents.stop_loss import StopLossAgent

__all__ = ["DeskAgent", "HedgeAgent", "JointAgent", "Means", "StopLossAgent"]
