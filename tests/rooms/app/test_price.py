"""``hedgerow price`` says what the sheet says, and refuses what cannot be meant by its flag."""

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest

from hedgerow.app.amounts import BOUNDS, read
from hedgerow.app.price import Greek
from hedgerow.pricing import GREEKS, EuropeanGreeks, ImpliedReason, QuoteGate
from hedgerow.reporting.number_words import unit_words
from hedgerow.reporting.vols import GATE_WORDS, REASON_WORDS
from tests.golden.read import numbers
from tests.rooms.app.made import Answer, hedgerow, hedgerow_here
from tests.rooms.pricing.forty_digits import NAMES, forty_digits

SHEET = ("--underlying", "60000", "--strike", "65000", "--years", "0.2")
OPTION = ("option", "--right", "call", *SHEET, "--vol", "65%")
SVG = "{http://www.w3.org/2000/svg}"


def ask(*words: str, at: Path) -> Answer:
    return hedgerow_here("price", *words, cwd=at)


def told(*words: str, at: Path) -> Any:
    answer = ask(*words, "--json", at=at)
    assert answer.code == 0, answer.err + answer.out
    assert answer.err == ""
    return json.loads(answer.out)


def words_of(row: dict[str, Any]) -> tuple[str, ...]:
    """The flags of a row of the sheet, which are of options on spot."""
    return (
        "--right", "call" if float(row["cp"]) > 0 else "put", "--underlying", row["S"],
        "--strike", row["K"], "--years", row["T"], "--vol", row["sigma"], "--rate", row["r"],
        "--carry", row["b"],
    )  # fmt: skip


# --- one option -----------------------------------------------------------------------------------


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


# --- what cannot be meant -------------------------------------------------------------------------

