"""``hedgerow margin``: what each account must hold, what it would have to, and by which rulebooks.

Only the wiring; `app.actions` names what each command runs.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.options import (
    USUAL,
    At,
    Data,
    DeskPath,
    Json,
    Legs,
    OnlyAccount,
    Seed,
    Setting,
    Source,
)

__all__ = ["margin"]

margin = App(name="margin", help="What each account must hold.")
rulebooks = App(name="rulebooks", help="By which dated parameters accounts are judged.")
margin.command(rulebooks)


@margin.command(name="require")
def require(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    account: OnlyAccount = None,
    explain: Annotated[
        bool, Parameter(negative="", help="Initial beside maintenance, and each rule's evidence.")
    ] = False,
    model: Annotated[
        Literal["venue", "hedgerow"],
        Parameter(
            help="Whose rules: each account's rulebook, or hedgerow's own portfolio margin, which "
            "also asks for the whole desk as one account. That is an estimate and no venue's rule."
        ),
    ] = "venue",
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show what each account must hold, line by line, under its venue's rulebook.

    With --model hedgerow exit status 1 where an account, or the desk, holds less or is unknown.
    """
    return act(
        "margin require" if model == "venue" else "margin require hedgerow",
        Source(desk, data, at, seed),
        account=account,
        with_evidence=explain,
        as_json=as_json,
    )


@margin.command(name="what-if")
def what_if(
    desk: DeskPath = None,
    *,
    add: Legs,
    account: Annotated[
        str | None, Parameter(help="Where the legs go; without it all accounts are shown.")
    ] = None,
    setting: Setting = USUAL,
) -> int:
    """Show requirement, equity and distance before and after some legs. Sends nothing."""
    return act(
        "margin what-if", setting.source(desk), account=account, add=add, as_json=setting.as_json
    )


@margin.command(name="stress")
def stress(
    desk: DeskPath = None,
    *,
    shock: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Moves such as spot=-20%,vol=+10pt,days=3 or ETH=-30%, or a name: crash, rally, "
            "vol-spike, vol-crush. May be given again; without it all that have a name.",
        ),
    ] = (),
    account: OnlyAccount = None,
    setting: Setting = USUAL,
) -> int:
    """Show requirement, equity and headroom of each account now and under shocks.

    Spot moves every coin but dollar coins, and perpetuals and oracles with it. Exit status 1 where
    an account is liquidatable or unknown, now or under a shock.
    """
    return act(
        "margin stress",
        setting.source(desk),
        account=account,
        shocks=shock,
        as_json=setting.as_json,
    )


@margin.command(name="compare")
def compare(
    desk: DeskPath = None,
    *,
    setting: Setting = USUAL,
) -> int:
    """Compare what a desk must hold: isolated, cross, SPAN-like and as one portfolio.

    By hedgerow's own model of the requirement, not by any venue's rules, and an estimate. Exit
    status 1 where it is unknown: a leg whose price, vol, entry or factor is missing is named.
    """
    return act("margin compare", setting.source(desk), as_json=setting.as_json)


@rulebooks.command(name="list")
def list_rulebooks(
    *,
    folder: Annotated[
        Path | None, Parameter(help="Also those at VENUE/DAY.toml in this folder.")
    ] = None,
    as_json: Json = False,
) -> int:
    """List rulebooks with venue, day, kind, confidence and source."""
    return act("margin rulebooks list", folder, as_json=as_json)


@rulebooks.command(name="check")
def check_rulebooks(
    file: Annotated[Path, Parameter(help="A rulebook file.")],
    *more: Annotated[Path, Parameter(help="Further ones.")],
    as_json: Json = False,
) -> int:
    """Read rulebook files and list every mistake. Exit status 1 where there is one."""
    return act("margin rulebooks check", (file, *more), as_json=as_json)


@rulebooks.command(name="diff")
def diff_rulebooks(
    old: Annotated[str, Parameter(help="A file, or the name of a packaged rulebook.")],
    new: Annotated[str, Parameter(help="The same.")],
    *,
    as_json: Json = False,
) -> int:
    """Show which figures differ, and by how much. Exit status 1 where one does."""
    return act("margin rulebooks diff", old, new, as_json=as_json)
