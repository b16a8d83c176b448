"""A venue is its module, and is found there: nothing else knows which venue it is."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

import hedgerow
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import DeskRejected, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.margin import (
    Charges,
    Engine,
    MarginLine,
    MarginReport,
    Rulebook,
    VenueTerms,
    mistakes_of,
    require,
    terms_of,
    venues,
)
from hedgerow.margin.engine import engines_in
from hedgerow.margin.records import report_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.simulation import World
from tests.builders import account, by_id, perpetual, snapshot

SOURCE = Path(hedgerow.__file__).parent
VENUES = f"{venues.__name__}."
# Who may name one venue's rulebook: its own module, the sign on the door, and the simulated venues
# that act by figures no other venue has.
OWN = {
    "margin/__init__.py",
    "simulation/deliveries.py",
    "simulation/liquidations.py",
    "simulation/options_venue.py",
}


class FlatRulebook(Rulebook, frozen=True, kw_only=True, tag="flat"):
    """A made-up venue that asks for a part of every notional, and may pay for holding."""

    rate_frac: Decimal
    rebate_frac: Decimal = Decimal(0)
    charges: Charges | None = None


def flat(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: FlatRulebook,
) -> Outcome[MarginReport]:
    lines = [
        MarginLine(
            rule="flat",
            subject=each.instrument_id,
            amount_ccy=abs(each.quantity_contracts) * rulebook.rate_frac,
            evidence=rulebook.known("flat"),
        )
        for each in account.positions
    ]
    return report_of(
        account, rulebook, snapshot.time_ns, currency="USDC", lines=lines, equity_lines=()
    )


def above_one(rulebook: FlatRulebook) -> Iterator[str]:
    if rulebook.rate_frac > 1:
        yield "rate_frac is above 1"


ENGINE = Engine(
    kind=FlatRulebook,
    rules=("flat",),
    require=flat,
    terms=lambda book: VenueTerms(
        instruments=(LinearPerpetual,), counted={"USDC": ("USDC",)}, charges=book.charges
    ),
    mistakes=above_one,
    signed=("rebate_frac",),
)


def book(rate: str = "0.1", **more: object) -> FlatRulebook:
    return FlatRulebook(
        name="made/2026-01-01",
        venue="made",
        source="made for tests",
        as_of="2026-01-01",
        confidence="exact",
        confidence_note="",
        rate_frac=Decimal(rate),
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = cast("dict[type, Engine[Any]]", venues.ENGINE_OF)
    monkeypatch.setitem(registry, FlatRulebook, ENGINE)


@pytest.mark.usefixtures("_registered")
def test_a_new_engine_is_asked_like_any_other() -> None:
    held = account(positions={"BTC-PERP": 5})
    report = require(held, by_id(perpetual()), snapshot(), book())
    assert isinstance(report, MarginReport)
    assert report.requirement_maintenance_ccy == Decimal("0.5")
    # Not a word of evidence: unverified, whatever the rulebook says of its figures.
    assert report.confidence == "estimate"
    known = require(held, by_id(perpetual()), snapshot(), book(evidence={"flat": "V"}))
    assert isinstance(known, MarginReport)
    assert known.confidence == "exact"


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize(
    ("made", "told"),
    [
        (book(), []),
        (book(rebate_frac=Decimal("-0.1")), []),
        (book("1.1"), ["rate_frac is above 1"]),
        (book("-1.1"), ["rate_frac must be finite and not negative, was -1.1"]),
        (book(rebate_frac=Decimal("-Infinity")), ["rebate_frac must be finite, was -Infinity"]),
        (book(evidence={"flatt": "V"}), ["evidence.flatt is no rule of this kind; there are flat"]),
    ],
)
def test_its_own_mistakes_are_told_once_its_numbers_are_numbers(
    made: FlatRulebook, told: list[str]
) -> None:
    assert list(mistakes_of(made)) == told


@pytest.mark.usefixtures("_registered")
def test_the_simulator_takes_an_exchange_it_does_not_know_and_refuses_what_it_cannot_act_for() -> (
    None
):
    rules = book(charges=Charges(fee_taker_frac=Decimal(0), fee_liquidation_frac=Decimal(0)))
    held = account(rulebook=rules.name)
    World(accounts=(held,), instruments={}, rulebooks={rules.name: rules})
    with pytest.raises(DeskRejected, match="no simulated venue acts by a rulebook of this kind"):
        World(accounts=(held,), instruments={}, rulebooks={rules.name: book()})


def test_every_rulebook_and_every_engine_of_the_folder_is_found() -> None:
    """An engine that is not called `ENGINE` would be read by nobody, and its files refused."""
    modules = [vars(sys.modules[name]) for name in sys.modules if name.startswith(VENUES)]
    assert len(modules) >= len(list(Path(venues.__path__[0]).glob("*.py"))) - 1
    held = [value for module in modules for value in module.values()]
    kinds = {each for each in held if isinstance(each, type) and issubclass(each, Rulebook)}
    assert len(kinds) > 15
    assert kinds - {Rulebook} == set(venues.ENGINE_OF)
    assert {id(each) for each in held if isinstance(each, Engine)} == {
        id(each) for each in venues.ENGINES
    }


# Its kind is exchanged below.
FLAT: Engine[Any] = ENGINE


def module(name: str, **holds: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(holds)
    return made


def test_engines_are_given_in_the_order_of_their_modules() -> None:
    class Other(Rulebook, frozen=True, kw_only=True, tag="other"):
        """Another kind."""

    other: Engine[Any] = replace(FLAT, kind=Other)
    made = [module("b", ENGINE=other), module("helper", ENGINES=()), module("a", ENGINE=ENGINE)]
    assert engines_in(made) == (other, ENGINE)


def test_two_engines_for_one_type_of_file_are_refused_by_their_modules() -> None:
    class Namesake(Rulebook, frozen=True, kw_only=True, tag="flat"):
        """Another kind, whose files say the same type."""

    for second in (ENGINE, replace(ENGINE), replace(FLAT, kind=Namesake)):
        with pytest.raises(ValueError, match=r"^a and b both give an engine .* of type flat; one"):
            engines_in([module("a", ENGINE=ENGINE), module("b", ENGINE=second)])


def test_something_else_called_engine_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^a\.ENGINE must be an Engine, was 'flat'$"):
        engines_in([module("a", ENGINE="flat")])


def test_every_packaged_rulebook_says_what_it_covers() -> None:
    for name, rulebook in packaged_rulebooks().items():
        terms = terms_of(rulebook)
        assert terms.instruments, name
        # A venue is an exchange, where a balance counts, or a lending market, where positions do.
        assert (terms.counted is None) == (terms.market is not None), name
        # Where no source tells a fee, an exchange charges what nobody knows: None, never nothing.
        assert terms.charges is None or terms.market is None, name


def test_nothing_outside_asks_which_kind_a_rulebook_is() -> None:
    kinds = "|".join(engine.kind.__name__ for engine in venues.ENGINES)
    named = re.compile(rf"\b({kinds})\b")
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if named.search(path.read_text(encoding="utf-8"))
    }
    assert {each for each in found if not each.startswith("margin/venues/")} == OWN
