"""``hedgerow hedge scalp`` and ``greeks``: by formulas written here, and the desk valued anew."""

import json
from math import erf, exp, log, pi, sqrt
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.rooms.app.made import Answer, hedgerow_here, morning

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the collection is not beside it")
# The chain of 02:30 that the desk opens in: one vol, one forward, one expiry.
FORWARD, VOL = 80_120.0, 0.6
DAYS = 26.0 + 5.5 / 24.0
PUT = "BTC-27FEB26-80000-P"


def cdf(x: float) -> float:
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))


def put_usd(forward: float, strike: float, vol: float, years: float) -> float:
    d1 = log(forward / strike) / (vol * sqrt(years)) + 0.5 * vol * sqrt(years)
    return strike * cdf(vol * sqrt(years) - d1) - forward * cdf(-d1)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("morning")
    return folder, morning(folder)


def scalped(desk: tuple[Path, list[str]], *words: str) -> Answer:
    folder, named = desk
    return hedgerow_here("hedge", "scalp", *named, *words, cwd=folder)


def targeted(desk: tuple[Path, list[str]], *words: str) -> Answer:
    folder, named = desk
    return hedgerow_here("hedge", "greeks", *named, *words, cwd=folder)


def payload(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_options_got_into_break_even_at_their_vol_and_pay_to_enter(
    desk: tuple[Path, list[str]],
) -> None:
    answer = scalped(
        desk, "--option", f"{PUT}=3", "--realised", "50%,60%,80%", "--days", "2", "--hedge-hours",
        "6", "--cost", "0.1%", "--json",
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    told = payload(answer)
    found = told["outlook"]
    assert found["vol_break_even_frac"] == pytest.approx(VOL, abs=1e-9)
    # Gamma by the density, theta as what Black's formula loses in a minute.
    F, K, years = found["price_usd"], 80_000.0, DAYS / 365.0
    assert F == FORWARD
    d1 = log(F / K) / (VOL * sqrt(years)) + 0.5 * VOL * sqrt(years)
    gamma = exp(-0.5 * d1 * d1) / sqrt(2.0 * pi) / (F * VOL * sqrt(years))
    assert found["gamma_coin_per_usd"] == pytest.approx(3 * gamma, rel=1e-9)
    minute = 1.0 / (365.0 * 1_440.0)
    decay = put_usd(F, K, VOL, years - minute) - put_usd(F, K, VOL, years + minute)
    assert found["theta_usd_per_day"] == pytest.approx(3 * decay * 720.0, rel=1e-6)
    mark = put_usd(F, K, VOL, years)
    vega = (put_usd(F, K, VOL + 1e-4, years) - put_usd(F, K, VOL - 1e-4, years)) / 2e-4
    assert told["vega_usd_per_volpt"] == pytest.approx(3 * vega / 100.0, rel=1e-6)
    # The ask is five ten-thousandths of a coin above a mark that is rounded to the fourth.
    ask = F * (round(mark / F, 4) + 0.0005)
    assert told["entry_usd"] == pytest.approx(3 * (ask - mark + 0.0003 * F), rel=1e-6)
    for row in found["rows"]:
        sigma = row["vol_realised_frac"]
        earned = 0.5 * 3 * gamma * F**2 * (sigma**2 - VOL**2) * 2.0 / 365.0
        traded = 8 * 3 * gamma * F * sigma * sqrt(2.0 * 0.25 / 365.0 / pi)
        assert row["expected_usd"] == pytest.approx(
            earned - 0.001 * F * traded - told["entry_usd"], rel=1e-6
        )


def test_a_straddle_sold_gains_below_its_vol(desk: tuple[Path, list[str]]) -> None:
    words = ("--option", f"{PUT}=-2", "--option", "BTC-27FEB26-80000-C=-2", "--json")
    found = payload(scalped(desk, *words))["outlook"]
    assert found["gamma_coin_per_usd"] < 0.0 < found["theta_usd_per_day"]
    assert found["vol_break_even_frac"] == pytest.approx(VOL, abs=1e-9)
    low, *_, high = found["rows"]
    assert low["gamma_usd"] + low["theta_usd"] > 0.0 > high["gamma_usd"] + high["theta_usd"]


def test_what_the_desk_holds_breaks_even_by_its_own_gamma_and_theta(
    desk: tuple[Path, list[str]],
) -> None:
    folder, named = desk
    told = payload(scalped(desk, "--json"))
    shown = json.loads(hedgerow_here("exposure", "show", *named, "--json", cwd=folder).out)
    (row,) = (each for each in shown["rows"] if each["node"] == "coin/BTC")
    implied = sqrt(-2.0 * 365.0 * row["theta_usd_per_day"] / (100.0 * row["gamma_usd_per_pct"]))
    assert told["outlook"]["vol_break_even_frac"] == pytest.approx(implied, rel=1e-12)
    assert implied == pytest.approx(VOL, rel=1e-3)
    assert told["legs"] == []
    assert told["entry_usd"] == 0.0


def test_a_chain_that_nobody_quotes_leaves_the_entry_unknown(tmp_path: Path) -> None:
    """The embedded market has marks alone."""
    answer = hedgerow_here("hedge", "scalp", "--option", "BTC-27MAR26-80000-C=5", cwd=tmp_path)
    assert answer.code == 1
    assert "what entering costs is not known" in answer.err
    assert "Unknown, and left out" in answer.out
    place = tmp_path / "unknown.svg"
    told = hedgerow_here(
        "hedge", "scalp", "--option", "BTC-27MAR26-80000-C=5", "--json", "--plot", str(place),
        cwd=tmp_path,
    )  # fmt: skip
    drawn = "".join(ElementTree.parse(place).getroot().itertext())
    assert "pays for hedges, entry unknown" in drawn
    assert "pays for all" not in drawn
    assert told.code == 1
    found = json.loads(told.out)
    # What is not known is not nought, in no row either.
    assert found["entry_usd"] is None
    assert {row["entry_usd"] for row in found["outlook"]["rows"]} == {None}


def test_a_time_in_which_an_option_of_the_desk_expires_is_refused(
    desk: tuple[Path, list[str]],
) -> None:
    """Its theta of a day times the days beyond its life would be money that nobody is paid."""
    assert scalped(desk, "--days", "26", "--hedge-hours", "24").code == 0
    answer = scalped(desk, "--days", "27", "--hedge-hours", "24")
    assert answer.code == 2
    assert "--days 27: BTC-27FEB26-75000-P lives for 26.12 days" in answer.err


@pytest.mark.slow
def test_what_a_desk_assumes_of_option_spreads_is_what_trades_are_priced_by(
    tmp_path: Path,
) -> None:
    spread = "[assumptions.option_spread]\nhalf_spread_vol = 0.05\n[movers]"
    named = morning(tmp_path, ("[movers]", spread))
    words = ("--target", "theta=..550", "--offer", "BTC-*@options")
    answer = hedgerow_here("hedge", "greeks", *named, *words, cwd=tmp_path)
    assert "options are traded 5.0 % of vol beside their mark" in " ".join(answer.out.split())
    made = hedgerow_here("plan", "make", *named, "--offer", "BTC-*@options", cwd=tmp_path)
    assert "options are traded 5.0 % of vol beside their mark" in " ".join(made.out.split())


def test_a_drawing_of_what_is_expected(desk: tuple[Path, list[str]], tmp_path: Path) -> None:
    place = tmp_path / "scalp.svg"
    assert scalped(desk, "--plot", str(place)).code == 0
    words = "".join(ElementTree.parse(place).getroot().itertext())
    assert "pays for theta" in words
    assert "a deviation more" in words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--option", PUT), "write an option and contracts"),
        (("--option", f"{PUT}=0"), "0 contracts are none"),
        (("--option", f"{PUT}=1", "--option", f"{PUT}=2"), "named twice"),
        (("--option", "BTC-27FEB26-81000-P=1"), "not in the chain of BTC"),
        (("--option", f"{PUT}=1", "--days", "40"), "lives for"),
        (("--option", "BTC=1"), "--option BTC"),
        (("--hedge-hours", "48"), "not one hedge within --days 1"),
        (("--days", "0"), "must be positive"),
        (("--coin", "ETH"), "holds nothing in ETH"),
        (("--realised", "60"), "probably a percentage"),
        (("--plot", "a.png"), "ends in .svg"),
    ],
)
def test_what_cannot_be_scalped_is_refused(
    desk: tuple[Path, list[str]], words: tuple[str, ...], said: str
) -> None:
    answer = scalped(desk, *words)
    assert answer.code == 2
    assert said in answer.err


