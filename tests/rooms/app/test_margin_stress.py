"""``hedgerow margin stress``: every account before and after a shock, against sums by hand."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from math import erf, log, sqrt
from pathlib import Path

import pytest

from hedgerow.errors import Failure
from tests.rooms.app.made import EXPIRY, VOL_FRAC, Answer, hedgerow_here, morning, spot_usd

D = Decimal
START = datetime.fromisoformat("2026-02-01T05:00:00Z")
PERP, OPTIONS = "desk/binance/perp", "desk/deribit/options"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return morning(tmp_path_factory.mktemp("morning"))


def stress(words: list[str], *more: str) -> Answer:
    return hedgerow_here("margin", "stress", *words, *more, cwd=Path(words[0]).parent)


def put_coin(forward: float, strike: float, vol: float, days: float) -> float:
    """Price a put by Black's formula, in coins of the forward."""
    root = vol * sqrt(days / 365)
    d1 = log(forward / strike) / root + root / 2

    def below(x: float) -> float:
        return (1 - erf(x / sqrt(2))) / 2

    return strike / forward * below(d1 - root) - below(d1)


def test_a_short_perpetual_gains_what_its_coins_fall(words: list[str]) -> None:
    """5.5 coins short at 80,000, 150,000 dollars beside them."""
    mark = D(str(spot_usd(START)))
    told = stress(words, "--shock", "spot=-20%", "--json").json()["accounts"][PERP]
    now, then = told["present"], told["shocked"]["spot=-20%"]
    assert D(now["equity_ccy"]) == 150_000 + D("5.5") * (80_000 - mark)
    assert D(then["equity_ccy"]) == 150_000 + D("5.5") * (80_000 - D("0.8") * mark)
    assert D(then["requirement_maintenance_ccy"]) < D(now["requirement_maintenance_ccy"])
    required = hedgerow_here(
        "margin", "require", *words, "--account", "perp", "--json", cwd=Path(words[0]).parent
    ).json()[PERP]
    assert now == required


@pytest.mark.parametrize(
    ("shock", "spot", "vol", "days"),
    [
        ("spot=-20%", 0.8, VOL_FRAC, 0.0),
        ("vol=+10pt", 1.0, VOL_FRAC + 0.1, 0.0),
        ("vol=+25%", 1.0, VOL_FRAC * 1.25, 0.0),
        ("days=3", 1.0, VOL_FRAC, 3.0),
        ("BTC=-20,vol=+10pt,days=3", 0.8, VOL_FRAC + 0.1, 3.0),
    ],
)
def test_a_short_put_is_worth_what_the_formula_says_there(
    words: list[str], shock: str, spot: float, vol: float, days: float
) -> None:
    """Ten puts short, three coins beside them; the venue counts what they are worth in coin."""
    told = stress(words, "--account", "options", "--shock", shock, "--json").json()["accounts"]
    (found,) = told.values()
    left_days = (EXPIRY - START) / timedelta(days=1) - days
    worth = put_coin(spot * spot_usd(START), 75_000, vol, left_days)
    assert float(found["shocked"][shock]["equity_ccy"]) == pytest.approx(3 - 10 * worth, abs=2e-3)
    assert (
        found["shocked"][shock]["requirement_maintenance_ccy"]
        != (found["present"]["requirement_maintenance_ccy"])
    )


def test_an_order_asks_under_a_shock_too_where_nothing_is_held_of_its_instrument(
    tmp_path: Path,
) -> None:
    """A buy of 2 coins at 79,000 rests alone: initial at 1 %, and what it would lose at the mark.

    158,000 dollars lie in the second tier of the rulebook, from 50,000 on, maintenance 0.5 % and
    initial twice that. No mark moves an account that holds nothing, nor its maintenance.
    """
    held = (
        """positions = [
  { instrument = "BTCUSDT-PERP", quantity_contracts = "-5.5", price_entry_ccy = "80000" },
]""",
        'orders = [{ instrument = "BTCUSDT-PERP", quantity_contracts = "2", price_ccy = "79000" }]',
    )
    told = stress(morning(tmp_path, held), "--shock", "spot=-20%", "--shock", "rally", "--json")
    found = told.json()["accounts"][PERP]
    mark = D(str(spot_usd(START)))
    for report, loss in (
        (found["present"], D(0)),
        (found["shocked"]["spot=-20%"], 2 * (79_000 - D("0.8") * mark)),
        (found["shocked"]["rally"], D(0)),
    ):
        assert D(report["requirement_initial_ccy"]) == 2 * 79_000 * D("0.01") + loss
        assert D(report["requirement_maintenance_ccy"]) == 0
        assert D(report["equity_ccy"]) == 150_000
        (line,) = report["lines"]
        assert (line["rule"], line["subject"]) == ("open orders", "BTCUSDT-PERP")


