"""Requirements of many accounts under many shocks, in float64: the model beside the exact engines.

A decision (what is required, whether it may be liquidated) is an engine's, in the venue's own
numbers. A scan of ten thousand accounts is the model's: a venue that has one gives it to its
`Engine`, and `hedgerow.margin.require_across` asks it once for all accounts of a rulebook. A model
reads what an account holds through the functions of its engine, asks every shocked snapshot once
for each instrument, and works on arrays of accounts by shocks from there on. It never refuses: a
cell that it does not answer is left as NaN, and the exact engine is asked for it. Left are accounts
whose holdings the engine refuses, those with orders that rest, and every cell within a hair of a
place where the venue's rule jumps (the initial rate of a tier, the end of a table, a threshold).
So what a model says holds everywhere within the bound that it gives with it, a trillionth of the
gross notional plus the steps the venue rounds to, and reasons are always the engine's own.
"""

from hedgerow.margin.model.cells import RELATIVE, Cells, Model, Scan, Scanned, is_near, summed
from hedgerow.margin.model.contracts import TierColumns, tiered_cells

__all__ = [
    "RELATIVE",
    "Cells",
    "Model",
    "Scan",
    "Scanned",
    "TierColumns",
    "is_near",
    "summed",
    "tiered_cells",
]
