"""``hedgerow hedge stop``, ``vol-target``, ``staked`` and ``pool``: closed forms and the sheet."""

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from math import erf, exp, log, sqrt
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from hedgerow.app import scaled_account
from hedgerow.errors import Failure
from hedgerow.portfolio import Account
from hedgerow.solvency import distance
from tests.rooms.app.made import Answer, hedgerow_here, morning, recorded


def asked(place: Path, *words: str) -> Answer:
    return hedgerow_here("hedge", *words, cwd=place)


def payload(answer: Answer) -> dict[str, Any]:
    assert answer.code == 0, answer.err
    found: dict[str, Any] = json.loads(answer.out)
    return found


def words_of(place: Path) -> str:
    return "".join(ElementTree.parse(place).getroot().itertext())


def cdf(x: float) -> float:
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))


def hit(spot: float, barrier: float, vol: float, years: float) -> float:
    """The sheet, section 16.2, of a price without drift."""
    x, nu, root = log(barrier / spot), -0.5 * vol**2, vol * sqrt(years)
    sign = 1.0 if barrier < spot else -1.0
    return cdf(sign * (x - nu * years) / root) + exp(2 * nu * x / vol**2) * cdf(
        sign * (x + nu * years) / root
    )


HELD = ("stop", "--quantity", "10", "--price", "78000", "--vol", "60%")
STOP = (*HELD, "--draws", "4000")


def test_a_stop_is_met_as_often_as_the_closed_form_says(tmp_path: Path) -> None:
    words = (*STOP, "--days", "7", "--lognormal", "--look-hours", "0.5", "--json")
    told = payload(asked(tmp_path, *words))
    assert told["level_usd"] == pytest.approx(70_200.0)
    assert told["lognormal_hit_frac"] == pytest.approx(hit(1.0, 0.9, 0.6, 7 / 365), abs=1e-12)
    assert told["tailed_hit_frac"] is None
    found = told["outlook"]
    moved = 0.9 * exp(-0.5826 * 0.6 * sqrt(0.5 / 8_760))
    expected = hit(1.0, moved, 0.6, 7 / 365)
    assert found["hit_frac"] == pytest.approx(expected, abs=4 * found["hit_error_frac"])
    ways = {each["name"]: each for each in found["ways"]}
    T = 7 / 365
    d1 = -log(0.9) / (0.6 * sqrt(T)) + 0.3 * sqrt(T)
    put = 0.9 * cdf(0.6 * sqrt(T) - d1) - cdf(-d1)
    assert ways["option at its level"]["cost_frac"] == pytest.approx(put, rel=0.15)
    assert payload(asked(tmp_path, *words)) == told


def test_a_stop_with_tails_is_left_further_beyond_its_level(tmp_path: Path) -> None:
    told = payload(asked(tmp_path, *STOP, "--option-cost", "2.5%", "--json"))
    plain = payload(asked(tmp_path, *STOP, "--lognormal", "--json"))
    assert told["outlook"]["gap_frac"] > 3 * plain["outlook"]["gap_frac"]
    ways = {each["name"]: each for each in told["outlook"]["ways"]}
    assert ways["option at its level"]["cost_frac"] == 0.025
    assert ways["option at its level"]["worst_frac"] == pytest.approx(-0.125, abs=1e-9)
    assert ways["stop-loss"]["shortfall_frac"] > ways["do nothing"]["shortfall_frac"]


