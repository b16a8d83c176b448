"""The limits of a desk file, and the ladders of its calls, as records of their room."""

from decimal import Decimal

from hedgerow.app.desk_file import BufferPart, CallPart, DeskFile, LimitPart
from hedgerow.app.shocks import NAMED
from hedgerow.app.stresses import stress_of
from hedgerow.limits import METRICS, USE, Backing, CallPolicy, Chance, Given, Limit, Triggers
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, to_model

__all__ = ["calls_of", "limits_of", "span"]


def limits_of(written: DeskFile, chance: Chance) -> tuple[Limit, ...]:
    """Give every limit with what is stated for its metric."""
    backing = {
        token: Backing(issuer=part.issuer, bridge=part.bridge, oracle=part.oracle)
        for token, part in written.backing.items()
    }
    return tuple(
        Limit(
            scope=part.scope,
            metric=part.metric,
            soft_frac_usd_or_coin=part.soft,
            hard_frac_usd_or_coin=part.hard,
            owner=part.owner,
            expires_ns=part.expires,
            dwell_ns=part.dwell,
            given=_given(part, written, chance, backing),
        )
        for part in written.limits
    )


def calls_of(written: DeskFile) -> tuple[CallPolicy, ...]:
    """Give the ladder of every account that has one under ``[[calls]]``, or a buffer.

    A buffer calls at its trigger and fills to its target; the rungs beyond lie at thirds of the way
    from there to liquidation, `watch` halfway from the target.
    """
    stated = {part.account: _call(part) for part in written.calls}
    buffered = [_call_of_buffer(part) for part in written.buffers if part.account not in stated]
    return (*stated.values(), *buffered)


def span(length_ns: int) -> str:
    """Write a duration as a desk file does.

    >>> span(86_400_000_000_000), span(5_400_000_000_000)
    ('1d', '90m')
    """
    for unit, unit_ns in (("d", DAY_NS), ("h", HOUR_NS), ("m", MINUTE_NS)):
        if length_ns % unit_ns == 0:
            return f"{length_ns // unit_ns}{unit}"
    return f"{length_ns / SECOND_NS:g}s"


def _given(
    part: LimitPart, written: DeskFile, chance: Chance, backing: dict[str, Backing]
) -> Given:
    asks = METRICS[part.metric].asks
    if asks == "shock":
        texts = part.shocks or list(NAMED)
        coins = _coins(written)
        dollars = list(written.dollars)
        stresses = tuple(stress_of(text, coins, dollars) for text in texts)
        return Given(said="; ".join(texts), stresses=stresses)
    if asks == "horizon":
        horizon_ns = part.horizon or DAY_NS
        return Given(said=span(horizon_ns), horizon_ns=horizon_ns, chance=chance)
    return Given(backing=backing) if METRICS[part.metric].nodes == "name" else Given()


def _coins(written: DeskFile) -> list[str]:
    """List what a shock may name, as `limit_ends` has checked it: every name that a shock says."""
    said = {
        part.partition("=")[0].strip()
        for limit in written.limits
        for text in limit.shocks
        for part in NAMED.get(text, text).split(",")
    }
    return sorted(said - {"spot", "vol", "days"})


def _call(part: CallPart) -> CallPolicy:
    return CallPolicy(
        account_id=part.account,
        target_use_frac=part.target_use,
        triggers={metric: _triggers(bounds) for metric, bounds in part.rungs.items()},
        horizon_ns=part.horizon,
        patience_frac=part.patience,
        dwell_ns=part.dwell,
        owner=part.owner,
    )


def _call_of_buffer(part: BufferPart) -> CallPolicy:
    # A buffer may be refilled to its trigger or just below it, which would leave a call open.
    target_use_frac = min(part.target_use, part.trigger_use * Decimal("0.9"))
    trigger, target = to_model(part.trigger_use), to_model(target_use_frac)
    third = (1.0 - trigger) / 3.0
    use = [(trigger + target) / 2.0, trigger, trigger + third, trigger + 2.0 * third]
    return CallPolicy(
        account_id=part.account,
        target_use_frac=target_use_frac,
        triggers={USE: _triggers(use)},
    )


def _triggers(bounds: list[float]) -> Triggers:
    watch, call, inject, reduce = bounds
    return Triggers(watch_frac=watch, call_frac=call, inject_frac=inject, reduce_frac=reduce)
