"""``hedgerow price implied`` gives the vol of a quote, or the reason why it has none."""

import json
from pathlib import Path
from typing import Any

import pytest

from hedgerow.pricing import ImpliedReason, QuoteGate
from hedgerow.reporting.vols import GATE_WORDS, REASON_WORDS
from tests.golden.read import numbers
from tests.rooms.app.price import SHEET, ask, told
from tests.rooms.pricing.forty_digits import forty_digits


def words_of(row: dict[str, Any]) -> tuple[str, ...]:
    """The flags of a row of the sheet, which are of options on spot."""
    return (
        "--right", "call" if float(row["cp"]) > 0 else "put", "--underlying", row["S"],
        "--strike", row["K"], "--years", row["T"], "--vol", row["sigma"], "--rate", row["r"],
        "--carry", row["b"],
    )  # fmt: skip


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


def test_the_table_is_headed_as_a_trader_reads_it(tmp_path: Path) -> None:
    words = ("implied", "--right", "call", *SHEET)
    sheet = numbers("inverse_option")
    in_coin = ask(*words, "--price", sheet["value_coin"], "--in-coin", at=tmp_path)
    *head, row = (line.split() for line in in_coin.out.splitlines()[1:4])
    assert head == [["Premium", "Premium", "Implied", "vol"], ["Quoted", "USD", "coin", "%"]]
    assert (row[0], row[-1], len(row)) == ("price", "65", 4)
    in_usd = ask(*words, "--price", sheet["value_quote"], at=tmp_path)
    *head, row = (line.split() for line in in_usd.out.splitlines()[1:4])
    assert head == [["Premium", "Implied", "vol"], ["Quoted", "USD", "%"]]
    assert (row[0], row[-1], len(row)) == ("price", "65", 3)


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
        (
            ("--bid", "0.09", "--ask", "0.08"),
            "--bid 0.09 is above --ask 0.08, so the quote is crossed",
        ),
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