@pytest.mark.slow
def test_a_stop_is_shown_and_drawn(tmp_path: Path) -> None:
    place = tmp_path / "stop.svg"
    answer = asked(tmp_path, *STOP, "--trailing", "--plot", str(place))
    assert answer.code == 0
    assert "A trailing stop under +10 coins" in answer.out
    told = payload(asked(tmp_path, *STOP, "--trailing", "--json"))
    assert f"{780_000 * told['outlook']['beyond_frac']:,.0f} USD" in answer.out
    assert "Above again at the end" in answer.out
    assert "option at its level" in words_of(place)
    short = asked(tmp_path, "stop", "--quantity", "-1", "--price", "100", "--vol", "60%")
    assert "Below again at the end" in short.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stop",), "--quantity, --price and --vol"),
        (("stop", "--quantity", "0", "--price", "1", "--vol", "60%"), "none may be 0"),
        ((*STOP, "--loss", "10"), "probably a percentage"),
        ((*STOP, "--look-hours", "2000"), "no longer than --days"),
        ((*HELD, "--draws", "5"), "100 or more"),
        ((*HELD, "--draws", "90000000"), "at most"),
        ((*STOP, "--loss", "100%"), "--loss must lie between 0% and 100%, was 1;"),
        ((*STOP, "--plot", "a.png"), "ends in .svg"),
    ],
)
def test_what_cannot_be_stopped_is_refused(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    answer = asked(tmp_path, *words)
    assert answer.code == 2
    assert said in answer.err


TARGET = ("vol-target", "--lognormal")


def test_a_vol_wanted_and_a_cap_are_those_of_the_sheet(tmp_path: Path) -> None:
    """Section 10: 20 % of 65 %; 16.2: five times long for a week at 60 %."""
    told = payload(asked(tmp_path, *TARGET, "--vol", "65%", "--leverage-max", "3", "--json"))
    assert told["wanted_frac"] == pytest.approx(0.3076923, abs=5e-8)
    assert told["size_frac"] == told["wanted_frac"]
    assert told["vol_then_frac"] == pytest.approx(0.2)
    words = (*TARGET, "--vol", "60%", "--target", "900%", "--allow", "0.96507%", "--json")
    capped = payload(asked(tmp_path, *words))
    assert capped["cap"]["leverage_frac"] == pytest.approx(5.0, abs=1e-5)
    assert capped["cap"]["is_binding"]
    assert capped["wanted_frac"] == pytest.approx(15.0)
    assert capped["size_frac"] == capped["cap"]["leverage_frac"]
    assert capped["chance_then_frac"] == pytest.approx(0.0096507, abs=5e-8)
    short = payload(asked(tmp_path, *words, "--short"))
    assert short["cap"]["leverage_frac"] < 5.0
    tailed = ("vol-target", "--vol", "60%", "--allow", "0.96507%", "--json")
    assert payload(asked(tmp_path, *tailed))["cap"]["leverage_frac"] < 5.0


def marks(
    place: Path, hours: int, missing: int | None = None, wild_from: int | None = None
) -> None:
    """Hours that go up and down by one per cent in logs, from 2026-01-01 on; two where wild."""
    steps = [
        (0.01 if wild_from is None or n < wild_from else 0.02) * (-1) ** n for n in range(hours)
    ]
    level = [60_000.0 * exp(sum(steps[: n + 1])) for n in range(hours)]
    first = [60_000.0, *level[:-1]]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {
            "ts": begin + timedelta(hours=n), "symbol": "BTCUSDT", "open": first[n],
            "high": max(first[n], level[n]), "low": min(first[n], level[n]), "close": level[n],
        }
        for n in range(hours) if n != missing
    ]  # fmt: skip
    frame = pl.DataFrame(rows).with_columns(
        pl.col("ts").cast(pl.Datetime("ms", "UTC")), pl.col("symbol").cast(pl.Categorical)
    )
    frame.write_parquet(place / "mark_1h.parquet")


def test_the_vol_of_marks_is_that_of_hours_in_a_row(tmp_path: Path) -> None:
    """Every hour moves by one per cent: so do all averages of it, √8760 a year."""
    marks(tmp_path, 600, missing=200)
    told = payload(asked(tmp_path, *TARGET, "--marks", ".", "--json"))
    assert told["vol_frac"] == pytest.approx(0.01 * sqrt(8_760.0), rel=1e-9)
    assert "until 2026-01-26T00:00:00Z" in told["vol_source"]
    early = asked(tmp_path, *TARGET, "--marks", ".", "--marks-until", "2026-01-09T10:00:00Z")
    assert early.code == 2
    assert "and 240 are needed" in early.err


def test_a_quiet_vol_counts_as_the_least_believed(tmp_path: Path) -> None:
    told = payload(asked(tmp_path, *TARGET, "--vol", "10%", "--json"))
    assert told["wanted_frac"] == pytest.approx(0.2 / 0.25)
    assert "counted as 25.0 %" in asked(tmp_path, *TARGET, "--vol", "10%").out


