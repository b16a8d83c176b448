"""``hedgerow limits`` and ``calls``: what they print, what they remember, and how they end."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.app.asked import looked_at, opened
from hedgerow.app.calls_shown import _debt_asset
from hedgerow.app.desk import load_desk
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import packaged_tails
from hedgerow.errors import DeskRejected, Failure
from hedgerow.limits import USE, Triggers, survey
from hedgerow.portfolio import book
from hedgerow.units import YEAR_NS
from tests.builders import account, by_id, debt, lending, oracle, snapshot
from tests.rooms.app.edit import changed, example, mistakes, written
from tests.rooms.app.made import Answer, hedgerow_here, morning

MORE = """
[vols]
BTC = 0.6

[backing.USDC]
issuer = "circle"
bridge = "nobody"

[[limits]]
scope = "desk"
metric = "scenario_loss_usd"
soft = 1000
hard = 1e9
shocks = ["spot=-10%", "spot=+10%"]
owner = "Ada"
expires = "2026-02-01T06:00:00Z"
[[limits]]
scope = "desk/*/*"
metric = "liquidation_probability_frac"
soft = 0.5
hard = 0.9
horizon = "1h"
dwell = "30m"
[[limits]]
scope = "issuer/*"
metric = "concentration_frac"
soft = 0.9
hard = 1

[[calls]]
account = "perp"
use = [0.005, 0.02, 0.5, 0.9]
target_use = "0.015"
owner = "Ben"

