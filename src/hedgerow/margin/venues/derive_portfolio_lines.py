"""Lines of Derive's portfolio margin: how a calculator gets to what the rule asks for.

The worst scenario or the basis contingency, whichever counts, is written holding by holding; beside
it stand contingencies and what the account is worth.
"""

from collections.abc import Sequence
from decimal import Decimal

from hedgerow.margin.holdings import OptionHeld, black_written
from hedgerow.margin.records import MarginLine
from hedgerow.margin.rules.derive.book import Expiry, naked_shorts_coin
from hedgerow.margin.rules.derive.portfolio_v2 import ExpiryMove, basis_moves, expiry_move
from hedgerow.margin.venues.derive_holdings import known_of
from hedgerow.margin.venues.derive_portfolio_book import ManagerBook
from hedgerow.margin.venues.derive_portfolio_rulebook import DerivePortfolioRulebook, ScenarioCell
from hedgerow.units import to_exact, to_model

__all__ = ["basis_lines", "cell_lines", "contingency_lines", "equity_lines"]

_STEP = Decimal("1e-12")


def equity_lines(book: ManagerBook, rulebook: DerivePortfolioRulebook) -> list[MarginLine]:
    """Write what the account is worth beside its cash, each option at its mark, discounted."""
    known = rulebook.known("equity")
    lines = [
        MarginLine(
            rule="value of collateral",
            subject=each.asset,
            amount_ccy=each.worth_ccy,
            detail=each.detail,
            evidence=known,
        )
        for each in book.collaterals
    ]
    if book.perpetual is not None:
        lines.append(
            MarginLine(
                rule="unrealised profit",
                subject=book.perpetual.instrument_id,
                amount_ccy=book.perpetual.profit_usd,
                detail=book.perpetual.profit_detail,
                evidence=known,
            )
        )
    still = ScenarioCell(spot_frac=Decimal(1), vol_shock="none").model()
    for held in book.expiries:
        legs, expiry = held.legs, held.taken
        move = expiry_move(expiry, still, rulebook.parameters.model())
        for leg, mark in zip(legs, move.marks_usd, strict=True):
            lines.append(
                MarginLine(
                    rule="value of option",
                    subject=leg.terms.instrument_id,
                    amount_ccy=to_exact(mark, _STEP, "down"),
                    detail=_priced(leg, expiry, move.forward_usd, leg.mark.vol_average_frac),
                    evidence=known_of(legs, rulebook.known("scenarios")),
                )
            )
    return lines


def cell_lines(
    book: ManagerBook, cell: ScenarioCell, rulebook: DerivePortfolioRulebook
) -> list[MarginLine]:
    """Write the worst scenario, holding by holding, options expiry by expiry."""
    rule = "loss in the worst scenario"
    where = (
        f"at price {cell.spot_frac} of spot, vol {cell.vol_shock}, counted {cell.dampening_frac}"
    )
    move, part = cell.spot_frac - 1, cell.dampening_frac
    lines = []
    if (perpetual := book.perpetual) is not None:
        loss = -perpetual.size_coin * perpetual.mark_usd * move * part
        detail = f"{-perpetual.size_coin:f} x {perpetual.mark_usd} x {move} x {part}"
        lines.append(
            _scaled_line(rule, perpetual.instrument_id, loss, f"{detail}; {where}", book, rulebook)
        )
    for each in book.collaterals:
        if each.terms.is_risk_cancelling:
            loss = -each.worth_ccy * move * part
            detail = f"{-each.worth_ccy:f} x {move} x {part}; {where}"
            lines.append(_scaled_line(rule, each.asset, loss, detail, book, rulebook))
    for held in book.expiries:
        legs, expiry = held.legs, held.taken
        moved = expiry_move(expiry, cell.model(), rulebook.parameters.model())
        loss = to_exact(-moved.gain_usd * to_model(part), _STEP, "up")
        lost = f"({_sum(moved.marks_usd)}) - ({_sum(moved.shocked_usd)}) x {moved.static_frac}"
        # A shock of the skew never gains.
        lost = f"|{lost}|" if cell.vol_shock in ("linear", "abs") else f"({lost})"
        detail = f"{lost} x {part}; {_legs(legs, expiry, moved)}; {where}"
        lines.append(_scaled_line(rule, held.subject, loss, detail, book, rulebook, legs))
    return lines


