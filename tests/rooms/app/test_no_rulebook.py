"""A desk whose perpetuals lost their rulebook: unknown in every view, and never left out."""

import json
from pathlib import Path

import pytest

from tests.rooms.app.made import hedgerow_here, morning

WHY = "it has positions and no rulebook"
BARE = 'rulebook = "binance/2021-11-01"\n'


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    made = morning(tmp_path_factory.mktemp("bare"))
    desk = Path(made[0])
    text = desk.read_text(encoding="utf-8")
    assert text.count(BARE) == 1
    head, hedges, tail = text.replace(BARE, "").partition("[[hedges]]")
    assert hedges, "a hedge may not be of an account without a rulebook: the file is refused"
    left = tail[tail.index("[[buffers]]") :]
    desk.write_text(head + left, encoding="utf-8")
    return made


def test_its_limit_is_unknown_and_so_ends_the_look(words: list[str]) -> None:
    found = hedgerow_here("limits", "show", *words, "--json", cwd=Path(words[0]).parent)
    rungs = {(each["node"], each["metric"]): each for each in json.loads(found.out)["limits"]}
    bare = rungs["desk/binance/perp", "distance_spot_frac"]
    assert (bare["rung"], bare["message"]) == ("unknown", WHY)
    assert ("desk/wallet/treasury", "distance_spot_frac") not in rungs
    shown = hedgerow_here("limits", "show", *words, cwd=Path(words[0]).parent)
    assert shown.code == 1
    assert "desk/binance/perp distance is unknown" in shown.err


@pytest.mark.parametrize(
    "command",
    [("margin", "require"), ("plan", "make"), ("hedge", "plan"), ("collateral", "plan")],
    ids=" ".join,
)
def test_every_view_says_why(words: list[str], command: tuple[str, ...]) -> None:
    found = hedgerow_here(*command, *words, cwd=Path(words[0]).parent)
    assert found.code == 1
    assert WHY in found.out


def test_being_late_there_is_unknown_to_a_plan(words: list[str]) -> None:
    found = hedgerow_here("plan", "make", *words, cwd=Path(words[0]).parent)
    assert "unknown at perp" in " ".join(found.out.split())


@pytest.mark.parametrize(
    "command",
    [
        ("limits", "show"),
        ("limits", "check", "--add", "perp/BTCUSDT-PERP:-1@88000"),
        ("limits", "suggest", "--loss", "400000", "--probability", "1%", "--horizon", "1d"),
    ],
    ids=lambda words: words[1],
)
def test_json_of_an_unknown_limit_can_be_read(words: list[str], command: tuple[str, ...]) -> None:
    noun, verb, *flags = command
    found = hedgerow_here(noun, verb, *words, *flags, "--json", cwd=Path(words[0]).parent)
    assert (found.code, found.err) == (1, "")
    told = json.dumps(json.loads(found.out))
    assert f'"message": "{WHY}", "reason": "missing_data", "subject": ' in told