@pytest.mark.slow
def test_an_account_is_sized_by_its_venues_rules(tmp_path: Path) -> None:
    """The perpetual account of the morning: what it would be is what a desk that is so says."""
    named = morning(tmp_path)
    words = ("--account", "perp", "--allow", "2%", "--target", "300%", "--json")
    told = payload(asked(tmp_path, "vol-target", *named, *words))
    assert told["cap"]["is_binding"]
    assert told["size_frac"] == pytest.approx(told["cap"]["leverage_frac"])
    assert told["chance_then_frac"] <= 0.02
    # By hand: notional over equity times the packaged vol of a day.
    shown = hedgerow_here("exposure", "show", *named, "--json", cwd=tmp_path).json()
    rows = {row["node"]: row for row in shown["rows"]}
    whole, coin = rows["desk/binance/perp"], rows["desk/binance/perp/BTC"]
    leverage = abs(coin["delta_spot_usd"]) / whole["value_usd"]
    vol = 0.0266 * sqrt(365.0)
    assert told["vol_frac"] == pytest.approx(leverage * vol, rel=1e-9)
    assert told["wanted_frac"] == pytest.approx(3.0 / (leverage * vol), rel=1e-9)
    # The account written at that size, entered at the mark, is as likely to be liquidated.
    (trade,) = told["trades"]
    left = Decimal("-5.5") + Decimal(trade["quantity_contracts"])
    exact = Decimal("-5.5") * Decimal(repr(told["size_frac"]))
    assert exact <= left < exact + Decimal("0.001")
    for place, times in (("at", 1.0), ("over", 1.02)):
        folder = tmp_path / place
        folder.mkdir()
        mark = Decimal(repr(coin["delta_spot_usd"])) / Decimal("-5.5")
        equity = Decimal(repr(whole["value_usd"]))
        size = (exact * Decimal(repr(times))).quantize(Decimal("0.001"), ROUND_DOWN)
        there = morning(
            folder, ('"-5.5"', f'"{size}"'), ('"80000"', f'"{mark}"'), ('"150000"', f'"{equity}"')
        )
        again = payload(asked(folder, "vol-target", *there, *words))
        if times == 1.0:
            assert again["chance_now_frac"] == pytest.approx(told["chance_then_frac"], rel=0.02)
        else:
            assert again["chance_now_frac"] > 0.02


def test_an_account_within_its_band_is_left_alone(tmp_path: Path) -> None:
    named = morning(tmp_path)
    told = payload(asked(tmp_path, "vol-target", *named, "--account", "perp", "--json",
                         "--allow", "90%"))  # fmt: skip
    near = f"{100 * told['vol_frac'] * 1.05:.6f}%"
    words = ("--account", "perp", "--allow", "90%", "--target", near)
    held = asked(tmp_path, "vol-target", *named, *words)
    assert held.code == 0
    assert "within the band: nothing is traded" in held.out


def test_the_chance_over_size_is_drawn(tmp_path: Path) -> None:
    place = tmp_path / "size.svg"
    answer = asked(tmp_path, *TARGET, "--vol", "60%", "--target", "400%", "--plot", str(place))
    assert answer.code == 0
    assert "wanted by vol" in words_of(place)


