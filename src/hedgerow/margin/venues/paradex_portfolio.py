"""Paradex's portfolio margin: the worst of a scan by underlying, or a floor by its deltas.

Equity is that of cross mode (`venues.paradex`). The requirement of one underlying is the larger of
its scan and its delta floor ([V] paradex-min-delta), half of it maintained, and provisions for
funding and fees, which count in full in both (venue-margin.md section 6, [D]). The page gives no
formula for the provisions: they are parts of a notional that a rulebook has to tell. The scan is
in float64, options on their forward, each underlying by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual, Option
from hedgerow.margin.bounds import outside
from hedgerow.margin.contracts import rounded_up_ccy
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.holdings import Holdings, OptionHeld, PerpetualHeld, black_written
from hedgerow.margin.records import (
    Evidence,
    MarginLine,
    MarginReport,
    Rulebook,
    WorstScenario,
    report_of,
    unsupported,
)
from hedgerow.margin.rules.paradex import delta_floor, shocked_vol_frac
from hedgerow.margin.venues.paradex import opened_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats, OptionColumns, greeks, value_usd
from hedgerow.units import digits_of, quantise, to_exact, to_model

__all__ = ["ENGINE", "ParadexPortfolioRulebook", "ScanTable", "Tail", "require"]

_STEP = Decimal("1e-12")


class Tail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One far move, vol up, of which a part counts."""

    move_frac: Decimal
    weight_frac: Decimal


class ScanTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One underlying's scan and delta floor.

    Near moves lead from nothing to `price_range_frac` on both sides in `buckets_count` steps; the
    two ends come with vol up alone, the others with vol up and down.
    """

    price_range_frac: Decimal
    buckets_count: int
    vol_up_frac: Decimal
    vol_down_frac: Decimal
    vol_up_least_frac: Decimal
    tails: list[Tail]
    delta_unhedged_frac: Decimal
    delta_hedged_frac: Decimal


class ParadexPortfolioRulebook(Rulebook, frozen=True, kw_only=True, tag="paradex_portfolio"):
    """Scans by underlying; without provisions for a kind of instrument that kind is refused.

    Provisions are parts of a perpetual's notional and of an option's spot notional; that of eight
    hours' funding is of perpetuals.
    """

    currency: str
    scans: dict[str, ScanTable]
    short_term_vega_power: Decimal
    long_term_vega_power: Decimal
    maintenance_of_initial_frac: Decimal
    provision_fee_perp_frac: Decimal | None = None
    provision_fee_option_frac: Decimal | None = None
    provision_funding_frac: Decimal | None = None


VolShock: TypeAlias = Literal["up", "down"]
_ENDS: Final[tuple[VolShock, ...]] = ("up",)
_BOTH: Final[tuple[VolShock, ...]] = ("up", "down")


@dataclass(frozen=True, slots=True)
class _Cell:
    """One scenario and what part of its loss counts."""

    move_frac: Decimal
    vol_shock: VolShock
    weight_frac: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class _Scanned:
    """One holding: its coins of delta, and its profit in every cell before weights.

    `valued` says how it is valued in a cell.
    """

    subject: str
    delta_coin: Decimal
    profits_usd: Floats
    valued: Callable[[_Cell], str]
    is_heard: bool = True  # all that has gone by of a settlement window was


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ParadexPortfolioRulebook,
) -> Outcome[MarginReport]:
    """Give the portfolio requirement in dollars; see `hedgerow.margin.require`."""
    opened = opened_of(account, instruments, snapshot, rulebook)
    if isinstance(opened, Failure):
        return opened
    held, equity_lines = opened
    lines: list[MarginLine] = []
    worsts: list[WorstScenario] = []
    for coin, spot in held.spots_usd.items():
        table = rulebook.scans.get(coin)
        if table is None:
            named = ", ".join(dict.fromkeys(each.instrument_id for each in account.positions))
            return unsupported(account, f"{rulebook.name} has no scan of {coin} for {named}")
        provided = _provisions(held, coin, spot, rulebook)
        if isinstance(provided, Failure):
            return provided
        scanned, worst = _underlying(held, coin, spot, table, rulebook)
        lines += [*scanned, *provided]
        worsts.append(worst)
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=equity_lines,
        worst_scenario=worsts[0] if len(worsts) == 1 else None,
    )


def _underlying(
    held: Holdings,
    coin: str,
    spot_usd: Decimal,
    table: ScanTable,
    rulebook: ParadexPortfolioRulebook,
) -> tuple[list[MarginLine], WorstScenario]:
    """Find one underlying's worst cell, and write it and what its delta floor adds."""
    cells = _cells(table)
    scanned = _scanned(held, coin, cells, table, rulebook)
    at = _worst_index(scanned, cells)
    losses_usd = [_loss_usd(each, at, cells[at]) for each in scanned]
    lost_usd = sum(losses_usd, Decimal(0))
    lines = [
        _scan_line(each, cells[at], loss_usd, rulebook)
        for each, loss_usd in zip(scanned, losses_usd, strict=True)
    ]
    lines += _floor_lines(scanned, lost_usd, coin, spot_usd, table, rulebook)
    return lines, WorstScenario(
        scenario_index=at,
        coin=coin,
        price_move_frac=cells[at].move_frac,
        vol_shock=cells[at].vol_shock,
        profit_ccy=-lost_usd,
    )


