"""``hedgerow price option`` says what the sheet says, in raw and in traders' units."""

import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hedgerow.reporting.number_words import unit_words
from tests.golden.read import numbers
from tests.rooms.app.made import hedgerow
from tests.rooms.app.price import OPTION, SHEET, SVG, ask, told
from tests.rooms.pricing.forty_digits import NAMES, forty_digits


def words_of(row: dict[str, Any]) -> tuple[str, ...]:
    """The flags of a row of the sheet, which are of options on spot."""
    return (
        "--right", "call" if float(row["cp"]) > 0 else "put", "--underlying", row["S"],
        "--strike", row["K"], "--years", row["T"], "--vol", row["sigma"], "--rate", row["r"],
        "--carry", row["b"],
    )  # fmt: skip


def test_every_greek_is_that_of_the_sheet(tmp_path: Path) -> None:
    for row in numbers("black_scholes_high_precision")[:6]:
        got = told("option", *words_of(row), at=tmp_path)
        raw = {name.partition("_")[0]: value for name, value in got["raw"].items()}
        terms = (float(row[name]) for name in ("S", "K", "sigma", "T", "r", "b", "cp"))
        forty = forty_digits(*terms, follows=True)
        assert set(raw) == set(NAMES)
        for name, expect in row["expect"].items():
            size = float(forty[name][1])
            assert raw[name] == pytest.approx(float(expect), rel=0, abs=1e-13 * size), name
        assert raw["rho"] == pytest.approx(float(forty["rho"][0]), rel=1e-12)


@pytest.mark.parametrize("row", numbers("black_scholes_published"), ids=lambda row: row["quantity"])
def test_printed_tables_come_out_of_the_command_line(row: dict[str, Any], tmp_path: Path) -> None:
    got = told("option", *words_of(row), at=tmp_path)["raw"]
    (value,) = [v for name, v in got.items() if name.startswith(f"{row['quantity']}_")]
    assert value == pytest.approx(float(row["expect"]), abs=float(row["tol"]))


def test_traders_read_scaled_copies(tmp_path: Path) -> None:
    """Methods sheet, conventions: /100 per vol point, /365 per day, S/100 per 1 %, S² dollars."""
    got = told(*OPTION, "--rate", "5%", "--carry", "2%", at=tmp_path)
    # The sheet's own digits for this option.
    sheet = {
        "delta_usd_per_pct": 0.45101281643741 * 600,
        "gamma_coin_per_pct": 2.2583441764964e-5 * 600,
        "gamma_usd_per_pct": 2.2583441764964e-5 * 600 * 60_000,
        "gamma_dollar_usd": 2.2583441764964e-5 * 60_000**2,
        "vega_usd_per_volpt": 105.69050746003,
        "theta_usd_per_day": -17463.409377243 / 365,
        "vanna_coin_per_volpt": 0.24659598230448 / 100,
        "volga_usd_per_volpt2": 769.21347170621 / 1e4,
        "charm_coin_per_day": -0.41428821686962 / 365,
        "speed_coin_per_pct2": -2.2586690006187e-10 * 600**2,
        "zomma_coin_per_pct_volpt": -3.3100138032196e-5 * 600 / 100,
        "color_coin_per_pct_day": 5.4284599000043e-5 * 600 / 365,
        "veta_usd_per_volpt_day": -27440.061397996 / 36_500,
        "ultima_usd_per_volpt3": -5608.0429645756 / 1e6,
    }
    raw = got["raw"]
    sheet["rho_usd_per_bps"] = raw["rho_usd_per_rate"] / 1e4
    sheet["value_underlying_frac"] = raw["value_usd"] / 60_000
    assert got["scaled"] == pytest.approx(sheet, rel=1e-12)
    assert got["coin"] is got["coin_scaled"] is None
    assert got["option"]["underlying_is"] == "spot"


