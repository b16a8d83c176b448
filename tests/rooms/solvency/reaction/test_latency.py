"""Times of rescues: percentiles come back, regimes stay apart, draws repeat."""

from importlib.resources import files

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from hedgerow.errors import OutOfDomain, RulebookRejected
from hedgerow.solvency import REGIMES, Regime, decode_routes, stage_time_s, transit_s
from tests.rooms.solvency.reaction.route_book import PACKAGED, fixed, generator, packaged

CALM = Regime(volatility="calm", fee_quintile_index=1)
WILD = Regime(volatility="wild", fee_quintile_index=5)
TIMES = (2.0, 8.0, 32.0, 128.0, 1024.0)


def test_the_stated_percentiles_come_back() -> None:
    at = stage_time_s(TIMES, np.array([0.0, 0.5, 0.9, 0.99, 0.999]), tail_power=0.5)
    assert at == pytest.approx(TIMES, rel=1e-12)


def test_between_percentiles_the_logarithm_is_straight() -> None:
    # Half of the way from 0 to a half: 2 to 8 meets at 4. 1 - √0.001 · √0.01 … is half of the way
    # in the logarithm of the probability beyond, so that 32 to 128 meets at 64.
    at = stage_time_s(TIMES, np.array([0.25, 1.0 - (0.1 * 0.01) ** 0.5]), tail_power=0.5)
    assert at == pytest.approx([4.0, 64.0], rel=1e-12)


@pytest.mark.parametrize(("power", "factor"), [(0.0, 1.0), (0.5, 10**0.5), (0.9, 10**0.9)])
def test_beyond_the_last_percentile_the_tail_is_the_stated_one(power: float, factor: float) -> None:
    (at,) = stage_time_s(TIMES, np.array([0.9999]), tail_power=power)
    assert at == pytest.approx(1024.0 * factor, rel=1e-9)


@given(
    steps=st.lists(st.floats(1.0, 10.0), min_size=4, max_size=4),
    u=st.lists(st.floats(0.0, 0.999999), min_size=2, max_size=10),
    power=st.floats(0.0, 0.99),
)
def test_later_probabilities_are_never_sooner(
    steps: list[float], u: list[float], power: float
) -> None:
    a = 0.1
    b, c, d, e = a * np.cumprod(steps)
    at = stage_time_s((a, b, c, d, e), np.sort(u), tail_power=power)
    assert (np.diff(at) >= -1e-9 * at[1:]).all()


@pytest.mark.parametrize("u", [-0.01, 1.0, float("nan")])
def test_a_probability_outside_is_refused(u: float) -> None:
    with pytest.raises(OutOfDomain, match="probabilities"):
        stage_time_s(TIMES, np.array([u]), tail_power=0.5)


def test_every_route_answers_in_every_regime() -> None:
    book = packaged()
    assert f"{book.name}.toml" == f"routes/{PACKAGED}"
    for route in book.routes:
        for regime in REGIMES:
            times = transit_s(book, route, regime, count=200, rng=generator(1))
            fastest = sum(stage.times_in(regime)[0] for stage in route.stages)
            assert (times >= fastest * (1.0 - 1e-12)).all()


def test_what_a_protocol_fixes_is_in_the_file() -> None:
    # 12 s slots, 32 to an epoch, two epochs to finality; seven days of challenge: methods sheet 28.
    book = packaged()
    final = {
        route.name: stage
        for route in book.routes
        for stage in route.stages
        if stage.stage == "final"
    }
    assert final["ethereum-to-exchange"].times_in(CALM)[0] == 2 * 32 * 12 == 768
    assert final["optimistic-rollup-to-ethereum"].times_in(WILD)[0] == 7 * 86_400
    assert {stage.evidence for stage in final.values()} == {"fact"}


def test_a_single_stage_has_its_own_percentiles() -> None:
    book = packaged()
    route = book.route("ethereum-same-chain")
    (inclusion,) = [each for each in route.stages if each.stage == "inclusion"]
    alone = msgspec.structs.replace(route, stages=(inclusion,), fails_frac={"any": 0.0})
    times = transit_s(book, alone, WILD, count=200_000, rng=generator(3))
    for level, stated in zip((0.5, 0.9, 0.99), (14.0, 48.0, 180.0), strict=True):
        below = float(np.mean(times <= stated))
        assert below == pytest.approx(level, abs=4 * (level * (1 - level) / 200_000) ** 0.5)


def test_fixed_stages_add_up_and_fail_as_often_as_stated() -> None:
    route = fixed(1.0, 2.0, 3.5, fails_frac=0.3)
    times = transit_s(packaged(), route, CALM, count=50_000, rng=generator(5))
    failing = np.isinf(times)
    assert np.ptp(times[~failing]) < 1e-9
    assert times[~failing][0] == pytest.approx(6.5, rel=1e-12)
    assert failing.mean() == pytest.approx(0.3, abs=4 * (0.21 / 50_000) ** 0.5)


def test_stages_of_one_rescue_are_late_together() -> None:
    book = packaged()
    route = book.route("ethereum-to-exchange")
    apart = msgspec.structs.replace(
        book, stages_correlation_frac=0.0, volatility_correlation_frac=0.0
    )
    route = msgspec.structs.replace(route, fails_frac={"any": 0.0})
    together = msgspec.structs.replace(book, stages_correlation_frac=1.0)
    spreads = [
        np.std(np.log(transit_s(each, route, CALM, count=20_000, rng=generator(9))))
        for each in (apart, together)
    ]
    assert spreads[1] > 1.05 * spreads[0]


