"""``hedgerow margin``: requirements explained, legs tried, rulebooks read, and what is refused."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hedgerow.app.desk_file import DeskPart, RecordingPart
from hedgerow.app.margins import leg_of
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import DeskRejected
from tests.builders import packaged
from tests.rooms.app.made import Answer, chains, hedgerow_here, morning, spot_usd

D = Decimal
PUT = "BTC-27FEB26-75000-P"
OTHER = "BTC-27FEB26-70000-P"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def ask(words: list[str], verb: str, *more: str) -> Answer:
    return hedgerow_here("margin", verb, *words, *more, cwd=Path(words[0]).parent)


def books(folder: Path, *more: str) -> Answer:
    return hedgerow_here("margin", "rulebooks", *more, cwd=folder)


def test_both_requirements_are_the_sums_of_their_lines(words: list[str]) -> None:
    told = ask(words, "require", "--explain", "--json").json()
    assert set(told) == {"desk/deribit/options", "desk/binance/perp"}
    for report in told.values():
        for line, total in (
            ("amount_ccy", "requirement_maintenance_ccy"),
            ("amount_initial_ccy", "requirement_initial_ccy"),
        ):
            assert sum(D(each[line]) for each in report["lines"]) == D(report[total]) > 0
        assert all(each["evidence"] in "VRDSU" for each in report["lines"])
    (perp,) = told["desk/binance/perp"]["lines"]
    assert (perp["evidence"], perp["evidence_initial"]) == ("V", "U")
    assert {each["evidence_initial"] for each in told["desk/deribit/options"]["lines"]} == {None}
    shown = ask(words, "require", "--explain").out
    assert "V, initial U" in shown
    for part in ("Maintenance", "Initial", "Evidence", "sum of", "worst scenario", "not verified"):
        assert part in shown
    assert "Evidence" not in ask(words, "require").out


def compared(words: list[str], *more: str) -> Any:
    return ask(words, "what-if", *more, "--json").json()


def test_a_leg_changes_one_account_and_says_by_how_much(words: list[str]) -> None:
    """The leg closes the position."""
    told = compared(words, "--account", "perp", "--add", "BTCUSDT-PERP:5.5@80000")
    (found,) = told.values()
    before, after, change = found["before"], found["after"], found["change"]
    assert D(before["requirement_maintenance_ccy"]) > 0
    assert D(after["requirement_maintenance_ccy"]) == 0
    assert D(after["use_frac"]) == 0
    assert before["distance_up_frac"] is not None
    assert after["distance_up_frac"] is None
    for name in ("requirement_maintenance_ccy", "equity_ccy", "headroom_ccy"):
        assert D(change[name]) == D(after[name]) - D(before[name])
    required = ask(words, "require", "--account", "perp", "--json").json()["desk/binance/perp"]
    assert before["requirement_maintenance_ccy"] == required["requirement_maintenance_ccy"]
    assert before["equity_ccy"] == required["equity_ccy"]


def test_the_whole_desk_takes_legs_of_several_accounts(words: list[str]) -> None:
    told = compared(words, "--add", f"options/{PUT}:-1@0.02", "--add", f"options/{OTHER}:2@0.01")
    assert set(told) == {"desk/deribit/options", "desk/binance/perp"}
    perp, options = told["desk/binance/perp"], told["desk/deribit/options"]
    assert perp["before"] == perp["after"]
    assert perp["legs"] == []
    assert [leg["instrument_id"] for leg in options["legs"]] == [PUT, OTHER]
    assert options["before"] != options["after"]
    shown = ask(words, "what-if", "--add", f"options/{PUT}:-1@0.02").out
    for part in (f"-1 {PUT} at 0.02", "no leg", "Nothing was sent.", "headroom", "Change"):
        assert part in shown


def test_the_mark_stands_beside_the_price_of_a_leg(words: list[str]) -> None:
    """A price away from the mark is equity at once: 1 coin bought 10 % above it loses a tenth."""
    mark = spot_usd(datetime(2026, 2, 1, 5, tzinfo=UTC))
    dear = f"perp/BTCUSDT-PERP:1@{1.1 * mark:.1f}"
    # Half an option's premium paid for it: the other half is gained, in coin.
    quoted = chains().filter(pl.col("instrument_name") == PUT)["mark_price"][0]
    cheap = f"options/{PUT}:1@{quoted / 2:.6f}"
    told = compared(words, "--add", dear, "--add", cheap)
    perp, options = told["desk/binance/perp"], told["desk/deribit/options"]
    assert perp["marks_ccy"] == [mark]
    assert float(perp["change"]["equity_ccy"]) == pytest.approx(-0.1 * mark, abs=0.1)
    # The chain's premium is rounded to 0.0001, and five hours and a wobble older.
    assert options["marks_ccy"] == [pytest.approx(quoted, abs=0.001)]
    gained = options["marks_ccy"][0] - round(quoted / 2, 6)
    assert float(options["change"]["equity_ccy"]) == pytest.approx(gained, abs=1e-9)
    shown = ask(words, "what-if", "--add", dear, "--add", cheap).out
    assert f"at {1.1 * mark:.1f} (mark {mark:,.8g}, +10.0 %)" in shown
    assert re.search(rf"\+1 {PUT} at [\d.]+ \(mark 0\.\d+, -\d\d\.\d %\)", shown)
    shown = ask(words, "what-if", "--add", f"perp/BTCUSDT-PERP:1@{11 * mark:.1f}").out
    assert f"(mark {mark:,.8g}, 11 times it)" in shown


@pytest.mark.parametrize(("times", "is_asked"), [(99, False), (101, True)])
def test_a_premium_in_dollars_is_asked_about(words: list[str], times: int, is_asked: bool) -> None:
    """A hundred times the mark is the border; a future has no such unit to mistake."""
    mark = compared(words, "--add", f"options/{PUT}:1@0.02")
    (marked,) = mark["desk/deribit/options"]["marks_ccy"]
    answer = ask(words, "what-if", "--add", f"options/{PUT}:1@{times * marked:.6f}")
    said = f"for {PUT}: is that in USD? the venue quotes it in BTC, its mark is"
    assert (said in " ".join(answer.out.split())) is is_asked
    dear = ask(words, "what-if", "--add", "perp/BTCUSDT-PERP:-1@9000000")
    assert "is that in USD" not in dear.out


def test_what_is_liquidatable_as_it_stands_needs_no_move(words: list[str]) -> None:
    out = ask(words, "what-if", "--account", "options", "--add", f"{PUT}:-50@0.01").out
    rows = [re.split(r"  +", row.strip()) for row in out.splitlines()]
    for way in ("fall", "rise"):
        (row,) = [row for row in rows if row[0] == f"liquidated by a {way} of"]
        assert row[-2:] == ["already", "–"]


def test_a_leg_that_breaks_the_account_ends_with_one(words: list[str]) -> None:
    answer = ask(words, "what-if", "--account", "options", "--add", f"{PUT}:-50@0.01")
    assert answer.code == 1
    assert "options would be liquidatable" in answer.err
    assert "WOULD BE LIQUIDATABLE" in answer.out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--account", "perp", "--add", "BTCUSDT-PERP:1"), "no price"),
        (("--account", "perp", "--add", "BTCUSDT-PERP:1@"), "no price"),
        (("--account", "perp", "--add", "BTCUSDT-PERP@1"), "no quantity"),
        (("--account", "perp", "--add", "BTCUSDT-PERP:one@80000"), "must be numbers"),
        (("--account", "perp", "--add", "BTCUSDT-PERP:0@80000"), "must be finite and not zero"),
        (("--account", "perp", "--add", "BTCUSDT-PERP:1@-1"), "the price must be positive"),
        (
            ("--account", "perp", "--add", "BTCUSDT-PERP:0.0005@80000"),
            "--add BTCUSDT-PERP: the quantity must be a multiple of the lot 0.001, was 0.0005",
        ),
        (("--account", "options", "--add", f"{PUT}:0.25@0.01"), "a multiple of the lot 0.1"),
        (("--account", "options", "--add", f"{PUT}:1e999999@0.01"), "a multiple of the lot 0.1"),
        (("--account", "perp", "--add", "DOGE:1@1"), "no instrument 'DOGE'"),
        (("--account", "nobody", "--add", "BTCUSDT-PERP:1@1"), "no account 'nobody'"),
        (("--account", "treasury", "--add", "BTCUSDT-PERP:1@1"), "no account 'treasury'"),
        (("--add", "BTCUSDT-PERP:1@80000"), "into which account?"),
        (("--account", "options", "--add", "BTC-PERPETUAL:-5@60000"), "no quote for BTC-PERPETUAL"),
        (("--account", "options", "--add", "BTC-PERPETUAL:-5@60000"), "; name in [recording] what"),
        (("--account", "options", "--add", "BTC-27MAR26-75000-P:1@0.1"), "no option quote"),
        (("--account", "perp", "--add", f"{PUT}:1@0.1"), "is not a USDC perpetual"),
        ((), "--add is missing"),
        (
            ("--account", "perp", "--add", "perp/BTCUSDT-PERP:1@80000"),
            "--account perp says where every leg goes, and --add perp/BTCUSDT-PERP:1@80000 names "
            "it again: leave out --account, or write --add BTCUSDT-PERP:1@80000",
        ),
        (("--account", "perp", "--add", f"options/{PUT}:1@0.1"), "names another: leave out"),
    ],
)
def test_what_cannot_be_tried_is_an_error(
    words: list[str], more: tuple[str, ...], told: str
) -> None:
    answer = ask(words, "what-if", *more)
    assert answer.code == 2
    assert told in answer.err
    assert answer.out == ""


def test_the_embedded_desk_names_its_prices_and_no_file(tmp_path: Path) -> None:
    """Its market quotes two perpetuals and one chain of three expiries, 40,000 to 130,000."""
    words = ("margin", "what-if", "--account", "deribit-btc", "--add")
    for leg in ("BTC-PERPETUAL:10@87500", "BTC-27MAR26-81000-P:1@0.01"):
        answer = hedgerow_here(*words, leg, cwd=tmp_path)
        assert answer.code == 2
        assert "[recording]" not in answer.err
        assert "the embedded desk has prices of BTCUSDT-PERP, ETHUSDT-PERP, BTC-" in answer.err
        assert "BTC-27MAR26-STRIKE-C and -P with strikes from 40000 to 130000" in answer.err


def test_a_key_of_a_remedy_is_one_of_the_desk_file() -> None:
    words = {"perpetuals", "marks", "dated_futures", "perpetual_quotes", "options", "spot",
             "funding", "power_perpetuals", "books"}  # fmt: skip
    assert words <= set(RecordingPart.model_fields)
    assert {"warmup", "rulebooks"} <= set(DeskPart.model_fields)


def test_what_the_value_of_the_desk_lacks_is_named(tmp_path: Path) -> None:
    words = morning(tmp_path, ('{ USDC = "500000", BTC = "2" }', '{ USDC = "500000", DAI = "5" }'))
    lacks = "no index for DAI by 2026-02-01T05:00:00Z"
    answer = hedgerow_here("margin", "require", *words, cwd=tmp_path)
    assert answer.code == 1
    assert f"the value of the desk is unknown ({lacks}; name in [recording]" in answer.err
    assert "list a dollar coin in [dollars])" in answer.err
    assert "Missing: the value of the desk is unknown" in answer.out
    told = hedgerow_here("margin", "require", *words, "--json", cwd=tmp_path)
    assert (told.code, told.err) == (1, "")
    (missing,) = told.json()["desk"]["lacking"]
    assert (missing["reason"], missing["message"]) == ("missing_data", lacks)


def test_a_desk_that_lacks_nothing_says_nothing_of_it(words: list[str]) -> None:
    told = hedgerow_here("margin", "require", *words, "--json", cwd=Path(words[0]).parent).json()
    assert told.keys() == {"desk/deribit/options", "desk/binance/perp"}


def test_an_initial_requirement_less_known_than_the_maintenance_says_so(words: list[str]) -> None:
    shown = hedgerow_here("margin", "require", *words, cwd=Path(words[0]).parent).out
    (perp,) = re.findall(r"^headroom .* USDC.*$", shown, re.MULTILINE)
    assert perp.endswith(" USDC (unverified; --explain says why)")
    (options,) = re.findall(r"^headroom .* BTC.*$", shown, re.MULTILINE)
    assert "unverified" not in options


def test_a_leg_is_read_from_behind() -> None:
    assert leg_of("a:b:-1.5@2E+3").instrument_id == "a:b"
    assert leg_of("x@y:1@2").instrument_id == "x@y"
    with pytest.raises(DeskRejected, match="no quantity"):
        leg_of(":1@2")


def changed(folder: Path, day: str, *pairs: tuple[bytes, bytes]) -> Path:
    """Write a rulebook of another day, with other figures."""
    raw = packaged("binance/2021-11-01").replace(b"2021-11-01", day.encode())
    for old, new in pairs:
        assert old in raw
        raw = raw.replace(old, new)
    place = folder / "binance" / f"{day}.toml"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(raw)
    return place


def test_rulebooks_are_listed_with_those_of_a_folder(tmp_path: Path) -> None:
    told = books(tmp_path, "list", "--json").json()
    names = [each["name"] for each in told]
    assert names == sorted(packaged_rulebooks())
    assert {"aave/2023-06-20", "binance/2021-11-01", "deribit/2026-02-15"} <= set(names)
    assert {"venue", "as_of", "kind", "confidence", "source", "evidence"} <= set(told[0])
    changed(tmp_path, "2025-01-01")
    more = books(tmp_path, "list", "--folder", ".", "--json").json()
    assert [each["name"] for each in more if each["venue"] == "binance"] == [
        "binance/2021-11-01", "binance/2024-02-29", "binance/2025-01-01", "binance/2026-09-29",
    ]  # fmt: skip
    shown = books(tmp_path, "list", "--folder", ".").out
    for part in ("binance/2025-01-01", "tiered", "estimate", "gist"):
        assert part in shown
    assert "Confidence: exact where" in shown
    assert books(tmp_path, "list", "--folder", "none").code == 2
    (tmp_path / "empty").mkdir()
    assert "holds no rulebook" in books(tmp_path, "list", "--folder", "empty").err


def test_a_check_lists_every_mistake(tmp_path: Path) -> None:
    good = changed(tmp_path, "2025-01-01")
    bad = changed(
        tmp_path, "2025-02-01", (b'equity = "V"', b'equity = "W"'), (b'currency = "USDC"', b"")
    )
    assert books(tmp_path, "check", str(good)).code == 0
    answer = books(tmp_path, "check", str(good), str(bad))
    assert answer.code == 1
    assert "fine" in answer.out
    assert "2 mistakes" in answer.out
    assert "currency is missing" in answer.out
    assert "1 of 2 files cannot be used" in answer.err
    told = books(tmp_path, "check", str(good), str(bad), "--json")
    assert told.code == 1
    assert [len(each["mistakes"]) for each in told.json()] == [0, 2]
    assert books(tmp_path, "check", "nowhere.toml").code == 2
    (tmp_path / "words.md").write_text("# Words\n\nand more\n", encoding="utf-8")
    several = books(tmp_path, "check", str(good), "nowhere.toml", "words.md")
    assert several.code == 2
    assert f"{good}: fine" in several.out
    assert "nowhere.toml: cannot be read: No such file" in several.out
    assert "this is no TOML" in several.out
    assert "2 of 3 files cannot be used, 1 of them not even read" in several.err
    assert [
        len(each["mistakes"])
        for each in books(tmp_path, "check", "nowhere.toml", str(good), "--json").json()
    ] == [1, 0]
    assert books(tmp_path, "check").code == 2


def test_a_difference_ends_with_one(tmp_path: Path) -> None:
    changed(tmp_path, "2025-01-01", (b'fee_taker_frac = "0.0005"', b'fee_taker_frac = "0.0004"'))
    same = books(tmp_path, "diff", "binance/2021-11-01", "binance/2021-11-01")
    assert same.code == 0
    assert "no figure differs" in same.out
    answer = books(tmp_path, "diff", "binance/2021-11-01", "binance/2025-01-01.toml")
    assert answer.code == 1
    for part in ("fee_taker_frac", "0.0005", "0.0004", "-0.0001", "-20.0 %"):
        assert part in answer.out
    assert answer.err == "exit 1: 1 figure differs\n"
    told = books(tmp_path, "diff", "binance/2021-11-01", "binance/2025-01-01.toml", "--json")
    assert told.code == 1
    (found,) = told.json()["differences"]
    assert found == {
        "path": "fee_taker_frac", "old": "0.0005", "new": "0.0004", "change": "-0.0001",
        "change_frac": "-0.2",
    }  # fmt: skip
    unknown = books(tmp_path, "diff", "binance/2021-11-01", "okx/1")
    assert unknown.code == 2
    assert "neither a file nor a packaged rulebook" in unknown.err
