"""How likely accounts are liquidated, as tables for the terminal."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.pricing import Floats
from hedgerow.reporting.figures import UNKNOWN, amount, usd
from hedgerow.reporting.framing import headed, note, unknown_accounts
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import (
    CollateralWanted,
    PathHits,
    effective_count,
    least_frac,
    upper_bound_frac,
)
from hedgerow.units import DAY_NS, HOUR_NS, YEAR_NS

__all__ = ["Either", "Likelihoods", "any_of", "likelihood_tables", "probability"]

_LEFT_BELOW_FRAC: Final = 1e-6
# With fewer paths' worth of liquidations than this a standard error is itself a guess.
_EFFECTIVE_COUNT_MIN: Final = 30.0
_WORDS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Likelihoods(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a desk: accounts in the order of `nodes`, then groups of them pooled.

    `costs_known` says of which accounts `hits.loss_usd` is meant. `hits` is None where no account
    could be walked against; `unknown` says why, by node.
    """

    horizons_years: tuple[float, ...]
    nodes: tuple[str, ...]
    hits: PathHits | None
    costs_known: tuple[bool, ...]
    wanted: dict[str, Outcome[CollateralWanted]]
    unknown: dict[str, Failure]


class Either(NamedTuple):
    """Probability, by horizon, that any account walked is liquidated; what left adds to `upper`."""

    frac: Floats
    error_frac: Floats
    upper_frac: Floats


def any_of(found: Likelihoods) -> Either:
    """Give the probability of any: never below that of one of them, whatever left before.

    An account that went where nothing is known hides what others met later, in what is pooled.
    """
    hits = found.hits
    assert hits is not None
    count = len(found.nodes)
    rows = np.vstack([hits.any_frac, hits.hit_frac[:count]])
    errors = np.vstack([hits.any_error_frac, hits.hit_error_frac[:count]])
    most = rows.argmax(axis=0)
    at = np.arange(rows.shape[1])
    alone = (hits.hit_frac + hits.left_frac)[:count].max(axis=0)
    return Either(rows[most, at], errors[most, at], np.maximum(hits.any_upper_frac, alone))


def probability(value_frac: float, error_frac: float, paths_count: int) -> str:
    """Write a probability with its standard error, or what it is at most where paths cannot tell.

    A ``~`` marks what so few paths carry that its error is itself a guess.

    >>> probability(0.0123, 0.0004, 20_000), probability(0.5, 0.0, 20_000)
    ('1.23 % ± 0.04', '50.00 % ± 0.00')
    >>> probability(3e-9, 1e-9, 20_000), probability(4e-4, 1.2e-4, 20_000)
    ('< 0.015 %', '~0.0400 % ± 0.0120')
    """
    if value_frac < least_frac(paths_count):
        most = 100.0 * upper_bound_frac(value_frac, paths_count)
        digits = max(0, 1 - math.floor(math.log10(most)))
        return f"< {math.ceil(most * 10**digits - 1e-9) / 10**digits:.{digits}f} %"
    digits = 2 if value_frac >= 1e-3 else 4
    mark = "~" if _is_guess(value_frac, error_frac, paths_count) else ""
    return f"{mark}{100.0 * value_frac:.{digits}f} % ± {100.0 * error_frac:.{digits}f}"


def _is_guess(value_frac: float, error_frac: float, paths_count: int) -> bool:
    count = effective_count(np.array(value_frac), np.array(error_frac), paths_count)
    return float(count) < _EFFECTIVE_COUNT_MIN


