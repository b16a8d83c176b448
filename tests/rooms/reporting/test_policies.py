"""Ways side by side: what stands where nobody looked."""

from rich.console import Console

from hedgerow.reporting.policies import policy_tables
from hedgerow.simulation import Interval, PolicyRow

NOTHING = Interval(value_frac_or_usd=0.0, low_frac_or_usd=None, high_frac_or_usd=None)


def row(policy: str, broken_frac: float | None) -> PolicyRow:
    return PolicyRow(
        policy=policy, depth_factor_frac=1.0, slack_frac=1.0, markets_count=1, cost_usd=NOTHING,
        capital_usd=NOTHING, loss_usd=NOTHING, liquidated_count=0, liquidated_frac=NOTHING,
        change_usd=NOTHING, shortfall_usd=NOTHING, broken_frac=broken_frac, trades_count=0.0,
        transfers_count=0.0, refused_count=0.0, dearer_usd=None, compared_at_frac=None,
        ahead_usd=None, same_legs_count=0, why="",
    )  # fmt: skip


def test_a_dash_of_the_desk_left_alone_is_explained_below() -> None:
    console = Console(width=400, highlight=False)
    with console.capture() as found:
        console.print(policy_tables([row("joint", 0.25), row("left alone", None)], "A desk", ()))
    said = found.get()
    ends = said[said.index("how it ended") :].splitlines()
    broken = {line.split("  ")[0]: line.split()[-4] for line in ends if "0.0" in line}
    assert broken == {"joint": "%", "left alone": "–"}
    assert "25.0 %" in said
    assert "a dash where the desk is left alone" in said