def test_targets_are_met_and_the_desk_valued_with_the_trades_says_the_same(
    desk: tuple[Path, list[str]], tmp_path: Path
) -> None:
    words = (
        "--target", "theta=450..550", "--target", "delta=1.9..2.1", "--offer", "BTC-*@options",
        "--json",
    )  # fmt: skip
    answer = targeted(desk, *words)
    assert (answer.code, answer.err) == (0, "")
    told = payload(answer)
    theta, delta = told["choice"]["asks"]
    assert 450.0 - 1e-6 <= theta["after_figure"] <= 550.0 + 1e-6
    assert 1.9 - 1e-6 <= delta["after_figure"] <= 2.1 + 1e-6
    assert told["choice"]["cost_usd"] >= told["choice"]["bound_usd"] - 1e-6
    # What was chosen by effects of single contracts is what all of them come to together.
    after = {each["node"]: each for each in told["after"]}
    assert after["all"]["theta_usd_per_day"] == pytest.approx(theta["after_figure"], abs=0.05)
    assert after["all"]["delta_spot_coin"] == pytest.approx(delta["after_figure"], abs=1e-6)
    # In a way of its own: a desk file that holds the options bought, its perpetual changed.
    bought = {
        each["instrument_id"]: each["quantity_contracts"] for each in told["choice"]["trades"]
    }
    held = {"BTC-27FEB26-75000-P": -10.0}
    for name, quantity in bought.items():
        if name.startswith("BTC-"):
            held[name] = held.get(name, 0.0) + quantity
    written = ", ".join(
        f'{{ instrument = "{name}", quantity_contracts = "{quantity:.3f}" }}'
        for name, quantity in held.items() if abs(quantity) > 1e-9
    )  # fmt: skip
    old = '{ instrument = "BTC-27FEB26-75000-P", quantity_contracts = "-10" }'
    perp = -5.5 + bought.get("BTCUSDT-PERP", 0.0)
    named = morning(tmp_path, (old, written), ('"-5.5"', f'"{perp:.3f}"'))
    rows = json.loads(hedgerow_here("exposure", "buckets", *named, "--node", "coin/BTC", "--json",
                                    cwd=tmp_path).out)["by_expiry"]  # fmt: skip
    for row in rows:
        bucket = after[row["node"].partition("/")[2]]
        for name in ("theta_usd_per_day", "vega_usd_per_volpt", "gamma_usd_per_pct"):
            assert bucket[name] == pytest.approx(row[name], abs=1e-6)


