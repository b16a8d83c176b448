"""``hedgerow price future``, ``pool`` and the other kinds: the sheet's numbers, and whose flag."""

import inspect
import math
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hedgerow import pricing
from hedgerow.app.positions import OWN
from hedgerow.app.price_kinds import FLAGS, KINDS
from hedgerow.reporting.number_words import title_words, unit_words
from tests.golden.read import numbers
from tests.rooms.app.price import ask, told


def test_a_future_is_paid_in_dollars_or_in_coin(tmp_path: Path) -> None:
    """Methods sheet, 2.2 and 3: x (F - E), delta x F/S, basis x F T; N (1/E - 1/M)."""
    words = ("future", "--entry", "60000", "--mark", "61000", "--years", "0.2")
    linear = told(*words, "--quantity", "-2", "--spot", "60500", at=tmp_path)
    assert linear["variant"] == "linear future"
    assert linear["raw"]["value_usd"] == -2_000.0
    assert linear["raw"]["delta_spot_coin"] == pytest.approx(-2 * 61_000 / 60_500, rel=1e-15)
    assert linear["raw"]["basis_usd_per_rate"] == pytest.approx(-2 * 61_000 * 0.2, rel=1e-15)
    inverse = told(*words, "--quantity-usd", "10000", "--collateral", "1", at=tmp_path)
    assert inverse["variant"] == "inverse future"
    raw = inverse["raw"]
    assert raw["value_coin"] == pytest.approx(10_000 * (1 / 60_000 - 1 / 61_000), rel=1e-13)
    assert raw["equity_usd"] == pytest.approx(61_000 * (1 + 1 / 6) - 10_000, rel=1e-14)


def test_a_perpetual_pays_its_funding(tmp_path: Path) -> None:
    words = ("perp", "--entry", "60000", "--mark", "61000", "--funding", "0.01%")
    assert told(*words, "--quantity", "2", at=tmp_path)["raw"]["funding_usd_per_interval"] == (
        pytest.approx(-12.2, rel=1e-14)
    )
    short = told(*words, "--quantity-usd", "-61000", at=tmp_path)["raw"]
    assert short["funding_coin_per_interval"] == pytest.approx(1e-4, rel=1e-14)


@pytest.mark.parametrize(
    ("words", "flag", "value", "numbers"),
    [
        ("perp --quantity -5", "--funding", "0", {"funding_usd_per_interval"}),
        ("perp --quantity-usd 9", "--funding", "0", {"funding_coin_per_interval"}),
        ("perp --quantity-usd 9", "--collateral", "0", {"equity_usd", "delta_equity_coin"}),
        ("future --years 1 --quantity-usd 9", "--collateral", "0",
         {"equity_usd", "delta_equity_coin"}),
        ("staked --quantity 9 --exchange-rate 1.2 --price 2000", "--growth", "0",
         {"accrual_usd_per_day"}),
    ],
)  # fmt: skip
def test_what_was_not_given_is_no_zero(
    words: str, flag: str, value: str, numbers: set[str], tmp_path: Path
) -> None:
    """A rate of zero is one; a rate that nobody gave is none, and what needs it is left out."""
    asked = words.split()
    if asked[0] != "staked":
        asked += ["--entry", "60000", "--mark", "59000"]
    without, given = told(*asked, at=tmp_path), told(*asked, flag, value, at=tmp_path)
    assert given["raw"].keys() - without["raw"].keys() == numbers
    assert without["raw"].items() <= given["raw"].items()
    assert f"Not known without {flag}: " in ask(*asked, at=tmp_path).out
    assert f"Not known without {flag}: " not in ask(*asked, flag, value, at=tmp_path).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("perp --quantity 1 --entry 2 --mark 3 --funding 0.01",
         "--funding 0.01 is 1 % an interval, which is rare: 0.01 per cent would be --funding"),
        ("perp --quantity 1 --entry 2 --mark 3 --funding -0.6%", "--funding -0.006 is -0.6 % an"),
        ("perp --quantity 1 --entry 2 --mark 3 --funding 0.5%", ""),
        ("fixed-yield --quantity 1 --price 2 --yield 1% --years 73",
         "--years 73 is 26,645 days: it counts years; 73 days are --years 0.2."),
        ("fixed-yield --quantity 1 --price 2 --yield 1% --years 10", ""),
    ],
)  # fmt: skip
def test_a_number_perhaps_meant_in_another_unit_is_remarked(
    words: str, said: str, tmp_path: Path
) -> None:
    remarks = told(*words.split(), at=tmp_path)["remarks"]
    assert len(remarks) == (1 if said else 0)
    assert all(remark.startswith(said) for remark in remarks)
    shown = " ".join(ask(*words.split(), at=tmp_path).out.split())
    assert all(remark in shown for remark in remarks)


