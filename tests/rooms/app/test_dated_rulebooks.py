"""A venue's rulebook of tomorrow is a file with a date: today's answers stay, tomorrow's change."""

from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from hedgerow.app.assumptions import assumptions, rulebooks_digest
from hedgerow.app.desk import load_desk
from hedgerow.app.episode import play
from hedgerow.app.feed import open_market
from hedgerow.errors import DeskRejected, RulebookRejected
from hedgerow.units import parse_ns
from tests.builders import packaged
from tests.rooms.app.made import hedgerow_here, morning

D = Decimal
BOOK = "binance/2021-11-01"
OF_THE_DAY = "binance/2024-02-29"
NAMES_IT = (f'rulebook = "{BOOK}"', f'rulebook = "{OF_THE_DAY}"')
FOLLOWS = ('rulebook = "binance/2021-11-01"', 'rulebook = "binance"')
ENDS = ('end = "2026-03-18T00:00:00Z"', 'end = "2026-03-17T00:30:00Z"')
TIER = 'rate_maintenance_frac = "0.025"'
OWN = ('name = "One morning"', 'name = "One morning"\nrulebooks = "books"')


def add(folder: Path, day: str, *changes: tuple[str, str]) -> None:
    """Write a rulebook of Binance that begins on a day: one tier asks nearly twice as much."""
    text = packaged(BOOK).decode()
    text = text.replace("2021-11-01", day, 1).replace('as_of = "2021-11-01"', f'as_of = "{day}"')
    for old, new in ((TIER, TIER.replace("0.025", "0.049")), *changes):
        assert old in text
        text = text.replace(old, new)
    (folder / "binance").mkdir(parents=True, exist_ok=True)
    (folder / "binance" / f"{day}.toml").write_text(text, encoding="utf-8")


def required(words: list[str]) -> tuple[str, str]:
    """The whole answer about one account, and which rulebook it was judged by."""
    got = hedgerow_here(
        "margin", "require", *words, "--account", "perp", "--json", cwd=Path(words[0]).parent
    )
    (report,) = got.json().values()
    return got.out, report["rulebook"]


def test_a_rulebook_of_tomorrow_changes_nothing_today_and_one_of_today_does(tmp_path: Path) -> None:
    words = morning(tmp_path, FOLLOWS, OWN)
    add(tmp_path / "books", "2026-02-02")
    (tmp_path / "named").mkdir()
    named, _ = required(morning(tmp_path / "named", NAMES_IT))
    before, book = required(words)
    assert (before, book) == (named, OF_THE_DAY)
    add(tmp_path / "books", "2026-02-01")
    after, book = required(words)
    assert book == "binance/2026-02-01"
    assert after != before
    # A plan knows the requirement before and after its legs; it could not under no rulebook.
    for verb in (("hedge", "plan"), ("collateral", "plan")):
        planned = hedgerow_here(*verb, *words, "--json", cwd=tmp_path)
        assert "not at hand" not in planned.out
        assert "cannot be used" not in planned.out


def test_a_folder_of_ones_own_is_read_whole_or_refused(tmp_path: Path) -> None:
    desk = Path(morning(tmp_path, OWN)[0])
    with pytest.raises(RulebookRejected, match="books is no folder"):
        load_desk(desk)
    add(tmp_path / "books", "2026-02-02", ('fee_taker_frac = "0.0005"', 'fee_taker_frac = "-1"'))
    with pytest.raises(RulebookRejected, match="fee_taker_frac must be finite and not negative"):
        load_desk(desk)


def test_a_desk_says_when_its_venue_has_no_rulebook(tmp_path: Path) -> None:
    """Bybit's is known from November on; the desk is of the 1st of February."""
    follows = ('rulebook = "deribit/2026-02-15"', 'rulebook = "bybit"')
    with pytest.raises(
        DeskRejected,
        match=r"rulebook: no rulebook of bybit holds at 2026-02-01T0.*; "
        "write bybit/2026-11-20 to judge by it anyway",
    ):
        load_desk(Path(morning(tmp_path, follows)[0]))


# --- the embedded episode, over the midnight at which a tier changes ------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("embedded")
    with as_file(files("hedgerow.app") / "desks" / "embedded.toml") as embedded:
        text = embedded.read_text(encoding="utf-8").replace('step = "5m"', 'step = "1h"')
    named = text.replace(*ENDS).replace(*NAMES_IT)
    (made / "named.toml").write_text(named, encoding="utf-8")
    for old, new in (FOLLOWS, ENDS, ("[desk]\n", '[desk]\nrulebooks = "books"\n')):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (made / "follows.toml").write_text(text, encoding="utf-8")
    add(made / "books", "2026-03-17")
    return made


@pytest.mark.slow
def test_a_run_changes_its_rulebook_at_midnight_and_says_so(folder: Path) -> None:
    _, market = open_market(None, None, None)
    one = play(load_desk(folder / "named.toml"), market, None, is_quiet=True)
    other = play(load_desk(folder / "follows.toml"), market, None, is_quiet=True)
    midnight = parse_ns("2026-03-17T00:00:00Z")
    changed = [each for each in other.alerts if "judged by" in each]
    assert changed == [
        "2026-03-17T00:00:00Z perp: judged by binance/2026-03-17 from now on, no longer by "
        "binance/2024-02-29"
    ]
    assert not [each for each in one.alerts if "judged by" in each]
    before = [frame for frame in one.frames if frame.time_ns < midnight]
    # All of yesterday is what it was without the new rulebook.
    assert before == [frame for frame in other.frames if frame.time_ns < midnight]
    assert before
    needs = [
        account.requirement_ccy
        for episode in (one, other)
        for frame in episode.frames
        for account in frame.accounts
        if frame.time_ns == midnight and account.account_id == "perp"
    ]
    assert None not in needs
    assert needs[1] > needs[0]  # type: ignore[operator]


def test_a_run_is_told_apart_by_every_rulebook_that_it_may_come_to(folder: Path) -> None:
    _, market = open_market(None, None, None)
    named, follows = load_desk(folder / "named.toml"), load_desk(folder / "follows.toml")
    told = [each.partition(" (")[0] for each in assumptions(follows, market)]
    assert [each for each in told if each.startswith("Rulebook binance")] == [
        "Rulebook binance/2024-02-29",
        "Rulebook binance/2026-03-17",
    ]
    assert rulebooks_digest(named) != rulebooks_digest(follows)
