"""A policy of calls that cannot be meant is refused with the reason."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.limits import USE, Triggers
from tests.rooms.limits.ladder import BY_USE, POLICY

D = Decimal


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"target_use_frac": D("0.38")}, "target_use_frac must lie below 0.38"),
        ({"target_use_frac": D(0)}, "target_use_frac must be positive"),
        ({"target_use_frac": D("NaN")}, "target_use_frac must be positive"),
        ({"patience_frac": 0.0}, "patience_frac must lie between 0 and 1"),
        ({"triggers": {USE: BY_USE, "distance_spot_frac": BY_USE}}, "distance must fall"),
        (
            {
                "triggers": {
                    USE: Triggers(watch_frac=0.5, call_frac=0.4, inject_frac=0.6, reduce_frac=0.8)
                }
            },
            "use must rise",
        ),
        (
            {
                "triggers": {
                    USE: Triggers(watch_frac=0.3, call_frac=0.4, inject_frac=0.6, reduce_frac=1.2)
                }
            },
            "within 0 and 1",
        ),
        (
            {
                "triggers": {
                    USE: BY_USE,
                    "distance_spot_frac": Triggers(
                        watch_frac=0.67, call_frac=0.3, inject_frac=0.2, reduce_frac=0.1
                    ),
                }
            },
            "distance must lie below 0.6667",
        ),
        ({"triggers": {}}, "must have margin_use_frac and may have: distance_spot_frac, liq"),
        ({"triggers": {USE: BY_USE, "delta_spot_usd": BY_USE}}, "were margin_use_frac, delta"),
    ],
)
def test_a_policy_that_cannot_be_meant(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        msgspec.structs.replace(POLICY, **changes)
