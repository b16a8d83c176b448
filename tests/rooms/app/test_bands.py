"""``hedgerow hedge bands``, and the keys of `[[hedges]]` that choose a band."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hedgerow.hedging import BAND_KINDS, whalley_wilmott_halfwidth_coin
from tests.rooms.app.made import Answer, hedgerow_here, morning

RISK = "risk_aversion_per_usd = 1e-6"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], *more: str, verb: str = "bands") -> Answer:
    return hedgerow_here("hedge", verb, *words, *more, cwd=Path(words[0]).parent)


def changed(folder: Path, new: str, *more: str, verb: str = "bands") -> Answer:
    return ask(morning(folder, (RISK, new)), *more, verb=verb)


def test_every_policy_with_what_it_was_made_of(words: list[str]) -> None:
    answer = ask(words, "--json")
    assert answer.code == 0
    told: dict[str, Any] = answer.json()["BTC"]
    assert list(told["bands"]) == sorted(BAND_KINDS)
    given = told["inputs"]
    edges = told["bands"]["whalley-wilmott"]
    wide = max(abs(given["gamma_coin_per_usd"]), given["gamma_floor_coin_per_usd"])
    width = whalley_wilmott_halfwidth_coin(
        cost_frac=given["cost_frac"], price_usd=given["price_usd"], gamma_coin_per_usd=wide,
        risk_aversion_per_usd=1e-6,
    )  # fmt: skip
    assert edges["high_coin"] == pytest.approx(max(width, 0.1), rel=1e-9)
    assert edges["rebalance"] == "edge"
    assert edges["delta_regime"] == given["delta_regime"] == "sticky_strike"
    assert told["used"] is None
    # The plain one knows net gamma alone.
    plain = width * (abs(given["gamma_coin_per_usd"]) / wide) ** (2 / 3)
    assert told["plain_halfwidth_coin"] == pytest.approx(plain, rel=1e-9)
    assert given["notional_usd"] == pytest.approx(10 * given["price_usd"])


def test_a_budget_in_place_of_a_risk_aversion(words: list[str]) -> None:
    told = ask(words, "--budget", "0.5", "--gas", "2", "--json").json()["BTC"]
    for kind, each in told["bands"].items():
        if kind == "fixed":
            continue
        cost = 1e4 * each["cost_usd_per_day"] / told["inputs"]["notional_usd"]
        assert cost <= 0.5 * (1 + 1e-9), kind
        assert each["risk_aversion_per_usd"] != 1e-6
    shown = ask(words, "--budget", "0.5", "--gas", "2").out
    for part in ("Budget: 0.5 bp of the notional a day.", "combined-cost", "sticky strike"):
        assert part in " ".join(shown.split())


def test_a_shortfall_in_place_of_a_risk_aversion(words: list[str]) -> None:
    told = ask(words, "--shortfall", "2000", "--json").json()["BTC"]
    each = told["bands"]["whalley-wilmott"]
    total = each["cost_usd_per_day"] + 2.3378027922014 * each["deviation_usd_per_day"]
    assert total == pytest.approx(2000, rel=1e-6)


def test_what_cannot_be_kept_is_unknown_and_says_why(words: list[str]) -> None:
    told = ask(words, "--shortfall", "0.01", "--json").json()["BTC"]
    assert "no band brings the shortfall below" in told["bands"]["whalley-wilmott"]["message"]
    shown = " ".join(ask(words, "--shortfall", "0.01").out.split())
    assert "unknown" in shown


def test_one_coin_is_drawn(words: list[str], tmp_path: Path) -> None:
    place = tmp_path / "bands.svg"
    answer = ask(words, "--coin", "BTC", "--plot", str(place))
    assert answer.code == 0
    drawn = place.read_text()
    ElementTree.fromstring(drawn)
    assert all(kind in drawn for kind in BAND_KINDS)
    assert "delta, nothing traded" in drawn


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--coin", "DOGE"), "no [[hedges]] for DOGE; it hedges BTC"),
        (("--budget", "1", "--shortfall", "5"), "--budget and --shortfall: choose one"),
        (("--interval", "soon"), "--interval soon: write a duration"),
        (("--interval", "0s"), "--interval 0s: must be above 0"),
        (("--budget", "-1"), "--budget"),
        (("--plot", "bands.png"), "a drawing is SVG"),
    ],
)
def test_refused(words: list[str], more: tuple[str, ...], message: str) -> None:
    answer = ask(words, *more)
    assert answer.code == 2
    assert message in answer.err


def test_a_desk_may_name_a_band_and_a_budget(tmp_path: Path) -> None:
    answer = changed(tmp_path, 'band = "combined-cost"\nbudget_bps_per_day = 2\nfixed_cost_usd = 1')
    assert answer.code == 0
    assert "combined-cost *" in answer.out


@pytest.mark.slow
def test_an_agent_acts_by_a_named_band(tmp_path: Path) -> None:
    """By tickets its hedges end at the target, to a lot; the plain band leaves the edge."""
    new = 'band = "fixed-cost"\nfixed_cost_usd = 5\nbudget_shortfall_usd = 3000'
    words = morning(tmp_path, (RISK, new))
    place = tmp_path / "out"
    answer = hedgerow_here(
        "run", *words, "--out", str(place), "--no-compare", "--json", cwd=tmp_path
    )
    assert answer.code in (0, 1), answer.err
    assert (place / "journal.db").exists()
    assert '"no band' not in answer.out


@pytest.mark.parametrize(
    "new",
    [
        'band = "leland"\ninterval = "1h"',
        'band = "zakamouline"\nbudget_bps_per_day = 1',
        'band = "fixed"',
        "budget_shortfall_usd = 3000",
    ],
)
def test_the_plan_hedges_by_it(tmp_path: Path, new: str) -> None:
    (leg,) = changed(tmp_path, new, "--json", verb="plan").json()["legs"]
    assert leg["instrument_id"] == "BTCUSDT-PERP"


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("", "hedges.[0].risk_aversion_per_usd: missing; it needs that, budget_bps_per_day or"),
        (f"{RISK}\nbudget_bps_per_day = 1", "hedges.[0].budget_bps_per_day: choose it or risk"),
        ('band = "square"', "hedges.[0].band: must be 'fixed', 'whalley-wilmott'"),
        (f'band = "fixed"\n{RISK}', "fixed follows from band_min_coin here; leave it out"),
        (f'interval = "1h"\n{RISK}', "only the band 'leland' hedges at times, was none named"),
        (f'band = "fixed-cost"\n{RISK}', "hedges.[0].fixed_cost_usd: must be above 0"),
        (f"fixed_cost_usd = 1\n{RISK}", "has no place for it; write band"),
        ('band = "leland"', "risk_aversion_per_usd: missing"),
        ("budget_bps_per_day = 0", "hedges.[0].budget_bps_per_day: must be above 0, was 0"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, new: str, message: str) -> None:
    answer = changed(tmp_path, new)
    assert answer.code == 2
    assert message in answer.err


def test_a_coin_without_a_vol_needs_one(tmp_path: Path) -> None:
    """The plain band asks for none; a named one does, before anything runs."""
    words = morning(tmp_path, (RISK, 'band = "fixed"'))
    desk = Path(words[0])
    desk.write_text(desk.read_text().replace('"BTC"', '"XYZ"'))
    assert "hedges.[0].band: needs a vol of XYZ; write one under [vols]" in ask(words).err


def test_a_soft_limit_that_narrows_the_band_is_told_by_both(tmp_path: Path) -> None:
    """A thousand dollars of delta, at 95 % of it, are less than any band of the desk."""
    words = morning(tmp_path, ("soft = 50000\nhard = 500000", "soft = 1000\nhard = 500000"))
    told: dict[str, Any] = ask(words, "--json").json()["BTC"]
    bound = 0.95 * 1000 / told["inputs"]["price_usd"]
    wide = told["plain_halfwidth_coin"]
    assert wide > bound
    found = told["narrowing"]
    assert (found["node"], found["metric"]) == ("coin/BTC", "delta_spot_usd")
    assert found["soft_usd_or_coin"] == 1000
    assert (found["low_coin"], found["high_coin"]) == pytest.approx((-bound, bound))
    assert (found["from_low_coin"], found["from_high_coin"]) == pytest.approx((-wide, wide))
    shown = " ".join(ask(words).out.split())
    assert f"by its costs it would hedge outside of {wide:.4f} coins either way" in shown
    said = (
        "The soft limit of 1,000 USD on coin/BTC delta narrows the band that BTC is hedged by to "
        f"-{bound:.4f} … {bound:.4f} coins, 95 % of it, from -{wide:.4f} … {wide:.4f} coins by its "
        "costs."
    )
    assert said in shown
    assert said in " ".join(ask(words, verb="plan").out.split())
    assert json.loads(ask(words, "--json", verb="plan").out)["narrowings"] == {"BTC": found}
    # A band that is named is narrowed alike.
    desk = Path(words[0])
    text = desk.read_text(encoding="utf-8")
    desk.write_text(text.replace(RISK, 'band = "zakamouline"\n' + RISK), encoding="utf-8")
    told = ask(words, "--json").json()["BTC"]
    row = told["bands"]["zakamouline"]
    found = told["narrowing"]
    assert (found["from_low_coin"], found["from_high_coin"]) == (row["low_coin"], row["high_coin"])
    assert (found["low_coin"], found["high_coin"]) == pytest.approx((-bound, bound))


def test_a_limit_wider_than_the_band_narrows_nothing(tmp_path: Path) -> None:
    words = morning(tmp_path, ("soft = 50000\nhard = 500000", "soft = 400000\nhard = 500000"))
    assert ask(words, "--json").json()["BTC"]["narrowing"] is None
    shown = " ".join(ask(words).out.split())
    assert "it hedges outside of" in shown
    assert "narrows" not in shown
    assert json.loads(ask(words, "--json", verb="plan").out)["narrowings"] == {}
