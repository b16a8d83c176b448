"""Every account on the page of desks by venue loads, and is judged where the recordings are."""

import re
from pathlib import Path

import pytest

from hedgerow.app.desk import load_desk
from tests.rooms.app.made import hedgerow_here

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "desks-by-venue.md").read_text(encoding="utf-8")
HEAD, *_ = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
DESKS = dict(re.findall(r"^## ([^\n]+)\n.*?```toml\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


HEDGE = """
[[hedges]]
underlying = "ETH"
instrument = "ETHUSDT-PERP"
account = "perp"
risk_aversion_per_usd = 1e-6
band_min_coin = 2.0
slippage_limit = 0.005
"""


def desk_of(title: str, folder: Path) -> Path:
    path = folder / "mine.toml"
    path.write_text(HEAD + DESKS[title], encoding="utf-8")
    return path


def test_the_page_has_these_and_promises_no_more() -> None:
    assert list(DESKS) == [
        "A loan at Aave", "Compound", "Maker", "GMX", "dYdX", "OKX portfolio margin",
        "Options at Deribit", "Perpetuals at Binance",
    ]  # fmt: skip
    assert "One block for each of eight venues" in PAGE


@pytest.mark.parametrize("title", DESKS)
def test_it_loads(title: str, tmp_path: Path) -> None:
    (account,) = load_desk(desk_of(title, tmp_path)).accounts
    assert account.rulebook is not None
    assert account.positions


@pytest.mark.parametrize("title", DESKS)
def test_its_requirement_is_known(title: str, tmp_path: Path, shared_data: Path) -> None:
    path = desk_of(title, tmp_path)
    answer = hedgerow_here("margin", "require", str(path), "--data", str(shared_data), "--json",
                           cwd=tmp_path)  # fmt: skip
    (report,) = answer.json().values()
    assert "requirement_maintenance_ccy" in report
    # Of the page's eight only OKX's has a distance that its rulebook cannot say.
    assert answer.code == int(title == "OKX portfolio margin")


@pytest.mark.parametrize("verb", ["plan", "bands"])
def test_a_hedge_below_the_head_is_planned(verb: str, tmp_path: Path, shared_data: Path) -> None:
    """The perpetuals alone are the delta, 940 coins short: all but the least band is bought."""
    path = desk_of("Perpetuals at Binance", tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + HEDGE, encoding="utf-8")
    answer = hedgerow_here(
        "hedge", verb, str(path), "--data", str(shared_data), "--json", cwd=tmp_path
    )
    assert answer.code == 0
    if verb == "plan":
        (leg,) = answer.json()["legs"]
        assert float(leg["quantity_contracts"]) == pytest.approx(938, abs=0.01)
    else:
        assert "unknown" not in answer.json()["ETH"]
