"""Every account on the page of desks by venue loads, and is judged where the recordings are."""

import re
from pathlib import Path

import pytest

from hedgerow.app.desk import load_desk
from tests.rooms.app.made import hedgerow_here

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
PAGE = (ROOT / "docs" / "how-to" / "desks-by-venue.md").read_text(encoding="utf-8")
HEAD, *_ = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
DESKS = dict(re.findall(r"^## ([^\n]+)\n.*?```toml\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


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
def test_its_requirement_is_known(title: str, tmp_path: Path) -> None:
    if not DATA.is_dir():
        pytest.skip("no recordings beside the repository")
    path = desk_of(title, tmp_path)
    answer = hedgerow_here("margin", "require", str(path), "--data", str(DATA), "--json",
                           cwd=tmp_path)  # fmt: skip
    (report,) = answer.json().values()
    assert "requirement_maintenance_ccy" in report
    # Of the page's eight only OKX's has a distance that its rulebook cannot say.
    assert answer.code == int(title == "OKX portfolio margin")