def test_of_one_option_the_fewest_lots_are_bought(desk: tuple[Path, list[str]]) -> None:
    """Bought puts lose theta: the least that brings it into its range is the cheapest."""
    words = ("--target", "vega@7-30d=-210..-190", "--json")
    told = payload(targeted(desk, *words))
    (trade,) = told["choice"]["trades"]
    assert trade["instrument_id"] == "BTC-27FEB26-75000-P"
    (ask,) = told["choice"]["asks"]
    per_lot = (ask["after_figure"] - ask["before_figure"]) / trade["quantity_contracts"] * 0.1
    assert ask["after_figure"] >= -210.0
    assert ask["after_figure"] - per_lot < -210.0
    bucket = next(each for each in told["before"] if each["node"] == "7-30 d")
    years = (DAYS - 2.5 / 24.0) / 365.0  # the desk opens later than its chain
    vega = (put_usd(FORWARD, 75_000.0, VOL + 1e-4, years)
            - put_usd(FORWARD, 75_000.0, VOL - 1e-4, years)) / 2e-4  # fmt: skip
    assert bucket["vega_usd_per_volpt"] == pytest.approx(-10 * vega / 100.0, rel=1e-3)
    # The premium leaves the balance: that is all that happens to what has no expiry.
    each = put_usd(FORWARD, 75_000.0, VOL, years)
    paid = trade["quantity_contracts"] * each
    assert told["premium_usd"] == pytest.approx(-paid, rel=5e-3)
    was, then = (
        next(row for row in told[when] if row["node"] == "no expiry")["delta_spot_usd"]
        for when in ("before", "after")
    )
    assert told["premium_usd"] == pytest.approx(then - was, rel=1e-9)
    said = " ".join(targeted(desk, *words[:-1]).out.split())
    assert "USD are paid at the marks beside that." in said


