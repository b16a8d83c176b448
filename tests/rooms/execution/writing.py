"""A small run, written the same way by every test and by every child process."""

from pathlib import Path
from typing import Any

from hedgerow.execution import Header, Journal

HEADER = Header(
    desk_digest="d" * 64,
    rulebooks_digest="c" * 64,
    data_name="embedded",
    data_digest="e" * 64,
    seed=7,
    mode="auto",
)


def observed(step: int) -> dict[str, Any]:
    return {
        "prices_usd": {"BTC": 77_000.0 + step / 3, "ETH": 2_500.0},
        "accounts": {"perp": {"equity_usd": 1e5 - step / 7, "requirement_usd": 5e4}},
    }


def write_step(journal: Journal, step: int) -> None:
    """Two observations, then one leg from intent to fill: five rows."""
    with journal.batch():
        journal.append("observed", step, observed(step))
        journal.append("decision", step, {"reasons": [f"step {step}"]})
    client_id = f"leg-{step}"
    journal.append("intent", step, {"step": step}, client_id)
    journal.append("sent", step, {}, client_id)
    journal.append("filled", step, {"fee_usd": step / 9}, client_id)


def write_run(path: Path, steps: int) -> str:
    """One clean run; gives its head."""
    with Journal.create(path, HEADER) as journal:
        for step in range(steps):
            write_step(journal, step)
        return journal.append("end", steps, {"steps_count": steps})


if __name__ == "__main__":
    import sys

    sys.stdout.write(write_run(Path(sys.argv[1]), int(sys.argv[2])))
