"""The lines of OKX's portfolio margin: what a risk unit may lose, and what loans require."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import InverseFuture, LinearFuture
from hedgerow.margin.contracts import rounded_up_ccy
from hedgerow.margin.records import Evidence, MarginLine, WorstScenario, unsupported, weaker
from hedgerow.margin.rules.okx import (
    cash_delta_hedges_usd,
    charge_multiplier,
    price_moves_frac,
    sliced_charge_usd,
    spot_in_use_coin,
    worst_move,
)
from hedgerow.margin.venues.okx_equity import Currency
from hedgerow.margin.venues.okx_portfolio_rulebook import OkxPortfolioRulebook, Peg
from hedgerow.margin.venues.okx_portfolio_units import DOLLARS, Leg, Unit
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import YEAR_NS

__all__ = ["loan_lines", "unit_lines"]


def unit_lines(
    account: Account, unit: Unit, snapshot: Snapshot, rulebook: OkxPortfolioRulebook
) -> Outcome[tuple[list[MarginLine], WorstScenario]]:
    """Write one unit's worst move, its basis and pegs, and what its least charge adds."""
    shocked, worst = _shock_lines(unit, rulebook)
    basis = _basis_lines(unit, snapshot.time_ns, rulebook)
    if isinstance(basis, Failure):
        return basis
    pegs = _peg_lines(account, unit, snapshot, rulebook)
    if isinstance(pegs, Failure):
        return pegs
    stressed = [*shocked, *basis, *pegs]
    charge = _charge_line(account, unit, stressed, rulebook)
    if isinstance(charge, Failure):
        return charge
    return [*stressed, charge], worst


def _shock_lines(
    unit: Unit, rulebook: OkxPortfolioRulebook
) -> tuple[list[MarginLine], WorstScenario]:
    """Write what every leg and the spot in use lose in the worse of both kinds of moves."""
    delta_coin = sum((leg.coins for leg in unit.legs), Fraction(0))
    # Rounded down: less of a hedge.
    in_use_coin = -rounded_up_ccy(-spot_in_use_coin(Fraction(unit.equity_coin), delta_coin))
    exposure_coin, spot_usd = delta_coin + Fraction(in_use_coin), Fraction(unit.spot_usd)
    grid = price_moves_frac(unit.table.moves_frac)
    ends = price_moves_frac([unit.table.move_extreme_frac])
    at, shock_usd = worst_move(exposure_coin, spot_usd, [Fraction(move) for move in grid])
    end, extreme_usd = worst_move(exposure_coin, spot_usd, [Fraction(move) for move in ends])
    rule, known, move, weight = "spot shock", rulebook.known("spot_shock"), grid[at], Decimal(1)
    if extreme_usd * Fraction(rulebook.extreme_counted_frac) > shock_usd:
        at, weight = len(grid) + end, rulebook.extreme_counted_frac
        rule, known, move = "extreme move", rulebook.known("extreme_move"), ends[end]
    told = f" x {unit.spot_usd:f} x {move}" + ("" if weight == 1 else f" x {weight}")
    moved_usd = spot_usd * Fraction(move) * Fraction(weight)
    lines = [
        _line(
            rule,
            leg.terms.instrument_id,
            -leg.coins * moved_usd,
            f"{leg.lost}{told}",
            evidence=known if leg.is_seen else weaker(known, rulebook.known("other_contracts")),
            rulebook=rulebook,
        )
        for leg in unit.legs
        if move != 0
    ]
    if move != 0 and in_use_coin > 0:
        derived = " + ".join(leg.lost for leg in unit.legs)
        hedging = _line(
            rule,
            unit.coin,
            -Fraction(in_use_coin) * moved_usd,
            f"-{in_use_coin:f}{told}; {in_use_coin:f} = min({unit.equity_coin:f}, {derived})",
            evidence=weaker(known, rulebook.known("spot_in_use")),
            rulebook=rulebook,
        )
        lines.append(hedging)
    return lines, WorstScenario(
        scenario_index=at,
        coin=unit.coin,
        price_move_frac=move,
        vol_shock="same",
        profit_ccy=-sum((line.amount_ccy for line in lines), Decimal(0)),
    )


