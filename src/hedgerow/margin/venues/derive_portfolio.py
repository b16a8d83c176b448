"""Derive's portfolio margin, second generation: the worst of a list of scenarios, one underlying.

Equity is the mark-to-market of everything with the cash; the requirement is what the manager takes
off: the worst scenario's loss by a factor, and contingencies beside it (onchain-margin.md section
3.2, [V] derive_pmrm_v2). Scenarios are in float64 where the contracts have 18 decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.engine import Engine
from hedgerow.margin.holdings import Holdings, OptionHeld, PerpetualHeld, black_written, holdings
from hedgerow.margin.records import (
    MarginLine,
    MarginReport,
    WorstScenario,
    report_of,
    unsupported,
)
from hedgerow.margin.rules.derive.book import Expiry, naked_shorts_coin
from hedgerow.margin.rules.derive.portfolio_v2 import (
    Collateral,
    ExpiryMove,
    Portfolio2,
    basis_moves,
    expiry_move,
    margins_v2,
)
from hedgerow.margin.venues.derive_holdings import expiry_of_options, known_of, worth_usd
from hedgerow.margin.venues.derive_portfolio_rulebook import (
    SIGNED,
    CollateralTerms,
    DerivePortfolioRulebook,
    ScenarioCell,
    mistakes,
    venue_terms,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import date_utc, quantise, to_exact, to_model

__all__ = ["ENGINE", "DerivePortfolioRulebook", "require"]

_STEP = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class _Collateral:
    """One asset beside the cash, what it is worth in the account's currency, and why."""

    asset: str
    terms: CollateralTerms
    quantity_coin: Decimal
    price_usd: Decimal
    worth_ccy: Decimal
    detail: str


@dataclass(frozen=True, slots=True)
class _Expiry:
    """The options of one expiry, as the account holds them and as the rule takes them."""

    subject: str
    legs: Sequence[OptionHeld]
    taken: Expiry


@dataclass(frozen=True, slots=True)
class _Book:
    """One account at its manager."""

    coin: str
    spot_usd: Decimal
    stable_usd: Decimal
    perpetual: PerpetualHeld | None
    collaterals: Sequence[_Collateral]
    expiries: Sequence[_Expiry]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: DerivePortfolioRulebook,
) -> Outcome[MarginReport]:
    """Give the portfolio requirement; see `hedgerow.margin.require`."""
    if account.currency != rulebook.currency:
        return unsupported(account, f"{rulebook.name} keeps accounts in {rulebook.currency}")
    held = holdings(account, instruments, snapshot)
    if isinstance(held, Failure):
        return held
    cash = MarginLine(
        rule="cash",
        subject=rulebook.currency,
        amount_ccy=account.balance_coin(rulebook.currency),
        evidence=rulebook.known("equity"),
    )
    if not account.positions and all(each.asset == rulebook.currency for each in account.balances):
        return report_of(
            account,
            rulebook,
            snapshot.time_ns,
            currency=rulebook.currency,
            lines=(),
            equity_lines=[cash],
        )
    book = _book(account, held, snapshot, rulebook)
    if isinstance(book, Failure):
        return book
    parameters = rulebook.parameters.model()
    margins = margins_v2(
        _portfolio(book, to_model(cash.amount_ccy)),
        [cell.model() for cell in rulebook.scenarios],
        parameters,
    )
    at = margins.worst_index
    cell = rulebook.scenarios[at] if at < len(rulebook.scenarios) else None
    lines = [
        *(_basis_lines(book, rulebook) if cell is None else _cell_lines(book, cell, rulebook)),
        *_contingencies(book, rulebook),
    ]
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.currency,
        lines=lines,
        equity_lines=[cash, *_equity_lines(book, rulebook)],
        used=[rulebook.known("feed_confidence"), rulebook.known("rates")],
        worst_scenario=None
        if cell is None
        else WorstScenario(
            scenario_index=at,
            price_move_frac=cell.spot_frac - 1,
            vol_shock="same" if cell.vol_shock == "none" else cell.vol_shock,
            profit_ccy=to_exact(margins.scenarios_usd[at], _STEP, "down"),
        ),
    )


