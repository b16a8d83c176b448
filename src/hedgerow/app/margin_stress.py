"""What ``hedgerow margin stress`` does: what each account must hold now, and under some shocks."""

from collections.abc import Mapping, Sequence

from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.margins import judged_nodes
from hedgerow.app.options import Source
from hedgerow.app.shocks import NAMED, read_shock
from hedgerow.app.verdict import status
from hedgerow.errors import Failure, Outcome
from hedgerow.limits import Survey, account_node
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import Shock
from hedgerow.reporting import builtins_of, stress_tables
from hedgerow.reporting.stress import Stressed
from hedgerow.solvency import coins_moved

__all__ = ["show_stress"]


def show_stress(
    source: Source, *, account: str | None, shocks: Sequence[str], as_json: bool
) -> int:
    """Print requirement, equity and headroom of every account before and after each shock."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    nodes = judged_nodes(state, account)
    coins = coins_moved(tuple(state.book.terms.values()), state.book.accounts, state.snapshot)
    dollars = sorted(state.snapshot.dollars_usd)
    asked = {text: read_shock(text, coins, dollars) for text in shocks or NAMED}
    found = {node: _stressed(node, state, asked, desk.rulebooks) for node in nodes}
    words = {text: NAMED.get(text, text) for text in asked}
    payload = {
        "shocks": {
            text: {"moves": words[text], **builtins_of(shock)} for text, shock in asked.items()
        },
        "accounts": {
            node: {"present": builtins_of(each.present), "shocked": builtins_of(each.shocked)}
            for node, each in found.items()
        },
    }
    heading = f"{heading_of(state)}, and under shocks"
    show(payload, stress_tables(found, words, heading=heading), as_json=as_json)
    return status(_troubles(found), is_quiet=as_json)


def _stressed(
    node: str, state: Survey, asked: Mapping[str, Shock], rulebooks: Mapping[str, Rulebook]
) -> Stressed:
    """Ask for the requirement in every shocked market; what is unknown now stays so."""
    present = state.reports[node]
    if isinstance(present, Failure):
        return Stressed(present=present, shocked=dict.fromkeys(asked, present))
    instruments = state.book.terms
    account = next(each for each in state.book.accounts if account_node(each) == node)
    rulebook = rulebooks[present.rulebook]
    shocked: dict[str, Outcome[MarginReport]] = {
        text: require(account, instruments, state.snapshot.shocked(shock), rulebook)
        for text, shock in asked.items()
    }
    return Stressed(present=present, shocked=shocked)


def _troubles(found: Mapping[str, Stressed]) -> list[str]:
    told = []
    for node, each in found.items():
        name = node.split("/")[-1]
        if isinstance(each.present, Failure):
            told.append(f"the requirement of {name} is unknown")
            continue
        if each.present.is_liquidatable:
            told.append(f"{name} is liquidatable")
        for text, report in each.shocked.items():
            if isinstance(report, Failure):
                told.append(f"the requirement of {name} is unknown under {text}")
            elif report.is_liquidatable:
                told.append(f"{name} would be liquidatable under {text}")
    return told
