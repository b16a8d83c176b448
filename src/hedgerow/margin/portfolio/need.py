"""The requirement of some legs: a scan over joint scenarios, and what no scan shows, line by line.

Everything here only ever falls by putting legs together: the loss of a sum is at most the sum of
losses, and so it is with its worst, its shortfall, and every contingency. What depends on the size
of the whole book (time to exit, concentration) is read off the whole book first, for the parts as
well; otherwise cutting a crowded book into pieces would make it look safe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec
import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.margin.portfolio.legs import Legs
from hedgerow.margin.portfolio.model import PortfolioModel
from hedgerow.margin.portfolio.told import averaged, exit_told, figure, mean_told
from hedgerow.margin.records import MarginLine
from hedgerow.market import JointScenarios
from hedgerow.pricing import Floats
from hedgerow.units import date_utc, digits_of, quantise, to_exact, years_between

__all__ = ["STEP_USD", "Crowding", "Need", "TailLoss", "crowding", "need", "tail_weights"]

STEP_USD: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True, eq=False)
class Crowding:
    """How hard the whole book is to leave, by coin.

    Attributes
    ----------
    exit_factor_frac
        Shape (scenarios,): what a loss over the horizon grows to until the last coin is sold, the
        square root of the time it takes over the horizon, at least 1.
    exit_days
        Shape (scenarios,): that time; zero where an exit takes none.
    share_frac
        Gross notional over a day's volume.
    """

    exit_factor_frac: Mapping[str, Floats]
    exit_days: Mapping[str, Floats]
    share_frac: Mapping[str, float]


class TailLoss(msgspec.Struct, frozen=True, kw_only=True):
    """What all legs together lose in one scenario, time to exit included; a gain is negative."""

    scenario_index: int
    loss_usd: float


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """A maintenance requirement as lines, with both figures of the scan.

    `worst_usd` and `shortfall_usd` are losses, positive, with the time to exit in them, and so are
    those of `tail`, the largest few that the shortfall is the mean of.
    """

    lines: tuple[MarginLine, ...]
    worst_index: int
    worst_usd: float
    shortfall_usd: float
    tail: tuple[TailLoss, ...]
    profit_usd: float

    @property
    def maintenance_usd(self) -> Decimal:
        """What the lines add up to."""
        return sum((line.amount_ccy for line in self.lines), Decimal(0))

    @property
    def initial_usd(self) -> Decimal:
        """What the lines add to the initial requirement, each rounded up by itself."""
        return _initial_usd(self.lines)


def crowding(legs: Legs, scenarios: JointScenarios, model: PortfolioModel) -> Crowding:
    """Measure the whole book against what its markets trade."""
    factors: dict[str, Floats] = {}
    days: dict[str, Floats] = {}
    shares: dict[str, float] = {}
    for coin in dict.fromkeys(legs.coins):
        of_coin = [i for i, each in enumerate(legs.coins) if each == coin]
        volume = model.volume_coin_per_day.get(coin)
        if legs.is_dollar[of_coin[0]] or volume is None:
            factors[coin], shares[coin] = np.ones(len(scenarios)), 0.0
            days[coin] = np.zeros(len(scenarios))
            continue
        shares[coin] = float(np.sum(legs.notional_coin[of_coin])) / volume
        slower = scenarios.move_log("liquidity", coin)
        still = np.zeros(len(scenarios))
        days[coin] = (
            shares[coin] / model.participation_frac * np.exp(still if slower is None else slower)
        )
        factors[coin] = np.sqrt(np.maximum(days[coin] / model.horizon_days, 1.0))
    return Crowding(factors, days, shares)


def tail_weights(losses_usd: Floats, level_frac: float) -> Floats:
    """Give the weight of each scenario in the expected shortfall: they add up to one.

    The worst ``(1 - level) n`` scenarios weigh alike, the last of them for what is left of it; at
    least the worst one. Of equal losses the first counts first.

    References
    ----------
    R. Rockafellar, S. Uryasev (2002), Conditional value-at-risk for general loss distributions.
    """
    if not 0.0 <= level_frac < 1.0:
        raise OutOfDomain(f"level_frac must be in [0, 1), was {level_frac}")
    count = len(losses_usd)
    mass = max((1.0 - level_frac) * count, 1.0)
    weights = np.zeros(count)
    order = np.argsort(-losses_usd, kind="stable")
    weights[order] = np.clip(mass - np.arange(count), 0.0, 1.0) / mass
    return weights


def need(
    legs: Legs,
    crowd: Crowding,
    scenarios: JointScenarios,
    model: PortfolioModel,
    *,
    time_ns: int,
) -> Need:
    """Say what some legs of a book need together.

    Parameters
    ----------
    crowd
        Of the whole book, from `crowding`.
    """
    coins = tuple(dict.fromkeys(legs.coins))
    of_coin = {c: [i for i, each in enumerate(legs.coins) if each == c] for c in coins}
    lost, slow = np.zeros((2, len(scenarios), len(coins)))
    for at, coin in enumerate(coins):
        lost[:, at] = -legs.profits_usd[:, of_coin[coin]].sum(axis=1)
        slow[:, at] = (crowd.exit_factor_frac[coin] - 1.0) * np.maximum(lost[:, at], 0.0)
    losses = slow.sum(axis=1) - legs.profits_usd.sum(axis=1)
    worst = int(np.argmax(losses))
    weights = tail_weights(losses, model.level_frac)
    shortfall = float(weights @ losses)
    tail = averaged(weights, losses, scenarios.labels)
    beyond = tuple(TailLoss(scenario_index=i, loss_usd=float(losses[i])) for i in tail.shown_index)
    if model.basis == "worst":
        weights = np.zeros(len(losses))
        weights[worst] = 1.0
        tail = averaged(weights, losses, scenarios.labels)
    shown = list(tail.shown_index)
    lines = []
    for i, subject in enumerate(legs.subjects):
        mean = float(-weights @ legs.profits_usd[:, i])
        told = mean_told(mean, (-legs.profits_usd[shown, i]).tolist(), tail)
        lines.append(_line("loss in the scan", subject, mean, told))
    for at, coin in enumerate(coins):
        mean = float(weights @ slow[:, at])
        if mean > 0.0:
            days = crowd.exit_days[coin][shown].tolist()
            told = exit_told(mean, lost[shown, at].tolist(), days, model.horizon_days, tail)
            lines.append(_line("time to exit", coin, mean, told))
    scanned = _with_initial(lines, model)
    gain = -sum((line.amount_ccy for line in scanned), Decimal(0))
    if gain > 0:
        scanned.append(
            MarginLine(
                rule="a gain is no collateral",
                subject="scan",
                amount_ccy=gain,
                amount_initial_ccy=-_initial_usd(scanned),
            )
        )
    charged = _with_initial(_contingencies(legs, crowd, model, time_ns), model)
    return Need(
        lines=(*scanned, *charged),
        worst_index=worst,
        worst_usd=float(losses[worst]),
        shortfall_usd=shortfall,
        tail=beyond,
        profit_usd=float(legs.profits_usd[worst].sum()),
    )


def _with_initial(lines: Iterable[MarginLine], model: PortfolioModel) -> list[MarginLine]:
    """Add what each line asks for initially, rounded against the holder."""
    factor = digits_of(model.initial_factor_frac)
    return [
        msgspec.structs.replace(
            line, amount_initial_ccy=quantise(line.amount_ccy * factor, STEP_USD, "up")
        )
        for line in lines
    ]


def _initial_usd(lines: Iterable[MarginLine]) -> Decimal:
    return sum((line.amount_initial_ccy or Decimal(0) for line in lines), Decimal(0))


def _contingencies(
    legs: Legs, crowd: Crowding, model: PortfolioModel, time_ns: int
) -> list[MarginLine]:
    lines = []
    for i in np.flatnonzero(legs.short_usd * model.short_option_frac > 0.0):
        short = float(legs.short_usd[i])
        lines.append(
            _line(
                "short option",
                legs.subjects[i],
                short * model.short_option_frac,
                _charge_told(figure(short), model.short_option_frac),
            )
        )
    rolls: dict[tuple[str, int | None], float] = {}
    for i in np.flatnonzero(legs.delta_usd):
        key = (legs.coins[i], legs.expiries_ns[i])
        rolls[key] = rolls.get(key, 0.0) + float(legs.delta_usd[i])
    for (coin, expiry_ns), delta in rolls.items():
        years = 0.0 if expiry_ns is None else max(0.0, years_between(time_ns, expiry_ns))
        rate = max(model.roll_frac_min, model.roll_frac_per_year * years)
        bucket = "perpetual" if expiry_ns is None else date_utc(expiry_ns)
        told = _charge_told(f"|{figure(delta)}|", rate)
        lines.append(_line("roll", f"{coin} {bucket}", abs(delta) * rate, told))
    for coin in dict.fromkeys(legs.coins):
        rate = min(model.concentration_frac * crowd.share_frac[coin], 1.0)
        gross = float(
            np.sum(
                [n for n, each in zip(legs.notional_usd, legs.coins, strict=True) if each == coin]
            )
        )
        told = _charge_told(figure(gross), rate)
        lines.append(_line("concentration", coin, gross * rate, told))
    return [line for line in lines if line.amount_ccy != 0]


def _charge_told(of_usd: str, rate_frac: float) -> str:
    return f"up({of_usd} x {figure(rate_frac)}, 1e-6)"


def _line(rule: str, subject: str, amount_usd: float, detail: str) -> MarginLine:
    """Make one addend exact, rounded against the holder."""
    return MarginLine(
        rule=rule, subject=subject, amount_ccy=to_exact(amount_usd, STEP_USD, "up"), detail=detail
    )
