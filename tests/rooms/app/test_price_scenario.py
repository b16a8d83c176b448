"""``hedgerow price scenario`` reprices an option in every cell of a grid."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.rooms.app.price import SHEET, SVG, ask, told
from tests.rooms.pricing.forty_digits import forty_digits


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


def test_days_beyond_the_life_are_remarked(tmp_path: Path) -> None:
    """0.2 years are 73 days."""
    words = ("scenario", "--right", "call", *SHEET, "--vol", "65%", "--days")
    assert told(*words, "0,72.9", at=tmp_path)["remarks"] == []
    (remark,) = told(*words, "0,73,100", at=tmp_path)["remarks"]
    assert remark.startswith("After 73, 100 days the option, which lives 73, has expired")
    assert remark in " ".join(ask(*words, "0,73,100", at=tmp_path).out.split())


def test_days_written_for_years_are_remarked(tmp_path: Path) -> None:
    terms = ("--right", "call", "--underlying", "60000", "--strike", "65000", "--years", "73")
    for verb, more in (("scenario", ("--vol", "65%")), ("option", ("--vol", "65%")),
                       ("implied", ("--price", "50000"))):  # fmt: skip
        answer = told(verb, *terms, *more, at=tmp_path)
        said = "--years 73 is 26,645 days: it counts years; 73 days are --years 0.2."
        assert said in answer["remarks"]
        assert said in ask(verb, *terms, *more, at=tmp_path).out


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
