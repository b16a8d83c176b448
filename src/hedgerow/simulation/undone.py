"""What could not be done, gathered: the same trouble over many steps is one row.

Two troubles are the same when they concern the same subject for the same kind of reason. The kind
of what a plan could not do is its `Failure.reason`; that of a refused leg is the refusal's words
without its numbers and without the leg's own client id, which change at every step.
"""

import re

import msgspec

from hedgerow.errors import Failure
from hedgerow.planning import Leg, Transfer
from hedgerow.simulation.records import Undone

__all__ = ["UndoneLog"]

_NUMBER = re.compile(r"[-+]?\d[\d,.:TZ%-]*")


class UndoneLog:
    """Rows in the order in which each trouble was first met."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Undone] = {}

    def unmet(self, failure: Failure, time_ns: int) -> None:
        """Take one thing that a plan could not do."""
        self._add(failure.subject, failure.reason, failure.message, time_ns)

    def refused(self, leg: Leg, message: str, time_ns: int) -> None:
        """Take one leg that was refused, by a guard or by the venue."""
        self._leg(leg, "refused", message, time_ns)

    def waits(self, leg: Leg, message: str, time_ns: int) -> None:
        """Take one leg that was not sent, for what it waits for is not done yet."""
        self._leg(leg, "waits", message, time_ns)

    def _leg(self, leg: Leg, what_of_it: str, message: str, time_ns: int) -> None:
        subject = leg.target_account_id if isinstance(leg, Transfer) else leg.account_id
        own_id = re.compile(rf"(?<!\w){re.escape(leg.client_id)}(?!\w)")
        kind = _NUMBER.sub("", own_id.sub("", message))
        what = leg.__struct_config__.tag
        said = f"{what} {what_of_it}"
        self._add(subject, f"{said}: {kind}", f"{said}: {message}", time_ns)

    def rows(self) -> tuple[Undone, ...]:
        """List what was left undone so far; each row has the last of its messages."""
        return tuple(self._rows.values())

    def _add(self, subject: str, kind: str, message: str, time_ns: int) -> None:
        key = (subject, kind)
        before = self._rows.get(key)
        if before is None:
            self._rows[key] = Undone(
                subject=subject,
                message=message,
                first_ns=time_ns,
                last_ns=time_ns,
                steps_count=1,
            )
            return
        is_new = before.last_ns != time_ns  # a step may say the same of several legs
        self._rows[key] = msgspec.structs.replace(
            before,
            message=message,
            last_ns=time_ns,
            steps_count=before.steps_count + is_new,
        )
