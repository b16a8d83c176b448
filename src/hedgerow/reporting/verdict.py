"""One sentence on how an episode ended, and the word on its badge."""

from collections.abc import Sequence

from msgspec.structs import replace

from hedgerow.reporting.figures import clock, duration, percent, usd
from hedgerow.reporting.records import AccountGap, LiquidatedAccount, NearestDistance, Outcome
from hedgerow.simulation import Frame
from hedgerow.units import HOUR_NS, SECOND_NS

__all__ = ["outcome_of", "verdict"]

# A gap is short, and no longer than a reader may shrug at, up to a tenth of the frames and 6 hours.
_SHORT_FRAC = 0.1
_SHORT_NS = 6 * HOUR_NS


def _is_short(gap: AccountGap) -> bool:
    return gap.unknown_count <= _SHORT_FRAC * gap.frames_count and gap.length_ns <= _SHORT_NS


def outcome_of(
    hit: Sequence[LiquidatedAccount], gaps: Sequence[AccountGap], frames: Sequence[Frame]
) -> Outcome:
    """Give the word: only who was judged in every frame is said to have survived."""
    if hit:
        return "liquidated"
    if not frames or not all(map(_is_short, gaps)):
        return "unknown"
    return "not liquidated" if gaps else "survived"


def verdict(
    outcome: Outcome,
    hit: Sequence[LiquidatedAccount],
    gaps: Sequence[AccountGap],
    frames: Sequence[Frame],
    distance: NearestDistance,
) -> str:
    """Give the sentence: who was liquidated, when and at what cost, and what nobody could judge."""
    if not frames:
        return "Unknown: the episode has no frames."
    # Accounts blinded by one cause, at the same times, are one clause.
    alike: dict[AccountGap, list[str]] = {}
    for gap in gaps:
        alike.setdefault(replace(gap, account_id=""), []).append(gap.account_id)
    blind = "; ".join(_gap(gap, ", ".join(names)) for gap, names in alike.items())
    if outcome == "unknown":
        return f"Unknown: {blind}."
    if outcome == "liquidated":
        text = "Liquidated: " + "; ".join(map(_hit, hit))
        return f"{text}. Besides, {blind}." if blind else f"{text}."
    near = ""
    if distance.distance_frac is not None:
        near = f"the nearest came within {percent(abs(distance.distance_frac))} of it"
        near += f" ({distance.account_id})"
    if outcome == "not liquidated":
        known = f"; otherwise {near}" if near else ""
        return f"Not liquidated; {blind}{known}."
    return "Survived: no account was liquidated" + (f"; {near}." if near else ".")


def _hit(one: LiquidatedAccount) -> str:
    return (
        f"{one.account_id} ({one.venue}) at {clock(one.time_first_ns)} UTC"
        + (f", {one.liquidations_count} times," if one.liquidations_count > 1 else ",")
        + f" for {usd(one.loss_usd)} USD of penalty and slippage"
    )


def _gap(gap: AccountGap, names: str) -> str:
    why = f": {gap.reason}" if gap.reason else ""
    if gap.unknown_count == gap.frames_count:
        return f"{names} could not be judged in any of {gap.frames_count:,} frames{why}"
    first, last = clock(gap.time_first_ns), clock(gap.time_last_ns)
    if _is_short(gap) and gap.stretches_count == 1:
        length = duration(gap.length_ns / SECOND_NS)
        return f"{names} could not be judged for {length} from {first} UTC{why}"
    return (
        f"{names} could not be judged in {gap.unknown_count:,} of "
        f"{gap.frames_count:,} frames ({first}–{last} UTC{why})"
    )
