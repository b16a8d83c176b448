"""Who needs to see what.

Records of every lower room enter; text leaves: one self-contained HTML page, tables for a
terminal, and builtins for JSON. All three read the same `summary` and `daily`. The room computes no
risk of its own, reads no clock, and refuses to print an unknown number as zero or as nothing.
"""

from hedgerow.reporting.allocations import allocation_tables, freed_tables
from hedgerow.reporting.bands import CoinBands, band_tables, bands_svg
from hedgerow.reporting.comparisons import comparison_tables
from hedgerow.reporting.exposures import (
    bucket_tables,
    cross_table,
    exposure_table,
    funding_table,
    liquidity_tables,
)
from hedgerow.reporting.frontiers import frontier_tables, plane_svg
from hedgerow.reporting.html import report_html
from hedgerow.reporting.ladders import ladder_svg, ladder_tables
from hedgerow.reporting.limits import (
    call_tables,
    check_tables,
    limit_tables,
    suggestion_tables,
)
from hedgerow.reporting.live import LiveView
from hedgerow.reporting.margins import (
    differences_table,
    explain_tables,
    margin_tables,
    rulebooks_table,
    what_if_tables,
)
from hedgerow.reporting.plans import ways_tables
from hedgerow.reporting.portfolio_margin import portfolio_tables
from hedgerow.reporting.profits import profit_builtins, profit_svg, profit_tables
from hedgerow.reporting.records import (
    AccountDay,
    AccountGap,
    DailyRow,
    EpisodeSummary,
    LimitTrouble,
    LiquidatedAccount,
    NearestDistance,
    WorstUse,
)
from hedgerow.reporting.smile_drawing import smiles_svg
from hedgerow.reporting.smiles import (
    delta_tables,
    surface_builtins,
    surface_lines,
    surface_tables,
)
from hedgerow.reporting.stress import stress_tables
from hedgerow.reporting.summary import daily, run_label, summary
from hedgerow.reporting.tables import (
    builtins_of,
    limits_grid,
    plan_tables,
    run_builtins,
)
from hedgerow.reporting.terminal import render_frame, summary_tables

__all__ = [
    "AccountDay",
    "AccountGap",
    "CoinBands",
    "DailyRow",
    "EpisodeSummary",
    "LimitTrouble",
    "LiquidatedAccount",
    "LiveView",
    "NearestDistance",
    "WorstUse",
    "allocation_tables",
    "band_tables",
    "bands_svg",
    "bucket_tables",
    "builtins_of",
    "call_tables",
    "check_tables",
    "comparison_tables",
    "cross_table",
    "daily",
    "delta_tables",
    "differences_table",
    "explain_tables",
    "exposure_table",
    "freed_tables",
    "frontier_tables",
    "funding_table",
    "ladder_svg",
    "ladder_tables",
    "limit_tables",
    "limits_grid",
    "liquidity_tables",
    "margin_tables",
    "plan_tables",
    "plane_svg",
    "portfolio_tables",
    "profit_builtins",
    "profit_svg",
    "profit_tables",
    "render_frame",
    "report_html",
    "rulebooks_table",
    "run_builtins",
    "run_label",
    "smiles_svg",
    "stress_tables",
    "suggestion_tables",
    "summary",
    "summary_tables",
    "surface_builtins",
    "surface_lines",
    "surface_tables",
    "ways_tables",
    "what_if_tables",
]