# --- scan -----------------------------------------------------------------------------------------


def _cells(table: ScanTable) -> list[_Cell]:
    """List near moves with both vols, the ends and the tails with vol up alone."""
    steps = table.buckets_count
    near = [
        _Cell(table.price_range_frac * i / steps, shock, Decimal(1))
        for i in range(-steps, steps + 1)
        for shock in (_ENDS if abs(i) == steps else _BOTH)
    ]
    return near + [_Cell(tail.move_frac, "up", tail.weight_frac) for tail in table.tails]


def _scanned(
    held: Holdings,
    coin: str,
    cells: Sequence[_Cell],
    table: ScanTable,
    rulebook: ParadexPortfolioRulebook,
) -> list[_Scanned]:
    """Revalue one underlying's perpetuals, then its options, in every cell."""
    moves_frac = np.array([to_model(cell.move_frac) for cell in cells])
    perpetuals = [
        _Scanned(
            subject=each.instrument_id,
            delta_coin=each.size_coin,
            profits_usd=to_model(each.size_coin * each.mark_usd) * moves_frac,
            valued=partial(_perpetual_said, each),
        )
        for each in held.perpetuals.get(coin, ())
    ]
    options = [leg for legs in held.options.get(coin, {}).values() for leg in legs]
    return perpetuals + _options(options, cells, table, rulebook)


def _options(
    held: Sequence[OptionHeld],
    cells: Sequence[_Cell],
    table: ScanTable,
    rulebook: ParadexPortfolioRulebook,
) -> list[_Scanned]:
    """Revalue options in all cells at once: shape ``(cells, options)``."""
    if not held:
        return []
    columns = OptionColumns(
        forward_usd=np.array([each.mark.average_usd for each in held]),
        strike_usd=np.array([to_model(each.terms.strike_usd) for each in held]),
        vol_frac=np.array([each.mark.vol_average_frac for each in held]),
        expiry_years=np.array([each.mark.expiry_years for each in held]),
        is_call=np.array([each.terms.right == "call" for each in held]),
    )
    vols = {
        shock: np.array(
            [each.mark.vol_scale_frac * _vol_frac(each, shock, table, rulebook) for each in held]
        )
        for shock in _BOTH
    }
    moves = np.array([to_model(cell.move_frac) for cell in cells])[:, None]
    worths: Floats = value_usd(
        columns.forward_usd * (1.0 + np.array([each.mark.moved_frac for each in held]) * moves),
        columns.strike_usd,
        np.stack([vols[cell.vol_shock] for cell in cells]),
        columns.expiry_years,
        columns.is_call,
    )
    now = greeks(columns)
    return [
        _Scanned(
            subject=each.terms.instrument_id,
            # Every digit of the model's: the floor that they are summed into is rounded once, up.
            delta_coin=digits_of(
                to_model(each.size_coin) * each.mark.open_frac * float(now.delta_forward_frac[i])
            ),
            is_heard=each.mark.is_heard,
            profits_usd=to_model(each.size_coin) * (worths[:, i] - now.value_usd[i]),
            valued=partial(_option_said, each, {shock: float(vols[shock][i]) for shock in _BOTH}),
        )
        for i, each in enumerate(held)
    ]


