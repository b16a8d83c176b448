"""``hedgerow solvency ladder``: levels from a file, against the collection's cascades and hunts."""

from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from tests.golden.read import numbers
from tests.rooms.app.made import Answer, hedgerow_here, morning

CASCADE, HUNT = numbers("cascade"), numbers("hunting")


def ladder(file: Path, *words: str) -> Answer:
    return hedgerow_here("solvency", "ladder", file.name, *words, cwd=file.parent)


def table(folder: Path, rows: list[tuple[Any, ...]], *columns: str) -> Path:
    path = folder / "ladder.csv"
    pl.DataFrame(rows, schema=list(columns), orient="row").write_csv(path)
    return path


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    rows = [(float(level), float(size)) for level, size in CASCADE["ladder"]]
    return table(tmp_path, rows, "level_usd", "size_coin")


@pytest.mark.parametrize("depth", list(CASCADE["linear_depth"]))
def test_the_cascades_of_the_collection(depth: str, collection: Path) -> None:
    shock = CASCADE["shock"]
    answer = ladder(
        collection, "--price", CASCADE["p0"], "--depth", depth, "--fee", "0", "--shock", shock,
        "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err  # none of it is ours
    price, forced = CASCADE["linear_depth"][depth]
    shocked = answer.json()["shocked"]
    assert shocked["price_usd"] == pytest.approx(float(price), abs=1e-9)
    assert shocked["forced_coin"] == float(forced)


@pytest.mark.parametrize("row", range(len(HUNT["rows"])))
@pytest.mark.parametrize("is_own", [True, False])
def test_the_hunts_of_the_collection(row: int, is_own: bool, tmp_path: Path) -> None:
    want = HUNT["rows"][row]
    file = table(
        tmp_path, [(float(HUNT["trigger"]), float(want["W"]), is_own)],
        "level_usd", "size_coin", "is_own",
    )  # fmt: skip
    answer = ladder(
        file, "--price", HUNT["p0"], "--depth", HUNT["depth"], "--fee", HUNT["fee"],
        "--recovery", want["rho"], "--json",
    )  # fmt: skip
    (level,) = answer.json()["levels"]
    assert level["profit_usd"] == pytest.approx(float(want["profit"]), abs=1e-6)
    pays = float(want["profit"]) > 0
    assert level["pays"] == pays
    # Only where what is hunted is ours is it a breach of ours.
    assert answer.code == int(pays and is_own)


def test_what_else_who_pushes_gains_counts(tmp_path: Path) -> None:
    """H (1 - ρ)(Q + W)/D = 30 · 0.75 · 800 / 0.5, half of 5 % of 200 · 58,800, and -28,800."""
    file = table(tmp_path, [(58_800.0, 200.0)], "level_usd", "size_coin")
    words = ("--price", "60000", "--depth", "0.5", "--fee", "0.04%", "--recovery", "25%")
    more = ("--elsewhere", "30", "--bonus", "5%", "--bonus-share", "50%")
    (level,) = ladder(file, *words, *more, "--json").json()["levels"]
    assert level["profit_usd"] == pytest.approx(-28_800.0 + 36_000.0 + 294_000.0, abs=1e-6)
    said = " ".join(ladder(file, *words, *more).out.split())
    assert "gets 50.0 % of the 5.0 % of what is liquidated that liquidators get." in said
    assert "gains on 30 coins held elsewhere too." in said
    alone = ladder(file, *words, "--bonus", "5%")
    assert alone.code == 2
    assert "--bonus and --bonus-share come together" in alone.err


def test_what_happens_to_ours_is_said(tmp_path: Path) -> None:
    file = table(
        tmp_path, [(58_800.0, 150.0, "no"), (58_800.0, 50.0, "yes"), (61_000.0, -10.0, "no")],
        "level_usd", "size_coin", "is_own",
    )  # fmt: skip
    words = ("--price", "60000", "--depth", "0.5", "--fee", "0.04%")
    answer = ladder(file, *words, "--shock", "-2%")
    assert answer.code == 1
    assert answer.err == (
        "exit 1: pushing the price to 58,800 gains 211,200 USD and liquidates 50 coins of ours; "
        "a move of -2.0 % liquidates 50 coins of ours\n"
    )
    assert "25.0 %" in answer.out
    assert "200 coins liquidated at 1 level in 1 wave, 50 of them ours." in " ".join(
        answer.out.split()
    )
    rise = ladder(file, *words, "--side", "rise", "--json").json()
    assert [level["level_usd"] for level in rise["levels"]] == [61_000.0]
    assert rise["levels"][0]["size_coin"] == 10.0


@pytest.mark.parametrize(("side", "now", "sign"), [("fall", "58000", 1), ("rise", "62000", -1)])
def test_ours_that_are_past_their_level_are_ours_and_a_breach(
    side: str, now: str, sign: int, tmp_path: Path
) -> None:
    levels = [(60_000.0, 150.0, "no"), (60_000.0, 50.0, "yes"), (float(now), 300.0, "no")]
    file = table(
        tmp_path, [(level, sign * size, own) for level, size, own in levels],
        "level_usd", "size_coin", "is_own",
    )  # fmt: skip
    words = ("--price", now, "--depth", "0.5", "--fee", "0.04%", "--side", side)
    answer = ladder(file, *words)
    assert answer.code == 1
    assert answer.err == (
        f"exit 1: 50 coins of ours may be liquidated already at {float(now):,.0f}\n"
    )
    assert "500 coins may be liquidated already, 50 of them ours." in answer.out
    made = ladder(file, *words, "--json").json()
    assert (made["broken_coin"], made["own_broken_coin"]) == (500.0, 50.0)


def test_an_account_of_the_desk_that_is_broken_now_is_a_breach(tmp_path: Path) -> None:
    words = morning(tmp_path, ('balances = { BTC = "3" }', 'balances = { BTC = "0.1" }'))
    (tmp_path / "others.csv").write_text("level_usd,size_coin\n60000,10\n")
    answer = ladder(
        tmp_path / "others.csv", "--price", "80000", "--depth", "4", "--fee", "0.04%",
        "--desk", words[0], *words[1:], "--coin", "BTC",
    )  # fmt: skip
    assert answer.code == 1
    assert "options is liquidatable" in answer.err
    assert "Not in the ladder: options: liquidatable now" in answer.out


def test_a_fee_without_its_percent_sign_is_refused(collection: Path) -> None:
    asked = ("--price", "100", "--depth", "2", "--recovery", "25%")
    refused = ladder(collection, *asked, "--fee", "0.04")
    assert refused.code == 2
    assert "0.04 is 4 %, probably a percentage without its sign: write 0.04%" in refused.err
    assert ladder(collection, *asked, "--fee", "4%").code == 0
    # What was taken stands below the table.
    shown = " ".join(ladder(collection, *asked, "--fee", "0.0004").out.split())
    assert "A fee of 0.040 % on each side, 2 coins that move the price by a dollar, and" in shown
    assert "25.0 % of the move that comes back by itself." in shown


WORDS = {
    "fall": ("longs liquidated at a fall", "A push sells", "own sales", "and buys back"),
    "rise": ("shorts liquidated at a rise", "A push buys", "own purchases", "and sells back"),
}


@pytest.mark.parametrize("side", ["fall", "rise"])
def test_the_words_are_those_of_the_side(side: str, tmp_path: Path) -> None:
    file = table(tmp_path, [(95.0, 10.0), (105.0, -10.0)], "level_usd", "size_coin")
    answer = ladder(file, "--price", "100", "--depth", "1", "--fee", "0", "--side", side)
    assert answer.code == 0, answer.err
    said = " ".join(answer.out.split())
    assert all(words in said for words in WORDS[side])
    (other,) = (words for name, words in WORDS.items() if name != side)
    assert not any(words in said for words in other)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "holds the accounts"),
        ("level_usd,size_coin\n", "write one account a row"),
    ],
)
def test_a_file_that_is_not_there_or_empty_is_one_of_accounts(
    text: str | None, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "none.csv"
    if text is not None:
        file.write_text(text)
    answer = ladder(file, "--price", "100", "--depth", "1", "--fee", "0")
    assert answer.code == 2
    assert told in answer.err
    assert "option" not in answer.err


def test_it_is_drawn(collection: Path) -> None:
    words = ("--price", "100", "--depth", "100", "--fee", "0", "--plot", "ladder.svg")
    answer = ladder(collection, *words)
    assert answer.code == 0, answer.err
    root = ET.parse(collection.parent / "ladder.svg").getroot()
    said = " ".join("".join(each.itertext()) for each in root)
    assert "Liquidated once the price is there" in said
    assert "Gain of who pushes the price there" in said
    assert "now" in said
    # Stairs of six levels from the present price on: none of them is sloped.
    (all_of_it, *_) = [each for each in root.iter() if each.tag.endswith("polyline")]
    points = [tuple(map(float, pair.split(","))) for pair in all_of_it.attrib["points"].split()]
    assert len(points) == 13
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points))