[[routes]]
source = "treasury"
target = "perp"
asset = "USDC"
use = "balance"
latency = "15m"
fee_coin = "0"
step_coin = "1"
"""


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    made = morning(tmp_path_factory.mktemp("more"))
    desk = Path(made[0])
    desk.write_text(desk.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    return made


def ask(words: list[str], *command: str) -> Answer:
    noun, verb, *flags = command
    return hedgerow_here(noun, verb, *words, *flags, cwd=Path(words[0]).parent)


def test_limits_show_says_where_each_stands_and_by_which_inputs(more: list[str]) -> None:
    told = ask(more, "limits", "show", "--json").json()
    by_metric = {(each["metric"], each["node"]): each for each in told["limits"]}
    loss = by_metric["scenario_loss_usd", "desk"]
    assert (loss["owner"], loss["of"]) == ("Ada", "spot=-10%; spot=+10%")
    assert loss["value_frac_usd_or_coin"] > 0
    chance = by_metric["liquidation_probability_frac", "desk/binance/perp"]
    assert chance["of"] == "1h"
    assert 0 <= chance["value_frac_usd_or_coin"] < 0.01
    assert f"by {packaged_tails()}" in chance["message"], "as solvency probability is"
    # All tokens are 650,000 USDC and five BTC, which nobody issues.
    share = by_metric["concentration_frac", "issuer/circle"]["value_frac_usd_or_coin"]
    assert 0.5 < share < 0.75
    assert len(told["inputs_hash"]) == 64
    again = ask(more, "limits", "show", "--json").json()
    assert again == told
    later = ask(more, "limits", "show", "--json", "--at", "2026-02-01T05:15:00Z").json()
    assert later["inputs_hash"] != told["inputs_hash"]


def test_an_expired_limit_ends_with_one_and_says_so(more: list[str]) -> None:
    assert ask(more, "limits", "show", "--at", "2026-02-01T05:45:00Z").code == 0
    found = ask(more, "limits", "show", "--at", "2026-02-01T06:00:00Z")
    assert found.code == 1
    assert "desk scenario loss has an expired limit" in found.err
    assert "expired" in found.out


def test_what_was_told_is_not_told_again(more: list[str], tmp_path: Path) -> None:
    first = ask(more, "limits", "show", "--json")
    kept = tmp_path / "kept.json"
    kept.write_text(first.out, encoding="utf-8")
    assert first.json()["alerts"], "a desk beyond soft somewhere"
    again = ask(more, "limits", "show", "--previous", str(kept), "--json").json()
    assert again["alerts"] == []
    assert again["held"] == first.json()["held"]
    assert "nothing" in ask(more, "limits", "show", "--previous", str(kept)).out


def test_a_look_of_later_is_no_memory(more: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    for noun in ("limits", "calls"):
        later = ask(more, noun, "show", "--json", "--at", "2026-02-01T05:15:00Z")
        kept.write_text(later.out, encoding="utf-8")
        found = ask(more, noun, "show", "--previous", str(kept), "--at", "2026-02-01T05:00:00Z")
        assert found.code == 2
        assert "is of 2026-02-01T05:15:00Z" in found.err
        assert "name an earlier one" in found.err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"held": [{"rung": 1}]}'])
def test_a_memory_that_is_none(words: list[str], tmp_path: Path, content: str) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(content, encoding="utf-8")
    found = ask(words, "limits", "show", "--previous", str(kept))
    assert found.code == 2
    assert "not what this command prints with --json" in found.err
    gone = ask(words, "calls", "show", "--previous", str(tmp_path / "gone.json"))
    assert gone.code == 2
    assert "No such file" in gone.err


def test_a_trade_before_it_is_made(words: list[str]) -> None:
    """At 80,000 a coin the desk is long; soft is 50,000 dollars and hard 500,000."""
    fine = ask(words, "limits", "check", "--add", "perp/BTCUSDT-PERP:-0.1@80000")
    bad = ask(words, "limits", "check", "--add", "BTCUSDT-PERP:20@80000", "--account", "perp")
    assert bad.code == 1
    assert "coin/BTC delta goes beyond hard" in bad.err
    assert "Not to be made" in bad.out
    told = ask(words, "limits", "check", "--add", "perp/BTCUSDT-PERP:20@80000", "--json").json()
    (change,) = [each for each in told["changes"] if each["objection"]][:1]
    assert change["after"]["rung"] == "hard"
    assert fine.code in (0, 1)
    assert "Nothing was sent" in fine.out


@pytest.mark.parametrize(
    ("leg", "told"),
    [
        ("BTCUSDT-PERP:1@80000", "into which account"),
        ("spot/BTCUSDT-PERP:1@80000", "no account 'spot'"),
        ("perp/BTCUSDT-PERP:1", "no price"),
        ("perp/BTCUSDT-PERP:0.00001@80000", "multiple of the lot"),
        ("perp/NOTHING:1@1", "no instrument 'NOTHING'"),
    ],
)
def test_a_leg_that_cannot_be_meant(words: list[str], leg: str, told: str) -> None:
    found = ask(words, "limits", "check", "--add", leg)
    assert found.code == 2
    assert told in found.err


@pytest.mark.slow
def test_a_suggestion_is_a_piece_of_a_desk_file_that_runs(words: list[str], tmp_path: Path) -> None:
    found = ask(words, "limits", "suggest", "--loss", "400000")
    told = ask(words, "limits", "suggest", "--loss", "400000", "--json").json()
    assert told["toml"].strip() in found.out, "not a line of it may be cut"
    assert [each["rung"] for each in told["limits"]]
    desk = Path(words[0])
    both = tmp_path / "both.toml"
    both.write_text(desk.read_text(encoding="utf-8") + told["toml"], encoding="utf-8")
    loaded = load_desk(both)
    assert [limit.metric for limit in loaded.limits[2:]] == [
        each["metric"] for each in sorted(told["limits"], key=lambda e: told["toml"].index(
            f'scope = "{e["node"]}"\nmetric = "{e["metric"]}"'))
    ]  # fmt: skip
    run = hedgerow_here(
        "run", str(both), *words[1:], "--no-compare", "--out", str(tmp_path / "out"), cwd=tmp_path
    )
    assert run.code in (0, 1), run.err
    # What the fragment says of the present desk is what the desk then says of itself.
    shown = hedgerow_here("limits", "show", str(both), *words[1:], "--json", cwd=tmp_path).json()
    stands = {(s["node"], s["metric"], s["hard_frac_usd_or_coin"]): s for s in shown["limits"]}
    for each in told["limits"]:
        same = stands[each["node"], each["metric"], each["hard_frac_usd_or_coin"]]
        assert same["rung"] == each["rung"]
        assert same["value_frac_usd_or_coin"] == pytest.approx(each["value_frac_usd_or_coin"])


@pytest.mark.slow
def test_a_run_judges_every_kind_of_limit_and_ends_with_one_where_one_expires(
    more: list[str], tmp_path: Path
) -> None:
    run = hedgerow_here(
        "run", *more, "--no-compare", "--out", str(tmp_path / "out"), "--json", cwd=tmp_path
    )
    assert run.code == 1, run.err
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for title in ("scenario loss", "liquidation probability", "concentration share", "expired"):
        assert title in page


@pytest.mark.slow
def test_an_appetite_that_is_too_small_ends_with_one(words: list[str]) -> None:
    found = ask(words, "limits", "suggest", "--loss", "100")
    assert found.code == 1
    assert "beyond what is suggested" in found.err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--loss", "0"], "--loss"),
        (["--loss", "1000", "--horizon", "soon"], "--horizon soon: write a duration"),
        (["--loss", "1000", "--horizon", "0s"], "--horizon 0s: must be above 0"),
        (["--loss", "1000", "--probability", "5"], "5%"),
        ([], "--loss is missing"),
    ],
)
def test_an_appetite_that_cannot_be_meant(words: list[str], flags: list[str], told: str) -> None:
    found = ask(words, "limits", "suggest", *flags)
    assert found.code == 2
    assert told in found.err


@pytest.mark.slow
def test_a_call_says_how_much_by_when_which_way_and_from_whom(
    more: list[str], tmp_path: Path
) -> None:
    first = ask(more, "calls", "show", "--account", "perp", "--json")
    told = first.json()
    (stands,) = told["ladder"]
    assert stands["rung"] == "call"
    (call,) = told["calls"]
    assert (call["owner"], call["currency"]) == ("Ben", "USDC")
    (way,) = call["ways"]
    assert way["route"] == "treasury to perp"
    assert 0 <= Decimal(way["quantity_coin"]) - Decimal(call["size_ccy"]) < 1
    assert call["deadline_ns"] == way["deadline_ns"] > told["time_ns"]
    words = ask(more, "calls", "show", "--account", "perp")
    assert words.code == 1
    assert "perp is called for" in words.err
    assert "to Ben" in words.out
    kept = tmp_path / "kept.json"
    kept.write_text(first.out, encoding="utf-8")
    later = ask(
        more, "calls", "show", "--account", "perp", "--previous", str(kept),
        "--at", "2026-02-01T05:15:00Z", "--json",
    ).json()  # fmt: skip
    assert later["calls"][0]["call_id"] == call["call_id"]


def test_a_buffer_is_a_ladder_and_what_has_neither_is_named(words: list[str]) -> None:
    told = ask(words, "calls", "show", "--json").json()
    assert [each["account_id"] for each in told["ladder"]] == ["options"]
    assert told["without_a_ladder"] == ["perp"]
    assert "Without a ladder: perp" in ask(words, "calls", "show").out


def test_an_account_without_a_ladder_that_is_liquidatable_ends_with_one(tmp_path: Path) -> None:
    made = morning(tmp_path)
    desk = Path(made[0])
    text = desk.read_text(encoding="utf-8")
    before, found, after = text.partition('id = "perp"')
    poor = re.sub(r"balances = .*", 'balances = { USDC = "1" }', after, count=1)
    desk.write_text(before + found + poor, encoding="utf-8")
    told = ask(made, "calls", "show")
    assert told.code == 1
    assert "perp is liquidatable and has no ladder of calls" in told.err


def test_the_ladder_of_a_buffer(tmp_path: Path) -> None:
    """Called at the trigger; the rest at thirds of the way from there to one."""
    raw = example()
    raw["buffers"] = [{"account": "perp", "trigger_use": "0.6", "target_use": "0.4"}]
    (policy,) = load_desk(written(tmp_path, raw)).calls
    assert policy.target_use_frac == Decimal("0.4")
    assert policy.triggers[USE].bounds_frac == pytest.approx(
        (0.5, 0.6, 0.6 + 0.4 / 3, 0.6 + 0.8 / 3)
    )
    raw["buffers"] = [{"account": "perp", "trigger_use": "0.6", "target_use": "0.59"}]
    (policy,) = load_desk(written(tmp_path, raw)).calls
    assert policy.target_use_frac == Decimal("0.54"), "or paying a call would not close it"
    raw["buffers"] = [
        {"account": "perp", "trigger_use": "0.6", "target_use": "0.599999999999999999"}
    ]
    (policy,) = load_desk(written(tmp_path, raw)).calls
    assert policy.triggers[USE].watch_frac == pytest.approx(0.57), "halfway from where it fills to"


def test_a_ladder_of_its_own_stands_for_that_of_the_buffer(tmp_path: Path) -> None:
    raw = example()
    raw["calls"] = [
        {"account": "perp", "use": [0.2, 0.3, 0.5, 0.8], "distance": [0.3, 0.2, 0.1, 0.05],
         "target_use": "0.25", "patience": 0.05, "owner": "Ada"}
    ]  # fmt: skip
    desk = load_desk(written(tmp_path, raw))
    (policy,) = [each for each in desk.calls if each.account_id == "perp"]
    assert policy.triggers["distance_spot_frac"] == Triggers(
        watch_frac=0.3, call_frac=0.2, inject_frac=0.1, reduce_frac=0.05
    )
    assert (policy.patience_frac, policy.owner) == (0.05, "Ada")


LIMIT = {"scope": "desk", "metric": "scenario_loss_usd", "soft": 1, "hard": 2}
CALL = {"account": "perp", "use": [0.2, 0.3, 0.5, 0.8], "target_use": "0.25"}


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (
            "limits",
            [{**LIMIT, "shocks": ["spot=-5%", "XYZ=-5%"]}],
            "limits.[0].shocks.[1]: XYZ=-5%: no XYZ to move; there are: spot, vol, days, BTC, ETH, "
            "wstETH, USDC",
        ),
        (
            "limits",
            [{**LIMIT, "metric": "delta_spot_usd", "shocks": ["crash"]}],
            "limits.[0].shocks: only scenario_loss_usd takes one",
        ),
        (
            "limits",
            [{**LIMIT, "horizon": "1d"}],
            "limits.[0].horizon: only liquidation_probability_frac takes one",
        ),
        (
            "limits",
            [{**LIMIT, "metric": "default_loss_usd", "scope": "coin/BTC"}],
            "limits.[0].scope: 'coin/BTC' names no node; there are: desk/deribit, "
            "desk/deribit/deribit-btc, desk/deribit/deribit-eth, desk/binance, desk/binance/perp, "
            "desk/aave, desk/aave/aave-loan, desk/wallet, desk/wallet/treasury",
        ),
        (
            "limits",
            [{**LIMIT, "metric": "concentration_usd", "scope": "issuer/circle"}],
            "limits.[0].scope: 'issuer/circle' names no node; there are: venue/deribit, "
            "venue/binance, venue/aave, venue/wallet, issuer/unknown, bridge/unknown, "
            "oracle/unknown",
        ),
        (
            "limits",
            [{**LIMIT, "expires": "soon"}],
            "limits.[0].expires: write a time such as 2026-01-29T00:00:00Z, was soon",
        ),
        ("vols", {"DOGE": 1}, "vols.DOGE: nothing of the desk is in it; there are: "
         "BTC, ETH, USDC, wstETH"),
        ("backing", {"USDC": {"isuer": "x"}},
         "backing.USDC.isuer: unknown key; did you mean 'issuer'?"),
        (
            "calls",
            [{**CALL, "account": "spot"}],
            "calls.[0].account: no account 'spot'; there are: deribit-btc, deribit-eth, perp, "
            "aave-loan, treasury",
        ),
        (
            "calls",
            [{**CALL, "account": "treasury"}],
            "calls.[0].account: treasury has no rulebook, hence no call",
        ),
        ("calls", [{**CALL, "use": [0.2, 0.3]}], "calls.[0].use: must be four bounds: of "
         "watch, call, inject and reduce, was [Decimal('0.2'), Decimal('0.3')]"),
        ("calls", [{**CALL, "target_use": "0.29"}],
         "calls of perp: target_use_frac must lie below 0.285, 5 % inside call, or paying a call "
         "would not close it, was 0.29"),
    ],
)  # fmt: skip
def test_every_mistake_is_told_with_its_place(
    tmp_path: Path, where: str, value: object, told: str
) -> None:
    assert mistakes(tmp_path, changed(example(), where, value)) == [told]


def test_two_ladders_for_one_account_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(DeskRejected, match="several ladders; it must have one"):
        load_desk(written(tmp_path, changed(example(), "calls", [CALL, CALL])))


def test_json_of_limits_holds_every_field(words: list[str]) -> None:
    told = json.loads(ask(words, "limits", "show", "--json").out)
    for each in told["limits"]:
        assert {"of", "owner", "expires_ns", "dwell_ns"} < set(each)


def test_a_ladder_is_among_the_inputs_of_its_calls(more: list[str], tmp_path: Path) -> None:
    """Who only moves a rung gets other calls, and another hash."""
    moved = tmp_path / "moved.toml"
    text = Path(more[0]).read_text(encoding="utf-8")
    moved.write_text(text.replace("use = [0.005, 0.02,", "use = [0.005, 0.03,"), encoding="utf-8")
    hashes = {
        hedgerow_here("calls", "show", str(desk), *more[1:], "--json", cwd=tmp_path).json()[
            "inputs_hash"
        ]
        for desk in (more[0], moved)
    }
    assert len(hashes) == 2


@pytest.mark.slow
def test_limits_and_paths_say_the_same_of_a_loan_on_one_coin(tmp_path: Path) -> None:
    """Within four errors of the paths, a seventh, and what a loan grows; five horizons."""
    node = "desk/aave/aave-loop"
    walked = hedgerow_here(
        "solvency", "probability", "--account", "aave-loop", "--json", cwd=tmp_path
    ).json()
    desk, market, at_ns = opened(Source(None, None, None, None))
    seen = looked_at(desk, market, at_ns).seen
    far = seen.distances[node]
    assert not isinstance(far, Failure)
    rows = walked["accounts"][node]
    for years, hit, error in zip(
        walked["horizons_years"], rows["hit_frac"], rows["hit_error_frac"], strict=True
    ):
        found = desk.chance(seen.coins_of(seen.account(node)), far, round(years * YEAR_NS))
        assert found == pytest.approx(hit, abs=4.0 * error + hit / 7.0 + 2e-5)


def test_what_most_is_owed_of_is_told_with_its_interest() -> None:
    """1,000 DAI grown threefold are more than 2,000 USDC that have just been borrowed."""
    held = account(
        "loan",
        venue="aave",
        positions={debt("DAI").instrument_id: -1_000, debt("USDC").instrument_id: -2_000},
    )
    market = snapshot(
        oracle("DAI", 1), oracle("USDC", 1), lending("USDC"), lending("DAI", debt_ray=3 * 10**27)
    )
    state = survey(book([held], by_id(debt("DAI"), debt("USDC"))), market, {}, [])
    assert _debt_asset(held, state) == "DAI"
