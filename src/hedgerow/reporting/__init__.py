"""Who needs to see what.

Records of every lower room enter; text leaves: one self-contained HTML page, tables for a
terminal, and builtins for JSON. All three read the same `summary` and `daily`. The room computes no
risk of its own, reads no clock, and refuses to print an unknown number as zero or as nothing.
"""

from hedgerow.reporting.html import report_html
from hedgerow.reporting.live import LiveView
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
from hedgerow.reporting.summary import daily, run_label, summary
from hedgerow.reporting.tables import (
    builtins_of,
    exposure_table,
    limits_grid,
    margin_tables,
    plan_tables,
    run_builtins,
)
from hedgerow.reporting.terminal import render_frame, summary_tables

__all__ = [
    "AccountDay",
    "AccountGap",
    "DailyRow",
    "EpisodeSummary",
    "LimitTrouble",
    "LiquidatedAccount",
    "LiveView",
    "NearestDistance",
    "WorstUse",
    "builtins_of",
    "daily",
    "delta_tables",
    "exposure_table",
    "limits_grid",
    "margin_tables",
    "plan_tables",
    "render_frame",
    "report_html",
    "run_builtins",
    "run_label",
    "smiles_svg",
    "summary",
    "summary_tables",
    "surface_builtins",
    "surface_lines",
    "surface_tables",
]
