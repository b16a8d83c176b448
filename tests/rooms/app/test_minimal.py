"""The smallest desk that is shipped: it loads, and it runs on the recording it names."""

from pathlib import Path

from hedgerow.app.desk import load_desk
from tests.rooms.app.edit import EXAMPLE
from tests.rooms.app.made import hedgerow_here

MINIMAL = EXAMPLE.with_name("minimal.toml")


def test_it_only_looks_and_needs_no_budget() -> None:
    desk = load_desk(MINIMAL)
    assert desk.mode == "observe"
    assert not desk.has_budget
    assert len(desk.accounts) == len(desk.limits) == 1
    assert not [*desk.hedges, *desk.buffers, *desk.routes]


def test_it_runs_and_everything_is_known(tmp_path: Path, shared_data: Path) -> None:
    answer = hedgerow_here("run", MINIMAL, "--data", shared_data, "--json", cwd=tmp_path)
    assert answer.code == 0
    _, watched = answer.json()["episodes"]
    assert watched["summary"]["incomplete_count"] == 0
    assert (
        "No option chain brings an index of BTC: it is taken as the close of BTCUSDT-PERP."
        in (watched["assumptions"])
    )