def _basis_lines(
    unit: Unit, time_ns: int, rulebook: OkxPortfolioRulebook
) -> Outcome[list[MarginLine]]:
    """Write what every leg's basis may move against it."""
    known = rulebook.known("basis")
    if len(unit.legs) > 1:
        known = weaker(known, rulebook.known("basis_netting"))
    lines = []
    for leg in unit.legs:
        perpetual_frac = _figure(unit, leg, "basis_perpetual_frac", rulebook)
        if isinstance(perpetual_frac, Failure):
            return perpetual_frac
        rate, told = Fraction(perpetual_frac), f"{perpetual_frac}"
        if isinstance(leg.terms, LinearFuture | InverseFuture):
            annual_frac = _figure(unit, leg, "basis_annual_frac", rulebook)
            if isinstance(annual_frac, Failure):
                return annual_frac
            left_ns = leg.terms.expiry_ns - time_ns
            rate = max(rate, Fraction(annual_frac) * left_ns / YEAR_NS)
            told = f"max({perpetual_frac}, {annual_frac} x {left_ns} / {YEAR_NS})"
        lines.append(
            _line(
                "basis",
                leg.terms.instrument_id,
                Fraction(leg.notional_usd) * rate,
                f"{leg.notional} x {told}",
                evidence=known if leg.is_seen else weaker(known, rulebook.known("other_contracts")),
                rulebook=rulebook,
            )
        )
    return lines


def _peg_lines(
    account: Account, unit: Unit, snapshot: Snapshot, rulebook: OkxPortfolioRulebook
) -> Outcome[list[MarginLine]]:
    """Write what contracts of one dollar require that hedge those of another."""
    signed_usd = [(leg.dollars, leg.notional_usd.copy_sign(leg.sign)) for leg in unit.legs]
    cash_usd = {
        name: sum(
            (Fraction(worth) for dollars, worth in signed_usd if dollars == name), Fraction(0)
        )
        for name in DOLLARS
    }
    told = {
        name: " + ".join(f"{worth:f}" for dollars, worth in signed_usd if dollars == name)
        for name in DOLLARS
    }
    lines = []
    for pair, hedged_usd in cash_delta_hedges_usd(cash_usd).items():
        if hedged_usd == 0:
            continue
        name = "/".join(pair)
        peg = rulebook.pegs.get(name)
        if peg is None:
            return _missing(unit.legs[0].terms.instrument_id, f"pegs.{name}", rulebook)
        volume_usd = rounded_up_ccy(hedged_usd)
        outside = _outside_peg(account, pair, peg, volume_usd, snapshot, rulebook)
        if outside is not None:
            return outside
        floors = [tier.floor_usd for tier in peg.tiers]
        slices = [
            f"({min(volume_usd, end):f} - {tier.floor_usd:f}) x {tier.rate_frac}"
            for tier, end in zip(peg.tiers, [*floors[1:], volume_usd], strict=True)
            if volume_usd > tier.floor_usd
        ]
        tiers = [(Fraction(tier.floor_usd), Fraction(tier.rate_frac)) for tier in peg.tiers]
        sides = [f"|{told[dollars]}|" for dollars in pair]
        lines.append(
            _line(
                "peg",
                f"{unit.coin} {name}",
                sliced_charge_usd(hedged_usd, tiers),
                f"{' + '.join(slices)}; {volume_usd:f} = min({', '.join(sides)})",
                evidence=rulebook.known("pegs"),
                rulebook=rulebook,
            )
        )
        for dollars in pair:
            told[dollars] += f" {'-' if cash_usd[dollars] > 0 else '+'} {volume_usd:f}"
    return lines


def _outside_peg(
    account: Account,
    pair: tuple[str, str],
    peg: Peg,
    volume_usd: Decimal,
    snapshot: Snapshot,
    rulebook: OkxPortfolioRulebook,
) -> Failure | None:
    """Refuse a pair that is off its peg, or hedged by more than its tiers are known for."""
    prices_usd = []
    for dollars in pair:
        price_usd = Decimal(1) if dollars == "USD" else snapshot.spot_usd(dollars)
        if isinstance(price_usd, Failure):
            return price_usd
        prices_usd.append(Fraction(price_usd))
    name, index = "/".join(pair), prices_usd[0] / prices_usd[1]
    if min(index, 1 / index) < Fraction(peg.index_least_frac):
        return unsupported(
            account,
            f"{rulebook.name} knows the tiers of {name} from {peg.index_least_frac} to its "
            f"inverse, and it stands at {float(index)}",
        )
    if peg.volume_usd_max is not None and volume_usd > peg.volume_usd_max:
        return unsupported(
            account,
            f"{rulebook.name} knows the tiers of {name} up to {peg.volume_usd_max}, and "
            f"{volume_usd:f} are hedged",
        )
    return None


