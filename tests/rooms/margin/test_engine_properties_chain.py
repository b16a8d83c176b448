"""What must hold of every on-chain engine, whatever is held: of size, order, parts and sums."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin import RULES, MarginReport, decode_rulebook, require
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, Balance, Position
from tests.builders import T0_NS, packaged
from tests.draws import draws
from tests.rooms.margin.chain_market import ENTRIES, NOW, TERMS
from tests.rooms.margin.engine_case import ChainCase
from tests.rooms.margin.engines import ON_CHAIN

D = Decimal
each_engine = pytest.mark.parametrize("engine", ON_CHAIN.values(), ids=ON_CHAIN)
sizes = st.lists(st.integers(-6, 6), min_size=5, max_size=5)
few = draws(25)


def holding(engine: ChainCase, quantities: list[int], times: int = 1) -> Account:
    """An account of some of what the engine may hold, `times` over."""
    return Account(
        account_id="main",
        venue="venue",
        currency="USDC",
        rulebook=None,
        positions=tuple(
            position(name, D(quantity * times))
            for name, quantity in zip(engine.names, quantities, strict=False)
            if quantity
        )
        or (position(engine.names[0], D(times)),),
        balances=tuple(
            Balance(asset=asset, quantity_coin=D(much * times))
            for asset, much in engine.balances.items()
        ),
        time_observed_ns=T0_NS,
    )


def position(name: str, quantity: Decimal) -> Position:
    return Position(
        instrument_id=name, quantity_contracts=quantity, price_entry_ccy=ENTRIES.get(name)
    )


def asked(account: Account, engine: ChainCase, now: Snapshot = NOW) -> MarginReport:
    report = require(account, TERMS, now, engine.rulebook)
    assert isinstance(report, MarginReport), report
    return report


def three(report: MarginReport) -> tuple[Decimal, Decimal, Decimal]:
    return (
        report.equity_ccy,
        report.requirement_maintenance_ccy,
        report.requirement_initial_ccy,
    )


@each_engine
@few
@given(quantities=sizes)
def test_the_initial_requirement_is_no_smaller_and_every_line_says_how(
    engine: ChainCase, quantities: list[int]
) -> None:
    report = asked(holding(engine, quantities), engine)
    near = D(engine.exact_to)
    assert report.requirement_initial_ccy >= report.requirement_maintenance_ccy - near
    assert report.requirement_maintenance_ccy >= -near
    assert all(line.detail and line.amount_initial_ccy is not None for line in report.lines)
    plain = {"cash", "balance", "borrowing and funding owed"}
    assert all(line.detail or line.rule in plain for line in report.equity_lines)


@each_engine
@few
@given(quantities=sizes, times=st.integers(2, 9))
def test_an_account_so_many_times_over_needs_as_much_more(
    engine: ChainCase, quantities: list[int], times: int
) -> None:
    once, more = (three(asked(holding(engine, quantities, n), engine)) for n in (1, times))
    near = D(engine.exact_to) * times
    if engine.grows == "faster":
        # Size weighs: a larger account is worth no more, and needs no less, than so many small. To
        # begin with, a deposit may weigh what it did while its worth falls: what is lacking grows.
        assert more[0] <= once[0] * times + near
        assert more[1] >= once[1] * times - near
        assert more[2] - more[0] >= (once[2] - once[0]) * times - near
    else:
        assert all(abs(big - small * times) <= near for small, big in zip(once, more, strict=True))


@each_engine
@few
@given(quantities=sizes)
def test_parts_and_order_of_what_is_held_do_not_matter(
    engine: ChainCase, quantities: list[int]
) -> None:
    whole = holding(engine, quantities)
    halves = [
        msgspec.structs.replace(each, quantity_contracts=each.quantity_contracts / 2)
        for each in whole.positions
    ]
    split = msgspec.structs.replace(
        whole, positions=(*halves, *reversed(halves)), balances=whole.balances[::-1]
    )
    ours, theirs = (three(asked(each, engine)) for each in (whole, split))
    assert all(abs(a - b) <= D(engine.exact_to) for a, b in zip(ours, theirs, strict=True))


@each_engine
@few
@given(quantity=st.integers(1, 40), side=st.sampled_from([1, -1]), at=st.integers(0, 4))
def test_one_position_alone_needs_more_the_larger_it_is(
    engine: ChainCase, quantity: int, side: int, at: int
) -> None:
    less, more = (
        asked(
            msgspec.structs.replace(
                holding(engine, alone(n * side, at % len(engine.names))), balances=bare(engine)
            ),
            engine,
        )
        for n in (quantity, quantity + 1)
    )
    near = D(engine.exact_to)
    assert more.requirement_maintenance_ccy >= less.requirement_maintenance_ccy - near
    assert more.requirement_initial_ccy >= less.requirement_initial_ccy - near


def alone(quantity: int, at: int) -> list[int]:
    """So much of one instrument and nothing of the others."""
    return [quantity if i == at else 0 for i in range(5)]


def bare(engine: ChainCase) -> tuple[Balance, ...]:
    """Only a dollar beside the position, and nothing owed where the venue wants that told."""
    kept = {"USDC": D(1), "USD": D(0)}
    return tuple(
        Balance(asset=asset, quantity_coin=much)
        for asset, much in kept.items()
        if asset in engine.balances
    )


@each_engine
def test_a_price_that_is_gone_makes_the_account_unknown(engine: ChainCase) -> None:
    held = holding(engine, [1])
    assert isinstance(asked(held, engine), MarginReport)
    silent = require(held, TERMS, replace(NOW, quotes={}, oracles={}), engine.rulebook)
    assert isinstance(silent, Failure)
    assert silent.reason == "missing_data"


@each_engine
def test_a_rule_without_a_line_of_its_own_still_decides_how_sure_it_is(engine: ChainCase) -> None:
    sure = dict.fromkeys(RULES[type(engine.rulebook)], "V")

    def confidence(**unsure: str) -> str:
        book = msgspec.structs.replace(
            engine.rulebook, confidence="exact", evidence={**sure, **unsure}
        )
        return asked(holding(engine, [1]), engine._replace(rulebook=book)).confidence

    assert confidence() == "exact"
    assert all(confidence(**{rule: "U"}) == "estimate" for rule in engine.unseen)


@pytest.mark.parametrize(
    "name",
    [
        "derive/2026-11-20", "derive-portfolio/2026-11-20", "paradex/2026-08-20",
        "paradex-portfolio/2026-08-20",
    ],
)  # fmt: skip
def test_a_packaged_rulebook_says_where_it_comes_from_and_claims_no_certainty(name: str) -> None:
    rulebook = decode_rulebook(packaged(name), where=name)
    assert rulebook.name == name
    assert name.endswith(rulebook.as_of)
    assert set(rulebook.evidence) == set(RULES[type(rulebook)])
    assert rulebook.confidence == "estimate"
    assert all(word in rulebook.confidence_note for word in ("not ", "float64"))


@pytest.mark.parametrize("name", ["derive", "derive_portfolio", "paradex", "paradex_portfolio"])
def test_a_model_of_an_option_is_never_sure(name: str) -> None:
    """Whatever a rulebook says of its figures: options are priced in float64."""
    engine = ON_CHAIN[name]
    book = msgspec.structs.replace(engine.rulebook, confidence="exact")
    held = holding(engine, [0] * (len(engine.names) - 1) + [1])
    report = asked(held, engine._replace(rulebook=book))
    (valued,) = [line for line in report.equity_lines if line.rule == "value of option"]
    assert valued.evidence in {"R", "D"}
    assert report.confidence == "estimate"