def test_of_so_few_trades_the_cheapest_or_none(tmp_path: Path) -> None:
    """No option of one expiry moves the vega of two: three trades may, and one cannot."""
    words = ("--target", "vega@0-2d=-6..-4", "--target", "vega@7-30d=-700..-650",
             "--offer", "BTC-27MAR26-*@deribit-btc")  # fmt: skip
    two = hedgerow_here("hedge", "greeks", *words, "--legs", "2", cwd=tmp_path)
    assert two.code == 0
    assert "no trades so few cost less than" in " ".join(two.out.split())
    assert "The last unit of what binds" not in two.out
    told = payload(hedgerow_here("hedge", "greeks", *words, "--legs", "2", "--json", cwd=tmp_path))
    assert len(told["choice"]["trades"]) == told["legs_count_max"] == 2
    one = hedgerow_here("hedge", "greeks", *words, "--legs", "1", cwd=tmp_path)
    assert one.code == 2
    assert "no trades were found: of 1 or fewer none were found that do all" in one.err
    none = hedgerow_here("hedge", "greeks", *words, "--legs", "0", cwd=tmp_path)
    assert none.code == 2
    assert "--legs must be 1 or more, was 0" in none.err
    idle = hedgerow_here("hedge", "greeks", "--legs", "2", cwd=tmp_path)
    assert idle.code == 2
    assert "--legs is of trades towards a --target" in idle.err


def test_a_bucket_is_moved_by_options_of_its_own_expiries_alone(tmp_path: Path) -> None:
    """The embedded desk holds a day and eleven days: the month's options do nothing to the day."""
    words = ("--target", "vega@0-2d=-6..-4", "--offer", "BTC-27MAR26-*@deribit-btc", "--json")
    told = payload(hedgerow_here("hedge", "greeks", *words, cwd=tmp_path))
    (ask,) = told["choice"]["asks"]
    rows = {each["node"]: each for each in told["after"]}
    assert -6.0 <= rows["0-2 d"]["vega_usd_per_volpt"] <= -4.0
    assert rows["0-2 d"]["vega_usd_per_volpt"] == pytest.approx(ask["after_figure"], abs=0.01)
    assert {each["instrument_id"][:11] for each in told["choice"]["trades"]} == {"BTC-17MAR26"}