def test_a_share_of_a_pool_is_that_of_the_sheet(tmp_path: Path) -> None:
    want = {name: float(x) for name, x in numbers("lp")["concentrated"].items()}
    words = ("pool", "--liquidity", "1000", "--price", "2000")
    got = told(*words, "--lower", "1600", "--upper", "2500", "--vol", "80%", at=tmp_path)["raw"]
    assert got["value_usd"] == pytest.approx(want["value"], rel=1e-13)
    assert got["delta_coin"] == pytest.approx(want["x"], rel=1e-12)
    assert got["quote_usd"] == pytest.approx(want["y"], rel=1e-12)
    assert got["gamma_coin_per_usd"] == pytest.approx(want["gamma"], rel=1e-12)
    # Break-even fees: σ² L √P / 4 a year.
    assert got["loss_to_rebalancers_usd_per_year"] == pytest.approx(
        0.64 * 1000 * math.sqrt(2000) / 4, rel=1e-13
    )
    for ratio, loss in numbers("lp")["loss_vs_hold"].items():
        entry = repr(2000 / float(ratio))
        full = told(*words, "--entry", entry, at=tmp_path)["raw"]
        assert full["loss_frac"] == pytest.approx(float(loss), abs=1e-12)


def test_a_share_may_be_sized_by_its_value_or_what_was_put_in(tmp_path: Path) -> None:
    """The sheet's share of L = 1000, found again from its value and from either side of it."""
    want = {name: float(x) for name, x in numbers("lp")["concentrated"].items()}
    ranged = ("pool", "--price", "2000", "--lower", "1600", "--upper", "2500")
    for size in (
        ("--value", repr(want["value"])),
        ("--deposit-coin", repr(want["x"])),
        ("--deposit-usd", repr(want["y"])),
        ("--deposit-coin", repr(want["x"]), "--deposit-usd", repr(2 * want["y"])),
    ):
        raw = told(*ranged, *size, at=tmp_path)["raw"]
        assert raw["liquidity_contracts"] == pytest.approx(1000.0, rel=1e-12)
        assert raw["value_usd"] == pytest.approx(want["value"], rel=1e-12)
        assert raw.get("unused_usd", 0.0) == pytest.approx(
            want["y"] if len(size) == 4 else 0.0, rel=1e-12
        )
    # At a later price the deposit is that of the entry.
    moved = ("pool", "--price", "2200", "--entry", "2000", "--lower", "1600", "--upper", "2500")
    raw = told(*moved, "--deposit-coin", repr(want["x"]), at=tmp_path)["raw"]
    assert raw["liquidity_contracts"] == pytest.approx(1000.0, rel=1e-12)
    assert raw["held_usd"] == pytest.approx(want["x"] * 2200 + want["y"], rel=1e-12)


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ("1500", "Out of range, below it: all coins, and no fees"),
        ("2500", "Out of range, above it: all dollars, and no fees"),
        ("2000", "In range, so it earns fees. It holds"),
    ],
)
def test_a_share_is_said_to_be_in_range_or_not(price: str, words: str, tmp_path: Path) -> None:
    given = ("pool", "--liquidity", "1000", "--lower", "1600", "--upper", "2500")
    out = " ".join(ask(*given, "--price", price, "--entry", "2000", at=tmp_path).out.split())
    assert words in out
    assert "Held outside the pool, what was put in would be worth" in out


