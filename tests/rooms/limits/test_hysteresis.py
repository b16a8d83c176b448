"""Up at once, down from 5 % inside and after the dwell; told once; expired and unknown apart."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.limits import CLEAR_FRAC, Held, LimitState, held, told_anew
from hedgerow.limits.hysteresis import level_held
from hedgerow.limits.judge import rung_at
from hedgerow.limits.seen import Rung
from hedgerow.units import MINUTE_NS
from tests.builders import T0_NS
from tests.rooms.limits.worlds import desk, limit, perp

LADDER: tuple[Rung, ...] = ("calm", "watch", "soft", "hard")


def state(
    number: float | None, *, rung: Rung | None = None, dwell_ns: int = 0, metric: str = "use"
) -> LimitState:
    """A ceiling of 0.5 and 0.8 on use, or a floor of 0.15 and 0.08 on distance."""
    is_use = metric == "use"
    soft, hard = (0.5, 0.8) if is_use else (0.15, 0.08)
    side = "ceiling" if is_use else "floor"
    if rung is None:
        assert number is not None
        rung = rung_at(side, soft, hard, number)  # type: ignore[arg-type]
    return LimitState(
        node="desk/v/a",
        metric="margin_use_frac" if is_use else "distance_spot_frac",
        value_frac_usd_or_coin=number,
        soft_frac_usd_or_coin=soft,
        hard_frac_usd_or_coin=hard,
        rung=rung,
        message="",
        dwell_ns=dwell_ns,
    )


def walk(states: Sequence[LimitState], step_ns: int = MINUTE_NS) -> list[Held]:
    found: list[Held] = []
    for at, each in enumerate(states):
        found.append(held(found[-1] if found else None, each, T0_NS + at * step_ns))
    return found


def rungs(*numbers: float | None, metric: str = "use") -> list[Rung]:
    states = [state(n, rung="unknown" if n is None else None, metric=metric) for n in numbers]
    return [each.rung for each in walk(states)]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0.49, 0.5, 0.49, 0.476, 0.475, 0.4749), "watch soft soft soft soft watch"),
        ((0.8, 0.77, 0.76, 0.759), "hard hard hard soft"),
        ((0.9, 0.1), "hard calm"),
        ((0.1, 0.9), "calm hard"),
        # Out of its band in one step, into that of a milder bound: there it stays.
        ((0.9, 0.48), "hard soft"),
        ((0.5, None, 0.49, 0.4), "soft unknown soft watch"),
    ],
)
def test_use_is_let_down_from_five_per_cent_inside(
    numbers: tuple[float | None, ...], told: str
) -> None:
    assert rungs(*numbers) == told.split()


def test_a_distance_is_let_down_from_five_per_cent_further() -> None:
    assert rungs(0.08, 0.083, 0.0841, 0.157, 0.1576, metric="distance") == [
        "hard", "hard", "soft", "soft", "watch",
    ]  # fmt: skip


def test_a_rung_stands_for_its_dwell_and_rises_in_it() -> None:
    states = [state(n, dwell_ns=3 * MINUTE_NS) for n in (0.6, 0.1, 0.1, 0.1, 0.1)]
    assert [each.rung for each in walk(states)] == ["soft", "soft", "soft", "calm", "calm"]
    states = [state(n, dwell_ns=3 * MINUTE_NS) for n in (0.6, 0.9, 0.1, 0.1, 0.1)]
    assert [each.rung for each in walk(states)] == ["soft", "hard", "hard", "hard", "calm"]


def test_no_number_is_hard_where_there_is_no_equity_and_expired_is_shown() -> None:
    assert [e.rung for e in walk([state(None, rung="hard"), state(0.77)])] == ["hard", "hard"]
    (unknown,) = walk([state(None, rung="unknown")])
    assert (unknown.rung, unknown.level_index) == ("unknown", 0)
    expired = msgspec.structs.replace(state(0.1), rung="expired")
    (now,) = walk([expired])
    assert (now.rung, now.level_index) == ("expired", 0)


@given(st.floats(0.0, 2.0), st.lists(st.floats(CLEAR_FRAC * 0.01, CLEAR_FRAC * 0.99), max_size=20))
def test_inside_the_band_nothing_flaps(first: float, insides: list[float]) -> None:
    """Wherever it came from, a number that stays in the band of `hard` changes no rung twice."""
    numbers = [first, *(0.8 * (1 - inside) for inside in insides)]
    shown = rungs(*numbers)[1:]
    assert len(set(shown)) <= 1


@given(st.lists(st.floats(0.0, 2.0), min_size=2, max_size=30), st.integers(0, 5))
def test_a_rung_never_lies_below_what_is_measured(numbers: list[float], dwell: int) -> None:
    states = [state(n, dwell_ns=dwell * MINUTE_NS) for n in numbers]
    for shown, each in zip(walk(states), states, strict=True):
        assert LADDER.index(shown.rung) >= LADDER.index(each.rung)


@given(
    st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 10), st.integers(0, 10)
)
def test_more_breach_never_lowers_a_rung(
    before: int, passed: int, more: int, waited: int, dwell: int
) -> None:
    def level(at: int) -> int:
        return level_held(before, 0, at, at, waited, dwell)

    assert level(min(4, passed + more)) >= level(passed)


@given(st.lists(st.one_of(st.none(), st.floats(0.0, 2.0)), max_size=20), st.integers(0, 3))
def test_the_same_looks_give_the_same_rungs_whoever_remembers(
    numbers: list[float | None], dwell: int
) -> None:
    """What is held goes through JSON between looks, as in a file."""
    states = [
        state(n, rung="unknown" if n is None else None, dwell_ns=dwell * MINUTE_NS) for n in numbers
    ]
    kept: list[Held] = []
    for at, each in enumerate(states):
        last = msgspec.json.decode(msgspec.json.encode(kept[-1]), type=Held) if kept else None
        kept.append(held(last, each, T0_NS + at * MINUTE_NS))
    assert kept == walk(states)


def test_an_alert_is_told_once_and_again_when_its_rung_changes() -> None:
    before: dict[object, Held] = {}
    told = []
    for at, number in enumerate((0.6, 0.6, 0.9, 0.79, 0.1, 0.6)):
        stands, anew = told_anew(before, [state(number)], T0_NS + at, "ab12")  # type: ignore[arg-type]
        before = {each.key: each for each in stands}
        told.append([each.state.rung for each in anew])
        assert all(each.inputs_hash == "ab12" for each in anew)
    # Falling from hard to calm is no breach and tells nothing.
    assert told == [["soft"], [], ["hard"], [], [], ["soft"]]


def test_an_expired_limit_is_a_breach_until_renewed_and_never_hides_a_worse_one() -> None:
    def rung(expires_ns: int, hard: float, scope: str = "desk/*/*") -> list[tuple[str, Rung]]:
        one = limit("margin_use_frac", hard / 2, hard, scope, expires_ns=expires_ns, owner="Ada")
        return [(each.node, each.rung) for each in desk(perp(), limits=[one]).limits]

    # The use is 6 %.
    node = "desk/binance/perp"
    assert rung(T0_NS + 1, 0.5) == [(node, "calm")]
    assert rung(T0_NS, 0.5) == [(node, "expired")]
    assert rung(T0_NS, 0.06) == [(node, "hard")]
    assert rung(T0_NS, 0.11) == [(node, "expired")]
    # A limit that covers nothing is silent, unless it has expired.
    assert rung(T0_NS + 1, 0.5, "desk/x/*") == []
    assert rung(T0_NS, 0.5, "desk/x/*") == [("desk/x/*", "expired")]


def test_two_limits_with_one_hard_bound_are_remembered_apart() -> None:
    """Held beyond soft by the one, and on watch by the other, whichever comes last."""
    ada = msgspec.structs.replace(state(0.5), owner="Ada")
    ben = msgspec.structs.replace(state(0.5), owner="Ben", soft_frac_usd_or_coin=0.7)
    stands, _ = told_anew({}, [ada, ben], 0)
    assert [each.rung for each in stands] == ["soft", "watch"]
    later = [msgspec.structs.replace(each, value_frac_usd_or_coin=0.49) for each in (ada, ben)]
    again, told = told_anew({each.key: each for each in stands}, later, 1)
    assert [each.rung for each in again] == ["soft", "watch"]
    assert told == ()


def test_an_account_that_breaks_nowhere_is_as_far_inside_as_can_be() -> None:
    """A bound of 68 % was broken; then nothing breaks as far as 70 %, where the search ends."""
    far = limit("distance_spot_frac", 0.69, 0.68, "desk/binance/perp")
    near = desk(perp(1, 30_000), limits=[far]).limits
    stands, _ = told_anew({}, near, 0)
    assert [each.rung for each in stands] == ["hard"]
    then, _ = told_anew({each.key: each for each in stands}, desk(perp(0), limits=[far]).limits, 1)
    assert [each.rung for each in then] == ["watch"]