def basis_lines(book: ManagerBook, rulebook: DerivePortfolioRulebook) -> list[MarginLine]:
    """Write the basis contingency, where it is worse than every scenario."""
    lines = []
    for held in book.expiries:
        legs, expiry = held.legs, held.taken
        up, down, weight = basis_moves(expiry, rulebook.parameters.model())
        worse = min(up, down, key=lambda move: move.gain_usd)
        loss = to_exact(max(-worse.gain_usd, 0.0) * weight, _STEP, "up")
        detail = (
            f"{weight} x max(({_sum(worse.marks_usd)}) - ({_sum(worse.shocked_usd)}), 0); "
            f"{_legs(legs, expiry, worse)}"
        )
        rule = "basis contingency"
        lines.append(_scaled_line(rule, held.subject, loss, detail, book, rulebook, legs))
    return lines


def contingency_lines(book: ManagerBook, rulebook: DerivePortfolioRulebook) -> list[MarginLine]:
    """Write what stands beside the scenarios: of perpetuals, naked shorts and collateral."""
    rates = rulebook.parameters

    def line(
        rule: str, subject: str, base: Decimal, maintenance: Decimal, more: Decimal, detail: str
    ) -> MarginLine:
        return MarginLine(
            rule=rule,
            subject=subject,
            amount_ccy=base * maintenance,
            detail=f"{maintenance} x {detail}; initial ({maintenance} + {more}) x {detail}",
            amount_initial_ccy=base * (maintenance + more),
            evidence=rulebook.known("contingencies"),
        )

    lines = []
    if (perpetual := book.perpetual) is not None:
        size = abs(perpetual.size_coin)
        lines.append(
            line(
                "perpetual contingency",
                perpetual.instrument_id,
                size * book.spot_usd,
                rates.perp_maintenance_frac,
                rates.perp_initial_frac,
                f"{size} x {book.spot_usd}",
            )
        )
    naked = to_exact(naked_shorts_coin([each.taken for each in book.expiries]), _STEP, "up")
    if naked != 0:
        lines.append(
            line(
                "naked short options",
                book.coin,
                naked * book.spot_usd,
                rates.option_maintenance_frac,
                rates.option_initial_frac,
                f"{naked:f} x {book.spot_usd}",
            )
        )
    lines.extend(
        line(
            "haircut of collateral",
            each.asset,
            each.worth_ccy,
            each.terms.haircut_maintenance_frac,
            each.terms.haircut_initial_frac,
            f"{each.worth_ccy:f}",
        )
        for each in book.collaterals
    )
    return lines


# --- how it is written ---------------------------------------------------------------------------


def _scaled_line(
    rule: str,
    subject: str,
    loss_ccy: Decimal,
    detail: str,
    book: ManagerBook,
    rulebook: DerivePortfolioRulebook,
    legs: Sequence[OptionHeld] = (),
) -> MarginLine:
    """Write what the worst scenario costs: by one factor to maintain, by another to begin with."""
    rates = rulebook.parameters
    lack = max(rates.peg_threshold_frac - book.stable_usd, Decimal(0))
    initial = rates.initial_factor_frac + lack * rates.peg_factor_frac
    return MarginLine(
        rule=rule,
        subject=subject,
        amount_ccy=loss_ccy * rates.maintenance_factor_frac,
        detail=f"{rates.maintenance_factor_frac} x {loss_ccy:f}; initial {initial} x {loss_ccy:f}; "
        f"{loss_ccy:f} = {detail}",
        amount_initial_ccy=loss_ccy * initial,
        evidence=known_of(legs, rulebook.known("scenarios")),
    )


def _sum(worths_usd: Sequence[float]) -> str:
    return " + ".join(map(repr, worths_usd))


def _legs(legs: Sequence[OptionHeld], expiry: Expiry, moved: ExpiryMove) -> str:
    """Say what each leg is worth now, and moved."""
    forward = expiry.forward_fixed_usd + expiry.forward_variable_usd
    now = (
        f"{worth!r} = {_priced(leg, expiry, forward, leg.mark.vol_frac)}"
        for leg, worth in zip(legs, moved.marks_usd, strict=True)
    )
    then = (
        f"{worth!r} = {_priced(leg, expiry, moved.forward_usd, vol)}"
        for leg, vol, worth in zip(legs, moved.vols_frac, moved.shocked_usd, strict=True)
    )
    return "; ".join((*now, *then))


def _priced(leg: OptionHeld, expiry: Expiry, forward_usd: float, vol_frac: float) -> str:
    """Say how one leg is priced, discounted at its expiry's rate."""
    priced = black_written(
        leg.terms, forward_usd=forward_usd, vol_frac=vol_frac, years=expiry.years
    )
    rate = max(expiry.rate_frac_per_year, 0.0)
    discount = f"e^(-{rate} x {expiry.years!r}) x " if rate else ""
    return f"{leg.size_coin} x {discount}{priced}"
