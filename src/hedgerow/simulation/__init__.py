"""What if the world turned on us?

Market events (recorded or generated), simulated venues and agents enter; an `Episode` leaves. The
venues match against ladders, charge fees and funding, take time to credit a deposit, and liquidate by
the same rulebooks that `margin` reads. One seed gives the same bytes every time.
"""

from hedgerow.simulation.records import AccountFrame, Action, Episode, Frame

__all__ = ["AccountFrame", "Action", "Episode", "Frame"]
