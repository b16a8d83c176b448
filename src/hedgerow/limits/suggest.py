"""From what a person can bear to limits: how far accounts must stay, how much may be at risk.

Two numbers are asked for. A probability of liquidation within a horizon gives every account the
least distance at which a break is no likelier (the inverse of the first passage). A loss that can
be borne gives a limit of scenario loss, over the four corners of a bad horizon (every coin moves by
what it passes with that probability, all the same way; every vol by so many points), and from it
limits of delta and vega per coin.

Deltas and vegas share what the budget leaves after the curvature of the present book: what full
revaluation of the worst corner loses beyond what deltas and vegas foretell. They share it as they
lose now, each coin at least a twentieth of it.
"""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import Final

import msgspec

from hedgerow.errors import Failure
from hedgerow.exposure import ExposureRow
from hedgerow.limits.chance import distance_at
from hedgerow.limits.judge import judge
from hedgerow.limits.records import METRICS, Appetite, Limit, Suggestion
from hedgerow.limits.seen import Chance, Given, Seen, Stress
from hedgerow.market import Shock
from hedgerow.pricing import GREEKS
from hedgerow.solvency import coins_moved
from hedgerow.units import HOUR_NS

__all__ = ["suggested"]

_SOFT_FRAC: Final = 0.8  # of a hard ceiling
_SHARE_FRAC_MIN: Final = 0.05
_DIGITS: Final = 3
_VEGA: Final = next(
    name for name, greek in GREEKS.items() if greek.orders == (0, 1, 0) and not greek.carry
)


def suggested(seen: Seen, chance: Chance, appetite: Appetite) -> Suggestion:
    """Turn an appetite into limits, and judge the present desk by them.

    What cannot be turned into a limit is among `unmet`, with the reason.
    """
    unmet: list[Failure] = []
    limits = [*_distances(seen, chance, appetite, unmet)]
    moves, corners = _corners(seen, chance, appetite, unmet)
    linear_usd = full_usd = curved_usd = None
    if corners:
        given = Given(said="; ".join(each.name for each in corners), stresses=corners)
        limits.append(_ceiling("desk", "scenario_loss_usd", appetite.loss_usd, given))
        found = _losses(seen, moves, corners, appetite)
        if isinstance(found, Failure):
            unmet.append(found)
        else:
            linear_usd, full_usd, curved_usd, rows = found
            limits += _greeks(rows, moves, appetite, curved_usd, unmet)
    made = tuple(limits)
    return Suggestion(
        limits=made,
        states=judge(made, seen),
        unmet=tuple(unmet),
        moves_frac=moves,
        linear_usd=linear_usd,
        full_usd=full_usd,
        curved_usd=curved_usd,
    )


def _distances(seen: Seen, chance: Chance, appetite: Appetite, unmet: list[Failure]) -> list[Limit]:
    """Give every account that a venue may liquidate its least distance."""
    limits = []
    for node, report in seen.reports.items():
        account = seen.account(node)
        if account.rulebook is None and isinstance(report, Failure):
            # Nobody judges it, so a limit on it would cover nothing.
            unmet.append(msgspec.structs.replace(report, subject=node))
            continue
        coins = seen.coins_of(account)
        bounds = []
        for part in (1.0, 0.5):
            found = distance_at(chance, coins, part * appetite.chance_frac, appetite.horizon_ns)
            if isinstance(found, Failure):
                unmet.append(msgspec.structs.replace(found, subject=node))
                break
            if found is None:
                said = (
                    f"{', '.join(coins)} moves further within {appetite.horizon_ns / HOUR_NS:g} h "
                    "than a distance is looked for; bear more, or ask for a shorter time"
                )
                unmet.append(Failure(subject=node, reason="unsupported", message=said))
                break
            bounds.append(_outwards(found))
        if len(bounds) < 2:
            continue
        hard, soft = bounds
        trouble = METRICS["distance_spot_frac"].trouble_with(soft)
        if trouble is not None or hard == 0.0:
            told = trouble or "no coin moves it, so no distance needs a bound"
            unmet.append(Failure(subject=node, reason="unsupported", message=told))
            continue
        limits.append(
            Limit(
                scope=node,
                metric="distance_spot_frac",
                soft_frac_usd_or_coin=soft,
                hard_frac_usd_or_coin=hard,
            )
        )
    return limits


def _corners(
    seen: Seen, chance: Chance, appetite: Appetite, unmet: list[Failure]
) -> tuple[dict[str, float], tuple[Stress, ...]]:
    """Give how far each coin moves, and the four markets in which a horizon may end.

    Moves are whole tenths of a per cent, rounded up: what is written down is what was meant, and a
    suggested stress is never smaller than what it stands for.
    """
    moves: dict[str, float] = {}
    for coin in coins_moved(seen.book.terms.values(), seen.book.accounts, seen.snapshot):
        found = distance_at(chance, (coin,), appetite.chance_frac, appetite.horizon_ns)
        if isinstance(found, Failure):
            unmet.append(msgspec.structs.replace(found, subject=coin))
        elif found is None:
            said = "moves further than is looked for; bear more, or ask for a shorter time"
            unmet.append(Failure(subject=coin, reason="unsupported", message=f"{coin} {said}"))
        else:
            moves[coin] = ceil(1_000.0 * found) / 1_000.0
    if unmet and len(moves) == 0:
        return {}, ()
    if any(each.subject not in seen.reports for each in unmet):
        return {}, ()  # a coin that stands still would look safe
    return moves, tuple(
        _corner({coin: way * move for coin, move in moves.items()}, vol_move)
        for way in (-1.0, 1.0)
        for vol_move in (-appetite.vol_move_volpt, appetite.vol_move_volpt)
    )


