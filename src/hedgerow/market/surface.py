"""From an option chain to a surface: quotes of each expiry, fits, checks, repairs.

Many chains are fitted at once, because the fit is a loop of array operations whose cost hardly
depends on how many rows there are.
"""

from collections.abc import Sequence

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.market.chain import ChainColumns
from hedgerow.market.coordinates import ModelChoice
from hedgerow.market.fitting import Fitting
from hedgerow.market.forwards import ForwardSource
from hedgerow.market.quotes import VolsFrom, smile_quotes
from hedgerow.market.smile import Smile, SmileQuotes, Surface, near_money

__all__ = ["ERROR_VOLPT_MAX", "fit_surfaces"]

ERROR_VOLPT_MAX = 0.3
_QUOTES_COUNT_MIN, _NEAR_COUNT_MIN = 5, 3


def fit_surfaces(
    chains: Sequence[ChainColumns],
    *,
    model: ModelChoice = "either",
    vols_from: VolsFrom = "mark",
    forwards: ForwardSource = "venue",
    error_volpt_max: float = ERROR_VOLPT_MAX,
) -> list[Surface]:
    """Fit every expiry of every chain, each kept free of arbitrage.

    Parameters
    ----------
    chains
        One snapshot of one underlying each. A chain's surface does not depend on which others are
        fitted with it.
    model
        ``svi`` has five numbers per expiry and follows the quotes closely; ``essvi`` has three and
        rules butterflies out by their sizes alone; ``either`` asks eSSVI where SVI has no answer.
    vols_from
        The venue's marks, or the mids of the chain's own quotes that pass every gate.
    forwards
        Which forward is wanted; see `forwards.choose`.
    error_volpt_max
        The largest median absolute error within 1.5 deviations that is accepted.

    Returns
    -------
    list of Surface
        In the order of the chains. Never raises for a quote: what cannot be fitted is rejected
        with its reason.

    Raises
    ------
    OutOfDomain
        If mids are asked for and a chain has no quotes.
    """
    rejected: list[list[Failure]] = [[] for _ in chains]
    asked: list[list[SmileQuotes]] = [[] for _ in chains]
    quotes: list[SmileQuotes] = []
    chain_index: list[int] = []
    for at, chain in enumerate(chains):
        for one in smile_quotes(chain, vols_from=vols_from, forwards=forwards):
            if isinstance(one, Failure):
                rejected[at].append(one)
                continue
            asked[at].append(one)
            few = _too_few(one)
            if few is not None:
                rejected[at].append(few)
            else:
                quotes.append(one)
                chain_index.append(at)
    smiles: list[list[Smile]] = [[] for _ in chains]
    if quotes:
        fitting = Fitting(quotes, chain_index, model, error_volpt_max)
        for row, (at, one) in enumerate(zip(chain_index, quotes, strict=True)):
            verdict = _verdict(fitting, row, one)
            if isinstance(verdict, Failure):
                rejected[at].append(verdict)
            else:
                smiles[at].append(verdict)
    return [
        Surface(
            underlying=chain.underlying,
            time_ns=chain.time_ns,
            smiles=tuple(smiles[at]),
            rejected=tuple(rejected[at]),
            quotes=tuple(asked[at]),
        )
        for at, chain in enumerate(chains)
    ]


def _too_few(quotes: SmileQuotes) -> Failure | None:
    near = int(near_money(quotes.moneyness_log, quotes.vol_frac, quotes.expiry_years).sum())
    count = len(quotes.vol_frac)
    if count >= _QUOTES_COUNT_MIN and near >= _NEAR_COUNT_MIN:
        return None
    took = ", ".join(f"{some} {gate}" for gate, some in quotes.gated.counts().items())
    return Failure(
        subject=quotes.subject,
        reason="too_few_quotes",
        message=f"{count} strikes, {near} of them within 1.5 deviations; needs "
        f"{_QUOTES_COUNT_MIN} and {_NEAR_COUNT_MIN}" + (f"; gates took {took}" if took else ""),
    )


def _verdict(fitting: Fitting, row: int, quotes: SmileQuotes) -> Outcome[Smile]:
    checked = fitting.checked
    reason = checked.reasons[row]
    if reason is not None:
        return Failure(subject=quotes.subject, reason=reason, message=checked.messages[row])
    error_mark = float(checked.error_mark[row])
    return Smile(
        subject=quotes.subject,
        time_ns=quotes.time_ns,
        expiry_ns=quotes.expiry_ns,
        expiry_years=quotes.expiry_years,
        forward_usd=quotes.forward_usd,
        forward_source=quotes.forward_source,
        forward_venue_usd=quotes.forward_venue_usd,
        model=fitting.model[row],
        svi=fitting.svi.rows(row),
        error_median_volpt=float(checked.error_median[row]),
        error_max_volpt=float(checked.error_max[row]),
        error_mark_volpt=error_mark if np.isfinite(error_mark) else None,
        quotes_count=len(quotes.vol_frac),
        density_g_min_frac=float(checked.g_min[row]),
        repair=fitting.repair[row],
    )
