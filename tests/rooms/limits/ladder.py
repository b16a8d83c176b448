"""One account on a ladder: its policy, what is seen of it, and the way by which coins come."""

from decimal import Decimal

import msgspec

from hedgerow.errors import Failure
from hedgerow.limits import (
    TRIGGERS,
    USE,
    CallPolicy,
    CallRoute,
    FirstPassage,
    Look,
    OnLadder,
    Survey,
    Triggers,
    on_ladder,
)
from hedgerow.portfolio import Account
from hedgerow.units import MINUTE_NS
from tests.builders import T0_NS
from tests.rooms.limits.worlds import PERP, RULES, desk, perp

D = Decimal
VOLS = FirstPassage(vol_frac={"BTC": 0.6})
BY_USE = Triggers(watch_frac=0.3, call_frac=0.4, inject_frac=0.6, reduce_frac=0.8)
POLICY = CallPolicy(
    account_id="perp", target_use_frac=D("0.2"), triggers={USE: BY_USE}, owner="Ada"
)
WIRE = CallRoute(
    name="cold to perp",
    asset="USDC",
    use="balance",
    step_coin=D(1),
    latency_p99_s=600.0,
    spare_coin=D(10_000_000),
)


def look_of(state: Survey, held: Account, chance: FirstPassage | None = VOLS) -> Look:
    return Look(
        seen=state.seen,
        account=held,
        rulebook=None if isinstance(state.reports[PERP], Failure) else RULES["rules"],
        chance=chance,
        step_ccy=D("0.01"),
    )


def asking(**triggers: Triggers) -> CallPolicy:
    """Give the policy with more triggers, under the words of a desk file."""
    metric_of = {each.trigger: metric for metric, each in TRIGGERS.items()}
    more = {metric_of[word]: bounds for word, bounds in triggers.items()}
    return msgspec.structs.replace(POLICY, triggers={**POLICY.triggers, **more})


def stands(
    balance: str | Decimal,
    before: OnLadder | None = None,
    policy: CallPolicy = POLICY,
    minutes: float = 0,
    chance: FirstPassage | None = VOLS,
    observed_ns: int | None = None,
) -> OnLadder:
    """1 BTC long at 60,000, which needs 600: the use is 600 over the balance."""
    now_ns = T0_NS + round(minutes * MINUTE_NS)
    held = perp(1, balance, time_ns=now_ns if observed_ns is None else observed_ns)
    return on_ladder(policy, before, look_of(desk(held, time_ns=now_ns), held, chance), [WIRE])
