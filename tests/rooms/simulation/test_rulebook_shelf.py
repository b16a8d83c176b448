"""A world judges by the rulebook of the day: a tier that changes mid-run changes what is needed."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import DeskRejected, Failure
from hedgerow.margin import MarginReport, Rulebook, Tier, TieredRulebook, require, rulebooks_at
from hedgerow.portfolio import Account
from hedgerow.simulation import World
from hedgerow.units import DAY_NS, MINUTE_NS, date_utc, parse_ns
from tests.rooms.simulation.desk import (
    INSTRUMENTS,
    SCAN,
    T0,
    TIERED,
    account,
    fresh_state,
    index,
    perp,
    quote,
)

BEGINS_NS = parse_ns(date_utc(T0 + DAY_NS))
NAME = "BTC-PERP"


def dated(as_of: str, rate: str) -> TieredRulebook:
    tier = Tier(
        floor_usd=Decimal(0), rate_maintenance_frac=Decimal(rate), rate_initial_frac=Decimal("0.4")
    )
    return msgspec.structs.replace(TIERED, name=f"perp/{as_of}", as_of=as_of, tiers={"BTC": [tier]})


OLD, NEW = dated("2025-01-01", "0.05"), dated(date_utc(BEGINS_NS), "0.20")
BOTH: dict[str, Rulebook] = {each.name: each for each in (NEW, OLD)}


def named(rulebook: str, balance: str = "12000") -> Account:
    held = perp(balance, "1")
    return msgspec.structs.replace(held, rulebook=rulebook)


def opened(held: Account, rulebooks: dict[str, Rulebook]) -> World:
    return World(accounts=(held,), instruments=INSTRUMENTS, rulebooks=rulebooks)


def settle(world: World, time_ns: int) -> None:
    state = fresh_state()
    state.apply(index("100000", time_ns))
    state.apply(quote("100000", time_ns))
    world.settle(state.freeze(time_ns))


def test_a_tier_that_changes_at_midnight_liquidates_at_midnight_and_is_told_once() -> None:
    """12,000 cover 5 % of one coin at 100,000 and not 20 %."""
    world = opened(named("perp"), BOTH)
    settle(world, BEGINS_NS - 1)
    before = world.drain()
    assert (before.alerts, before.liquidations) == ((), ())
    settle(world, BEGINS_NS)
    news = world.drain()
    assert news.alerts == (
        f"{date_utc(BEGINS_NS)}T00:00:00Z perp: judged by {NEW.name} from now on, no longer by "
        f"{OLD.name}",
    )
    assert len(news.liquidations) == 1
    assert "requirement 20000" in news.liquidations[0].message
    settle(world, BEGINS_NS + MINUTE_NS)
    assert world.drain().alerts == ()


def test_a_rulebook_of_another_venue_changes_nothing_here() -> None:
    other = msgspec.structs.replace(NEW, name="other/1", venue="other")
    world = opened(named("perp"), {OLD.name: OLD, other.name: other})
    for time_ns in (BEGINS_NS - 1, BEGINS_NS):
        settle(world, time_ns)
    news = world.drain()
    assert (news.alerts, news.liquidations) == ((), ())
    assert world.rulebooks["other"] is other


@pytest.mark.parametrize("name", [OLD.name, NEW.name])
def test_an_account_that_names_a_rulebook_keeps_it(name: str) -> None:
    world = opened(named(name), BOTH)
    for time_ns in (BEGINS_NS - 1, BEGINS_NS):
        settle(world, time_ns)
        news = world.drain()
        assert news.alerts == ()
        assert bool(news.liquidations) is (name == NEW.name and time_ns == BEGINS_NS - 1)


def test_an_order_is_charged_and_judged_by_the_rulebook_of_its_time() -> None:
    """Nothing else a world asks a rulebook for is left behind on the old one."""
    world = opened(named("perp", "90000"), BOTH)
    settle(world, BEGINS_NS - 1)
    assert world.rulebooks["perp"] is OLD
    settle(world, BEGINS_NS)
    assert world.rulebooks["perp"] is NEW
    assert world.rulebooks[OLD.name] is OLD


def test_yesterdays_report_reproduces_once_the_new_rulebook_is_there() -> None:
    held = named("perp")
    state = fresh_state()
    state.apply(index("100000", BEGINS_NS - 1))
    state.apply(quote("100000", BEGINS_NS - 1))
    then = state.freeze(BEGINS_NS - 1)

    def report(rulebooks: dict[str, Rulebook]) -> MarginReport:
        rulebook = rulebooks_at(rulebooks, then.time_ns)["perp"]
        found = require(held, INSTRUMENTS, then, rulebook)
        assert not isinstance(found, Failure)
        return found

    alone, later = report({OLD.name: OLD}), report(BOTH)
    assert msgspec.json.encode(alone) == msgspec.json.encode(later)
    assert alone.rulebook == OLD.name


def test_a_world_is_refused_where_a_venue_has_no_rulebook() -> None:
    with pytest.raises(DeskRejected, match="account perp names unknown rulebook perrp"):
        opened(named("perrp"), BOTH)
    early = opened(named("perp"), {NEW.name: NEW})
    with pytest.raises(DeskRejected, match="perp: no rulebook of perp holds at"):
        settle(early, BEGINS_NS - 1)
    twice = opened(named("perp"), {**BOTH, "perp/again": msgspec.structs.replace(NEW, name="x")})
    settle(twice, BEGINS_NS - 1)
    with pytest.raises(DeskRejected, match="perp has 2 rulebooks of"):
        settle(twice, BEGINS_NS)


def test_every_rulebook_an_account_may_come_to_is_known_before_a_run() -> None:
    scan = msgspec.structs.replace(SCAN, name="options/1", as_of="2025-01-01", venue="options")
    later = msgspec.structs.replace(scan, name="options/2", as_of="2027-01-01")
    held = account("options", "options", "BTC", {"BTC": "1"})
    world = opened(held, {each.name: each for each in (scan, later, OLD)})
    assert [each.name for each in world.rulebooks.candidates("options")] == [
        "options/1",
        "options/2",
    ]
    assert world.rulebooks.candidates("options/2") == [later]
