"""Vaults go to auction, prices fall, bidders pay: in the chain's own integers."""

from decimal import Decimal

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.maker import (
    Kick,
    Taken,
    bark,
    exponential_price_ray,
    incentive_rad,
    is_unsafe,
    linear_price_ray,
    stairstep_price_ray,
    start_price_ray,
    take,
)

D = Decimal
WAD = 10**18
RAY = 10**27
RAD = 10**45


def units(amount: str, unit: int) -> int:
    return int(D(amount) * unit)


# --- curves ------------------------------------------------------------------------------------


def test_a_line_reaches_zero_and_stays() -> None:
    top = 1_000 * RAY
    assert linear_price_ray(top, 3600, 0) == top
    assert linear_price_ray(top, 3600, 900) == 750 * RAY
    assert linear_price_ray(top, 3600, 3600) == 0
    assert linear_price_ray(top, 3600, 10**6) == 0
    assert linear_price_ray(top, 0, 0) == 0


def test_a_line_floors_the_part_that_is_left_and_then_the_price() -> None:
    """Two thirds of a ray end in a six; three times that is two rays less three."""
    assert linear_price_ray(3 * RAY, 3, 1) == 2 * RAY - 2
    assert linear_price_ray(1, 3, 1) == 0


def test_steps() -> None:
    """5 at 99 % a step: clip.t.sol asserts 2735783211953807380973706855 after sixty."""
    five = 5 * RAY
    ninety_nine = 99 * RAY // 100
    assert stairstep_price_ray(five, ninety_nine, 1, 60) == 2735783211953807380973706855
    assert stairstep_price_ray(five, ninety_nine, 90, 60 * 90) == 2735783211953807380973706855
    assert stairstep_price_ray(five, ninety_nine, 90, 89) == five
    assert stairstep_price_ray(five, ninety_nine, 90, 90) == five * 99 // 100
    assert stairstep_price_ray(five, ninety_nine, 90, 179) == five * 99 // 100
    assert stairstep_price_ray(five, ninety_nine, 90, 180) == five * 9801 // 10_000


