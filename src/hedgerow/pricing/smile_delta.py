"""Deltas of options on a smile: what the vol does when the forward moves is part of the number.

=================  ================================================================================
regime             when the forward moves, the vol of a strike …
=================  ================================================================================
sticky_strike      stays: the Black delta
sticky_moneyness   is that of the new ln(K/F): the smile travels with the forward
minimum_variance   moves as it did on average in a past that was regressed
=================  ================================================================================

References
----------
J. Hull, A. White (2017), Optimal delta hedging for options, J. Banking and Finance 82.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.black76 import OptionColumns, greeks
from hedgerow.pricing.gate import AMOUNT, FAR, RATE, Bounds, Floats, check, floats, written

__all__ = [
    "DeltaRegime",
    "MinimumVariance",
    "SmileDeltas",
    "minimum_variance_deltas",
    "minimum_variance_fit",
    "sticky_moneyness_deltas",
    "sticky_strike_deltas",
]

DeltaRegime: TypeAlias = Literal["sticky_strike", "sticky_moneyness", "minimum_variance"]


@dataclass(frozen=True, slots=True, eq=False)
class SmileDeltas:
    """Deltas to the forward, not premium-adjusted, and the regime they belong to.

    Attributes
    ----------
    regime
        What the smile does when the forward moves.
    delta_forward_frac
        Shape (n,), coin per coin; undiscounted.
    """

    regime: DeltaRegime
    delta_forward_frac: Floats


@dataclass(frozen=True, slots=True)
class MinimumVariance:
    """Coefficients of ``(a + b δ + c δ²)``, from changes of one kind of option only.

    Calls and puts have their own, as δ differs by one.

    Attributes
    ----------
    a_frac, b_frac, c_frac
        Of vega / (F √T), dimensionless.
    explained_frac
        Share of the squared error of the Black hedge that the fit takes away, in the sample it was
        fitted to, from zero to one.
    rows_count
        Size of that sample.
    """

    a_frac: float
    b_frac: float
    c_frac: float
    explained_frac: float
    rows_count: int


def sticky_strike_deltas(options: OptionColumns, *, out: Floats | None = None) -> SmileDeltas:
    """Give Black deltas: the vol of each strike stays as the forward moves.

    Parameters
    ----------
    out
        Where to write, shape (n,).

    Returns
    -------
    SmileDeltas, shape (n,)
        In [0, 1] for calls and [-1, 0] for puts.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout.

    References
    ----------
    Methods sheet, section 5.4.
    """
    return SmileDeltas("sticky_strike", written(out, greeks(options).delta_forward_frac))


def sticky_moneyness_deltas(
    options: OptionColumns, skew_frac_per_log: Floats, *, out: Floats | None = None
) -> SmileDeltas:
    """Give δ - vega ∂σ/∂k / F, with k = ln(K/F).

    Parameters
    ----------
    options
        Their vols are those of the smile at their strikes.
    skew_frac_per_log
        ∂σ/∂k there, such as `Smile.skew_frac_per_log` gives; shape (n,), per 1.00 of ln(K/F).
    out
        Where to write, shape (n,).

    Returns
    -------
    SmileDeltas, shape (n,)
        May leave [-1, 1] where the smile is steep.

    Raises
    ------
    OutOfDomain
        If the skew has another length than the options, anything is not finite or beyond ±1e6, or
        `out` has another shape, type or layout.

    References
    ----------
    Methods sheet, section 5.4, with the sign of ∂k/∂F = -1/F.
    """
    found = greeks(options)
    skew = _column("skew_frac_per_log", skew_frac_per_log, RATE, options)
    shift = found.vega_usd_per_vol * skew / options.forward_usd
    return SmileDeltas("sticky_moneyness", written(out, found.delta_forward_frac - shift))


def minimum_variance_deltas(
    options: OptionColumns, coefficients: MinimumVariance, *, out: Floats | None = None
) -> SmileDeltas:
    """Give δ + vega / (F √T) · (a + b δ + c δ²); at expiry the Black delta.

    Parameters
    ----------
    options
        All calls or all puts, as the coefficients.
    coefficients
        From `minimum_variance_fit`, of the past.
    out
        Where to write, shape (n,).

    Returns
    -------
    SmileDeltas, shape (n,)

    Raises
    ------
    OutOfDomain
        If calls and puts are mixed, a coefficient is not finite, or `out` has another shape, type
        or layout.

    References
    ----------
    J. Hull, A. White (2017), Optimal delta hedging for options, J. Banking and Finance 82.
    """
    _refuse_both_kinds(options)
    for name in ("a_frac", "b_frac", "c_frac"):
        check(name, floats(name, getattr(coefficients, name)), (-FAR, FAR))
    found = greeks(options)
    delta = found.delta_forward_frac
    curve = coefficients.a_frac + coefficients.b_frac * delta + coefficients.c_frac * delta**2
    root = np.sqrt(np.where(options.expiry_years > 0, options.expiry_years, 1.0))
    shift = found.vega_usd_per_vol / (options.forward_usd * root) * curve
    return SmileDeltas("minimum_variance", written(out, delta + shift))


def minimum_variance_fit(
    options: OptionColumns, change_value_usd: Floats, change_forward_usd: Floats
) -> MinimumVariance:
    """Regress what the Black hedge missed on vega, δ and δ².

    Parameters
    ----------
    options
        As they stood before the change; all calls or all puts.
    change_value_usd, change_forward_usd
        Of the option and of its forward over one period, shape (n,), USD per coin.

    Returns
    -------
    MinimumVariance
        The least-squares coefficients; what they explain is of this sample and no forecast.

    Raises
    ------
    OutOfDomain
        If calls and puts are mixed, a time is zero, a change has another length than the options or
        is not finite, or the rows do not determine three numbers.

    References
    ----------
    J. Hull, A. White (2017), as `minimum_variance_deltas`.
    """
    _refuse_both_kinds(options)
    change_value = _column("change_value_usd", change_value_usd, AMOUNT, options)
    change_forward = _column("change_forward_usd", change_forward_usd, AMOUNT, options)
    if not (options.expiry_years > 0).all():
        raise OutOfDomain("expiry_years must be positive in every row of the sample")
    found = greeks(options)
    delta = found.delta_forward_frac
    missed = change_value - delta * change_forward
    scale = (
        found.vega_usd_per_vol
        / (options.forward_usd * np.sqrt(options.expiry_years))
        * change_forward
    )
    basis = scale[:, None] * np.stack([np.ones_like(delta), delta, delta**2], axis=1)
    solved, _, rank, _ = np.linalg.lstsq(basis, missed, rcond=None)
    if rank < 3:
        raise OutOfDomain(f"{len(missed)} rows do not determine three coefficients")
    square = float((missed**2).sum())
    left = float(((missed - basis @ solved) ** 2).sum())
    a, b, c = (float(each) for each in solved)
    return MinimumVariance(
        a_frac=a,
        b_frac=b,
        c_frac=c,
        explained_frac=1.0 - left / square if square > 0 else 0.0,
        rows_count=len(missed),
    )


def _column(name: str, column: Floats, bounds: Bounds, options: OptionColumns) -> Floats:
    """Give a column with one item for each option; OutOfDomain if it is not such."""
    found = floats(name, column)
    if found.shape != options.is_call.shape:
        raise OutOfDomain(f"{name} has shape {found.shape}, expected {options.is_call.shape}")
    check(name, found, bounds)
    return found


def _refuse_both_kinds(options: OptionColumns) -> None:
    if options.is_call.any() and not options.is_call.all():
        raise OutOfDomain("calls and puts have coefficients of their own: take them apart")