REFUSED = [
    ("--vol 65", "--vol: 65 is 6500 %, probably a percentage without its sign: write 65% for 0.65"),
    ("--vol 10.01", "--vol: 10.01 is 1001 %"),
    ("--vol 65%%", "--vol: write a number such as 0.65 or 65%"),
    ("--vol 0,65", "--vol: write a number such as 0.65 or 65%"),
    ("--vol -1%", "--vol: must be from 0% to 100000%, was -1%"),
    ("--vol nan", "--vol: must be finite, was nan"),
    ("--vol 1e999", "--vol: must be finite, was inf"),
    ("--vol 1_0", "--vol: write a number"),
    ("--vol ٣", "--vol: write a number"),
    ("--vol", "needs a value"),
    ("", "--vol is missing"),
    ("--vol 1 --rate 5", "--rate: 5 is 500 %"),
    ("--vol 1 --rate -5%% ", "--rate: write a number"),
    ("--vol 1 --carry 900000%", "--carry: must be from -1000% to 1000%, was 900000%"),
    ("--vol 1 --expiry 2026-03-27", "option lives, both were given"),
    ("--vol 1 --at 2026-03-27", "--at counts from there to --expiry"),
    ("--vol 1 --carry 1% --coin-settled", "--carry 0.01 with --coin-settled"),
    ("--vol 1 --plot no/a.svg", "--plot no/a.svg: there is no folder no"),
    ("--vol 1 --plot .", "--plot . is a folder"),
    ("--vol 1 --plot a.png", "--plot a.png: a drawing is SVG"),
    ("--vol 1 --greek beta", "--greek"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED, ids=[words for words, _ in REFUSED])
def test_a_mistake_names_its_flag(words: str, said: str, tmp_path: Path) -> None:
    given = ("option", "--right", "call", *SHEET, *words.split())
    answer = ask(*given, at=tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    answer = ask(*given, "--json", at=tmp_path)
    assert (answer.code, answer.err) == (2, "")
    assert said in json.loads(answer.out)["error"]["message"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--underlying", "0"), "--underlying: must be from 1e-12 to 1e+15, was 0"),
        (("--underlying", "5%"), "--underlying: a percent sign says nothing certain here"),
        (("--underlying", "60,000"), "no separator of thousands; was 60,000"),
        (("--underlying", "1e30"), "--underlying: must be from 1e-12 to 1e+15"),
        (("--underlying", "1"), "--years or --expiry: one of them says how long the option lives"),
        (("--underlying", "1", "--expiry", "noon"), "--expiry noon: write a time"),
        (("--underlying", "1", "--expiry", "2026-01-01", "--at", "x"), "--at x: write a time"),
        (
            ("--underlying", "1", "--expiry", "2026-01-01", "--at", "2026-02-01"),
            "--expiry 2026-01-01 is 2026-01-01T08:00:00Z, before 2026-02-01T00:00:00Z",
        ),
        (("--underlying", "1", "--years", "90", "--rate", "900%"), "--rate 9 over 90 years"),
        (("--underlying", "1", "--expiry", "2999-01-01"), "years away, at most 100"),
    ],
)
def test_the_rest_of_the_terms_is_checked(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    answer = ask("option", "--right", "put", "--strike", "1", "--vol", "1", *words, at=tmp_path)
    assert answer.code == 2
    assert said in answer.err


def test_a_large_vol_is_taken_with_its_sign(tmp_path: Path) -> None:
    got = told("option", "--right", "call", *SHEET, "--vol", "1500%", at=tmp_path)
    assert got["option"]["vol_frac"] == 15.0


@pytest.mark.parametrize("of", [of for of, bounds in BOUNDS.items() if bounds.is_fraction])
def test_a_bare_fraction_beyond_belief_is_refused_for_every_quantity(of: str) -> None:
    bounds = BOUNDS[of]
    assert bounds.bare_max is not None
    assert read(repr(bounds.bare_max), of) == bounds.bare_max
    if bounds.bare_max * 1.01 < bounds.high:
        with pytest.raises(ValueError, match="probably a percentage"):
            read(repr(bounds.bare_max * 1.01), of)
        assert read(f"{bounds.bare_max * 101}%", of) == pytest.approx(bounds.bare_max * 1.01)


# --- implied vols ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", numbers("implied_vol_regression"), ids=lambda case: case["cp"])
def test_the_published_vols_come_out(case: dict[str, str], tmp_path: Path) -> None:
    got = told(
        "implied", "--right", "call" if float(case["cp"]) > 0 else "put", "--price", case["price"],
        "--underlying", case["F"], "--strike", case["K"], "--years", case["T"],
        "--rate", case["r"], at=tmp_path,
    )  # fmt: skip
    assert got["vols"]["price"]["vol_frac"] == pytest.approx(float(case["expect"]), rel=1e-13)
    assert got["quote"] is None


@pytest.mark.parametrize("word", ["--in-coin", "--coin-settled"])
def test_a_premium_in_coin(word: str, tmp_path: Path) -> None:
    want = numbers("inverse_option")["value_coin"]
    answer = told("implied", "--right", "call", "--price", want, *SHEET, word, at=tmp_path)
    price = answer["vols"]["price"]
    assert price["vol_frac"] == pytest.approx(0.65, rel=1e-13)
    assert price["price_usd"] == pytest.approx(float(numbers("inverse_option")["value_quote"]))


def test_a_price_on_spot_is_carried_and_compounded(tmp_path: Path) -> None:
    for row in numbers("black_scholes_high_precision")[:8]:
        words = [word for word in words_of(row) if word not in ("--vol", row["sigma"])]
        got = told("implied", *words, "--price", row["expect"]["value"], at=tmp_path)
        vol = got["vols"]["price"]["vol_frac"]
        # A price rounded to a double knows its vol only so well.
        terms = (float(row[name]) for name in ("S", "K", "sigma", "T", "r", "b", "cp"))
        forty = forty_digits(*terms, follows=True)
        blur = 1e-13 * float(row["S"]) / float(forty["vega"][0])
        assert vol == pytest.approx(float(row["sigma"]), rel=1e-12, abs=blur)


def test_a_quote_has_its_width_its_tick_and_its_gate(tmp_path: Path) -> None:
    words = ("--bid", "0.0825", "--ask", "0.084", "--tick", "0.0005", "--in-coin")
    got = told("implied", "--right", "call", *SHEET, *words, at=tmp_path)
    assert list(got["vols"]) == ["ask", "bid", "mid"]
    quote = got["quote"]
    assert (quote["gate"], quote["message"]) == ("ok", "passes every gate")
    # width = (ask - bid) / vega: 0.0015 coin over the sheet's 0.1769109285 coin per 1.00 vol.
    assert quote["width_volpt"] == pytest.approx(100 * 0.0015 / 0.1769109285, rel=1e-3)
    assert quote["tick_volpt"] == pytest.approx(quote["width_volpt"] / 3, rel=1e-12)
    answer = ask("implied", "--right", "call", *SHEET, *words, at=tmp_path)
    assert "Spread 0.848 vol points, one tick 0.283 vol points. Gate: ok" in answer.out


@pytest.mark.parametrize(
    ("price", "right", "reason"),
    [
        ("60000", "call", "above_maximum"), ("65000", "put", "above_maximum"),
        ("4999", "put", "below_intrinsic"), ("5000", "put", "no_time_value"),
        ("0", "call", "no_time_value"),
    ],
)  # fmt: skip
def test_a_price_without_a_vol_says_why(
    price: str, right: str, reason: str, tmp_path: Path
) -> None:
    words = ("implied", "--right", right, *SHEET, "--price", price)
    answer = ask(*words, "--json", at=tmp_path)
    assert (answer.code, answer.err) == (1, "")
    got = json.loads(answer.out)["vols"]["price"]
    assert (got["vol_frac"], got["reason"]) == (None, reason)
    answer = ask(*words, at=tmp_path)
    assert answer.code == 1
    assert f"exit 1: no vol of the price: {got['message']}" in answer.err


def test_an_expired_price_says_nothing(tmp_path: Path) -> None:
    words = ("--underlying", "100", "--strike", "100", "--years", "0", "--price", "1")
    answer = ask("implied", "--right", "call", *words, "--json", at=tmp_path)
    assert json.loads(answer.out)["vols"]["price"]["reason"] == "expired"


def test_a_gate_that_fails_is_named(tmp_path: Path) -> None:
    words = ("--bid", "1000", "--ask", "9000", "--tick", "5")
    answer = told("implied", "--right", "call", *SHEET, *words, at=tmp_path)
    assert answer["quote"]["gate"] == "wide"  # both have a vol all the same


@pytest.mark.parametrize(
    ("bid", "offer", "gate"), [("5000", "4000", "crossed"), ("0", "5000", "no_bid"),
                             ("4000", "0", "no_ask")],
)  # fmt: skip
def test_a_quote_without_a_middle_has_no_vol_of_it(
    bid: str, offer: str, gate: str, tmp_path: Path
) -> None:
    words = ("implied", "--right", "call", *SHEET, "--bid", bid, "--ask", offer, "--tick", "5")
    answer = ask(*words, "--json", at=tmp_path)
    assert answer.code == 1
    got = answer.json()
    assert got["quote"]["gate"] == gate
    assert (got["quote"]["width_volpt"], got["quote"]["tick_volpt"]) == (None, None)
    mid = got["vols"]["mid"]
    assert (mid["price_usd"], mid["vol_frac"], mid["reason"]) == (None, None, gate)
    shown = ask(*words, at=tmp_path)
    assert shown.code == 1
    assert f"the mid: {got['quote']['message']}" in shown.err
    assert "Spread unknown" in shown.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--price", "0.05"), "if it is in coin, add --in-coin"),
        (("--price", "3500", "--in-coin"), "if it is in USD, leave out --in-coin"),
        (("--price", "3500", "--coin-settled"), "if it is in USD, divide it by the forward"),
    ],
)
def test_a_price_in_the_other_unit_is_hinted_at(
    words: tuple[str, ...], hint: str, tmp_path: Path
) -> None:
    given = ("implied", "--right", "call", *SHEET, *words)
    assert hint in json.loads(ask(*given, "--json", at=tmp_path).out)["hint"]
    assert f"{hint}." in " ".join(ask(*given, at=tmp_path).out.split())


