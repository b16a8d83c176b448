"""What was done and what happened, in words and as numbered marks on charts."""

from collections.abc import Callable, Sequence

from hedgerow.planning import Order, Swap, Switch
from hedgerow.reporting.figures import clock, quantity, usd
from hedgerow.reporting.shapes import Mark
from hedgerow.reporting.summary import label
from hedgerow.simulation import Action, Episode

__all__ = [
    "action_id",
    "action_marks",
    "coin_of",
    "is_hedge",
    "liquidation_marks",
    "run_key",
    "short",
    "touches",
    "what",
]


def run_key(episode: Episode) -> str:
    """The name by which page.css and page.js know an episode; any but the desk left alone."""
    return "with" if episode.with_hedgerow else "without"


def action_id(episode_index: int, action_index: int) -> str:
    """The anchor of an action's row."""
    return f"e{episode_index}a{action_index}"


def what(action: Action) -> str:
    """One action in words, such as ``buy 12 BTC-PERPETUAL on perp-1``."""
    leg = action.leg
    if isinstance(leg, Order):
        verb = "buy" if leg.quantity_contracts > 0 else "sell"
        size = quantity(abs(leg.quantity_contracts))
        return f"{verb} {size} {leg.instrument_id} on {leg.account_id}"
    if isinstance(leg, Switch):
        return f"switch {leg.account_id} to {leg.rulebook}"
    if isinstance(leg, Swap):
        size = quantity(leg.quantity_coin)
        return f"swap {size} {leg.asset} for {leg.asset_take} on {leg.account_id}"
    return (
        f"{_USES[leg.use]} {quantity(leg.quantity_coin)} {leg.asset} "
        f"from {leg.source_account_id} to {leg.target_account_id}"
    )


def short(action: Action) -> str:
    """One action in a few words, such as ``sell 0.154 BTCUSDT-PERP``."""
    leg = action.leg
    if isinstance(leg, Order):
        verb = "buy" if leg.quantity_contracts > 0 else "sell"
        return f"{verb} {quantity(abs(leg.quantity_contracts))} {leg.instrument_id}"
    if isinstance(leg, Switch):
        return f"switch {leg.account_id}"
    if isinstance(leg, Swap):
        return f"swap {quantity(leg.quantity_coin)} {leg.asset} for {leg.asset_take}"
    return f"{_USES[leg.use]} {quantity(leg.quantity_coin)} {leg.asset} to {leg.target_account_id}"


_USES = {"balance": "top up", "supply": "supply", "repay": "repay"}


def action_marks(
    index: int, episode: Episode, wanted: Callable[[Action], bool], run: str = ""
) -> tuple[Mark, ...]:
    """Marks of the wanted actions, numbered as in the table of actions."""
    return tuple(
        Mark(
            action.time_ns,
            "hedge" if isinstance(action.leg, Order) else "transfer",
            str(number),
            f"{number}. {clock(action.time_ns)} UTC: {what(action)} ({action.status}), "
            f"{usd(action.cost_usd)} USD. {action.leg.reason}",
            f"#{action_id(index, number)}",
            run,
        )
        for number, action in enumerate(episode.actions, start=1)
        if wanted(action) and action.status != "proposed"  # what was not sent happened nowhere
    )


def liquidation_marks(episode: Episode, account_id: str | None = None) -> tuple[Mark, ...]:
    """Marks of an episode's liquidations, of one account or of all."""
    return tuple(
        Mark(
            each.time_ns,
            "liquidation",
            "✕",
            f"{clock(each.time_ns)} UTC: {each.account_id} liquidated ({label(episode)}), "
            f"{usd(each.loss_usd)} USD lost. {each.message}",
            "#liquidations",
            run_key(episode),
        )
        for each in episode.liquidations
        if account_id is None or each.account_id == account_id
    )


def coin_of(action: Action, coins: Sequence[str]) -> str | None:
    """The coin an order trades, read from its instrument's name; None where it does not say."""
    if not isinstance(action.leg, Order):
        return None
    name = action.leg.instrument_id.upper()
    longest = sorted(coins, key=lambda coin: (-len(coin), coin))
    begun = [coin for coin in longest if name.startswith(coin.upper())]
    inside = [coin for coin in longest if coin.upper() in name]
    return next(iter([*begun, *inside]), None)


def is_hedge(action: Action) -> bool:
    """Whether an action is an order, as opposed to a transfer."""
    return isinstance(action.leg, Order)


def touches(action: Action, account_id: str) -> bool:
    """Whether an action moves collateral into or out of an account, or has it count otherwise."""
    leg = action.leg
    if isinstance(leg, Switch | Swap):
        return leg.account_id == account_id
    return not isinstance(leg, Order) and account_id in (
        leg.source_account_id,
        leg.target_account_id,
    )