def test_a_wild_market_makes_the_rescue_late_and_leaves_its_distribution() -> None:
    book = packaged()
    route = msgspec.structs.replace(book.route("ethereum-same-chain"), fails_frac={"any": 0.0})
    score = generator(11).standard_normal(40_000)
    times = transit_s(book, route, WILD, count=40_000, rng=generator(12), volatility_score=score)
    alone = transit_s(book, route, WILD, count=40_000, rng=generator(13))
    assert np.median(times[score > 1.0]) > 1.2 * np.median(times[score < -1.0])
    assert np.median(times) == pytest.approx(np.median(alone), rel=0.02)


@pytest.mark.parametrize("names", [("inclusion",), ("detect", "inclusion")])
def test_correlations_of_stages_are_the_stated_ones(names: tuple[str, ...]) -> None:
    """Of each stage with the market, however far stages are late together, and of two stages."""
    book = msgspec.structs.replace(
        packaged(), stages_correlation_frac=0.5, volatility_correlation_frac=0.6
    )
    route = msgspec.structs.replace(book.route("ethereum-same-chain"), fails_frac={"any": 0.0})
    count = 50_000
    market = generator(14).standard_normal(count)
    scores = [market]
    for name in names:
        (stage,) = [each for each in route.stages if each.stage == name]
        alone = msgspec.structs.replace(route, stages=(stage,))
        times = transit_s(
            book, alone, WILD, count=count, rng=generator(15), volatility_score=market
        )
        scores.append(ndtri((np.argsort(np.argsort(times)) + 0.5) / count))
    found = np.atleast_2d(np.corrcoef(scores))
    assert found[0, 1:] == pytest.approx(0.6, abs=0.012)  # four standard errors
    if len(names) == 2:
        assert found[1, 2] == pytest.approx(0.5, abs=0.014)


def test_what_is_late_with_the_market_is_late_together() -> None:
    with pytest.raises(ValueError, match=r"late together by 0\.81 at least"):
        msgspec.structs.replace(packaged(), volatility_correlation_frac=0.9)
    edge = {"volatility_correlation_frac": 0.1, "stages_correlation_frac": 0.01}
    assert msgspec.structs.replace(packaged(), **edge).stages_correlation_frac == 0.01


def test_the_same_seed_gives_the_same_bytes() -> None:
    book = packaged()
    one, two, other = (
        transit_s(book, book.routes[0], CALM, count=100, rng=generator(seed)) for seed in (1, 1, 2)
    )
    assert one.tobytes() == two.tobytes() != other.tobytes()


BAD = {
    "probabilities of": ("fails_frac = { any = 0.005 }", "fails_frac = { any = 1.5 }"),
    "spoken of 2 times": ("fails_frac = { any = 0.005 }", "fails_frac = { any = 0.1, fee1 = 0.1 }"),
    "spoken of 0 times": ("fails_frac = { any = 0.005 }", "fails_frac = { fee1 = 0.1 }"),
    "is no regime": ("fails_frac = { any = 0.005 }", "fails_frac = { any = 0.1, mild = 0.1 }"),
    "must not fall": ("[0.001, 0.005, 0.02, 0.1, 1]", "[0.001, 0.005, 0.02, 0.01, 1]"),
    "positive and finite": ("[0.001, 0.005, 0.02, 0.1, 1]", "[0.0, 0.005, 0.02, 0.1, 1]"),
    "tail_power": ("tail_power = 0.5 ", "tail_power = 1.0 "),
    "wild_from_frac": ("wild_from_frac = 1.2", "wild_from_frac = 0.2"),
    "unknown field": ("wild_from_frac = 1.2", "wild_from_frac = 1.2\nmild_from_frac = 0.1"),
    "in the order": ('stage = "credited"', 'stage = "detect"'),
    "names each once": ('name = "same-venue"', 'name = "ethereum-same-chain"'),
    "correlations": ("stages_correlation_frac = 0.5", "stages_correlation_frac = 1.5"),
}


@pytest.mark.parametrize("told", list(BAD))
def test_an_impossible_file_is_refused(told: str) -> None:
    text = (files("hedgerow.solvency") / "routes" / PACKAGED).read_text(encoding="utf-8")
    old, new = BAD[told]
    assert old in text
    said = "fails_frac must lie" if told == "probabilities of" else told
    with pytest.raises(RulebookRejected, match=said):
        decode_routes(text.replace(old, new, 1).encode(), where="routes.toml")


def test_a_route_that_is_not_there_is_named() -> None:
    with pytest.raises(OutOfDomain, match=r"no route pigeon in .*; there are: same-venue"):
        packaged().route("pigeon")


@pytest.mark.parametrize(
    ("vol", "said"), [(0.0, "calm"), (0.59, "calm"), (0.6, "busy"), (1.2, "wild"), (4.0, "wild")]
)
def test_a_volatility_belongs_to_one_regime(vol: float, said: str) -> None:
    assert packaged().volatility_of(vol) == said


@pytest.mark.parametrize("index", [0, 6])
def test_there_are_five_quintiles(index: int) -> None:
    with pytest.raises(OutOfDomain, match="quintile"):
        Regime(volatility="calm", fee_quintile_index=index)