def _charge_line(
    account: Account, unit: Unit, stressed: list[MarginLine], rulebook: OkxPortfolioRulebook
) -> Outcome[MarginLine]:
    """Write by how much a unit's least charge is above all that it may lose."""
    raw_usd, parts = Fraction(0), []
    known = rulebook.known("minimum_charge")
    for leg in unit.legs:
        field = "charge_future_frac" if leg.is_dated else "charge_perpetual_frac"
        rate_frac = _figure(unit, leg, field, rulebook)
        if isinstance(rate_frac, Failure):
            return rate_frac
        raw_usd += Fraction(leg.notional_usd) * Fraction(rate_frac)
        parts.append(f"{leg.notional} x {rate_frac}")
        if not leg.is_seen:
            known = weaker(known, rulebook.known("other_contracts"))
    if not unit.table.charge_tiers:
        subject = unit.legs[0].terms.instrument_id
        return _missing(subject, f"units.{unit.coin}.charge_tiers", rulebook)
    raw, most_usd = rounded_up_ccy(raw_usd), unit.table.charge_usd_max
    if most_usd is not None and raw > most_usd:
        return unsupported(
            account,
            f"{rulebook.name} knows the tiers of the least charge of {unit.coin} up to {most_usd}, "
            f"and {raw:f} is the raw one",
        )
    tiers = [(tier.floor_usd, tier.multiplier_frac) for tier in unit.table.charge_tiers]
    times = charge_multiplier(raw, tiers)
    if times != tiers[0][1]:
        known = weaker(known, rulebook.known("charge_tiers"))
    charged_usd = rounded_up_ccy(Fraction(raw) * Fraction(times))
    lost_usd = sum((line.amount_ccy for line in stressed), Decimal(0))
    losses = " + ".join(f"{line.amount_ccy:f}" for line in stressed)
    return _line(
        "minimum charge",
        unit.coin,
        max(Fraction(0), Fraction(charged_usd) - Fraction(lost_usd)),
        f"max(0, {charged_usd:f} - {lost_usd:f}); {charged_usd:f} = {raw:f} x {times}; "
        f"{raw:f} = {' + '.join(parts)}; {lost_usd:f} = {losses}",
        evidence=known,
        rulebook=rulebook,
    )


# --- loans, and what all lines share --------------------------------------------------------------


def loan_lines(
    account: Account, currencies: Mapping[str, Currency], rulebook: OkxPortfolioRulebook
) -> Outcome[list[MarginLine]]:
    """Write what every currency requires that is owed, by its balance or by losses."""
    lines = []
    for asset, currency in currencies.items():
        if currency.equity_coin >= 0:
            continue
        owed_coin, loan = -currency.equity_coin, rulebook.loans.get(asset)
        if loan is None:
            return _missing(asset, f"loans.{asset}", rulebook)
        if loan.amount_coin_max is not None and owed_coin > loan.amount_coin_max:
            return unsupported(
                account,
                f"{rulebook.name} knows what a loan of {asset} requires up to "
                f"{loan.amount_coin_max}, and {owed_coin:f} are owed",
            )
        worth_usd = Fraction(owed_coin) * Fraction(currency.price_usd)
        told = f"{owed_coin:f} x {currency.price_usd:f}"
        lines.append(
            MarginLine(
                rule="loan",
                subject=asset,
                amount_ccy=rounded_up_ccy(worth_usd * Fraction(loan.rate_maintenance_frac)),
                amount_initial_ccy=rounded_up_ccy(worth_usd * Fraction(loan.rate_initial_frac)),
                detail=f"{told} x {loan.rate_maintenance_frac}; "
                f"initial {told} x {loan.rate_initial_frac}",
                evidence=rulebook.known("loans"),
            )
        )
    return lines


def _line(
    rule: str,
    subject: str,
    amount_usd: Fraction,
    detail: str,
    *,
    evidence: Evidence,
    rulebook: OkxPortfolioRulebook,
) -> MarginLine:
    """Write a line of a unit's maintenance, with its part of the initial requirement."""
    amount, factor = rounded_up_ccy(amount_usd), rulebook.initial_of_maintenance_frac
    initial = weaker(evidence, rulebook.known("initial"))
    return MarginLine(
        rule=rule,
        subject=subject,
        amount_ccy=amount,
        amount_initial_ccy=amount * factor,
        detail=f"{detail}; initial {factor} x {amount:f}",
        evidence=evidence,
        evidence_initial=None if initial == evidence else initial,
    )


def _figure(unit: Unit, leg: Leg, field: str, rulebook: OkxPortfolioRulebook) -> Outcome[Decimal]:
    figure: Decimal | None = getattr(unit.table, field)
    if figure is None:
        return _missing(leg.terms.instrument_id, f"units.{unit.coin}.{field}", rulebook)
    return figure


def _missing(subject: str, field: str, rulebook: OkxPortfolioRulebook) -> Failure:
    return Failure(
        subject=subject,
        reason="missing_data",
        message=f"{rulebook.name} has no {field}, which the requirement of {subject} holds; write "
        "the venue's own into a rulebook",
    )
