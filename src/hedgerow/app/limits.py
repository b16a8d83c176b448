"""``hedgerow limits`` and ``hedgerow calls``: what is allowed, and whom to call when it is not.

Only the wiring; `app.actions` names what each command runs.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number
from hedgerow.app.options import USUAL, DeskPath, Legs, OnlyAccount, Setting

__all__ = ["calls", "limits"]

limits = App(name="limits", help="What the desk may do, and whether it keeps to it.")
calls = App(name="calls", help="Which accounts need collateral, how much, and by when.")

Previous = Annotated[
    Path | None,
    Parameter(
        help="The --json of an earlier look: rungs then fall only from well inside, and what was "
        "told is not told again."
    ),
]


@limits.command(name="show")
def show(
    desk: DeskPath = None,
    *,
    previous: Previous = None,
    setting: Setting = USUAL,
) -> int:
    """Show every limit of the desk, where it stands, who answers for it and until when.

    Exit status 1 where one is beyond hard, unknown or expired, or an account is liquidatable.
    """
    return act("limits show", setting.source(desk), previous=previous, as_json=setting.as_json)


@limits.command(name="check")
def check(
    desk: DeskPath = None,
    *,
    add: Legs,
    account: Annotated[str | None, Parameter(help="Where the legs go.")] = None,
    setting: Setting = USUAL,
) -> int:
    """Judge a trade before it is made: every limit with and without the legs. Sends nothing.

    Exit status 1 where a limit goes beyond hard, gets worse beyond soft or is unknown or expired
    after the trade, or the venue would refuse it for want of margin.
    """
    return act(
        "limits check", setting.source(desk), add=add, account=account, as_json=setting.as_json
    )


@limits.command(name="suggest")
def suggest(
    desk: DeskPath = None,
    *,
    loss: Annotated[
        float, number("--loss", "positive", "What the desk may lose in the horizon, in USD.")
    ],
    probability: Annotated[
        float,
        number(
            "--probability",
            "chance_frac",
            "Of a liquidation within the horizon, not to be exceeded: 0.01 or 1%.",
        ),
    ] = 0.01,
    horizon: Annotated[str, Parameter(help="The time both are meant for: 90m, 8h or 1d.")] = "1d",
    vol_move: Annotated[
        float, number("--vol-move", "vol_move_volpt", "Points by which vols move in it.")
    ] = 10.0,
    setting: Setting = USUAL,
) -> int:
    """Turn a wanted probability of liquidation and a loss budget into limits for the desk file.

    Exit status 1 where the present desk is beyond one of them, or one cannot be suggested.
    """
    return act(
        "limits suggest",
        setting.source(desk),
        loss_usd=loss,
        chance_frac=probability,
        horizon=horizon,
        vol_move_volpt=vol_move,
        as_json=setting.as_json,
    )


@calls.command(name="show")
def show_calls(
    desk: DeskPath = None,
    *,
    account: OnlyAccount = None,
    previous: Previous = None,
    setting: Setting = USUAL,
) -> int:
    """Show where every account stands on its ladder, and the calls that are open.

    Exit status 1 where a call is open, or an account is liquidatable or unknown.
    """
    return act(
        "calls show",
        setting.source(desk),
        account=account,
        previous=previous,
        as_json=setting.as_json,
    )
