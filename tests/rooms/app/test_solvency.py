"""``hedgerow solvency frontier``: every account, every direction, and what is refused."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.special import ndtri

from hedgerow.app.frontiers import _troubles, direction_of
from hedgerow.app.portfolio_model import packaged_tails
from hedgerow.errors import RequestRejected
from hedgerow.reporting.frontiers import move_text
from hedgerow.solvency import Direction, Frontier, Stretch, StretchState, hit_frac
from tests.rooms.app.made import Answer, hedgerow_here, morning


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], *more: str) -> Answer:
    return hedgerow_here("solvency", "frontier", *words, *more, cwd=Path(words[0]).parent)


def test_every_account_is_searched_along_all_that_may_hurt_it(words: list[str]) -> None:
    told = ask(words, "--json").json()
    assert set(told) == {"desk/deribit/options", "desk/binance/perp"}
    for node, kinds in (
        ("desk/deribit/options", ["spot", "vol", "basis", "time"]),
        ("desk/binance/perp", ["spot", "mark", "basis", "peg", "funding"]),
    ):
        rows = told[node]["frontiers"]
        assert [row["direction"]["kind"] for row in rows] == kinds
        known = [row for row in rows if "frontier" in row]
        assert [row["direction"]["kind"] for row in rows if row not in known] in ([], ["funding"])
        for row in known:
            ends = [
                (each["move_low_frac_or_days"], each["move_high_frac_or_days"])
                for each in row["frontier"]["stretches"]
            ]
            assert all(high == low for (_, high), (low, _) in pairwise(ends))


def test_the_screen_names_prices_the_convention_and_the_account_that_binds(
    words: list[str],
) -> None:
    shown = ask(words, "--likeliest").out
    for part in (
        "spot of BTC",
        "mark of BTCUSDT-PERP",
        "Breaks below",
        "everything else is frozen",
        "The nearest breach is that of",
        "The likeliest breach lies",
    ):
        assert part in shown
    assert "The likeliest" not in ask(words).out


def test_a_frontier_is_that_of_the_requirement_in_the_shocked_market(words: list[str]) -> None:
    """A little before the root the account stands, a little beyond it is liquidatable."""
    along = ("--along", "spot:BTC", "--account", "perp", "--json")
    ((row,),) = (each["frontiers"] for each in ask(words, *along).json().values())
    (root,) = row["frontier"]["roots"]
    asked = []
    for part in (0.999, 1.001):
        shock = f"spot={100 * root['move_breached_frac_or_days'] * part}%"
        told = hedgerow_here(
            "margin", "stress", *words, "--shock", shock, "--json", cwd=Path(words[0]).parent
        ).json()
        report = told["accounts"]["desk/binance/perp"]["shocked"][shock]
        asked.append(float(report["equity_ccy"]) >= float(report["requirement_maintenance_ccy"]))
    assert asked == [True, False]


def test_the_plane_is_drawn_for_one_account(words: list[str], tmp_path: Path) -> None:
    target = tmp_path / "plane.svg"
    drawn = ask(words, "--account", "options", "--along", "vol", "--plot", str(target))
    assert drawn.code == 0
    text = "".join(ElementTree.parse(target).getroot().itertext())
    assert "where headroom is nothing" in text
    refused = ask(words, "--plot", str(target))
    assert refused.code == 2
    assert "--account" in refused.err


@pytest.mark.parametrize(
    ("along", "said"),
    [
        ("price", "no 'price' to go along"),
        ("spot", "names what moves"),
        ("vol:BTC", "moves all at once"),
        ("spot:DOGE", "no DOGE to move; there are"),
        ("mark:NOPE", "no NOPE to move; there are: BTCUSDT-PERP"),
        ("basis:USDT", "no USDT to move; there are: BTC"),
        ("spot:BTC=1000", "betas must leave prices that can be"),
        ("spot:BTC=much", "'much' is no beta of BTC"),
    ],
)
def test_a_direction_that_is_none_is_refused(words: list[str], along: str, said: str) -> None:
    answer = ask(words, "--along", along)
    assert answer.code == 2
    assert said in " ".join(answer.err.split())


def test_directions_are_read_with_their_betas() -> None:
    read = direction_of("spot:BTC, ETH=1.25")
    assert read == Direction(kind="spot", beta_frac={"BTC": 1.0, "ETH": 1.25})
    assert direction_of("time") == Direction(kind="time")
    with pytest.raises(RequestRejected):
        direction_of("spot:BTC=nan")


def test_moves_are_written_in_their_own_unit() -> None:
    assert move_text(Direction(kind="vol"), 0.5) == "+50.00 %"
    assert move_text(Direction(kind="time"), 12.34) == "12.3 d"


# --- probability ----------------------------------------------------------------------------------


def chance(words: list[str], *more: str) -> Answer:
    return hedgerow_here(
        "solvency", "probability", *words, "--paths", "2000", *more, cwd=Path(words[0]).parent
    )


@pytest.mark.slow
def test_a_probability_by_horizon_for_each_account_and_any_of_them(words: list[str]) -> None:
    told = chance(words, "--survival", "80%", "--json").json()
    assert set(told["accounts"]) == {"desk/deribit/options", "desk/binance/perp"}
    assert [round(365 * 24 * each, 6) for each in told["horizons_years"]] == [1, 8, 24, 168, 720]
    for account in told["accounts"].values():
        hits = account["hit_frac"]
        assert hits == sorted(hits)
        assert all(0.0 <= each <= 1.0 for each in hits)
        assert account["wanted"]["survival_frac"] == 0.8
        assert account["wanted"]["fresh_seed"] == 8
    most = [max(a["hit_frac"][n] for a in told["accounts"].values()) for n in range(5)]
    least = [sum(a["hit_frac"][n] for a in told["accounts"].values()) for n in range(5)]
    for n, either in enumerate(told["any_frac"]):
        assert most[n] * (1 - 1e-9) <= either <= least[n] * (1 + 1e-9)
    for n, upper in enumerate(told["any_upper_frac"]):
        assert told["any_frac"][n] <= upper * (1 + 1e-9)
    assert set(told["any_of"]) == set(told["accounts"])
    assert told["any_without"] == []
    assert told["least_frac"] == 3 / 2_000
    assert "loss_usd" in told["accounts"]["desk/binance/perp"]
    assert "loss_usd" not in told["accounts"]["desk/deribit/options"]


@pytest.mark.slow
def test_slippage_is_part_of_what_a_liquidation_costs(words: list[str]) -> None:
    """The same paths are liquidated, and each costs so much more of what is closed."""
    costs = []
    for slippage in ("0", "0.2%", "0.004"):
        told = chance(words, "--account", "perp", "--slippage", slippage, "--json").json()
        (account,) = told["accounts"].values()
        costs.append(account["loss_usd"][-1])
    free, some, twice = costs
    assert some > free > 0.0
    assert twice - free == pytest.approx(2.0 * (some - free), rel=1e-9)
    refused = chance(words, "--slippage", "-1%")
    assert refused.code == 2
    assert "--slippage" in refused.err


def test_a_lone_perpetual_lies_between_closed_forms(words: list[str]) -> None:
    """At least what its regimes give without a jump, at most that and a jump in the week."""
    along = ("--along", "spot:BTC", "--account", "perp", "--json")
    ((row,),) = (each["frontiers"] for each in ask(words, *along).json().values())
    (root,) = row["frontier"]["roots"]
    told = chance(words, "--account", "perp", "--vol", "BTC=90%", "--json").json()
    (account,) = told["accounts"].values()
    (week,) = account["hit_frac"][3:4]
    barrier = 1.0 + root["move_solvent_frac_or_days"]
    tails = packaged_tails()
    factors = np.exp(tails.vol_deviation_log * ndtri((np.arange(7) + 0.5) / 7))
    vols = tails.between_jumps_frac(0.9) * factors / np.sqrt(np.mean(factors**2))
    want = float(np.mean(hit_frac(1.0, barrier, 0.0, vols, 7 / 365)))
    error = account["hit_error_frac"][3]
    jumping = tails.jumps_count_per_year * 7 / 365
    assert want - 4.0 * error <= week <= want + jumping + 4.0 * error


@pytest.mark.slow
def test_more_vol_is_more_probable_and_the_seed_repeats(words: list[str]) -> None:
    calm, wild, again = (
        chance(words, "--account", "perp", "--vol", f"BTC={vol}%", "--json").out
        for vol in (40, 80, 80)
    )
    assert wild == again
    assert calm != wild


@pytest.mark.slow
def test_the_screen_of_probabilities_says_what_it_assumes(words: list[str]) -> None:
    shown = " ".join(chance(words, "--survival", "80%", "--vol", "BTC=55%").out.split())
    for part in (
        "Probability of a liquidation within",
        "any of them",
        "What liquidations cost on average",
        "to be alive after 1 d",
        "yearly vols of BTC 55 %",
        "an option that has expired counts as what it would pay",
        "2,000 paths of 720 steps, seed 7",
    ):
        assert part in shown


@pytest.mark.parametrize("vol", ["BTC", "BTC=", "=60%", "BTC=much", "BTC=-5%", "BTC=0", "BTC=0%"])
def test_a_vol_that_is_none_is_refused(words: list[str], vol: str) -> None:
    answer = chance(words, "--vol", vol)
    assert answer.code == 2
    assert "--vol" in answer.err


@pytest.mark.parametrize(
    ("along", "said"),
    [
        ("spot:BTC,BTC=2", "BTC is named twice"),
        ("funding:BTCUSDT-PERP", "say the rate an interval"),
        ("funding:BTCUSDT-PERP=fast", "'fast' is no rate of BTCUSDT-PERP"),
    ],
)
def test_what_would_be_misread_is_refused(words: list[str], along: str, said: str) -> None:
    answer = ask(words, "--along", along)
    assert answer.code == 2
    assert said in " ".join(answer.err.split())


def test_a_rate_told_is_the_rate_paid(words: list[str]) -> None:
    told = ask(words, "--account", "perp", "--along", "funding:BTCUSDT-PERP=0.05%", "--json").json()
    ((row,),) = (each["frontiers"] for each in told.values())
    assert row["direction"]["beta_frac"] == {"BTCUSDT-PERP": 0.0005}


def test_the_vol_of_a_coin_that_nothing_hangs_on_is_refused(words: list[str]) -> None:
    answer = chance(words, "--vol", "BTCC=60%")
    assert answer.code == 2
    assert "there are: BTC" in " ".join(answer.err.split())


@pytest.mark.slow
def test_collateral_that_too_few_paths_decide_is_unknown_and_says_how_many_would_do(
    words: list[str],
) -> None:
    """A hundred paths gone, of which 99.99 % are not to be, are of a million."""
    answer = chance(words, "--account", "perp", "--survival", "99.99%")
    assert answer.code == 1
    shown = " ".join(answer.out.split())
    assert "of 2,000 paths decide it, and 100 are needed" in shown
    assert "the collateral that perp wants is unknown" in answer.err


def test_what_was_asked_for_and_is_partly_unknown_ends_with_one() -> None:
    """An unknown stretch counts as a direction without an answer; one not asked for does not."""
    known, unknown = (
        Frontier(
            account_id="perp",
            rulebook="r",
            confidence="estimate",
            time_ns=0,
            currency="USDC",
            direction=Direction(kind="vol"),
            headroom_ccy=Decimal(1),
            roots=(),
            stretches=(
                Stretch(state="solvent", move_low_frac_or_days=-0.9, move_high_frac_or_days=1.0),
                Stretch(state=state, move_low_frac_or_days=1.0, move_high_frac_or_days=4.0),
            ),
            requirements_count=1,
        )
        for state in get_args(StretchState)
        if state != "breached"
    )
    for found, is_asked, told in (
        (known, True, []),
        (unknown, False, []),
        (unknown, True, ["the frontier of perp along vol is unknown"]),
    ):
        rows = {"desk/binance/perp": ((found.direction, found),)}
        assert _troubles(rows, is_asked=is_asked) == told