def test_a_cap_that_is_not_known_ends_with_1_and_no_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the account cannot be judged: how large it may be is unknown, not unbounded."""
    named = morning(tmp_path)
    unknown = Failure(subject="perp", reason="missing_data", message="no price beyond the book")

    def judged(account: Account, *more: Any) -> Any:
        held = abs(account.quantity_contracts("BTCUSDT-PERP"))
        return unknown if held > 20 else distance(account, *more)

    monkeypatch.setattr(scaled_account, "distance", judged)
    answer = asked(tmp_path, "vol-target", *named, "--account", "perp", "--json")
    assert answer.code == 1
    told = json.loads(answer.out)
    assert told["size_frac"] is None
    assert told["trades"] == []
    assert told["chance_now_frac"] > 0.0
    shown = asked(tmp_path, "vol-target", *named, "--account", "perp")
    assert shown.code == 1
    assert "the cap is unknown: no price beyond the book" in shown.err


def test_the_funding_of_the_perpetual_against_a_pool_is_in_no_cost(tmp_path: Path) -> None:
    """Where gamma may be anything the perpetual alone hedges; nobody names its funding."""
    recorded(tmp_path / "data")
    words = ("pool", "--price", "80120", "--value", "2000000", "--lower", "60000", "--upper",
             "100000", "--band", "0.05", "--chains", "data/options", "--coin", "BTC", "--at",
             "2026-02-01T02:30:00Z", "--gamma-max", "1")  # fmt: skip
    choice = payload(asked(tmp_path, *words, "--json"))["options"]["choice"]
    (trade,) = choice["trades"]
    assert trade["instrument_id"] == "the perpetual"
    assert (trade["carry_usd"], choice["cost_usd"]) == (None, None)
    known_usd = trade["crossing_usd"] + trade["fee_usd"] + trade["ticket_usd"]
    (row,) = [
        line for line in asked(tmp_path, *words).out.splitlines() if line.startswith("the perpet")
    ]
    assert row.split()[-1] == f"{known_usd:,.2f}?"


def test_positions_that_offset_each_other_have_no_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they leave moves with no coin: the account moves alike at every size."""
    monkeypatch.setattr(
        scaled_account._Scaled, "weights", lambda *_: (100_000.0, {"BTC": 20_000.0})
    )
    answer = asked(tmp_path, "vol-target", *morning(tmp_path), "--account", "perp")
    assert (answer.code, answer.out) == (2, "")
    assert "its positions move with no coin: no size of them has a vol" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--vol, --marks or --account"),
        (("--vol", "0%", "--vol-min", "0%"), "what never moves"),
        (("--vol", "60%", "--marks", "."), "--vol, --marks or --account"),
        (("--vol", "60%", "--at", "2026-03-16"), "go with --account"),
        (("--account", "perp", "--vol", "60%"), "go without --account"),
        (("--account", "nobody"), "there are"),
        (("--account", "treasury"), "no rulebook"),
        (("--account", "aave-loop"), "`collateral plan` says what to repay or supply"),
        (("--account", "deribit-btc"), "whatever its positions"),
        (("--vol", "60%", "--target", "0"), "must be positive"),
    ],
)
def test_what_cannot_be_sized_is_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    answer = asked(tmp_path, "vol-target", *words)
    assert answer.code == 2
    assert said in answer.err


STAKED = ("staked", "--quantity", "100", "--exchange-rate", "1.2", "--price", "3000")


def test_a_staked_holding_is_hedged_by_how_it_is_left(tmp_path: Path) -> None:
    """By hand: 120 coins in full, 114 at a discount of 5 %."""
    told = payload(
        asked(
            tmp_path, *STAKED, "--discount", "5%", "--wait-days", "36.5,73", "--peg-vol", "10%",
            "--reward", "3%", "--funding", "5%", "--lot", "0.7", "--json",
        )
    )  # fmt: skip
    sold, redeemed = told["exits"]
    assert told["value_usd"] == pytest.approx(114 * 3_000.0)
    # 114 / 0.7 = 162.86, hence 163 lots; 120 / 0.7 = 171.43, hence 171.
    assert (sold["quantity_contracts"], redeemed["quantity_contracts"]) == ("-114.1", "-119.7")
    assert sold["residual_coin"] == pytest.approx(-0.1)
    assert sold["peg_usd_per_frac"] == pytest.approx(-360_000.0)
    assert redeemed["peg_usd_per_frac"] == 0.0
    near, far = told["waits"]
    carry = (360_000.0 * 0.03 + 119.7 * 3_000.0 * 0.05) * 0.1
    assert near["carry_usd"] == pytest.approx(carry)
    assert near["redeem_gain_usd"] == pytest.approx(carry + 18_000.0)
    assert near["discount_even_frac"] == pytest.approx(-carry / 360_000.0)
    assert near["peg_deviation_usd"] == pytest.approx(360_000.0 * 0.1 * sqrt(0.1))
    assert far["carry_usd"] == pytest.approx(2 * carry)
    assert far["peg_deviation_usd"] == pytest.approx(near["peg_deviation_usd"] * sqrt(2.0))


