"""How likely accounts are liquidated, as tables for the terminal."""

from collections.abc import Mapping

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.reporting.figures import UNKNOWN, amount, usd
from hedgerow.reporting.framing import headed, note, unknown_accounts
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import CollateralWanted, PathHits
from hedgerow.units import DAY_NS, HOUR_NS, YEAR_NS

__all__ = ["Likelihoods", "likelihood_tables", "probability"]

_BELOW = 1e-6  # what no number of paths can tell from nothing


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


def probability(value_frac: float, error_frac: float) -> str:
    """Write a probability with its standard error.

    >>> probability(0.0123, 0.0004), probability(3e-9, 1e-9), probability(0.5, 0.0)
    ('1.23 % ± 0.04', '< 0.0001 %', '50.00 % ± 0.00')
    """
    if value_frac < _BELOW:
        return f"< {100.0 * _BELOW:.4f} %"
    digits = 2 if value_frac >= 1e-3 else 4
    return f"{100.0 * value_frac:.{digits}f} % ± {100.0 * error_frac:.{digits}f}"


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
            either = zip(hits.any_frac.tolist(), hits.any_error_frac.tolist(), strict=True)
            rows.append(("any of them", *(probability(p, error) for p, error in either)))
        head: tuple[Column, ...] = (("Account", "", False), *((name, "", True) for name in names))
        parts += [grid("Probability of a liquidation within", head, rows), Text()]
        if any(found.costs_known):
            costs = [
                (
                    node.removeprefix("desk/"),
                    *(
                        usd(float(hits.loss_usd[n, at])) if found.costs_known[n] else UNKNOWN
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
        note(said),
        *unknown_accounts({node: {each: None} for node, each in found.unknown.items()}),
    )


def _written(hits: PathHits, n: int, at: int) -> str:
    text = probability(float(hits.hit_frac[n, at]), float(hits.hit_error_frac[n, at]))
    left = float(hits.left_frac[n, at])
    return text if left < _BELOW else f"{text}, unknown {100.0 * left:.2g} %"


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
                "add" if each.extra_ccy > 0.0 else "may be taken out",
            )
        )
    head: tuple[Column, ...] = (
        ("Account", "", False), ("Collateral", "", True), ("Error", "", True),
        ("Currency", "", False), ("Remark", "", False),
    )  # fmt: skip
    title = (
        f"Collateral for a probability of {100.0 * sure:g} % to be alive after {_horizon(within)}"
    )
    return [grid(title, head, rows), Text()]


def _horizon(years: float) -> str:
    """Write hours below a day, days from there on."""
    ns = round(years * YEAR_NS)
    return f"{ns / HOUR_NS:g} h" if ns < DAY_NS else f"{ns / DAY_NS:g} d"