def likelihood_tables(
    found: Likelihoods, assumed: str, heading: str | None = None
) -> RenderableType:
    """One table of probabilities, one of costs, and one of collateral wanted where it was asked."""
    parts = headed(heading)
    names = [_horizon(each) for each in found.horizons_years]
    hits = found.hits
    if hits is not None:
        rows = [
            (
                node.removeprefix("desk/"),
                *(_written(hits, n, at) for at in range(len(names))),
            )
            for n, node in enumerate(found.nodes)
        ]
        if len(found.nodes) > 1:
            either = any_of(found)
            columns = zip(*(each.tolist() for each in either), strict=True)
            rows.append(
                (
                    _any_name(found),
                    *(_cell(p, e, most - p, hits.paths_count) for p, e, most in columns),
                )
            )
        head: tuple[Column, ...] = (("Account", "", False), *((name, "", True) for name in names))
        parts += [grid("Probability of a liquidation within", head, rows), Text()]
        if any(found.costs_known):
            costs = [
                (
                    node.removeprefix("desk/"),
                    *(
                        _cost(hits, n, at) if found.costs_known[n] else UNKNOWN
                        for at in range(len(names))
                    ),
                )
                for n, node in enumerate(found.nodes)
            ]
            parts += [grid("What liquidations cost on average, USD, within", head, costs), Text()]
    if found.wanted:
        parts += _wanted(found.wanted)
    said = assumed
    if hits is not None:
        said += f" {hits.paths_count:,} paths of {hits.steps_count:,} steps, seed {hits.seed}."
    return Group(
        *parts,
        *([] if hits is None else _reading(rows, hits.paths_count)),
        note(said),
        *unknown_accounts({node: {each: None} for node, each in found.unknown.items()}),
    )


def _any_name(found: Likelihoods) -> str:
    """Name the row of any of them; by how many they are where others have no answer."""
    if not found.unknown:
        return "any of them"
    count = len(found.nodes)
    return f"any of the {_WORDS[count] if count < len(_WORDS) else count} walked"


def _written(hits: PathHits, n: int, at: int) -> str:
    return _cell(
        float(hits.hit_frac[n, at]),
        float(hits.hit_error_frac[n, at]),
        float(hits.left_frac[n, at]),
        hits.paths_count,
    )


def _cell(value_frac: float, error_frac: float, left_frac: float, paths_count: int) -> str:
    text = probability(value_frac, error_frac, paths_count)
    return text if left_frac < _LEFT_BELOW_FRAC else f"{text}, unknown {100.0 * left_frac:.2g} %"


def _cost(hits: PathHits, n: int, at: int) -> str:
    chance, error = float(hits.hit_frac[n, at]), float(hits.hit_error_frac[n, at])
    mark = "~" if _is_guess(chance, error, hits.paths_count) else ""
    return mark + usd(float(hits.loss_usd[n, at]))


def _reading(rows: Sequence[tuple[str, ...]], paths_count: int) -> list[RenderableType]:
    """Say what the marks mean that are there."""
    cells = [each for row in rows for each in row[1:]]
    told = []
    if any(each.startswith("<") for each in cells):
        told.append(
            f"<: fewer than {paths_count:,} paths can tell; a bound that holds in 95 of 100 cases."
        )
    if any(each.startswith(("<", "~")) for each in cells):
        told.append(
            f"~: fewer than {_EFFECTIVE_COUNT_MIN:.0f} paths' worth of liquidations carry it, so "
            "that its error is a guess, and rather too small: walk more."
        )
    return [note(" ".join(told))] if told else []


def _wanted(found: Mapping[str, Outcome[CollateralWanted]]) -> list[RenderableType]:
    rows = []
    sure, within = 0.0, 0.0
    for node, each in found.items():
        name = node.removeprefix("desk/")
        if isinstance(each, Failure):
            rows.append((name, UNKNOWN, "", "", each.message))
            continue
        sure, within = each.survival_frac, each.horizon_years
        rows.append(
            (
                name,
                amount(each.extra_ccy, each.currency, sign=True),
                amount(each.extra_error_ccy, each.currency),
                each.currency,
                "to add" if each.extra_ccy > 0.0 else "more than this needs",
            )
        )
    head: tuple[Column, ...] = (
        ("Account", "", False), ("Collateral", "", True), ("Error", "", True),
        ("Currency", "", False), ("Remark", "", False),
    )  # fmt: skip
    if sure:
        chance = f"{100.0 * sure:g} % to be alive after {_horizon(within)}"
        title = f"Collateral for a probability of {chance}"
    else:
        title = "Collateral wanted"
    return [grid(title, head, rows), Text()]


def _horizon(years: float) -> str:
    """Write hours below a day, days from there on."""
    ns = round(years * YEAR_NS)
    return f"{ns / HOUR_NS:g} h" if ns < DAY_NS else f"{ns / DAY_NS:g} d"