def test_a_usual_price_needs_no_hint(tmp_path: Path) -> None:
    for words in (("--price", "5000"), ("--price", "0.08", "--in-coin")):
        got = told("implied", "--right", "call", *SHEET, *words, at=tmp_path)
        assert got["hint"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no price was given: pass --price, or --bid, --ask and --tick"),
        (("--bid", "1"), "--bid without --ask"),
        (("--ask", "1"), "--ask without --bid"),
        (("--bid", "1", "--ask", "2"), "--bid and --ask need --tick"),
        (("--bid", "1", "--ask", "2", "--tick", "0"), "--bid and --ask need --tick"),
        (("--price", "1", "--tick", "1"), "--tick goes with --bid and --ask"),
        (("--price", "-1"), "--price: must be from 0"),
    ],
)
def test_prices_that_do_not_say_which(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    answer = ask("implied", "--right", "call", *SHEET, *words, at=tmp_path)
    assert answer.code == 2
    assert said in answer.err


def test_every_reason_and_gate_has_words() -> None:
    assert set(REASON_WORDS) == set(ImpliedReason)
    assert set(GATE_WORDS) == set(QuoteGate)
    assert len({*REASON_WORDS.values(), *GATE_WORDS.values()}) == len(ImpliedReason) + len(
        QuoteGate
    )


# --- scenarios ------------------------------------------------------------------------------------


def test_a_grid_is_repriced_in_full(tmp_path: Path) -> None:
    """Every cell against forty digits: the value there less the value here, times the quantity."""
    got = told(
        "scenario", "--right", "call", *SHEET, "--vol", "65%", "--spot-moves", "-20%,0,0.1",
        "--vol-moves", "-0.25,0", "--vol-points", "0,10", "--days", "0,7", "--quantity", "-3",
        at=tmp_path,
    )  # fmt: skip
    cells = got["cells"]
    assert len(cells) == 3 * 2 * 2 * 2
    assert got["currency"] == "USD"

    def value(price: float, vol: float, days: float) -> float:
        terms = (price, 65_000.0, vol, 0.2 - days / 365, 0.0, 0.0, 1.0)
        return float(forty_digits(*terms, follows=False)["value"][0])

    for cell in cells:
        there = value(
            60_000 * (1 + cell["price_move_frac"]),
            0.65 * (1 + cell["vol_move_frac"]) + cell["vol_shift_volpt"] / 100,
            cell["elapsed_days"],
        )
        want = -3 * (there - value(60_000, 0.65, 0))
        assert cell["profit_usd"] == pytest.approx(want, rel=1e-9, abs=1e-6)
    assert {cell["price_move_frac"] for cell in cells} == {-0.2, 0.0, 0.1}
    assert {cell["elapsed_days"] for cell in cells} == {0.0, 7.0}
    worst = got["worst"]
    assert worst["profit_usd"] == min(cell["profit_usd"] for cell in cells)
    assert cells[worst.pop("cell_index")] == worst


def test_a_grid_of_an_option_paid_in_coin_is_in_coin(tmp_path: Path) -> None:
    words = ("scenario", "--right", "call", *SHEET, "--vol", "65%", "--coin-settled")
    got = told(*words, "--spot-moves", "0,10%", at=tmp_path)
    still, up = got["cells"]
    assert got["currency"] == "coin"
    assert still["profit_coin"] == 0.0
    values = [
        float(forty_digits(f, 65_000.0, 0.65, 0.2, 0.0, 0.0, 1.0, follows=False)["value"][0]) / f
        for f in (60_000.0, 66_000.0)
    ]
    assert up["profit_coin"] == pytest.approx(values[1] - values[0], rel=1e-11)


def test_a_grid_is_shown_and_drawn(tmp_path: Path) -> None:
    answer = ask(
        "scenario", "--right", "put", *SHEET, "--vol", "0.65", "--days", "0,1", "--vol-points",
        "-10,0,10", "--plot", "grid.svg", at=tmp_path,
    )  # fmt: skip
    assert answer.code == 0
    assert answer.out.count("vol +10 pt") >= 2
    assert "Profit after 0 days" in answer.out
    assert "Worst: cell " in answer.out
    drawing = ElementTree.parse(tmp_path / "grid.svg").getroot()
    assert len(list(drawing.iter(f"{SVG}polyline"))) == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vol-points", "10%"), "--vol-points: a percent sign says nothing certain here"),
        (
            ("--spot-moves", "-20,20"),
            "--spot-moves: -20 is -2000 %, probably a percentage without "
            "its sign: write -20% for -0.2; see",
        ),
        (("--spot-moves", "1"), "write 1% for 0.01, or 100% if you mean it"),
        (("--spot-moves", "-120%"), "--spot-moves: must be from -99.9% to 10000%, was -120%"),
        (("--spot-moves", "-20%,-10%,...,5%"), "steps of 10% from -10% do not meet 5%"),
        (("--vol-moves", "25"), "write 25% for 0.25"),
        (("--spot-moves", "20,30"), "--spot-moves: 20 is 2000 %"),
        (("--spot-moves", "0,,1"), "--spot-moves: write a number"),
        (("--days", "-1"), "--days: must be from 0"),
        (("--quantity", "0"), "--quantity 0 gains nothing"),
        (("--vol-points", "x"), "--vol-points: write a number"),
        (
            (
                "--days",
                ",".join(map(str, range(400))),
                "--vol-points",
                ",".join(map(str, range(400))),
            ),
            "make 1,120,000 cells, at most 100,000",
        ),
    ],
)
def test_moves_that_cannot_be(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    given = ("scenario", "--right", "call", *SHEET, "--vol", "65%")
    answer = ask(*given, *words, at=tmp_path)
    assert answer.code == 2
    assert said in answer.err


def test_moves_go_on_in_their_steps(tmp_path: Path) -> None:
    words = ("scenario", "--right", "call", *SHEET, "--vol", "65%", "--vol-moves", "-25%,0")
    got = told(*words, "--spot-moves", "-30%,-20%,...,0.3", at=tmp_path)
    assert list(dict.fromkeys(cell["price_move_frac"] for cell in got["cells"])) == [
        -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3,
    ]  # fmt: skip
    assert {cell["vol_move_frac"] for cell in got["cells"]} == {-0.25, 0.0}


def test_the_program_itself_prices(tmp_path: Path) -> None:
    answer = hedgerow("price", *OPTION, "--json", cwd=tmp_path)
    assert answer.code == 0
    assert json.loads(answer.out)["raw"]["value_usd"] == pytest.approx(4992.567609786358, rel=1e-13)


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


def test_every_greek_of_an_option_can_be_drawn_and_a_desk_has_the_same() -> None:
    drawn = set(get_args(Greek))
    of_option = {each.name.partition("_")[0] for each in fields(EuropeanGreeks)} - {"value"}
    assert drawn == of_option
    assert {name.partition("_")[0] for name in GREEKS} == drawn - {"delta"}