def test_what_was_not_told_of_a_staked_holding_is_unknown(tmp_path: Path) -> None:
    told = payload(asked(tmp_path, *STAKED, "--reward", "3%", "--json"))
    assert told["unknown"] == ["--funding", "--peg-vol"]
    for row in told["waits"]:
        assert row["carry_usd"] is None
        assert row["redeem_gain_usd"] is None
        assert row["peg_deviation_usd"] is None
    answer = asked(tmp_path, *STAKED)
    assert "Unknown, for want of it: --reward, --funding, --peg-vol." in answer.out
    assert "taken to stand at their rate: no --discount was told" in answer.out
    answer = asked(tmp_path, *STAKED, "--discount", "0%")
    assert "0.00 % below their rate" in answer.out
    assert "0.50 % above their rate" in asked(tmp_path, *STAKED, "--discount", "-0.5%").out


def test_a_staked_holding_is_drawn(tmp_path: Path) -> None:
    place = tmp_path / "staked.svg"
    assert asked(tmp_path, *STAKED, "--plot", str(place)).code == 0
    assert "discount 5 % wider" in words_of(place)


POOL = ("pool", "--price", "2000", "--liquidity", "1000", "--lower", "1600", "--upper", "2500")


def test_a_pool_share_of_the_sheet_is_brought_to_the_edge_of_its_band(tmp_path: Path) -> None:
    """Section 3: 2.36068 coins, gamma -0.00559; half of it times the variance goes a year."""
    words = (*POOL, "--band", "0.1", "--vol", "60%", "--fees", "12%", "--json")
    told = payload(asked(tmp_path, *words))
    hedge = told["hedge"]
    assert hedge["delta_coin"] == pytest.approx(2.36068, abs=5e-6)
    assert hedge["gamma_coin_per_usd"] == pytest.approx(-0.00559, abs=5e-6)
    assert hedge["quantity_contracts"] == "-2.261"
    lost = 0.5 * 0.36 * 2_000.0**2 * 1_000.0 / (2.0 * 2_000.0**1.5)
    assert told["loss_usd_per_year"] == pytest.approx(lost, rel=1e-9)
    assert told["fees_usd_per_year"] == pytest.approx(0.12 * hedge["value_usd"])
    worth = payload(asked(tmp_path, "pool", *POOL[1:3], "--value", str(hedge["value_usd"]),
                          *POOL[5:], "--band", "0.1", "--json"))  # fmt: skip
    assert worth["hedge"]["delta_coin"] == pytest.approx(hedge["delta_coin"])
    assert worth["loss_usd_per_year"] is None
    assert worth["hedge"]["loss_usd_per_year"] is None


def test_a_share_out_of_its_range_has_no_gamma(tmp_path: Path) -> None:
    told = payload(asked(tmp_path, "pool", "--price", "3000", *POOL[3:], "--vol", "60%", "--json"))
    assert told["hedge"]["gamma_coin_per_usd"] == 0.0
    assert told["hedge"]["band_frac"] is None
    answer = asked(tmp_path, "pool", "--price", "3000", *POOL[3:])
    assert "never by itself" in answer.out
    assert "Unknown, for want of it: --vol, --fees." in answer.out
    # Nobody trades against it there: whatever fees it had in its range, it has none.
    words = ("pool", "--price", "3000", *POOL[3:], "--vol", "60%", "--fees", "12%")
    told = payload(asked(tmp_path, *words, "--json"))
    assert told["fees_usd_per_year"] == told["loss_usd_per_year"] == 0.0
    assert "while the price is out of its range" in asked(tmp_path, *words).out


