"""How the price of an auction falls: to zero in a line, in steps, or without pause."""

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down

__all__ = ["exponential_price_ray", "linear_price_ray", "stairstep_price_ray"]

_RAY = 10**27


def linear_price_ray(top_ray: int, tau_s: int, elapsed_s: int) -> int:
    """Give the price that falls from `top_ray` to zero over `tau_s` seconds, and stays there."""
    _refuse_past(elapsed_s)
    if elapsed_s >= tau_s:
        return 0
    return mul_div_down(top_ray, mul_div_down(tau_s - elapsed_s, _RAY, tau_s), _RAY)


def stairstep_price_ray(top_ray: int, cut_ray: int, step_s: int, elapsed_s: int) -> int:
    """Give the price that is multiplied by `cut_ray` every `step_s` seconds.

    Raises
    ------
    OutOfDomain
        If a step takes no time, the factor is not between 0 and 1, or the time runs backwards.
    """
    if step_s <= 0:
        raise OutOfDomain(f"a step must take time, was {step_s} s")
    _refuse_past(elapsed_s)
    return mul_div_down(top_ray, _power_ray(cut_ray, elapsed_s // step_s), _RAY)


def exponential_price_ray(top_ray: int, cut_ray: int, elapsed_s: int) -> int:
    """Give the price that is multiplied by `cut_ray` every second.

    Raises
    ------
    OutOfDomain
        If the factor is not between 0 and 1, or the time runs backwards.
    """
    return stairstep_price_ray(top_ray, cut_ray, 1, elapsed_s)


def _power_ray(base_ray: int, exponent: int) -> int:
    """Raise by squaring; every product is a ray again, rounded half up."""
    if not 0 <= base_ray <= _RAY:
        raise OutOfDomain(f"the factor must be within 0 and 1e27, was {base_ray}")
    power = base_ray if exponent % 2 else _RAY
    while exponent := exponent // 2:
        base_ray = (base_ray * base_ray + _RAY // 2) // _RAY
        if exponent % 2:
            power = (power * base_ray + _RAY // 2) // _RAY
    return power


def _refuse_past(elapsed_s: int) -> None:
    if elapsed_s < 0:
        raise OutOfDomain(f"an auction needs seconds that have passed, was {elapsed_s}")