def test_options_of_two_expiries_are_scalped_until_the_first_of_them(tmp_path: Path) -> None:
    both = ("--option", "BTC-27MAR26-80000-C=1", "--option", "BTC-17MAR26-80000-C=1")
    answer = hedgerow_here("hedge", "scalp", *both, "--days", "5", cwd=tmp_path)
    assert answer.code == 2
    assert "BTC-17MAR26-80000-C lives for" in answer.err


@pytest.mark.slow
def test_funding_is_counted_for_as_long_as_the_hedge_stands(tmp_path: Path) -> None:
    words = ("hedge", "greeks", "--target", "delta=-0.01..0.01", "--json", "--at",
             "2026-03-17T03:00:00Z", "--horizon-days")  # fmt: skip
    paid = []
    for days in ("1", "7"):
        told = payload(hedgerow_here(*words, days, cwd=tmp_path))
        assert len(told["assumed"]) == 1
        (perp,) = (
            each for each in told["choice"]["trades"] if each["instrument_id"] == "BTCUSDT-PERP"
        )
        paid.append(perp["carry_usd"] / perp["quantity_contracts"])
    assert paid[0] != 0.0
    assert paid[1] == pytest.approx(7 * paid[0], rel=1e-9)


def test_a_carry_that_nobody_knows_is_no_figure(tmp_path: Path) -> None:
    """Before the first funding of the embedded market there is no rate to go by."""
    words = ("--target", "delta=-0.01..0.01", "--json")
    told = payload(hedgerow_here("hedge", "greeks", *words, cwd=tmp_path))
    (trade,) = told["choice"]["trades"]
    assert trade["carry_usd"] is None
    assert told["choice"]["cost_usd"] is None
    assert told["assumed"][1] == "Funding of BTCUSDT-PERP is unknown: no cost holds its carry."
    printed = hedgerow_here("hedge", "greeks", *words[:-1], cwd=tmp_path).out
    (row,) = [line for line in printed.splitlines() if line.startswith("BTCUSDT-PERP")]
    known_usd = trade["crossing_usd"] + trade["fee_usd"] + trade["ticket_usd"]
    assert row.split()[-2:] == ["unknown", f"{known_usd:,.2f}?"]
    assert f"They cost {known_usd:,.2f}? USD" in printed
    assert "lots and unknown funding left aside." in printed


def test_without_a_target_the_buckets_are_shown(desk: tuple[Path, list[str]]) -> None:
    answer = targeted(desk)
    assert answer.code == 0
    assert "7-30 d" in answer.out
    assert "Targets" not in answer.out
    assert payload(targeted(desk, "--json"))["choice"] is None


def test_targets_that_cannot_all_hold_end_with_1_and_are_named(
    desk: tuple[Path, list[str]],
) -> None:
    """Of one expiry at one vol theta and vega go together: both cannot be had."""
    answer = targeted(
        desk, "--target", "theta=1900..2100", "--target", "vega=2900..3100", "--offer",
        "BTC-*@options", "--option-depth", "500",
    )  # fmt: skip
    assert answer.code == 1
    assert "is missed" in answer.err
    assert "MISSED" in answer.out
    assert "Cannot all hold" in answer.out


def test_a_drawing_of_before_and_after(desk: tuple[Path, list[str]], tmp_path: Path) -> None:
    place = tmp_path / "greeks.svg"
    words = ("--target", "theta=..550", "--offer", "BTC-*@options", "--plot", str(place), "--json")
    answer = targeted(desk, *words)
    assert answer.code == 0
    assert payload(answer)["choice"]["asks"][0]["low_figure"] is None
    assert "after the trades" in "".join(ElementTree.parse(place).getroot().itertext())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "vega@5d=0..1"), "there are 0-2d, 2-7d, 7-30d, 30-90d, over-90d"),
        (("--target", "vega=0..1", "--target", "vega=1..2"), "vega has a range already"),
        (("--target", "theta=1..much"), "write a number"),
        (("--target", "theta=5"), "write a Greek and its range"),
        (("--target", "theta=5..1"), "from the lower end to the higher one"),
        (("--target", "theta=.."), "from the lower end to the higher one"),
        (("--target", "zeta=1..5"), "there are delta, gamma, vega, theta"),
        (("--coin", "DOGE"), "holds nothing in DOGE"),
        (("--target", "theta=0..1", "--offer", "BTC-*@nobody"), "the accounts are"),
        (("--plot", "a.png"), "ends in .svg"),
    ],
)
def test_what_cannot_be_targeted_is_refused(
    desk: tuple[Path, list[str]], words: tuple[str, ...], said: str
) -> None:
    answer = targeted(desk, *words)
    assert answer.code == 2
    assert said in answer.err