def test_an_option_paid_in_coin_has_two_deltas(tmp_path: Path) -> None:
    want = {name: float(x) for name, x in numbers("inverse_option").items() if name != "kind"}
    got = told(*OPTION, "--coin-settled", at=tmp_path)
    coin = got["coin"]
    assert coin["delta_venue_frac"] == pytest.approx(want["delta"], rel=1e-13)
    assert coin["delta_adjusted_coin"] == pytest.approx(want["delta_premium_adjusted"], rel=1e-13)
    assert coin["value_coin"] == pytest.approx(want["value_coin"], rel=1e-13)
    assert coin["slope_coin_per_usd"] == pytest.approx(want["dv_dF"], rel=1e-13)
    assert coin["gamma_coin_per_usd2"] == pytest.approx(want["d2v_dF2"], rel=1e-12)
    assert coin["vega_coin_per_vol"] == pytest.approx(want["vega_coin"], rel=1e-13)
    assert len(coin) == 16
    scaled = got["coin_scaled"]
    assert scaled["theta_coin_per_day"] == pytest.approx(want["theta_coin_per_day"], rel=1e-13)
    assert got["raw"]["value_usd"] == pytest.approx(want["value_quote"], rel=1e-13)
    answer = ask(*OPTION, "--coin-settled", at=tmp_path)
    assert "delta of the venue's screen" in answer.out
    assert "premium-adjusted delta" in answer.out


def test_what_a_venue_shows_is_not_discounted(tmp_path: Path) -> None:
    plain = told(*OPTION, "--coin-settled", at=tmp_path)["coin"]
    with_rate = told(*OPTION, "--coin-settled", "--rate", "10%", at=tmp_path)["coin"]
    assert with_rate["delta_venue_frac"] == pytest.approx(plain["delta_venue_frac"], rel=1e-14)
    assert with_rate["value_coin"] == pytest.approx(plain["value_coin"] * math.exp(-0.02))


def test_a_table_has_raw_and_scaled_numbers_with_their_units(tmp_path: Path) -> None:
    answer = ask(*OPTION, at=tmp_path)
    assert answer.code == 0
    assert "call 65,000 on forward 60,000, 73 days, vol 65 %" in answer.out
    (vega,) = [line for line in answer.out.splitlines() if line.startswith("vega ")]
    read = "vega 10,614.65571 USD per 1.00 vol 106.1465571 USD per vol point"
    assert " ".join(vega.split()) == read
    for name in NAMES:
        assert any(line.startswith(f"{name} ") for line in answer.out.splitlines()), name


def test_a_fraction_with_a_percent_sign_is_the_same_fraction(tmp_path: Path) -> None:
    same = told("option", "--right", "call", *SHEET, "--vol", "0.65", at=tmp_path)
    assert same == told(*OPTION, at=tmp_path)


def test_an_expiry_is_counted_to_its_second(tmp_path: Path) -> None:
    words = ("option", "--right", "put", "--underlying", "100", "--strike", "90", "--vol", "50%")
    dated = told(*words, "--expiry", "2026-03-27", "--at", "2026-01-13T08:00:00Z", at=tmp_path)
    assert dated["option"]["expiry_years"] == 0.2  # 73 days, and the day ends at 08:00 UTC
    timed = told(
        *words, "--expiry", "2026-03-27T12:00", "--at", "2026-03-27T08:00:00Z", at=tmp_path
    )
    assert timed["option"]["expiry_years"] == 4 / 8_760
    # Without --at it is counted from now, whenever this runs.
    soon = told(*words, "--expiry", "2090-01-01", at=tmp_path)["option"]["expiry_years"]
    assert soon == pytest.approx(
        (3_786_912_000 + 8 * 3_600 - tmp_path.stat().st_mtime) / 31_536_000, abs=1e-5
    )


@pytest.mark.parametrize(
    ("words", "said", "delta"),
    [
        (("--strike", "90", "--years", "0", "--vol", "50%"), "No time is left", 1.0),
        (("--strike", "110", "--years", "0.1", "--vol", "0"), "No vol is left", 0.0),
        (("--strike", "100", "--years", "0", "--vol", "50%"), "middle of its step", 0.5),
        (("--strike", "0", "--years", "0.1", "--vol", "50%"), "No strike", 1.0),
    ],
)
def test_limits_say_that_they_are_limits(
    words: tuple[str, ...], said: str, delta: float, tmp_path: Path
) -> None:
    given = ("option", "--right", "call", "--underlying", "100", *words)
    got = told(*given, at=tmp_path)
    assert got["is_limit"] is True
    assert any(said in remark for remark in got["remarks"])
    assert got["raw"]["delta_underlying_frac"] == delta
    assert got["raw"]["value_usd"] == max(100.0 - float(words[1]), 0.0)
    assert got["raw"]["gamma_coin_per_usd"] == 0.0
    answer = ask(*given, at=tmp_path)
    assert "limits" in answer.out
    assert "-0 " not in answer.out


