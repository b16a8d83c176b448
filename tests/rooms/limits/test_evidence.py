"""The same inputs give the same hash, and any other input another one."""

from collections.abc import Mapping

import msgspec
import pytest

from hedgerow.limits import FirstPassage, Given, Stress, inputs_hash
from hedgerow.margin import Rulebook
from tests.rooms.limits.worlds import RULES, desk, limit, perp

LIMIT = limit(
    "scenario_loss_usd",
    1,
    2,
    given=Given(
        stresses=(Stress(name="crash", spot_factor_frac=0.7),),
        chance=FirstPassage(vol_frac={"BTC": 0.6}),
    ),
)


def hashed(
    state: object = None, one: object = LIMIT, rules: Mapping[str, Rulebook] | None = None
) -> str:
    seen = desk() if state is None else state
    return inputs_hash(seen.book, seen.snapshot, [one], rules or RULES)  # type: ignore[attr-defined, list-item]


def test_it_is_the_same_twice_and_after_the_market_was_asked() -> None:
    state = desk()
    first = hashed(state)
    assert state.snapshot.spot_usd("BTC") == 60_000
    assert hashed(state) == first == hashed()
    assert len(first) == 64


@pytest.mark.parametrize(
    "other",
    [
        desk(spot="60000.1"),
        desk(perp("1.001")),
        desk(perp(balance="10000.01")),
        desk(time_ns=desk().snapshot.time_ns + 1),
    ],
)
def test_any_digit_of_book_or_market_is_another(other: object) -> None:
    assert hashed(other) != hashed()


def test_so_is_a_bound_a_shock_a_vol_and_a_figure_of_a_rulebook() -> None:
    replace = msgspec.structs.replace
    others = [
        replace(LIMIT, hard_frac_usd_or_coin=2.5),
        replace(LIMIT, given=Given(stresses=(Stress(name="crash", spot_factor_frac=0.71),))),
        replace(LIMIT, given=replace(LIMIT.given, chance=FirstPassage(vol_frac={"BTC": 0.61}))),
    ]
    assert len({hashed(one=each) for each in (LIMIT, *others)}) == 4
    changed = {"rules": replace(RULES["rules"], source="elsewhere")}
    assert hashed(rules=changed) != hashed()
    unused = {**RULES, "other": changed["rules"]}
    assert hashed(rules=unused) == hashed(), "only rulebooks in use are inputs"


def test_what_is_no_data_cannot_be_hashed() -> None:
    one = msgspec.structs.replace(LIMIT, given=Given(chance=lambda *_: 0.5))
    with pytest.raises(TypeError, match="state them as data"):
        hashed(one=one)