def _book(
    account: Account, held: Holdings, snapshot: Snapshot, rulebook: DerivePortfolioRulebook
) -> Outcome[_Book]:
    """Find the account's one manager and value what it holds."""
    coins = list(held.spots_usd) or list(rulebook.collaterals)
    if len(coins) != 1:
        told = "holds" if held.spots_usd else "nothing but collateral: its manager could be of"
        return unsupported(
            account, f"an account has one underlying, this {told} {', '.join(coins)}"
        )
    (coin,) = coins
    listed = rulebook.collaterals.get(coin)
    if listed is None:
        named = ", ".join(dict.fromkeys(each.instrument_id for each in account.positions))
        return unsupported(account, f"{rulebook.name} has no manager of {coin} for {named}")
    spot, stable = snapshot.spot_usd(coin), snapshot.spot_usd(rulebook.currency)
    if isinstance(spot, Failure):
        return spot
    if isinstance(stable, Failure):
        return stable
    perpetuals = held.perpetuals.get(coin, [])
    if len(perpetuals) > 1:
        named = ", ".join(each.instrument_id for each in perpetuals)
        return unsupported(account, f"a manager knows one perpetual, held are {named}")
    collaterals: list[_Collateral] = []
    for asset in dict.fromkeys(each.asset for each in account.balances):
        if asset == rulebook.currency:
            continue
        valued = _collateral(account, asset, listed, coin, stable, snapshot, rulebook)
        if isinstance(valued, Failure):
            return valued
        collaterals.append(valued)
    return _Book(
        coin=coin,
        spot_usd=spot,
        stable_usd=stable,
        perpetual=perpetuals[0] if perpetuals else None,
        collaterals=collaterals,
        expiries=[
            _Expiry(
                f"{coin} {date_utc(expiry_ns)}",
                legs,
                expiry_of_options(legs, _rate(expiry_ns, rulebook)),
            )
            for expiry_ns, legs in held.options.get(coin, {}).items()
        ],
    )


def _rate(expiry_ns: int, rulebook: DerivePortfolioRulebook) -> Decimal:
    own = rulebook.rate_by_day_frac_per_year.get(date_utc(expiry_ns))
    return rulebook.rate_frac_per_year if own is None else own


def _collateral(
    account: Account,
    asset: str,
    listed: Mapping[str, CollateralTerms],
    coin: str,
    stable_usd: Decimal,
    snapshot: Snapshot,
    rulebook: DerivePortfolioRulebook,
) -> Outcome[_Collateral]:
    terms, quantity = listed.get(asset), account.balance_coin(asset)
    if terms is None:
        return unsupported(account, f"{rulebook.name} takes no {asset} at its manager of {coin}")
    if quantity < 0:
        return unsupported(account, f"{asset} is owed; only {rulebook.currency} can be borrowed")
    price = worth_usd(asset, snapshot)
    if isinstance(price, Failure):
        return price
    return _Collateral(
        asset=asset,
        terms=terms,
        quantity_coin=quantity,
        price_usd=price,
        worth_ccy=quantise(quantity * price / stable_usd, _STEP, "down"),
        detail=f"{quantity} x {price} / {stable_usd}",
    )


def _portfolio(book: _Book, cash_usd: float) -> Portfolio2:
    """Give the account as the rule takes it, every feed being sure."""
    perpetual = book.perpetual
    return Portfolio2(
        spot_usd=to_model(book.spot_usd),
        confidence_spot_frac=1.0,
        stable_usd=to_model(book.stable_usd),
        cash_usd=cash_usd,
        perp_coin=0.0 if perpetual is None else to_model(perpetual.size_coin),
        perp_usd=0.0 if perpetual is None else to_model(perpetual.mark_usd),
        confidence_perp_frac=1.0,
        perp_unrealised_usd=0.0 if perpetual is None else to_model(perpetual.profit_usd),
        perp_unsettled_usd=0.0,
        collaterals=tuple(
            Collateral(
                asset=each.asset,
                quantity_coin=to_model(each.quantity_coin),
                price_usd=to_model(each.price_usd),
                confidence_frac=1.0,
                haircut_maintenance_frac=to_model(each.terms.haircut_maintenance_frac),
                haircut_initial_frac=to_model(each.terms.haircut_initial_frac),
                is_risk_cancelling=each.terms.is_risk_cancelling,
            )
            for each in book.collaterals
        ),
        expiries=tuple(each.taken for each in book.expiries),
    )


def _equity_lines(book: _Book, rulebook: DerivePortfolioRulebook) -> list[MarginLine]:
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


def _priced(leg: OptionHeld, expiry: Expiry, forward_usd: float, vol_frac: float) -> str:
    """Say how one leg is priced, discounted at its expiry's rate."""
    priced = black_written(
        leg.terms, forward_usd=forward_usd, vol_frac=vol_frac, years=expiry.years
    )
    rate = max(expiry.rate_frac_per_year, 0.0)
    discount = f"e^(-{rate} x {expiry.years!r}) x " if rate else ""
    return f"{leg.size_coin} x {discount}{priced}"


def _scaled_line(
    rule: str,
    subject: str,
    loss_ccy: Decimal,
    detail: str,
    book: _Book,
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


def _cell_lines(
    book: _Book, cell: ScenarioCell, rulebook: DerivePortfolioRulebook
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


def _basis_lines(book: _Book, rulebook: DerivePortfolioRulebook) -> list[MarginLine]:
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


def _contingencies(book: _Book, rulebook: DerivePortfolioRulebook) -> list[MarginLine]:
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


ENGINE = Engine(
    kind=DerivePortfolioRulebook,
    rules=("equity", "scenarios", "contingencies", "rates", "feed_confidence"),
    require=require,
    terms=venue_terms,
    mistakes=mistakes,
    signed=SIGNED,
)
