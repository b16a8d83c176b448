"""A new Greek is a field of three records: nobody above pricing spells its name to pass it on."""

import re
from pathlib import Path

import pytest

from hedgerow.pricing import GREEKS, CoinGreeks, EuropeanGreeks

_ROOMS = ("exposure", "limits", "planning", "agents", "simulation", "reporting", "app")
# Venues print Greeks under names of their own, and `certify` compares with those.
_OF_VENUES = "app/certify/"
# What not only options have.
_OF_OTHERS = re.compile(r"value_.*|delta_.*|gamma_coin_per_usd|theta_usd_per_day")
# A title that is not in its name, and what traders read besides.
_TOLD = {
    "reporting/number_words.py: slope_coin_per_usd",
    "reporting/priced_option.py: gamma_usd_per_pct",
}


def test_no_room_above_pricing_spells_a_greek(root: Path) -> None:
    names = {*GREEKS, *EuropeanGreeks.__struct_fields__, *CoinGreeks.__struct_fields__}
    spells = re.compile(rf"\b(?:{'|'.join(n for n in names if not _OF_OTHERS.fullmatch(n))})\b")
    package = root / "src" / "hedgerow"
    files = [file for room in _ROOMS for file in sorted((package / room).rglob("*.py"))]
    assert files
    found = {
        f"{where}: {spelled}"
        for file in files
        if not (where := file.relative_to(package).as_posix()).startswith(_OF_VENUES)
        for spelled in spells.findall(file.read_text(encoding="utf-8"))
    }
    assert found == _TOLD, "take names from the records of pricing.sensitivities"


def _unit(of: str, **orders: int) -> str:
    """Write a unit, as in ``usd_per_volpt_day``: of what, and how often per what."""
    per = [f"{name}{order if order > 1 else ''}" for name, order in orders.items() if order]
    return f"{of}_per_{'_'.join(per)}" if per else of


@pytest.mark.parametrize("name", GREEKS)
def test_three_names_say_how_often_each_is_derived_by_what(name: str) -> None:
    """By spot the first derivative is an amount of coin, or for a desk the dollars that buys."""
    greek, word = GREEKS[name], name.partition("_")[0]
    spot, vol, time, carry = greek.spot, greek.vol, greek.time, greek.carry
    once = max(spot - 1, 0)
    assert name == f"{word}_{_unit('usd', pct=once, volpt=vol, day=time, bps=carry)}"
    raw = _unit("coin" if spot else "usd", usd=once, vol=vol, year=time, rate=carry)
    assert EuropeanGreeks.by_word()[word] == f"{word}_{raw}"
    assert CoinGreeks.by_word()[word] == (
        f"{word}_{_unit('coin', usd=spot, vol=vol, year=time, rate=carry)}"
    )


def test_an_option_has_the_greeks_of_a_desk() -> None:
    words = {name.partition("_")[0] for name in GREEKS} | {"value", "delta"}
    assert set(EuropeanGreeks.by_word()) == words
    assert set(CoinGreeks.by_word()) == words | {"slope"}
