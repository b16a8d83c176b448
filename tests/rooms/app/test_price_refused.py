"""``hedgerow price`` refuses what cannot be meant by its flag, and names the flag."""

import json
from pathlib import Path

import pytest

from hedgerow.app.amounts import BOUNDS, read
from tests.rooms.app.price import SHEET, ask, told

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
        (("--underlying", "1", "--expiry", "noon"), "--expiry noon: write a date such as"),
        (
            ("--underlying", "1", "--expiry", "27MAR2026"),
            "such as 2026-03-27 or 27MAR26, or a time",
        ),
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
