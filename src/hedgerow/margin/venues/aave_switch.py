"""Aave v3: what joining another efficiency category (e-mode), or leaving one, asks of an account.

The protocol refuses a category with a threshold of zero, one in which an asset that the account
owes may not be borrowed, and any change after which the health factor is below one
(`ValidationLogic.validateSetUserEMode` and `validateHealthFactor`, aave-dao/aave-v3-origin; older
versions ask for the health factor only on leaving a category, so this is never looser than they).
Which category an account is in its rulebook says, so a switch is to another rulebook of the same
market that differs in its category alone.
"""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin.records import Rulebook, unsupported
from hedgerow.margin.venues.aave_rulebook import LendingRulebook, read_held, standing_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["switch_refusal"]

_WAD = 10**18
# What a rulebook is told by; two of one market may differ in it and say the same of the market.
_TOLD = ("e_mode", *Rulebook.__struct_fields__)


def switch_refusal(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: LendingRulebook,
    other: Rulebook,
) -> Failure | None:
    """Say why not, None where it may; see `hedgerow.margin.switch_refusal`."""
    if not isinstance(other, LendingRulebook) or any(
        getattr(rulebook, each) != getattr(other, each)
        for each in LendingRulebook.__struct_fields__
        if each not in _TOLD
    ):
        return unsupported(
            account, f"{other.name} differs from {rulebook.name} in more than its e-mode"
        )
    category = other.e_mode
    if category is not None and category.liquidation_threshold_bps == 0:
        return unsupported(account, f"{other.name}: the category has no threshold, nobody may join")
    held = read_held(account, instruments, snapshot, other)
    if isinstance(held, Failure):
        return held
    owed = dict.fromkeys(
        each.terms.asset for each in held if each.loan.is_debt and each.amount_raw > 0
    )
    if category is not None and owed:
        if category.borrowable is None:
            return Failure(
                subject=account.account_id,
                reason="missing_data",
                message=f"{other.name} does not say what may be borrowed in its category "
                f"(borrowable), and {', '.join(owed)} is owed",
            )
        foreign = [each for each in owed if each not in category.borrowable]
        if foreign:
            return unsupported(
                account,
                f"{', '.join(foreign)} is owed and may not be borrowed in the category of "
                f"{other.name}",
            )
    health_wad = standing_of(held, other).health_wad
    if health_wad is not None and health_wad < _WAD:
        return unsupported(
            account,
            f"the health factor would be {Decimal(health_wad) / _WAD} under {other.name}, and the "
            "protocol allows no switch below one",
        )
    return None
