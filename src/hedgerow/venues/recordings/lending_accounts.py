"""Accounts of Aave v2 that hold stETH: what is in them and, apart, how the protocol saw them.

``v2_steth_stable_debt_detail.parquet`` lists balances of stETH, ETH debt and ten dollar coins, with
oracle prices and thresholds of the coins. Other assets of these accounts are not in it. The price
of stETH is not listed either: ``v2_steth_accounts.parquet`` values the stETH of every account
(`collateral_steth_calc` over `amount`), and accounts that are not in the detailed file give one
price to twelve digits, so that nothing an account says of itself enters its own value.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import polars as pl

from hedgerow.errors import RecordingRejected
from hedgerow.margin.rules.aave_v2 import Balance, Reserve, Standing
from hedgerow.units import Printed
from hedgerow.venues.recordings.tables import Column, Rule, Sheet, amount, find_one, label, price

__all__ = ["read_lending_accounts", "read_lending_reserves", "read_stored_standings"]

_DETAIL, _ALL = "v2_steth_stable_debt_detail.parquet", "v2_steth_accounts.parquet"
_DOLLARS = ("usdc", "usdt", "dai", "fei", "tusd", "susd", "usdp", "frax", "gusd", "busd")
_SUPPLIED = ("usdc", "dai", "fei", "tusd")
_ETHER_DECIMALS = 18
# Floats of one and the same price differ in their last digit, at 1e-16.
_SAME = Decimal("1e-12")
_BPS = 10_000


def _whole(name: str, most: int) -> Column:
    value = pl.col(name)
    holds = value.is_between(0, most) & (value == value.round())
    return Column(name, "number", Rule((name,), holds, f"a whole number from 0 to {most}"))


_BALANCES = Sheet(
    columns=(
        label("user"),
        amount("amount"),
        amount("ethdebt"),
        *(amount(coin) for coin in _DOLLARS),
        *(amount(f"{coin}_collateral") for coin in _SUPPLIED),
    ),
    subject="user",
)
_TERMS = Sheet(
    columns=(
        *(price(f"{coin}_price") for coin in _DOLLARS),
        *(_whole(f"{coin}_decimals", 27) for coin in _DOLLARS),
        *(amount(f"{coin}_threshold") for coin in _DOLLARS),
    ),
)
_STAKED = Sheet(
    columns=(label("user"), price("amount"), price("collateral_steth_calc")), subject="user"
)
_USERS = Sheet(columns=(label("user"),), subject="user")
_STORED = Sheet(
    columns=(
        label("user"),
        price("collateral"),
        price("debt"),
        _whole("threshold", _BPS),
        price("healthf"),
    ),
    subject="user",
)


def read_lending_accounts(folder: Path) -> dict[str, tuple[Balance, ...]]:
    """Give the balances of every detailed account, by account; empty ones are left out.

    Raises
    ------
    RecordingRejected
        If a file is missing, lacks a column, or a balance is negative.
    """
    table = _BALANCES.rows(find_one(folder, _DETAIL))
    printed = Printed()
    accounts = {}
    for row in table.iter_rows(named=True):
        held = [
            Balance(asset="stETH", supply_raw=_wei(printed.one(row["amount"]))),
            Balance(asset="WETH", debt_raw=_wei(printed.one(row["ethdebt"]))),
        ]
        for coin in _DOLLARS:
            supply = row[f"{coin}_collateral"] if coin in _SUPPLIED else 0.0
            held.append(
                Balance(asset=coin.upper(), supply_raw=int(supply), debt_raw=int(row[coin]))
            )
        accounts[row["user"]] = tuple(each for each in held if each.supply_raw or each.debt_raw)
    return accounts


def read_lending_reserves(folder: Path, thresholds_bps: Mapping[str, int]) -> dict[str, Reserve]:
    """Give prices in wei, decimals and thresholds of every asset in the detailed accounts.

    Parameters
    ----------
    thresholds_bps
        Of assets whose threshold the file does not list: stETH, and WETH where it is supplied.

    Raises
    ------
    RecordingRejected
        If a file is missing or lacks a column, or the rows disagree about a price, a threshold or
        the decimals of an asset, which are the same for everybody.
    """
    path = find_one(folder, _DETAIL)
    table = _TERMS.rows(path)
    printed = Printed()
    reserves = {
        asset: Reserve(
            price_base_raw=price_base_raw,
            token_decimals=_ETHER_DECIMALS,
            liquidation_threshold_bps=thresholds_bps.get(asset),
        )
        for asset, price_base_raw in (
            ("stETH", _wei(_staked_price(folder))),
            ("WETH", _wei(Decimal(1))),
        )
    }
    for coin in _DOLLARS:
        listed = {}
        for name in (f"{coin}_price", f"{coin}_decimals", f"{coin}_threshold"):
            values = table[name].unique().sort().to_list()
            if len(values) != 1:
                raise RecordingRejected(
                    f"{path}: {name} must be the same in every row, was {values[:3]}; "
                    "the oracle has one price and governance one threshold for all"
                )
            listed[name.removeprefix(f"{coin}_")] = printed.one(values[0])
        reserves[coin.upper()] = Reserve(
            price_base_raw=int(listed["price"]),
            token_decimals=int(listed["decimals"]),
            liquidation_threshold_bps=int(listed["threshold"] * _BPS),
        )
    return reserves


def read_stored_standings(folder: Path) -> dict[str, Standing]:
    """Give how the protocol saw each detailed account, by account: what an answer is held against.

    Raises
    ------
    RecordingRejected
        If the file is missing, lacks a column or holds an impossible value.
    """
    table = _STORED.rows(find_one(folder, _DETAIL))
    printed = Printed()
    return {
        row["user"]: Standing(
            collateral_base_raw=_wei(printed.one(row["collateral"])),
            debt_base_raw=_wei(printed.one(row["debt"])),
            threshold_average_bps=int(row["threshold"]),
            health_wad=_wei(printed.one(row["healthf"])),
        )
        for row in table.iter_rows(named=True)
    }


def _staked_price(folder: Path) -> Decimal:
    """Give ETH per stETH, on which all accounts outside the detailed file agree."""
    path = find_one(folder, _ALL)
    table = _STAKED.rows(path)
    detailed = _USERS.rows(find_one(folder, _DETAIL))["user"]
    others = table.filter(~pl.col("user").is_in(detailed.implode()))
    if others.is_empty():
        raise RecordingRejected(
            f"{path}: no account outside {_DETAIL}; without one the price of stETH is not known"
        )
    printed = Printed()
    prices = sorted(
        value / staked
        for value, staked in zip(
            printed.column(others["collateral_steth_calc"].to_list()),
            printed.column(others["amount"].to_list()),
            strict=True,
        )
    )
    if prices[-1] - prices[0] > _SAME * prices[-1]:
        raise RecordingRejected(
            f"{path}: collateral_steth_calc over amount must be one price, "
            f"was {prices[0]} to {prices[-1]}"
        )
    return prices[len(prices) // 2]


def _wei(ether: Decimal) -> int:
    return int(ether.scaleb(_ETHER_DECIMALS))
