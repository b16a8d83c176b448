"""Limits as a piece of a desk file, which a person may take over."""

from collections.abc import Iterable, Sequence

from hedgerow.limits import METRICS, Limit, LimitState

__all__ = ["limits_toml"]


def limits_toml(
    limits: Iterable[Limit], states: Sequence[LimitState], remarks: Iterable[str]
) -> str:
    """Write limits as ``[[limits]]``, each with where it stands now as a remark."""
    now = {state.key: state for state in states}
    lines = [f"# {each}" for each in remarks]
    for limit in limits:
        bounds = limit.soft_frac_usd_or_coin, limit.hard_frac_usd_or_coin
        state = now.get((limit.scope, limit.metric, limit.given.said, *bounds, limit.owner))
        told = "nothing there now" if state is None else f"now {state.rung}: {state.message}"
        lines += [
            "",
            f"[[limits]]  # {told}",
            f'scope = "{limit.scope}"',
            f'metric = "{limit.metric}"',
            f"soft = {limit.soft_frac_usd_or_coin:.10g}",
            f"hard = {limit.hard_frac_usd_or_coin:.10g}",
        ]
        if METRICS[limit.metric].asks == "shock":
            texts = ", ".join(f'"{each.name}"' for each in limit.given.stresses)
            lines.append(f"shocks = [{texts}]")
    return "\n".join(lines)