@needs_data
@pytest.mark.slow
def test_options_of_a_real_chain_break_even_at_the_vols_they_are_marked_at(tmp_path: Path) -> None:
    """Whatever the strike and expiry; two of them together between their vols."""
    chains = ("hedge", "scalp", "--chains", str(DATA / "deribit_options_2026"), "--at",
              "2026-01-29T12:00:00Z", "--json")  # fmt: skip
    vols = []
    for name in ("BTC-27FEB26-70000-P", "BTC-27FEB26-85000-C", "BTC-25SEP26-120000-C"):
        told = payload(hedgerow_here(*chains, "--option", f"{name}=1", cwd=tmp_path))
        (leg,) = told["legs"]
        assert told["outlook"]["vol_break_even_frac"] == pytest.approx(leg["vol_frac"], rel=1e-9)
        assert told["entry_usd"] > 0.0
        assert told["outlook"]["vol_paid_frac"] > leg["vol_frac"]
        vols.append(leg["vol_frac"])
    both = payload(
        hedgerow_here(*chains, "--option", "BTC-27FEB26-70000-P=1", "--option",
                      "BTC-25SEP26-120000-C=4", cwd=tmp_path)
    )  # fmt: skip
    assert min(vols) < both["outlook"]["vol_break_even_frac"] < max(vols)


def test_a_pool_share_on_the_desk_is_hedged_by_options_and_a_perpetual(tmp_path: Path) -> None:
    """A share without a range: L/√S coins, gamma -L/2S^1.5, beside the puts that were sold."""
    pool = """
[[instruments]]
kind = "constant_product"
id = "POOL"
underlying = "BTC"
settlement = "USDC"

"""
    changes = (
        ('[[accounts]]\nid = "options"', f'{pool}[[accounts]]\nid = "options"'),
        (
            'balances = { USDC = "500000", BTC = "2" }',
            'balances = { USDC = "500000", BTC = "2" }\n'
            'positions = [{ instrument = "POOL", quantity_contracts = "2000" }]',
        ),
    )
    bare, held = tmp_path / "bare", tmp_path / "held"
    for folder in (bare, held):
        folder.mkdir()
    plain = payload(hedgerow_here("hedge", "greeks", *morning(bare), "--json", cwd=bare))
    named = morning(held, *changes)
    words = (
        "--target", "gamma=-100..100", "--target", "delta=-0.05..0.05", "--offer",
        "BTC-*@options", "--option-depth", "200", "--json",
    )  # fmt: skip
    told = payload(hedgerow_here("hedge", "greeks", *named, *words, cwd=held))
    spot = FORWARD
    before, without = told["before"][-1], plain["before"][-1]
    share = before["gamma_usd_per_pct"] - without["gamma_usd_per_pct"]
    assert share == pytest.approx(-0.5 * 2_000.0 * sqrt(spot) / 100.0, rel=2e-3)
    moved = before["delta_spot_coin"] - without["delta_spot_coin"]
    assert moved == pytest.approx(2_000.0 / sqrt(spot), rel=2e-3)
    after = told["after"][-1]
    assert abs(after["gamma_usd_per_pct"]) <= 100.0 + 1e-6
    assert abs(after["delta_spot_coin"]) <= 0.05 + 1e-6
