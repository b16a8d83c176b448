"""A venue is its module and its place in the registry: nothing else knows which venue it is."""

import pkgutil
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
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
from hedgerow.margin.records import report_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.simulation import World
from tests.builders import account, by_id, perpetual, snapshot

SOURCE = Path(hedgerow.__file__).parent
# Who may name one venue's rulebook: its own module, the sign on the door, and the simulated venues
# that act by figures no other venue has.
OWN = {
    "margin/__init__.py",
    "simulation/deliveries.py",
    "simulation/lending_venue.py",
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


def test_every_module_of_a_venue_is_registered_once() -> None:
    modules = [
        import_module(f"{venues.__name__}.{each.name}")
        for each in pkgutil.iter_modules(venues.__path__)
    ]
    engines = [module.ENGINE for module in modules if hasattr(module, "ENGINE")]
    assert len(engines) >= 3
    assert {id(each) for each in engines} == {id(each) for each in venues.ENGINES}
    assert len({each.tag for each in venues.ENGINES}) == len(venues.ENGINES)


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
