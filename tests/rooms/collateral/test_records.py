"""Policies and routes that cannot be are refused where they are made."""

from decimal import Decimal

import pytest

from hedgerow.collateral import Route
from tests.rooms.collateral.test_plan import buffer, route

D = Decimal
BAD = [("0", "0.5"), ("0.5", "0"), ("0.5", "0.6"), ("NaN", "0.5"), ("0.8", "NaN"), ("-1", "-2")]


@pytest.mark.parametrize(("trigger", "target"), BAD)
def test_a_buffer_that_cannot_be_filled_is_refused(trigger: str, target: str) -> None:
    with pytest.raises(ValueError, match="buffer of a: 0 < target_use_frac <= trigger_use_frac"):
        buffer("a", trigger, target)


@pytest.mark.parametrize(("fee", "step"), [("-1", "1"), ("0", "0"), ("NaN", "1"), ("0", "NaN")])
def test_a_route_has_a_step_and_no_negative_fee(fee: str, step: str) -> None:
    good = route("a")
    fields = {name: getattr(good, name) for name in good.__struct_fields__}
    with pytest.raises(ValueError, match="route cold to a: "):
        Route(**(fields | {"fee_coin": D(fee), "step_coin": D(step)}))