def test_a_share_is_drawn_over_the_price(tmp_path: Path) -> None:
    given = ("pool", "--value", "1000", "--price", "2000", "--lower", "1600", "--upper", "2500")
    answer = ask(*given, "--entry", "1800", "--plot", "share.svg", at=tmp_path)
    assert answer.code == 0
    assert "plot share.svg written" in answer.out
    drawing = ElementTree.parse(tmp_path / "share.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert len(list(drawing.iter(f"{name}polyline"))) == 3
    texts = {text.text for text in drawing.iter(f"{name}text")}
    assert {"share", "held outside", "lower", "upper", "entry", "now"} <= texts


def test_what_accrues_and_what_is_a_power(tmp_path: Path) -> None:
    staked = told(
        "staked", "--quantity", "10", "--exchange-rate", "1.2", "--price", "2000", "--discount",
        "0.5%", at=tmp_path,
    )["raw"]  # fmt: skip
    assert staked["value_usd"] == pytest.approx(10 * 1.2 * 2000 * 0.995, rel=1e-14)
    debt = told(
        "loan", "--quantity", "-100", "--index", "1.1", "--price", "1", "--rate", "5%",
        "--horizon", "1", at=tmp_path,
    )["raw"]  # fmt: skip
    assert debt["interest_usd"] == pytest.approx(-110 * math.expm1(0.05), rel=1e-14)
    fixed = told(
        "fixed-yield", "--quantity", "10", "--price", "2000", "--yield", "8%", "--years", "0.5",
        at=tmp_path,
    )["raw"]  # fmt: skip
    assert fixed["value_usd"] == pytest.approx(20_000 * math.exp(-0.04), rel=1e-14)
    words = ("power", "--price", "2000", "--norm-factor", "0.6")
    power = told(*words, "--quantity", "1", "--vol", "80%", at=tmp_path)["raw"]
    assert power["value_usd"] == pytest.approx(240 * math.exp(0.64 * 17.5 / 365), rel=1e-13)
    mark = repr(power["value_usd"])
    implied = told(*words, "--mark", mark, "--funding-days", "17.5", at=tmp_path)["raw"]
    assert implied["variance_frac_per_year"] == pytest.approx(0.64, rel=1e-12)
    quanto = told(
        "quanto", "--forward", "60000", "--vol-underlying", "60%", "--vol-settlement", "80%",
        "--correlation", "0.5", "--years", "0.25", at=tmp_path,
    )["raw"]  # fmt: skip
    assert quanto["forward_quanto_usd"] == pytest.approx(60_000 * math.exp(0.06), rel=1e-14)
    paid = told(
        "quanto", "--quantity", "3", "--multiplier", "1e-6", "--entry", "2000", "--mark", "2100",
        "--settlement-price", "60000", at=tmp_path,
    )["raw"]  # fmt: skip
    assert paid["value_coin"] == pytest.approx(3e-4, rel=1e-13)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("future --quantity 1 --entry 2 --mark 3 --years 0.1", "linear future needs --spot"),
        ("future --entry 2 --mark 3 --years 0.1", "inverse future is meant by --quantity-usd"),
        (
            "future --quantity 1 --quantity-usd 1 --entry 2 --mark 3 --years 0.1",
            "--quantity and --quantity-usd mean different things",
        ),
        (
            "perp --quantity 1 --entry 2 --mark 3 --collateral 1",
            "--collateral says nothing of linear perpetual",
        ),
        ("pool --liquidity 1 --price 2 --lower 1", "concentrated share needs --upper"),
        (
            "pool --liquidity 1 --price 2 --lower 4 --upper 3",
            "--lower must lie below --upper, was 4.0 and 3.0",
        ),
        ("pool --price 2", "told by one of --liquidity, --value, --deposit-coin, --deposit-usd"),
        ("pool --price 2 --liquidity 1 --value 3", "was --liquidity, --value"),
        ("pool --price 2 --value -1", "--value must be positive, was -1"),
        (
            "pool --price 9 --lower 3 --upper 4 --deposit-coin 1",
            "--deposit-coin: at 9 USD, out of its range, the share holds none of it",
        ),
        ("staked --quantity 1 --exchange-rate 1 --price 2 --discount 5", "--discount: 5 is 500 %"),
        ("perp --quantity 1 --entry 2 --mark 3 --funding 0.5", "--funding: 0.5 is 50 %"),
        ("power --price 1 --norm-factor 2 --mark 3", "--norm-factor: 2 is 200 %"),
    ],
)
def test_flags_that_do_not_go_together(words: str, said: str, tmp_path: Path) -> None:
    answer = ask(*words.split(), at=tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


@pytest.mark.parametrize(
    "words",
    [
        "loan --quantity 1 --index 1 --price 2 --rate 5% --horizon 1",
        "fixed-yield --quantity 1 --price 2 --yield 8% --years 0.5",
        "pool --value 9 --price 2 --entry 3 --vol 80%",
    ],
)
def test_no_two_numbers_have_one_name_and_none_lacks_a_unit(words: str, tmp_path: Path) -> None:
    raw = told(*words.split(), at=tmp_path)["raw"]
    titles = [title_words(name) for name in raw]
    assert len(set(titles)) == len(titles)
    assert all(unit_words(name) for name in raw)
    assert not any("contracts" in title for title in titles)


def test_a_table_of_another_kind_names_units(tmp_path: Path) -> None:
    words = ("perp", "--quantity-usd", "1000", "--entry", "60000", "--mark", "61000")
    answer = ask(*words, "--funding", "0.01%", at=tmp_path)
    assert answer.out.startswith("Inverse perpetual: ")
    assert "coin per interval" in answer.out


def test_every_kind_takes_columns_of_its_function() -> None:
    for kind in KINDS:
        for variant in kind.variants:
            assert {*variant.needs, *variant.takes} <= set(FLAGS)
            if variant.function not in OWN:
                columns = set(inspect.signature(getattr(pricing, variant.function)).parameters)
                assert columns - {"out"} == {*variant.needs, *variant.takes}, variant.name
    assert OWN.keys() < {variant.function for kind in KINDS for variant in kind.variants}
