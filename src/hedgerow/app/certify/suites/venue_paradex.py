"""Paradex: open size, liquidation by shares, floors, funding, orders, options, shared losses."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final, Literal

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites.options import is_call, out_of_the_money
from hedgerow.errors import VectorsRejected
from hedgerow.margin.rules import paradex as rules

__all__ = ["KINDS"]


def _side(given: Given) -> Literal["buy", "sell"]:
    side = given.text("side")
    if side == "buy":
        return "buy"
    if side == "sell":
        return "sell"
    raise VectorsRejected(f"side must be buy or sell, was {side!r}")


def _initial(given: Given) -> Mapping[str, object]:
    size = rules.open_size(
        given.fraction("position"),
        given.fraction("buy_orders", 0),
        given.fraction("sell_orders", 0),
    )
    net = size.worst_coin * given.fraction("imf") * given.fraction("mark")
    return {"buy_open_size": size.buy_coin, "sell_open_size": size.sell_coin, "net_imr": net}


def _liquidation(given: Given) -> Mapping[str, object]:
    positions = given.tables("positions")
    profit = sum(
        (p.fraction("size") * (p.fraction("mark") - p.fraction("entry")) for p in positions),
        Fraction(0),
    )
    required = sum(
        (abs(p.fraction("size")) * p.fraction("mark") * p.fraction("mmf") for p in positions),
        Fraction(0),
    )
    value = given.fraction("collateral") + profit
    fee = given.fraction("liquidation_fee")
    rows = rules.share_table(
        value_usd=value,
        requirement_usd=required,
        fee_frac=fee,
        step_frac=given.fraction("share_step"),
    )
    share = rules.choose_share(rows, given.fraction("target_ratio"))
    penalty = share * fee * required
    return {
        "account_value": value,
        "mmr": required,
        "table": [
            {
                "share": row.share_frac,
                "new_mmr": row.requirement_usd,
                "penalty": row.penalty_usd,
                "account_value": row.value_usd,
                "ratio": row.ratio_frac,
            }
            for row in rows
        ],
        "chosen_share": share,
        "penalty": penalty,
        "remaining_collateral": given.fraction("collateral") + share * profit - penalty,
    }


def _portfolio(given: Given) -> Mapping[str, object]:
    found = rules.delta_floor(
        [each.fraction("size") * each.fraction("delta") for each in given.tables("positions")],
        spot_usd=given.fraction("spot"),
        unhedged_frac=given.fraction("unhedged"),
        hedged_frac=given.fraction("hedged"),
    )
    return {
        "net_delta": found.net_coin,
        "gross_delta": found.gross_coin,
        "hedged_delta": found.hedged_coin,
        "min_delta_risk": found.floor_usd,
    }


def _funding(given: Given) -> Mapping[str, object]:
    found = rules.funding_step(
        given.fraction("position"),
        premium_frac=given.fraction("premium_rate"),
        baseline_frac=given.fraction("baseline"),
        clamp_frac=given.fraction("clamp"),
        multiplier_frac=given.fraction("multiplier", 1),
        most_frac=given.fraction("max_rate"),
        spot_usd=given.fraction("spot"),
        usdc_usd=given.fraction("usdc", 1),
        elapsed_s=given.fraction("seconds"),
        period_s=given.fraction("period_s", 28_800),
    )
    return {
        "delta": found.clamped_frac,
        "raw_rate": found.rate_frac,
        # Raw rate on spot; the index divides it by the price of USDC.
        "premium_usdc_per_unit": found.premium_usdc_per_coin,
        "index_delta": found.index_change_usdc,
        "pnl": found.profit_usd,
        "eight_hour_payment": found.payment_usdc,
    }


def _order_check(given: Given) -> Mapping[str, object]:
    """Try orders in turn; the first may fill at once, the others rest at a mark that moved."""
    imf = given.fraction("imf")
    collateral = given.fraction("collateral")
    position = entry = Fraction(0)
    resting = {"buy": Fraction(0), "sell": Fraction(0)}
    found: dict[str, object] = {}
    decisions: list[str] = []
    for at, order in enumerate(given.tables("orders")):
        side, size, mark = _side(order), order.fraction("size"), order.fraction("mark")
        value = collateral + position * (mark - entry)
        if at == 1:
            found["account_value_after_move"] = value
            found["imr_after_move"] = abs(position) * mark * imf
        held = {**resting, side: resting[side] + size}
        opened = rules.open_size(position, held["buy"], held["sell"]).worst_coin
        is_accepted = value >= opened * mark * imf or not rules.takes_past_zero(
            position, resting[side], side, size
        )
        decisions.append("accepted" if is_accepted else "rejected")
        if is_accepted:
            if at == 0 and given.flag("fill_first", otherwise=False):
                position, entry = (size if side == "buy" else -size), mark
            else:
                resting[side] += size
        if at == 0:
            found["imr_after_first"] = (
                rules.open_size(position, resting["buy"], resting["sell"]).worst_coin * mark * imf
            )
    return found | {"decisions": decisions}


def _cancellation(given: Given) -> Mapping[str, object]:
    cancelled, kept = rules.cancelled_when_deleveraging(
        given.fraction("position"),
        [
            rules.OpenOrder(
                id=each.integer("id"),
                side=_side(each),
                quantity_coin=each.fraction("size"),
                price_usd=each.fraction("price"),
            )
            for each in given.tables("orders")
        ],
    )
    return {"cancelled": cancelled, "remaining": kept}


def _position_cost(given: Given) -> Mapping[str, object]:
    entries = [
        (each.fraction("size"), each.fraction("usd_price") / each.fraction("usdc"))
        for each in given.tables("positions")
    ]
    return {
        "avg_entry_usdc": [entry for _, entry in entries],
        "cost_usdc": [size * entry for size, entry in entries],
    }


def _cash_greeks(given: Given) -> Mapping[str, object]:
    move = given.fraction("spot") * given.fraction("move_pct", Fraction(1, 100))
    same = {
        f"cash_{name}": given.fraction(name)
        for name in ("vega", "volga", "theta", "rho")
        if name in given
    }
    return same | {
        "cash_delta": given.fraction("delta") * move,
        "cash_gamma": given.fraction("gamma", 0) * move * move / 2,
        "cash_vanna": given.fraction("vanna", 0) * move,
    }


def _option(given: Given) -> Mapping[str, object]:
    size, params = given.fraction("size"), given.table("params")
    spot = given.fraction("spot")
    if size >= 0:
        return {
            name: rules.long_option_usd(
                size,
                mark_usd=given.fraction("mark"),
                spot_usd=spot,
                in_frac=params.fraction(f"long_itm_{name}"),
            )
            for name in ("im", "mm")
        }
    is_call(given)
    out = out_of_the_money(given, "spot")
    return {
        name: rules.short_option_usd(
            size,
            spot_usd=spot,
            out_of_the_money_usd=out,
            in_frac=params.fraction(f"short_itm_{name}"),
            out_frac=params.fraction(f"short_otm_{name}"),
        )
        for name in ("im", "mm")
    }


def _loss(given: Given) -> Mapping[str, object]:
    found = rules.socialised_loss(
        [
            rules.Bankrupt(
                id=each.text("id"),
                balance_usdc=each.fraction("usdc"),
                profit_usd=each.fraction("upnl", 0),
            )
            for each in given.tables("users")
        ],
        fund_usdc=given.fraction("insurance_usdc"),
        usdc_usd=given.fraction("usdc_price", 1),
    )
    withdrawn = given.fraction("withdraw", 0)
    return {
        "bankruptcy": found.bankruptcy_usd,
        "exchange_bankruptcy": found.exchange_bankruptcy_usdc,
        "total_exchange_usdc": found.exchange_balance_usdc,
        "factor": found.factor_frac,
        "to_fund": withdrawn * found.factor_frac,
        "to_user": withdrawn * (1 - found.factor_frac),
    }


def _band(given: Given) -> Mapping[str, object]:
    low, high = rules.price_band_usd(given.fraction("mark"), given.fraction("bandwidth"))
    return {
        "limit_down": low,
        "limit_up": high,
        "rejected": [
            each.fraction("price") < low if _side(each) == "sell" else each.fraction("price") > high
            for each in given.tables("orders")
        ],
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "initial_margin": _initial,
    "partial_liquidation": _liquidation,
    "funding_premium": lambda given: {
        "premium": rules.impact_premium_usd(
            given.fraction("impact_bid"), given.fraction("impact_ask"), given.fraction("spot")
        )
    },
    "funding": _funding,
    "portfolio_margin": _portfolio,
    "order_check": _order_check,
    "order_cancellation": _cancellation,
    "position_cost": _position_cost,
    "cash_greeks": _cash_greeks,
    "option_standard_margin": _option,
    "vol_shock": lambda given: {
        "shocked_iv": rules.shocked_vol_frac(
            given.number("mark_iv"),
            given.number("vol_shock"),
            days=given.number("dte"),
            days_least=given.number("dte_floor", 1),
            power=given.number("power"),
        )
    },
    "socialised_loss": _loss,
    "price_band": _band,
}