@pytest.mark.parametrize(
    ("rows", "columns", "told"),
    [
        ([(95.0, 1.0)], ("level", "size_coin"), "no column level_usd"),
        ([(95.0, 0.0)], ("level_usd", "size_coin"), "row 1 has no usable size_coin"),
        ([(95.0, 1.0), (None, 1.0)], ("level_usd", "size_coin"), "row 2 has no usable level_usd"),
        ([(-95.0, 1.0)], ("level_usd", "size_coin"), "row 1 has no usable level_usd"),
        ([("far", 1.0)], ("level_usd", "size_coin"), "holds what is no number"),
        ([(95.0, 1.0, "ours")], ("level_usd", "size_coin", "is_own"), "true or false"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(
    rows: list[tuple[Any, ...]], columns: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    file = table(tmp_path, rows, *columns)
    answer = ladder(file, "--price", "100", "--depth", "1", "--fee", "0")
    assert answer.code == 2
    assert told in answer.err
    assert "bug" not in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--shock", "2%"), "is none for a ladder of a fall"),
        (("--recovery", "1"), "--recovery"),
        (("--plot", "ladder.png"), "ends in .svg"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(
    words: tuple[str, ...], told: str, collection: Path
) -> None:
    answer = ladder(collection, "--price", "100", "--depth", "1", "--fee", "0", *words)
    assert answer.code == 2
    assert told in answer.err


QUEUE = ("level_usd", "size_coin", "is_own", "price_entry_usd", "account_value_usd")
# Shorts at a mark of 90 that entered at 100, 108 and 94.5; longs have no place in their queue.
QUEUED: list[tuple[Any, ...]] = [
    (80.0, 10.0, "no", None, None),
    (120.0, -10.0, "yes", 100.0, 900.0),
    (121.0, -20.0, "no", 108.0, 900.0),
    (122.0, -30.0, "no", 94.5, 270.0),
]


def test_ours_that_gain_stand_in_the_queue(tmp_path: Path) -> None:
    """10 % at 1 times, 16.7 % at 2, 4.76 % at 10: 0.1, 0.333, 0.476; entry over mark with leverage
    1.11, 2.4 and 10.5."""
    words = ("--price", "90", "--depth", "100", "--fee", "0")
    answer = ladder(table(tmp_path, QUEUED, *QUEUE), *words)
    assert answer.code == 0, answer.err
    said = " ".join(answer.out.split())
    for rule in ("profit by leverage", "mark over entry"):
        assert (
            "Ours of row 2, 10 coins that gain, at a mark of 90: closed after 50 coins of others, "
            f"as number 3 of 3, by {rule}"
        ) in said
    # At a fall to 72 each coin short gains 18: values of 1,080, 1,260 and 810. 28 % at 0.667,
    # 33 % at 1.143, 23.8 % at 2.667.
    shocked = ladder(table(tmp_path, QUEUED, *QUEUE), *words, "--shock", "-20%", "--json").json()
    mark = shocked["shocked"]["price_usd"]
    first, second = shocked["queue"]
    assert first["price_mark_usd"] == mark == pytest.approx(71.9)  # and ten coins by a hundred
    assert (first["rank"]["rank_index"], first["rank"]["before_coin"]) == (2, 50.0)
    assert (first["rule"], second["rule"]) == ("profit_by_leverage", "mark_over_entry")
    # Of a rise it is longs that gain, and none of them is ours.
    assert (
        ladder(table(tmp_path, QUEUED, *QUEUE), *words, "--side", "rise", "--json").json()["queue"]
        == []
    )


@pytest.mark.parametrize(
    ("rows", "columns", "told"),
    [
        ([*QUEUED[:3], (122.0, -30.0, "no", None, 270.0)], QUEUE, "row 4 gains and has no usable"),
        ([row[:4] for row in QUEUED], QUEUE[:4], "come together"),
    ],
)
def test_a_queue_that_is_not_known_is_refused(
    rows: list[tuple[Any, ...]], columns: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    answer = ladder(table(tmp_path, rows, *columns), "--price", "90", "--depth", "1", "--fee", "0")
    assert answer.code == 2
    assert told in answer.err


def test_a_book_that_is_used_up_leaves_no_queue(tmp_path: Path) -> None:
    answer = ladder(
        table(tmp_path, QUEUED, *QUEUE), "--price", "90", "--depth", "0.1", "--fee", "0",
        "--shock", "-20%", "--json",
    )  # fmt: skip
    told = answer.json()
    assert (told["shocked"]["price_usd"], told["queue"]) == (None, None)


def test_a_side_without_a_level_is_empty_and_fine(collection: Path) -> None:
    words = ("--price", "100", "--depth", "1", "--fee", "0", "--side", "rise")
    answer = ladder(collection, *words)
    assert answer.code == 0
    assert "No level on this side." in answer.out
    assert ladder(collection, *words, "--plot", "x.svg").code == 2


def test_accounts_of_a_desk_stand_at_the_roots_of_their_frontier(tmp_path: Path) -> None:
    """A perpetual at its root with its coins; options are named and not guessed."""
    words = morning(tmp_path)
    table = tmp_path / "others.csv"
    table.write_text("level_usd,size_coin\n60000,10\n")
    desk = ("--desk", words[0], *words[1:], "--coin", "BTC")
    asked = ("--price", "80000", "--depth", "4", "--fee", "0.04%", *desk)
    told = hedgerow_here("solvency", "ladder", str(table), *asked, "--json", cwd=tmp_path).json()
    (own,) = told["own"]
    ((row,),) = (
        each["frontiers"]
        for each in hedgerow_here(
            "solvency", "frontier", *words, "--account", "perp", "--along", "spot:BTC", "--json",
            cwd=tmp_path,
        )
        .json()
        .values()
    )  # fmt: skip
    (root,) = row["frontier"]["roots"]
    assert own["account_id"] == "perp"
    is_long = own["size_coin"] > 0.0
    assert is_long is (root["move_breached_frac_or_days"] < 0.0)
    side = "fall" if is_long else "rise"
    told = hedgerow_here(
        "solvency", "ladder", str(table), *asked, "--side", side, "--json", cwd=tmp_path
    ).json()
    ours = [each for each in told["levels"] if each["own_coin"] > 0.0]
    assert [each["level_usd"] for each in ours] == pytest.approx([own["level_usd"]])
    (left,) = told["left_out"]
    assert left.startswith("options: it holds options or pool shares of BTC")
    # A file that marks ours as well would have them twice.
    table.write_text("level_usd,size_coin,is_own\n60000,10,no\n61000,5,yes\n")
    twice = hedgerow_here("solvency", "ladder", str(table), *asked, cwd=tmp_path)
    assert twice.code == 2
    assert "ours are the desk's accounts; leave the rows that are marked is_own out" in twice.err
    refused = hedgerow_here("solvency", "ladder", str(table), *asked[:-2], cwd=tmp_path)
    assert refused.code == 2
    assert "come together" in refused.err
