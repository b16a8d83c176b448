"""What ``hedgerow margin require --model hedgerow`` does: the desk under our own requirement."""

from collections.abc import Mapping, Sequence
from typing import Final

from hedgerow.app.asked import heading_of, show, surveyed
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import MODEL_FILE, packaged_model, packaged_scenarios
from hedgerow.app.verdict import status
from hedgerow.errors import DeskRejected, Failure, Outcome
from hedgerow.limits import Survey, account_node
from hedgerow.margin.portfolio import PortfolioReport, require_together
from hedgerow.portfolio import Account, book
from hedgerow.reporting import builtins_of, portfolio_tables

__all__ = ["show_own_requirements"]

_DESK: Final = "desk"
_PAIRS_COUNT_MAX: Final = 40


def show_own_requirements(
    source: Source, *, account: str | None, with_evidence: bool, as_json: bool
) -> int:
    """Print what hedgerow's model asks of every account, and of all of them as one."""
    state = surveyed(source)
    found = {
        account_node(each): _required(state, [each], each.account_id)
        for each in _asked(state, account)
    }
    if account is None:
        found[_DESK] = _required(state, state.book.accounts, _DESK)
    model = packaged_model()
    payload = {
        "model": model.name,
        "model_file": MODEL_FILE,
        "requirements": builtins_of(found),
    }
    shown = portfolio_tables(
        found.values(),
        heading=heading_of(state),
        model=f"{model.name} ({MODEL_FILE})",
        with_evidence=with_evidence,
    )
    show(payload, shown, as_json=as_json)
    return status(_troubles(found), is_quiet=as_json)


def _asked(state: Survey, account: str | None) -> tuple[Account, ...]:
    """Give the account of that name, or all; those without a rulebook too: the model is ours.

    Raises
    ------
    DeskRejected
        If there is none of that name.
    """
    accounts = tuple(each for each in state.book.accounts if account in (None, each.account_id))
    if not accounts:
        known = ", ".join(each.account_id for each in state.book.accounts)
        raise DeskRejected(f"no account {account!r}; there are: {known}")
    return accounts


def _required(state: Survey, accounts: Sequence[Account], name: str) -> Outcome[PortfolioReport]:
    """Ask for some accounts as one."""
    terms = {each.instrument_id: each for each in state.book.instruments}
    return require_together(
        book(accounts, terms),
        name,
        state.snapshot,
        packaged_scenarios(),
        packaged_model(),
        pairs_count_max=_PAIRS_COUNT_MAX,
    )


def _troubles(found: Mapping[str, Outcome[PortfolioReport]]) -> list[str]:
    told = []
    for node, each in found.items():
        name = node.split("/")[-1]
        if isinstance(each, Failure):
            told.append(f"the requirement of {name} is unknown")
        elif each.margin.is_liquidatable:
            told.append(f"{name} holds less than hedgerow's model asks for")
    return told