def _vol_frac(
    held: OptionHeld,
    shock: VolShock,
    table: ScanTable,
    rulebook: ParadexPortfolioRulebook,
) -> float:
    """Shock one vol by its time left; upwards it never ends below the table's least."""
    days = held.mark.expiry_years * 365.0
    power = rulebook.short_term_vega_power if days < 30.0 else rulebook.long_term_vega_power
    reach = table.vol_up_frac if shock == "up" else -table.vol_down_frac
    vol = shocked_vol_frac(
        held.mark.vol_frac, to_model(reach), days=days, days_least=1.0, power=to_model(power)
    )
    return max(vol, to_model(table.vol_up_least_frac) if shock == "up" else 0.0)


def _worst_index(scanned: Sequence[_Scanned], cells: Sequence[_Cell]) -> int:
    """Give the cell in which all together lose most, by the model."""
    weights_frac = np.array([to_model(cell.weight_frac) for cell in cells])
    totals_usd = np.sum([each.profits_usd for each in scanned], axis=0) * weights_frac
    return int(np.argmin(totals_usd))


def _loss_usd(scanned: _Scanned, at: int, cell: _Cell) -> Decimal:
    """Give what counts of one holding's loss in a cell, rounded against the holder."""
    profit_usd = to_exact(float(scanned.profits_usd[at]), _STEP, "down")
    return quantise(-profit_usd * cell.weight_frac, _STEP, "up")


# --- report ---------------------------------------------------------------------------------------


def _line(
    rule: str,
    subject: str,
    initial_usd: Decimal,
    detail: str,
    evidence: Evidence,
    rulebook: ParadexPortfolioRulebook,
) -> MarginLine:
    """Write a line of the initial requirement, of which a part is maintained."""
    part = rulebook.maintenance_of_initial_frac
    return MarginLine(
        rule=rule,
        subject=subject,
        amount_ccy=part * initial_usd,
        detail=f"{part} x {initial_usd:f}; initial {initial_usd:f}; {initial_usd:f} = {detail}",
        amount_initial_ccy=initial_usd,
        evidence=evidence,
    )


def _scan_line(
    scanned: _Scanned, cell: _Cell, loss_usd: Decimal, rulebook: ParadexPortfolioRulebook
) -> MarginLine:
    """Write what one holding loses in the worst cell."""
    return _line(
        "loss in the worst cell",
        scanned.subject,
        loss_usd,
        f"-{cell.weight_frac} x {scanned.valued(cell)}; "
        f"at price {cell.move_frac:+}, vol {cell.vol_shock}",
        rulebook.known("scan") if scanned.is_heard else "U",
        rulebook,
    )


def _floor_lines(
    scanned: Sequence[_Scanned],
    lost_usd: Decimal,
    coin: str,
    spot_usd: Decimal,
    table: ScanTable,
    rulebook: ParadexPortfolioRulebook,
) -> list[MarginLine]:
    """Write what the delta floor asks for beyond the loss of the scan, if it does."""
    floor = delta_floor(
        [Fraction(each.delta_coin) for each in scanned],
        spot_usd=Fraction(spot_usd),
        unhedged_frac=Fraction(table.delta_unhedged_frac),
        hedged_frac=Fraction(table.delta_hedged_frac),
    )
    needed_usd = rounded_up_ccy(floor.floor_usd)
    short_usd = needed_usd - lost_usd
    if short_usd <= 0:
        return []
    line = _line(
        "delta floor above the scan",
        coin,
        short_usd,
        f"{needed_usd:f} - {needed_usd - short_usd:f}; "
        f"{needed_usd:f} = ({table.delta_unhedged_frac} x {abs(float(floor.net_coin))} + "
        f"{table.delta_hedged_frac} x {float(floor.hedged_coin)}) x {spot_usd}",
        rulebook.known("delta_floor") if all(each.is_heard for each in scanned) else "U",
        rulebook,
    )
    return [line]