def test_powers_round_half_up_and_the_price_down() -> None:
    """Parts of a ray: 5e13 squared is two and a half, up; 1e27 - 1 at a half is half less, down."""
    assert stairstep_price_ray(RAY, 5 * 10**13, 1, 2) == 3
    assert stairstep_price_ray(RAY, 4 * 10**13, 1, 2) == 2
    assert stairstep_price_ray(RAY - 1, RAY // 2, 1, 1) == RAY // 2 - 1
    # 8e17 cubed is 0.512 parts of a ray, 7e17 is 0.343.
    assert stairstep_price_ray(RAY, 8 * 10**17, 1, 3) == 1
    assert stairstep_price_ray(RAY, 7 * 10**17, 1, 3) == 0


@pytest.mark.parametrize("elapsed_s", [0, 1, 900, 1800, 3600, 20_000])
def test_without_pause_it_is_the_power(elapsed_s: int) -> None:
    cut = units("0.999230132966", RAY)
    got = exponential_price_ray(4_000 * RAY, cut, elapsed_s)
    with mpmath.workdps(60):
        want = 4_000 * (mpmath.mpf(cut) / RAY) ** elapsed_s * RAY
        assert abs(got - want) < 4_000 * (elapsed_s + 1) + 1


def test_a_factor_of_nothing_and_of_all() -> None:
    assert exponential_price_ray(RAY, 0, 0) == RAY
    assert exponential_price_ray(RAY, 0, 1) == 0
    assert exponential_price_ray(RAY, 0, 4) == 0
    assert exponential_price_ray(RAY, RAY, 10**9) == RAY


@given(st.integers(0, 10**32), st.integers(0, RAY), st.integers(0, 10**5), st.integers(1, 100))
def test_prices_never_rise(top: int, cut: int, elapsed_s: int, more_s: int) -> None:
    later = elapsed_s + more_s
    assert linear_price_ray(top, 3600, later) <= linear_price_ray(top, 3600, elapsed_s)
    before = stairstep_price_ray(top, cut, 60, elapsed_s)
    # Rounding half up may hold a price that hardly falls, for a unit of each product.
    assert stairstep_price_ray(top, cut, 60, later) <= before + top * 40 // RAY + 1


def test_impossible_curves_are_refused() -> None:
    with pytest.raises(OutOfDomain, match="step must take time"):
        stairstep_price_ray(RAY, RAY, 0, 1)
    for cut in (-1, RAY + 1):
        with pytest.raises(OutOfDomain, match="factor"):
            exponential_price_ray(RAY, cut, 1)
    with pytest.raises(OutOfDomain, match="seconds"):
        exponential_price_ray(RAY, RAY, -1)
    with pytest.raises(OutOfDomain, match="seconds"):
        linear_price_ray(RAY, 10, -1)


# --- vaults ------------------------------------------------------------------------------------


def test_a_vault_is_unsafe_when_it_is_worth_less_than_its_debt() -> None:
    vault = {"collateral_wad": WAD, "debt_wad": 100 * WAD, "rate_ray": RAY * 11 // 10}
    assert not is_unsafe(spot_ray=110 * RAY, **vault)
    assert is_unsafe(spot_ray=110 * RAY - 1, **vault)
    assert is_unsafe(collateral_wad=1, spot_ray=1, debt_wad=2, rate_ray=1)
    # A spot of zero says that the price is not known.
    assert not is_unsafe(spot_ray=0, **vault)
    assert not is_unsafe(collateral_wad=0, spot_ray=1, debt_wad=0, rate_ray=RAY)


def kicked(
    *,
    ink: str = "10",
    art: str = "1000",
    rate: str = "1",
    chop: str = "1.1",
    room: str = "100000",
    dust: str = "100",
) -> Kick | None:
    return bark(
        collateral_wad=units(ink, WAD),
        debt_wad=units(art, WAD),
        rate_ray=units(rate, RAY),
        chop_wad=units(chop, WAD),
        room_rad=units(room, RAD),
        dust_rad=units(dust, RAD),
    )


def kick(tab: str, lot: str, art: str, ink: str) -> Kick:
    return Kick(
        tab_rad=units(tab, RAD),
        lot_wad=units(lot, WAD),
        debt_left_wad=units(art, WAD),
        collateral_left_wad=units(ink, WAD),
    )


def test_all_of_a_vault_where_there_is_room() -> None:
    assert kicked() == kick("1100", "10", "0", "0")
    assert kicked(rate="1.5") == kick("1650", "10", "0", "0")
    assert kicked(room="1100") == kick("1100", "10", "0", "0")


def test_a_part_where_there_is_less() -> None:
    """550 of room is 500 of debt with its penalty, and half of the collateral."""
    assert kicked(room="550") == kick("550", "5", "500", "5")
    # 825 of room at a rate of 1.5: again 500 of normalised debt.
    assert kicked(room="825", rate="1.5") == kick("825", "5", "500", "5")


def test_what_would_stay_as_dust_goes_too() -> None:
    """Strictly below dust: with 100 left a part goes, with less everything (limits exceeded)."""
    assert kicked(room="990") == kick("990", "9", "100", "1")
    assert kicked(room="990.0011") == kick("1100", "10", "0", "0")
    # It is the debt that counts, not the normalised debt.
    assert kicked(room="1485", rate="1.5", dust="150") == kick("1485", "9", "100", "1")
    assert kicked(room="1485", rate="1.5", dust="150.1") == kick("1650", "10", "0", "0")


def test_a_part_that_is_dust_itself_is_refused() -> None:
    assert kicked(room="110") == kick("110", "1", "900", "9")
    assert kicked(room="109.9") is None
    # All of a vault may be dust.
    assert kicked(art="50") == kick("55", "10", "0", "0")


def test_nothing_to_sell_or_no_room_is_refused() -> None:
    assert kicked(room="0") is None
    assert kicked(room="-1") is None
    assert kicked(ink="0") is None
    assert kicked(ink="0.000000000000000001", room="550") is None
    # Room for less than a smallest unit of debt, and nothing counts as dust.
    assert kicked(room="0.000000000000000001", dust="0") is None


def test_room_decides_even_for_a_vault_that_is_dust() -> None:
    assert kicked(art="50", room="0") is None
    assert kicked(art="50", room="1e-45") == kick("55", "10", "0", "0")


def test_the_part_that_is_taken_is_rounded_down() -> None:
    """100 over 1.1 is 90.90...: cut at its eighteenth digit."""
    found = kicked(room="100", dust="0")
    assert found is not None
    assert found.debt_left_wad == 1_000 * WAD - 90_909_090_909_090_909_090
    # Ten over three, then over a penalty that is a third of a unit more: nothing is left of it.
    third = 3_333_333_333_333_333_334
    vault = {"collateral_wad": WAD, "debt_wad": 2, "rate_ray": 3, "dust_rad": 0}
    assert bark(chop_wad=third, room_rad=10, **vault) is None


def test_the_smallest_auction() -> None:
    least = bark(collateral_wad=1, debt_wad=1, rate_ray=1, chop_wad=WAD, room_rad=10, dust_rad=0)
    assert least == Kick(tab_rad=1, lot_wad=1, debt_left_wad=0, collateral_left_wad=0)


@pytest.mark.parametrize(
    "bad", [{"rate": "0"}, {"chop": "0"}, {"art": "0"}, {"ink": "-1"}, {"dust": "-1"}]
)
def test_impossible_vaults_are_refused(bad: dict[str, str]) -> None:
    with pytest.raises(OutOfDomain, match="must"):
        kicked(**bad)


wads = st.integers(1, 10**27)


@given(
    wads,
    wads,
    st.integers(RAY, 3 * RAY),
    st.integers(WAD, 2 * WAD),
    st.integers(1, 10**55),
    st.integers(0, 10**50),
)
def test_a_bark_conserves_and_keeps_its_limits(
    ink: int, art: int, rate: int, chop: int, room: int, dust: int
) -> None:
    found = bark(
        collateral_wad=ink,
        debt_wad=art,
        rate_ray=rate,
        chop_wad=chop,
        room_rad=room,
        dust_rad=dust,
    )
    if found is None:
        return
    assert found.lot_wad + found.collateral_left_wad == ink
    taken = art - found.debt_left_wad
    assert found.tab_rad == taken * rate * chop // WAD
    if found.debt_left_wad:
        assert found.tab_rad <= room
        assert found.debt_left_wad * rate >= dust
        assert taken * rate >= dust
    else:
        # Limits are exceeded by less than a vault of dust, its penalty and a rounding.
        assert found.tab_rad <= room + (dust + rate) * chop // WAD + 1
    # Never more of the collateral than of the debt.
    assert found.lot_wad * art <= ink * taken


def test_an_auction_begins_above_the_feed() -> None:
    assert start_price_ray(4 * RAY, 125 * RAY // 100) == 5 * RAY
    assert start_price_ray(1, RAY - 1) == 0


# --- auctions ----------------------------------------------------------------------------------


def taken(amount: str, *, tab: str = "110", lot: str = "40", price: str = "5") -> Taken | None:
    return take(
        units(amount, WAD),
        tab_rad=units(tab, RAD),
        lot_wad=units(lot, WAD),
        price_ray=units(price, RAY),
        chost_rad=units("22", RAD),
    )


TAKES = """
    amount  tab  lot  price  bought  paid  tab_left  lot_left  returned  is_over
    25      110  40   5      22      110   0         0         18        yes
    22      110  40   5      22      110   0         0         18        yes
    11      110  40   5      11      55    55        29        0         no
    17.6    110  40   5      17.6    88    22        22.4      0         no
    17.7    110  40   5      17.6    88    22        22.4      0         no
    21.9    110  40   5      17.6    88    22        22.4      0         no
    0       110  40   5      0       0     110       40        0         no
    10      110  10   5      10      50    60        0         0         yes
    99      110  10   5      10      50    60        0         0         yes
    22      110  22   5      22      110   0         0         0         yes
    40      22   40   5      4.4     22    0         0         35.6      yes
    4       20   4    5      4       20    0         0         0         yes
    3       20   3    5      3       15    5         0         0         yes
    40      110  40   0      40      0     110       0         0         yes
    10      110  40   0      10      0     110       30        0         no
    0       22   40   5      0       0     22        40        0         no
    40      110  40   3      36.666666666666666666 110 0 0 3.333333333333333334 yes
    36      110  40   3      29.333333333333333333 88 22 10.666666666666666667 0 no
"""


@pytest.mark.parametrize("row", TAKES.strip().splitlines()[1:])
def test_takes(row: str) -> None:
    """The first four are clip.t.sol; the smallest tab is 22."""
    amount, tab, lot, price, bought, paid, tab_left, lot_left, returned, is_over = row.split()
    assert taken(amount, tab=tab, lot=lot, price=price) == Taken(
        bought_wad=units(bought, WAD),
        paid_rad=units(paid, RAD),
        tab_left_rad=units(tab_left, RAD),
        lot_left_wad=units(lot_left, WAD),
        returned_wad=units(returned, WAD),
        is_over=is_over == "yes",
    )


@pytest.mark.parametrize("tab", ["22", "21.9", "1"])
def test_a_tab_that_is_no_more_than_the_smallest_is_bought_whole_or_not_at_all(tab: str) -> None:
    assert taken("0.1", tab=tab) is None
    whole = taken("40", tab=tab)
    assert whole is not None
    assert whole.paid_rad == units(tab, RAD)
    just_above = taken("4.3", tab="22.1")
    assert just_above is not None
    assert just_above.tab_left_rad == units("22", RAD)


@given(
    st.integers(0, 10**26),
    st.integers(0, 10**55),
    st.integers(0, 10**26),
    st.integers(0, 10**32),
    st.integers(0, 10**53),
)
def test_a_take_conserves(amount: int, tab: int, lot: int, price: int, chost: int) -> None:
    found = take(amount, tab_rad=tab, lot_wad=lot, price_ray=price, chost_rad=chost)
    if found is None:
        assert tab <= chost
        return
    assert found.bought_wad + found.lot_left_wad + found.returned_wad == lot
    assert found.paid_rad + found.tab_left_rad == tab
    assert found.bought_wad <= min(amount, lot)
    # A bidder never pays less than the price.
    assert found.paid_rad >= found.bought_wad * price
    assert found.is_over or found.tab_left_rad >= min(chost, tab)
    assert min(found.lot_left_wad, found.returned_wad) == 0


def test_an_auction_of_less_than_nothing_is_refused() -> None:
    for at in range(5):
        numbers = [1] * 5
        numbers[at] = -1
        amount, tab, lot, price, chost = numbers
        with pytest.raises(OutOfDomain, match="must not be negative"):
            take(amount, tab_rad=tab, lot_wad=lot, price_ray=price, chost_rad=chost)


def test_keepers_are_paid_a_fee_and_a_part_rounded_down() -> None:
    assert incentive_rad(100 * RAD, WAD // 50, 110 * RAD) == units("102.2", RAD)
    assert incentive_rad(0, 1, WAD - 1) == 0
    assert incentive_rad(7, 0, RAD) == 7
