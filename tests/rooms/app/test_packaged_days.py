"""Packaged rulebooks of one venue, of several days: which an old account gets, and its figures."""

from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, Rulebook, require, rulebooks_at
from hedgerow.margin.venues.deribit_rulebook import ScanRulebook
from hedgerow.margin.venues.derive import DeriveRulebook
from hedgerow.margin.venues.paradex_portfolio import ParadexPortfolioRulebook
from hedgerow.units import parse_ns
from tests.builders import account, by_id, perpetual, quote, snapshot
from tests.golden.read import case
from tests.rooms.app.made import hedgerow_here
from tests.rooms.margin.deribit_example import PME, pme_account

D = Decimal
DOCS = Path(__file__).parents[3] / "docs" / "venues"
OLDER, NEWER = "deribit/2024-06-17", "deribit/2026-02-15"


def in_force(venue: str, time_ns: int) -> Rulebook:
    return rulebooks_at(packaged_rulebooks(), time_ns)[venue]


@pytest.mark.parametrize(
    ("time", "name"),
    [
        ("2024-06-17T00:00:00Z", OLDER),
        ("2026-02-14T23:59:59Z", OLDER),
        ("2026-02-15T00:00:00Z", NEWER),
    ],
)
def test_a_venue_goes_by_the_packaged_rulebook_of_the_day(time: str, name: str) -> None:
    assert in_force("deribit", parse_ns(time)).name == name


def test_before_its_first_day_a_venue_has_none() -> None:
    assert "deribit" not in rulebooks_at(packaged_rulebooks(), parse_ns("2024-06-16T23:59:59Z"))


def test_the_older_day_reproduces_the_venues_case_of_that_day() -> None:
    """Nothing is taken out of the case but positions and prices: all figures are the file's."""
    held, instruments, now = pme_account()
    report = require(held, instruments, now, in_force("deribit", now.time_ns))
    assert isinstance(report, MarginReport), report
    assert report.rulebook == OLDER
    then = PME["then"]
    asked = report.requirement_maintenance_ccy, report.requirement_initial_ccy
    for got, name in zip(asked, ("maintenance_margin", "risk_matrix_margin"), strict=True):
        assert abs(got - D(then[name])) <= D("1e-11")


def test_every_figure_of_the_older_day_is_the_cases_own() -> None:
    found, params = packaged_rulebooks()[OLDER], PME["given"]["params"]
    assert isinstance(found, ScanRulebook)
    by_coin = {
        "price_range": found.price_range_frac,
        "volatility_range_up": found.volatility_up_frac,
        "volatility_range_down": found.volatility_down_frac,
        "extended_dampener_usd": found.extended_dampener_usd,
        "annualised_move_risk": found.annualised_move_risk_frac,
        "min_annualised_move": found.min_annualised_move_frac,
    }
    assert by_coin == {name: {"BTC": D(params[name])} for name in by_coin}
    of_all = {
        "buckets_count": found.buckets_count,
        "short_term_vega_power": found.short_term_vega_power,
        "long_term_vega_power": found.long_term_vega_power,
        "min_volatility_for_shock_up": found.min_volatility_for_shock_up_frac,
        "extended_table_factor": found.extended_table_factor_frac,
        "delta_total_liq_shock_threshold_usd": found.delta_shock_threshold_usd,
        "mm_factor": found.maintenance_factor_frac,
    }
    assert of_all == {name: D(params[name]) for name in of_all}
    tails = PME["then"]["extended_vector_by_instrument"]["BTC-PERPETUAL"]
    assert len(found.extended_moves_frac) == len(tails)


def test_a_coin_the_older_day_does_not_tell_is_refused() -> None:
    _, instruments, now = pme_account()
    ether = account(currency="ETH", balances={"ETH": 1}, time_ns=now.time_ns)
    found = require(ether, instruments, now, in_force("deribit", now.time_ns))
    assert isinstance(found, Failure)
    assert found.message == f"{OLDER} has no scan for ETH"


def test_the_command_shows_what_the_newer_day_adds(tmp_path: Path) -> None:
    got = hedgerow_here("margin", "rulebooks", "diff", OLDER, NEWER, "--json", cwd=tmp_path)
    told = {each["path"]: (each["old"], each["new"]) for each in got.json()["differences"]}
    # The reference's figures of ETH on 2026-02-15; what it tells of BTC is the same on both days.
    assert told == {
        "price_range_frac.ETH": (None, "0.18"),
        "volatility_up_frac.ETH": (None, "0.40"),
        "volatility_down_frac.ETH": (None, "0.25"),
        "extended_dampener_usd.ETH": (None, "200000"),
        "annualised_move_risk_frac.ETH": (None, "0.05"),
        "min_annualised_move_frac.ETH": (None, "0.005"),
    }
    assert got.code == 1


def test_binance_of_2024_is_judged_by_the_brackets_of_that_revision() -> None:
    """A live position of 2024-02-08, under the one revision of brackets that has a source."""
    one = case("binance/venue_cases", "binance-pm-position-btcusdt")
    given, then = one["given"], one["then"]
    now_ns = parse_ns("2024-02-08T00:00:00Z")
    held = account(positions={"BTC-PERP": (given["contracts"], given["entry"])}, time_ns=now_ns)
    mark = D(given["notional"]) / D(given["contracts"])
    now = snapshot(quote("BTC-PERP", mark, now_ns), time_ns=now_ns)
    report = require(held, by_id(perpetual()), now, in_force("binance", now_ns))
    assert isinstance(report, MarginReport), report
    assert report.rulebook == "binance/2021-11-01"
    off = report.requirement_maintenance_ccy - D(then["maintenance_margin"])
    assert abs(off) <= D("1e-8")


# --- revisions without a day: documented, and no rulebook -----------------------------------------


def documented(venue: str, first: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Give the rows of the table of a venue's page that begins so, in fractions: earlier, now."""
    _, _, below = (DOCS / f"{venue}.md").read_text(encoding="utf-8").partition(f"| {first} |")
    rows = [line.strip("| ").split("|") for line in below.split("\n\n")[0].splitlines()[2:]]
    return {
        name.strip(): (D(old.strip(" %")) / 100, D(new.strip(" %")) / 100)
        for name, old, new in rows
    }


def test_the_documented_earlier_tails_differ_from_the_packaged_ones_by_a_third() -> None:
    found = packaged_rulebooks()["paradex-portfolio/2026-08-20"]
    assert isinstance(found, ParadexPortfolioRulebook)
    rows = documented("paradex", "tail")
    for coin in ("BTC", "ETH"):
        packaged = {each.move_frac: each.weight_frac for each in found.scans[coin].tails}
        told = {D(name.replace("−", "-").strip(" %")) / 100: row for name, row in rows.items()}
        assert {move: now for move, (_, now) in told.items()} == packaged
    for old, now in rows.values():
        assert abs(old - now * 4 / 3) <= D("0.00005"), "5.33 is a third of 16, printed short"


def test_the_documented_deploy_defaults_stand_beside_the_packaged_figures() -> None:
    found = packaged_rulebooks()["derive/2026-11-20"]
    assert isinstance(found, DeriveRulebook)
    rows = documented("derive", "perpetuals of BTC and ETH")
    for coin in ("BTC", "ETH"):
        assert rows["initial"] == (D("0.10"), found.perp_initial_frac[coin])
        assert rows["maintenance"] == (D("0.065"), found.perp_maintenance_frac[coin])
