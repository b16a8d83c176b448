"""What ``hedgerow margin compare`` does: one desk under four ways to ask for collateral."""

from hedgerow.app.asked import heading_of, show, status_of, surveyed
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import packaged_model, packaged_scenarios
from hedgerow.errors import Failure
from hedgerow.margin.portfolio import compare, require_portfolio
from hedgerow.reporting import builtins_of, comparison_tables

__all__ = ["show_comparison"]


def show_comparison(source: Source, *, as_json: bool) -> int:
    """Print the comparison, and in JSON what the portfolio model asks of each account."""
    state = surveyed(source)
    scenarios, model = packaged_scenarios(), packaged_model()
    found = compare(state.book, state.snapshot, scenarios, model)
    shown = comparison_tables(found, heading_of(state))
    if isinstance(found, Failure):
        show(builtins_of(found), shown, as_json=as_json)
        return max(1, status_of(state, as_json=as_json))
    terms = {each.instrument_id: each for each in state.book.instruments}
    reports = [
        require_portfolio(account, terms, state.snapshot, scenarios, model)
        for account in state.book.accounts
    ]
    show({**builtins_of(found), "accounts": builtins_of(reports)}, shown, as_json=as_json)
    return status_of(state, as_json=as_json)