def test_options_are_bought_against_the_gamma_of_a_share(tmp_path: Path) -> None:
    """Of one expiry at one vol; Greeks after them anew, by differences of Black's formula."""
    recorded(tmp_path / "data")
    chains = ("--chains", "data/options", "--coin", "BTC", "--at", "2026-02-01T02:30:00Z")
    share = ("pool", "--price", "80120", "--value", "2000000", "--lower", "60000", "--upper",
             "100000", "--band", "0.05")  # fmt: skip
    words = (*share, *chains, "--gamma-max", "0.00005", "--json")
    place = tmp_path / "pool.svg"
    told = payload(asked(tmp_path, *words, "--plot", str(place)))
    choice = told["options"]["choice"]
    F, years, vol, step = 80_120.0, (26.0 + 5.5 / 24.0) / 365.0, 0.6, 5.0

    def put(forward: float, strike: float) -> float:
        d1 = log(forward / strike) / (vol * sqrt(years)) + 0.5 * vol * sqrt(years)
        return strike * cdf(vol * sqrt(years) - d1) - forward * cdf(-d1)

    delta, gamma = told["hedge"]["before_coin"], told["hedge"]["gamma_coin_per_usd"]
    assert gamma < -0.00005
    for trade in choice["trades"]:
        quantity = trade["quantity_contracts"]
        if trade["instrument_id"] == "the perpetual":
            delta += quantity
            continue
        assert quantity > 0.0
        assert round(quantity / 0.1) * 0.1 == pytest.approx(quantity)
        *_, strike, right = trade["instrument_id"].split("-")
        down, at, up = (put(F + n * step, float(strike)) for n in (-1, 0, 1))
        delta += quantity * ((up - down) / (2 * step) + (right == "C"))
        gamma += quantity * (up - 2 * at + down) / step**2
        ask = F * (round(at / F + (right == "C") * (1 - float(strike) / F), 4) + 0.0005)
        mark = at + (right == "C") * (F - float(strike))
        fee = min(0.0003 * F, 0.125 * ask)
        paid = sum(trade[f"{name}_usd"] for name in ("crossing", "fee", "carry", "ticket"))
        assert paid == pytest.approx(quantity * (ask - mark + fee) + 1.0, abs=0.01)
    assert abs(delta) <= 0.05 + 1e-4
    assert abs(gamma) <= 0.00005 * 1.001
    assert [each["after_figure"] for each in choice["asks"]] == [
        pytest.approx(delta, abs=1e-4), pytest.approx(gamma, rel=1e-3, abs=1e-8),
    ]  # fmt: skip
    # No perpetual is among them, so that all of the cost is known.
    assert {each["carry_usd"] for each in choice["trades"]} == {0.0}
    assert choice["cost_usd"] >= choice["bound_usd"] - 1e-6
    assert told["options"]["theta_usd_per_day"] < 0.0
    assert max(each["quantity_contracts"] for each in choice["trades"]) <= 100.0
    depth, perpetual = told["options"]["assumed"]
    assert "100 contracts are assumed" in depth
    assert "0.05 % of the price" in perpetual
    assert "its funding is not counted" in " ".join(asked(tmp_path, *words[:-1]).out.split())
    assert "with options" in words_of(place)


def test_more_gamma_than_is_offered_ends_with_1(tmp_path: Path) -> None:
    recorded(tmp_path / "data")
    answer = asked(
        tmp_path, "pool", "--price", "80120", "--value", "900000000", "--chains", "data/options",
        "--coin", "BTC", "--gamma-max", "0", "--at", "2026-02-01T02:30:00Z",
    )  # fmt: skip
    assert answer.code == 1
    assert "options and perpetual cannot do it" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pool",), "--price is missing"),
        (("pool", "--price", "2000"), "--liquidity or --value"),
        ((*POOL, "--value", "5"), "--liquidity or --value"),
        ((*POOL[:5], "--lower", "1600"), "two ends"),
        (
            ("pool", "--price", "2000", "--value", "9", "--lower", "2500", "--upper", "1600"),
            "--lower 2500 must lie below --upper 1600",
        ),
        ((*POOL, "--gamma-max", "0.1"), "go together"),
        ((*POOL, "--at", "2026-02-01"), "go with --chains"),
        (
            (*POOL, "--chains", "data/options", "--gamma-max", "1", "--coin", "BTC"),
            "more than 10 %",
        ),
        (("staked",), "--quantity, --exchange-rate and --price"),
        ((*STAKED, "--discount", "5"), "probably a percentage"),
        ((*STAKED, "--lot", "0"), "must be from 1e-12"),
        ((*STAKED, "--lot", "nan"), "must be finite"),
        ((*STAKED, "--multiplier", "many"), "write a number"),
        ((*POOL, "--held", "lots"), "write a number"),
        ((*STAKED, "--wait-days", "-1"), "must be from 0"),
    ],
)
def test_what_cannot_be_hedged_is_refused(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    recorded(tmp_path / "data")
    answer = asked(tmp_path, *words)
    assert answer.code == 2
    assert said in answer.err
