"""Allocations of collateral and what could be freed, as tables for the terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.collateral import Allocation, Freed
from hedgerow.errors import Failure, Outcome
from hedgerow.reporting.figures import UNKNOWN, plain, significant, usd
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid

__all__ = ["allocation_tables", "freed_tables"]

_HEAD: tuple[Column, ...] = (
    ("Account", "", False), ("Need", "", False), ("In", "currency", False),
    ("Needed", "of it", True), ("Before", "of it", True), ("After", "of it", True),
    ("One more of it costs", "USD", True),
)  # fmt: skip
_LIMITS_HEAD: tuple[Column, ...] = (
    ("What binds", "", False), ("One unit less saves", "USD", True), ("Unit", "", False),
)  # fmt: skip
_FREED_HEAD: tuple[Column, ...] = (
    ("What", "", False), ("Initial before", "USD", True), ("Initial after", "USD", True),
    ("Equity counts more", "USD", True), ("Freed", "USD", True), ("Fees", "USD", True),
)  # fmt: skip
_FREED_NOTE = (
    "Freed is what may be withdrawn more: equity above the initial requirement, so what is asked "
    "less and what equity counts more there, after haircuts. A position is "
    "moved as if the other venue listed the same contract at the same mark; fees are "
    "those of takers at both ends, at the mark."
)
_SHORT_NOTE = (
    "What one more of another need costs then counts what stays short at the price that ranks "
    "needs: it says which gives way to which, and nobody pays it."
)
_DIGITS_COUNT = 6
# From here on whole units are told, for six digits would be written as a power of ten.
_LARGE_CCY = 100_000.0


def allocation_tables(found: Allocation) -> RenderableType:
    """What every need has before and after, the price of one unit more, and what else binds."""
    rows = [
        (
            each.venue,
            each.need,
            each.currency,
            _held(each.needed_ccy),
            _held(each.before_ccy),
            _held(each.after_ccy),
            "cannot be had"
            if each.shadow_usd_per_ccy is None
            else significant(each.shadow_usd_per_ccy, _DIGITS_COUNT),
        )
        for each in found.cover
    ]
    if not rows:  # nobody who is short can be sent anything: said where what is not done is
        return Group()
    parts: list[RenderableType] = [
        Text(),
        grid("Needs, as equity, before and after", _HEAD, rows),
        note(
            f"Fees {usd(found.fees_usd)} USD, no longer earned {usd(found.carry_usd)} USD; nothing "
            f"is cheaper by more than {usd(max(found.gap_usd, 0.0))} USD."
        ),
    ]
    for place, each in enumerate(found.moves, start=1):
        if each.waits_for_index:
            before = ", ".join(str(index + 1) for index in each.waits_for_index)
            parts.append(
                Text(
                    f"Transfer {place} ({each.link.asset} to {each.link.target}) leaves once "
                    f"{before} has arrived."
                )
            )
    if found.limits:
        bound = [
            (each.name, significant(each.price_usd_per_figure, _DIGITS_COUNT), _unit_of(each.name))
            for each in found.limits
        ]
        parts += [Text(), grid("What else binds", _LIMITS_HEAD, bound)]
    if found.conflicts:
        told = ", ".join(found.conflicts)
        parts += [
            Text(),
            Text(f"Not all needs can be covered; short: {told}", style="bold"),
            note(_SHORT_NOTE),
        ]
    if found.remark:
        parts.append(note(found.remark))
    return Group(*parts)


def _held(value_ccy: float) -> str:
    if abs(value_ccy) >= _LARGE_CCY:
        return plain(value_ccy, 0)
    return significant(value_ccy, _DIGITS_COUNT)


def _unit_of(name: str) -> str:
    """Name the unit of what binds: of piles and their caps the asset, of values and shares USD."""
    asset, _, what = name.partition(" at ")
    return asset if what.endswith((": what there is", ": cap")) else "USD"


def freed_tables(found: Sequence[Outcome[Freed]], heading: str) -> RenderableType:
    """What other modes and venues would free, most first; then what nobody can answer."""
    rows = [
        (
            f"keep {each.account_id} by {each.target}"
            if each.how == "mode"
            else f"move {each.instrument_id} from {each.account_id} to {each.target}",
            usd(each.initial_before_usd),
            usd(each.initial_after_usd),
            usd(each.freed_usd - each.initial_before_usd + each.initial_after_usd, sign=True),
            usd(each.freed_usd, sign=True),
            UNKNOWN if each.fees_usd is None else usd(each.fees_usd),
        )
        for each in found
        if isinstance(each, Freed)
    ]
    parts = headed(heading)
    # One rulebook that does not say its fee leaves those of many moves unknown.
    unpaid = dict.fromkeys(
        each.fees_missing for each in found if isinstance(each, Freed) and each.fees_missing
    )
    if rows:
        parts += [grid("Capital freed", _FREED_HEAD, rows), note(_FREED_NOTE)]
    else:
        parts.append(
            Text(
                "No account's venue has another mode at hand, and no other account takes what is "
                "held. What hedgerow's own portfolio margin would free: hedgerow margin compare."
            )
        )
    parts += troubles("Fees that are unknown", unpaid)
    parts += troubles(
        "Moves and modes without an answer",
        dict.fromkeys(e for e in found if isinstance(e, Failure)),
    )
    return Group(*parts)
