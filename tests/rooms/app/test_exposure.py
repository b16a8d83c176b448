"""``hedgerow exposure``: every verb as JSON and for a person, and what it refuses."""

from math import fsum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hedgerow.app.amounts import read_list
from hedgerow.pricing import GREEKS
from tests.rooms.app.made import Answer, hedgerow_here, morning

OPTIONS = ("--node", "desk/deribit/options")
SETTLED = ("--at", "2026-02-01T08:30:00Z")  # funding was settled at 08:00


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], verb: str, *more: str) -> Answer:
    return hedgerow_here("exposure", verb, *words, *more, cwd=Path(words[0]).parent)


def told(words: list[str], verb: str, *more: str) -> Any:
    return ask(words, verb, *more, "--json").json()


def node(rows: list[Any], name: str) -> Any:
    (found,) = [row for row in rows if row["node"] == name]
    return found


def test_the_third_order_is_shown_when_asked_for(words: list[str]) -> None:
    usual = ask(words, "show").out
    assert "Sticky strike: when spot moves, every vol stays with its strike." in usual
    assert "Vanna" not in usual
    higher = ask(words, "show", "--order", "3").out
    for greek in GREEKS.values():
        assert greek.title in higher
    desk = node(told(words, "show")["rows"], "desk")
    assert set(GREEKS) <= set(desk)
    assert all(desk[name] for name in GREEKS)


def test_a_ladder_has_a_cell_for_every_move(words: list[str]) -> None:
    made = told(
        words, "ladder", *OPTIONS, "--spot", "-20,-10,...,20", "--vol", "-5,0", "--days", "0,2"
    )
    assert (made["node"], made["coins"], made["vol_regime"]) == (
        "desk/deribit/options", ["BTC"], "sticky_strike",
    )  # fmt: skip
    cells = made["cells"]
    assert len(cells) == 5 * 2 * 2
    still = [
        c for c in cells if c["spot_move_frac"] == c["vol_move_volpt"] == c["elapsed_days"] == 0
    ]
    assert [c["profit_usd"] for c in still] == [0.0]
    for cell in cells:
        assert cell["profit_usd"] - cell["taylor_usd"] == cell["difference_usd"]
    shown = ask(words, "ladder", *OPTIONS).out
    for part in ("desk/deribit/options, now", "after 1 day\n", "after 7 days", "Spot moving: BTC"):
        assert part in shown
    assert shown.count("Missed") == 3 * 3 + 1


def test_a_ladder_is_drawn_cell_by_cell(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "ladder.svg"
    answer = ask(words, "ladder", "--coin", "BTC", "--days", "0,1", "--plot", str(path))
    assert answer.code == 0
    drawing = ElementTree.parse(path).getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f".//{name}g")) == 2
    assert len(drawing.findall(f".//{name}g/{name}rect")) == 2 * 7 * 3
    texts = [each.text for each in drawing.iter(f"{name}text")]
    assert "-30 %" in texts
    assert "+10 pt" in texts


def test_an_incomplete_ladder_says_so(tmp_path: Path) -> None:
    words = morning(tmp_path, ('option = "6h"', 'option = "1m"'))
    made = told(words, "ladder", "--spot", "0", "--vol", "0", "--days", "0")
    assert made["cells"][0]["missing"]
    answer = ask(words, "ladder", "--plot", str(tmp_path / "l.svg"))
    assert answer.code == 1
    assert " ?" in answer.out
    assert "Missing: cells with ? leave these out" in answer.out
    assert "? incomplete" in (tmp_path / "l.svg").read_text(encoding="utf-8")


def test_buckets_add_up(words: list[str]) -> None:
    made = told(words, "buckets", *OPTIONS)
    for by in ("by_expiry", "by_moneyness"):
        for name in ("value_usd", *GREEKS):
            assert fsum(row[name] for row in made[by]) == pytest.approx(made["total"][name])
    shown = ask(words, "buckets", *OPTIONS).out
    assert "BTC  7-30 d" in shown
    assert "BTC  -1 to -0.25" in shown
    assert "all" in shown


def test_crosses_are_a_square(words: list[str]) -> None:
    made = told(words, "cross")
    assert made["coins"] == ["BTC", "USDC"]
    (gamma, by_peg), (by_spot, of_peg) = made["cross_usd_per_pct"]
    assert gamma < 0.0
    assert of_peg == 0.0
    assert by_peg == pytest.approx(by_spot, rel=1e-2)
    assert "found by moving the market" in ask(words, "cross").out


def test_funding_is_unknown_before_it_was_settled(words: list[str]) -> None:
    before = node(told(words, "funding")["rows"], "desk/binance/perp")
    assert before["funding_usd_per_day"] is None
    assert [each["subject"] for each in before["missing"]] == ["BTCUSDT-PERP"]
    assert "unknown" in ask(words, "funding").out
    after = node(told(words, "funding", *SETTLED)["rows"], "desk/binance/perp")
    # Short 5.5 coins at one basis point, three times a day.
    assert 5.5 * 60_000 * 3e-4 < after["funding_usd_per_day"] < 5.5 * 70_000 * 3e-4
    assert after["missing"] == []
    assert "+" in ask(words, "funding", *SETTLED).out