@pytest.mark.parametrize(
    ("strike", "hours", "is_pinned"),
    # One hour's deviation of 60,000 at 65 % is 60,000 · 0.65 / √8760 = 416.69.
    [("60416", 3, True), ("60417", 3, False), ("60416", 25, False), ("60000", 0, True)],
)
def test_pin_risk_is_told(strike: str, hours: int, is_pinned: bool, tmp_path: Path) -> None:
    words = ("option", "--right", "call", "--underlying", "60000", "--vol", "65%")
    years = str(hours / 8_760)
    got = told(*words, "--strike", strike, "--years", years, at=tmp_path)
    assert got["is_pinned"] is is_pinned
    assert any("Pin risk" in remark for remark in got["remarks"]) is is_pinned


def test_a_plot_has_value_and_the_greek_asked_for(tmp_path: Path) -> None:
    answer = ask(*OPTION, "--plot", "a.svg", "--greek", "speed", at=tmp_path)
    assert answer.code == 0
    assert "plot a.svg written\n" in answer.out
    drawing = ElementTree.parse(tmp_path / "a.svg").getroot()
    texts = ["".join(each.itertext()) for each in drawing.iter(f"{SVG}text")]
    assert "Value USD" in texts
    assert any(text.startswith("Speed 10⁻⁹ coin per USD²") for text in texts)
    lines = list(drawing.iter(f"{SVG}polyline"))
    assert len(lines) == 3  # now, at expiry, speed
    assert all(len(line.attrib["points"].split()) == 241 for line in lines)
    # A call's value never falls, so the line never goes down the page.
    heights = [float(point.split(",")[1]) for point in lines[0].attrib["points"].split()]
    assert heights == sorted(heights, reverse=True)
    # Undiscounted it is never worth less than at expiry, and most above that at the strike.
    expired = [float(point.split(",")[1]) for point in lines[1].attrib["points"].split()]
    gaps = [then - now for now, then in zip(heights, expired, strict=True)]
    assert min(gaps) >= 0
    across = [float(point.split(",")[0]) for point in lines[0].attrib["points"].split()]
    strike = next(line for line in drawing.iter(f"{SVG}line") if line.attrib["class"] == "m")
    step = across[1] - across[0]
    assert across[gaps.index(max(gaps))] == pytest.approx(float(strike.attrib["x1"]), abs=step)
    again = ask(*OPTION, "--coin-settled", "--plot", "a.svg", "--json", at=tmp_path)
    assert "a.svg written, in place of an earlier one" in again.err
    json.loads(again.out)
    assert [each.name for each in tmp_path.iterdir()] == ["a.svg"]


@pytest.mark.slow
def test_the_program_itself_prices(tmp_path: Path) -> None:
    answer = hedgerow("price", *OPTION, "--json", cwd=tmp_path)
    assert answer.code == 0
    assert json.loads(answer.out)["raw"]["value_usd"] == pytest.approx(
        float(numbers("inverse_option")["value_quote"]), rel=1e-13
    )


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("value_usd", "USD"), ("delta_underlying_frac", "coin per coin"),
        ("ultima_usd_per_vol3", "USD per 1.00 vol three times"),
        ("loss_frac", "fraction"), ("theta_coin_per_day", "coin per day"),
    ],
)  # fmt: skip
def test_a_unit_is_read_off_a_name(name: str, unit: str) -> None:
    assert unit_words(name) == unit


def test_a_greek_that_is_none_is_named_with_all_that_are(tmp_path: Path) -> None:
    answer = ask(*OPTION, "--greek", "beta", at=tmp_path)
    assert answer.code == 2
    assert "--greek beta is none of " + ", ".join(NAMES[1:]) in answer.err