def _corner(moves_frac: Mapping[str, float], vol_move_volpt: float) -> Stress:
    named = [f"{coin}={100.0 * move:+.1f}%" for coin, move in moves_frac.items()]
    return Stress(
        name=",".join([*named, f"vol={vol_move_volpt:+g}pt"]),
        shock=Shock(
            spot_factor_frac={coin: 1.0 + move for coin, move in moves_frac.items()},
            vol_shift_frac=vol_move_volpt / 100.0,
        ),
    )


def _losses(
    seen: Seen, moves_frac: Mapping[str, float], corners: Sequence[Stress], appetite: Appetite
) -> Failure | tuple[float, float, float, dict[str, ExposureRow]]:
    """Set what Greeks foretell beside what revaluation finds, in the worst corner of each."""
    now = seen.exposures.row("desk")
    tables = [seen.under(each).row("desk") for each in corners]
    rows = {coin: seen.exposures.row(f"coin/{coin}") for coin in moves_frac}
    known: dict[str, ExposureRow] = {}
    for row in (now, *tables, *rows.values()):
        if isinstance(row, Failure):
            if row.subject.startswith("coin/"):  # a coin that nothing moves with any more
                continue
            return row
        if row.missing:
            names = ", ".join(sorted({each.subject for each in row.missing}))
            said = f"the value of the desk is incomplete, missing: {names}"
            return Failure(subject=row.node, reason="missing_data", message=said)
        if row.node.startswith("coin/"):
            known[row.node.removeprefix("coin/")] = row
    assert not isinstance(now, Failure)
    foretold, found = [], []
    for corner, then in zip(corners, tables, strict=True):
        assert not isinstance(then, Failure)
        shock = corner.shock
        foretold.append(
            -sum(
                row.delta_spot_usd * (shock.on(coin) - 1.0)
                + _vega_usd(row) * 100.0 * shock.vol_shift_frac
                for coin, row in known.items()
            )
        )
        found.append(now.value_usd - then.value_usd)
    linear = sum(
        abs(row.delta_spot_usd) * moves_frac[coin] + abs(_vega_usd(row)) * appetite.vol_move_volpt
        for coin, row in known.items()
    )
    curved = max(full - line for full, line in zip(found, foretold, strict=True))
    return linear, max(0.0, *found), max(0.0, curved), known


def _greeks(
    rows: Mapping[str, ExposureRow],
    moves_frac: Mapping[str, float],
    appetite: Appetite,
    curved_usd: float,
    unmet: list[Failure],
) -> list[Limit]:
    """Share what is left of the budget between deltas and vegas."""
    left_usd = appetite.loss_usd - curved_usd
    if left_usd <= 0.0:
        said = (
            f"the curvature of the present book alone loses {curved_usd:,.0f} USD of "
            f"{appetite.loss_usd:,.0f}: no limit of delta or vega keeps it within; reduce gamma"
        )
        unmet.append(Failure(subject="desk", reason="unsupported", message=said))
        return []
    # What is limited, how far it moves in the horizon, and what it loses by that now.
    lost: list[tuple[str, str, float, float]] = []
    for coin, row in rows.items():
        node, move, vol_move = f"coin/{coin}", moves_frac[coin], appetite.vol_move_volpt
        lost.append((node, "delta_spot_usd", move, abs(row.delta_spot_usd) * move))
        if _vega_usd(row) != 0.0:
            lost.append((node, _VEGA, vol_move, abs(_vega_usd(row)) * vol_move))
    total = sum(loss for *_, loss in lost)
    parts = [max(_SHARE_FRAC_MIN, loss / total if total > 0.0 else 1.0) for *_, loss in lost]
    return [
        _ceiling(node, metric, left_usd * part / sum(parts) / move, Given())
        for (node, metric, move, _), part in zip(lost, parts, strict=True)
    ]


def _vega_usd(row: ExposureRow) -> float:
    """Give what a node gains per point of vol."""
    return float(getattr(row, _VEGA))


def _ceiling(scope: str, metric: str, hard_usd: float, given: Given) -> Limit:
    hard = _inwards(hard_usd)
    return Limit(
        scope=scope,
        metric=metric,
        soft_frac_usd_or_coin=_inwards(_SOFT_FRAC * hard),
        hard_frac_usd_or_coin=hard,
        given=given,
    )


def _inwards(number_usd: float) -> float:
    """Cut a ceiling down to three digits."""
    step = 10.0 ** (floor(log10(number_usd)) - _DIGITS + 1)
    return float(f"{floor(number_usd / step + 1e-9) * step:.{_DIGITS}g}")


def _outwards(distance_frac: float) -> float:
    """Lift a floor up to a hundredth of a per cent."""
    return round(-floor(-distance_frac * 1e4 + 1e-6) / 1e4, 4)