def test_the_exit_status_and_one_line_say_who_breaks_where(words: list[str]) -> None:
    answer = stress(words, "--shock", "vol=-1pt", "--shock", "rally", "--shock", "spot=+40%")
    assert answer.code == 1
    assert answer.err == "exit 1: perp would be liquidatable under spot=+40%\n"
    assert re.search(r"^spot=\+40% .* LIQUIDATABLE +estimate", answer.out, re.MULTILINE)
    assert "rally: spot=+30%,vol=+15pt" in answer.out
    assert answer.out.count("LIQUIDATABLE") == 1
    fine = stress(words, "--shock", "vol=-1pt")
    assert (fine.code, fine.err) == (0, "")
    for part in ("present", "vol=-1pt", "Headroom", "binance/perp", "deribit/options"):
        assert part in fine.out


def test_what_is_unknown_now_is_unknown_under_every_shock(tmp_path: Path) -> None:
    words = morning(tmp_path, ('option = "6h"', 'option = "1m"'))
    answer = stress(words, "--shock", "spot=-1%")
    assert answer.code == 1
    assert answer.err == "exit 1: the requirement of options is unknown\n"
    assert answer.out.count("UNKNOWN") == 2
    assert "Requirement unknown" in answer.out
    assert "deribit/options  present and every shock  " in answer.out
    told = stress(words, "--shock", "spot=-1%", "--json").json()["accounts"][OPTIONS]
    assert told["present"]["type"] == told["shocked"]["spot=-1%"]["type"] == "failure"


def test_without_a_shock_all_that_have_a_name_are_tried(words: list[str]) -> None:
    told = stress(words, "--json").json()
    names = {"crash", "rally", "vol-spike", "vol-crush"}
    assert told["shocks"].keys() == names
    assert all(each["shocked"].keys() == names for each in told["accounts"].values())
    assert told["shocks"]["crash"]["moves"] == "spot=-30%,vol=+30pt"
    assert told["shocks"]["crash"]["spot_factor_frac"] == {"BTC": 0.7}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--account", "nobody"), "no account 'nobody' with a rulebook; there are: options, perp"),
        (("--account", "treasury"), "no account 'treasury' with a rulebook"),
        (
            ("--shock", "ETH=-5%"),
            "--shock ETH=-5%: no ETH to move; there are: spot, vol, days",
        ),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    words: list[str], more: tuple[str, ...], told: str
) -> None:
    answer = stress(words, *more)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


def test_what_is_unknown_under_a_shock_alone_is_no_less_a_breach(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Failure(subject="BTCUSDT-PERP", reason="missing_data", message="gone in the shock")
    monkeypatch.setattr("hedgerow.app.margin_stress.require", lambda *_: gone)
    both = stress(words, "--account", "perp", "--shock", "spot=-1%", "--shock", "vol=-1pt")
    assert re.search(r"^binance/perp  spot=-1%; vol=-1pt  BTCUSDT-PERP", both.out, re.MULTILINE)
    answer = stress(words, "--account", "perp", "--shock", "spot=-1%")
    assert re.search(r"^Account +Under +What", answer.out, re.MULTILINE)
    assert answer.code == 1
    assert answer.err == "exit 1: the requirement of perp is unknown under spot=-1%\n"
    assert answer.out.count("UNKNOWN") == 1
    assert "gone in the shock" in answer.out