def _perpetual_said(held: PerpetualHeld, cell: _Cell) -> str:
    return f"{held.size_coin} x {held.mark_usd} x {cell.move_frac}"


def _option_said(held: OptionHeld, vols_frac: Mapping[VolShock, float], cell: _Cell) -> str:
    forward, years = held.mark.average_usd, held.mark.expiry_years
    now = black_written(
        held.terms, forward_usd=forward, vol_frac=held.mark.vol_average_frac, years=years
    )
    move = f"{1 + cell.move_frac}"
    if held.mark.open_frac < 1.0:
        move = f"{1.0 + held.mark.moved_frac * to_model(cell.move_frac)}"
    moved = black_written(
        held.terms,
        forward_usd=f"{forward} x {move}",
        vol_frac=vols_frac[cell.vol_shock],
        years=years,
    )
    return f"{held.size_coin} x ({moved} - {now})"


def _provisions(
    held: Holdings, coin: str, spot_usd: Decimal, rulebook: ParadexPortfolioRulebook
) -> Outcome[list[MarginLine]]:
    """Write what is set aside for fees and funding; refuse what the rulebook does not tell."""
    wanted: list[tuple[str, str, Decimal, str]] = []
    for perpetual in held.perpetuals.get(coin, ()):
        notional = abs(perpetual.size_coin) * perpetual.mark_usd
        for field in ("provision_fee_perp_frac", "provision_funding_frac"):
            wanted.append((field, perpetual.instrument_id, notional, str(notional)))
    for option in (leg for legs in held.options.get(coin, {}).values() for leg in legs):
        size = abs(option.size_coin)
        wanted.append(
            (
                "provision_fee_option_frac",
                option.terms.instrument_id,
                size * spot_usd,
                f"{size} x {spot_usd}",
            )
        )
    lines = []
    for field, subject, notional, said in wanted:
        part: Decimal | None = getattr(rulebook, field)
        if part is None:
            return Failure(
                subject=subject,
                reason="missing_data",
                message=f"{rulebook.name} has no {field}, which the requirement of {subject} "
                "holds; write the account's own into a rulebook",
            )
        lines.append(
            MarginLine(
                rule="funding provision" if "funding" in field else "fee provision",
                subject=subject,
                amount_ccy=notional * part,
                detail=f"{said} x {part}",
                amount_initial_ccy=notional * part,
                evidence=rulebook.known("provisions"),
            )
        )
    return lines


# --- rulebook -------------------------------------------------------------------------------------


def _terms(rulebook: ParadexPortfolioRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LinearPerpetual, Option), counted={rulebook.currency: (rulebook.currency,)}
    )


def _mistakes(rulebook: ParadexPortfolioRulebook) -> Iterator[str]:
    """Name scans without steps, moves that cannot be and parts above one."""
    yield from outside(rulebook, "(0, 1]", "maintenance_of_initial_frac")
    yield from outside(rulebook, "[0, 1]", "short_term_vega_power", "long_term_vega_power")
    yield from outside(
        rulebook,
        "[0, 1)",
        "provision_fee_perp_frac",
        "provision_fee_option_frac",
        "provision_funding_frac",
    )
    for coin, table in rulebook.scans.items():
        if table.buckets_count == 0:
            yield f"scans.{coin}.buckets_count must be positive, was 0"
        yield from outside(table, "(0, 1)", "price_range_frac", under=f"scans.{coin}")
        yield from outside(
            table,
            "[0, 1]",
            "vol_down_frac",
            "delta_unhedged_frac",
            "delta_hedged_frac",
            under=f"scans.{coin}",
        )
        for at, tail in enumerate(table.tails):
            under = f"scans.{coin}.tails.[{at}]"
            yield from outside(tail, "[0, 1]", "weight_frac", under=under)
            if tail.move_frac <= -1:
                yield f"scans.{coin}.tails.[{at}].move_frac must be above -1, was {tail.move_frac}"


ENGINE = Engine(
    kind=ParadexPortfolioRulebook,
    rules=("equity", "option_marks", "scan", "delta_floor", "provisions"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    signed=("move_frac",),
)