def test_a_rate_that_has_not_settled_yet_says_when_it_does(
    words: list[str], tmp_path: Path
) -> None:
    """The recording settles at 08:00, the embedded market every eight hours from its start."""
    said = " ".join(ask(words, "funding").out.split())
    assert "none had settled, the next does at 2026-02-01T08:00:00Z" in said
    assert "[recording]" not in said
    embedded = " ".join(hedgerow_here("exposure", "funding", cwd=tmp_path).out.split())
    assert embedded.count("none had settled, the next does at 2026-03-16T08:00:00Z") == 2
    assert "[recording]" not in embedded


def test_liquidity_names_its_depth_and_share(words: list[str]) -> None:
    made = told(words, "liquidity", "--participation", "0.2")
    assert made["participation_frac"] == 0.2
    (line,) = node(made["rows"], "desk/binance/perp")["lines"]
    assert line["depth_source"] == "assumed"
    assert line["cost_usd"] > 0
    # 5.5 coins at a fifth of 100.5 coins in a quarter of an hour.
    assert line["exit_hours"] == pytest.approx(5.5 / (0.2 * 100.5 * 4))
    (option, coin) = node(made["rows"], "desk/deribit/options")["lines"]
    assert option["depth_source"] == "half spread"
    assert option["cost_usd"] > 0
    assert coin["cost_usd"] is None
    shown = ask(words, "liquidity", *OPTIONS).out
    for part in ("desk/deribit/options, line by line", "half spread", "10 % of the volume"):
        assert part in shown


@pytest.mark.parametrize("verb", ["ladder", "buckets", "cross", "liquidity"])
def test_a_node_that_is_not_there_is_refused_with_those_that_are(
    words: list[str], verb: str
) -> None:
    answer = ask(words, verb, "--node", "desk/kraken")
    assert (answer.code, answer.out) == (2, "")
    assert "desk/kraken" in answer.err
    assert "there are: desk, desk/binance, desk/binance/perp" in answer.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--spot", "-100"), "--spot: must be from -99.99 to 10000, was -100"),
        (("--spot", "-100%"), "--spot: must be from -99.99% to 10000%, was -100%"),
        (("--spot", "-0.2"), "--spot: -0.2 may be a fraction or per cent: write -20% or -20"),
        (("--spot", "ten"), "--spot: write a number such as -20 or -20%"),
        (("--spot", "1_0"), "--spot: write a number"),
        (("--spot", "...,10"), "three dots go between two numbers"),
        (("--spot", "-30,-20,...,25"), "do not meet 25"),
        (("--vol", ""), "--vol: write a number"),
        (("--days", "-1"), "--days: must be from 0"),
        (("--days", "nan"), "--days: must be finite"),
        (("--spot", "0,1,...,1e300"), "--spot: must be from"),
        (("--spot", "0,1,...,1000", "--vol", "0,1,...,10"), "a ladder of"),
        (("--coin", "DOGE"), "holds nothing of DOGE; there are: BTC, USDC"),
    ],
)
def test_moves_that_cannot_be_are_refused(
    words: list[str], more: tuple[str, ...], message: str
) -> None:
    answer = ask(words, "ladder", *more)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_a_share_that_is_none_is_refused(words: list[str]) -> None:
    for share in ("0", "10", "110%"):
        answer = ask(words, "liquidity", "--participation", share)
        assert (answer.code, answer.out) == (2, "")
        assert "--participation" in answer.err


def test_a_percent_sign_is_taken_and_means_the_same(words: list[str]) -> None:
    at = ("--vol", "0", "--days", "0")
    (bare,) = told(words, "ladder", "--spot", "-10", *at)["cells"]
    (signed,) = told(words, "ladder", "--spot=-10%", *at)["cells"]
    assert bare == signed
    assert bare["spot_move_frac"] == -0.1
    shares = [
        told(words, "liquidity", "--participation", share)["participation_frac"]
        for share in ("0.1", "10%")
    ]
    assert shares == [0.1, 0.1]


def test_a_ladder_is_written_whole_or_not_at_all(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "ladder.svg"
    assert f"plot {path} written\n" in ask(words, "ladder", "--plot", str(path)).out
    assert "in place of an earlier one" in ask(words, "ladder", "--plot", str(path)).out
    for wrong, said in (
        (tmp_path / "no" / "a.svg", f"there is no folder {tmp_path / 'no'}"),
        (tmp_path / "a.png", "name a file that ends in .svg"),
    ):
        answer = ask(words, "ladder", "--plot", str(wrong))
        assert (answer.code, answer.out) == (2, "")
        assert said in answer.err
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("0", (0.0,)),
        ("-10, 0% ,10", (-10.0, 0.0, 10.0)),
        ("0,0.5%,...,2", (0.0, 0.5, 1.0, 1.5, 2.0)),
        ("3,2,...,0,7", (3.0, 2.0, 1.0, 0.0, 7.0)),
        ("-20%,-10%,...,10%", (-20.0, -10.0, 0.0, 10.0)),
        ("1,1,2", (1.0, 2.0)),
    ],
)
def test_lists_of_moves(text: str, moves: tuple[float, ...]) -> None:
    assert read_list(text, "spot_move_pct") == moves


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,...", "three dots go between"),
        ("1,...,3", "three dots go between"),
        ("1,2,...,...,9", "three dots go between"),
        ("1,2,...,0", "the dots lead nowhere"),
        ("1,1,...,3", "the dots lead nowhere"),
        ("1,,2", "write a number"),
        ("1,2,...,x", "write a number"),
        ("-30,-20,...,25", "steps of 10 from -20 do not meet 25"),
    ],
)
def test_lists_that_are_none(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_list(text, "spot_move_pct")
