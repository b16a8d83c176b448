"""Words in drawings stay inside them, and axes say what was asked."""

import re
from xml.etree import ElementTree

import pytest
from rich.console import Console

from hedgerow.exposure import ScenarioCell, ScenarioLadder
from hedgerow.market import fit_surfaces
from hedgerow.reporting import ladder_svg, ladder_tables, smiles_svg
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from tests.rooms.market.test_surface import chain

SVG = "{http://www.w3.org/2000/svg}"
MEAN_GLYPH_EMS = 0.52  # of Helvetica, over English words
SIZES = {"h": 15.0, "e": 11.0}
CENTRED = {"c", "r"}


def overruns(drawing: str) -> list[str]:
    """Give the texts that begin at their place and reach beyond the right edge."""
    root = ElementTree.fromstring(drawing)
    width = float(root.attrib["width"])
    found = []
    for text in root.iter(f"{SVG}text"):
        style = text.attrib.get("class", "")
        if style in CENTRED or "text-anchor" in text.attrib:
            continue
        words = "".join(text.itertext())
        end = float(text.attrib["x"]) + MEAN_GLYPH_EMS * SIZES.get(style, 12.0) * len(words)
        if end > width:
            found.append(words)
    return found


def lowest(drawing: str) -> float:
    root = ElementTree.fromstring(drawing)
    return float(root.attrib["height"]) - max(
        float(text.attrib["y"]) for text in root.findall(f"{SVG}text")
    )


def ladder(*spots: float) -> ScenarioLadder:
    return ScenarioLadder(
        time_ns=0,
        node="desk/deribit/an-account-with-a-very-long-name-for-a-title/BTC/2026-12-25",
        coins=("AVAX", "BNB", "BTC", "DOGE", "ETH", "LINK", "SOL", "XRP"),
        vol_regime="sticky_strike",
        cells=tuple(
            ScenarioCell(
                spot_move_frac=spot,
                vol_move_volpt=vol,
                elapsed_days=0.0,
                profit_usd=1.0,
                delta_spot_usd=1.0,
                delta_spot_coin=None,
                taylor_usd=1.0,
                difference_usd=0.0,
                missing=(),
            )
            for vol in (-0.25, 0.0)
            for spot in spots
        ),
    )


def test_a_ladder_of_one_column_has_room_for_its_words() -> None:
    drawing = ladder_svg(ladder(-0.1))
    assert overruns(drawing) == []
    assert lowest(drawing) > 0
    assert "sticky strike" in drawing
    assert ">vol | spot</text>" in drawing
    assert "the vols of all coins move together" in " ".join(re.findall(r">([^<>]+)<", drawing))


def test_moves_are_written_as_they_were_asked() -> None:
    made = ladder(-0.0025, -0.0015, 0.0, 0.12345)
    drawing = ladder_svg(made)
    for label in ("-0.25 %", "-0.15 %", "0 %", "+12.345 %", "-0.25 pt", "0 pt"):
        assert f">{label}</text>" in drawing
    console = Console(width=118)
    with console.capture() as seen:
        console.print(ladder_tables(made))
    for label in ("-0.25", "-0.15", "+12.345", "-0.25 pt"):
        assert label in seen.get()


def test_the_legend_of_smiles_is_whole() -> None:
    drawing = smiles_svg([fit_surfaces([chain()])[0]])
    assert overruns(drawing) == []
    assert "eSSVI" in drawing


@pytest.mark.parametrize("count", [2, 8, 30])
def test_lines_are_named_within_the_picture_and_apart(count: int) -> None:
    curves = [Curve(f"vol {10 * n:+d} %, +{n} pt", [0.0, 1.0 + n]) for n in range(count)]
    panels = [Panel("Profit after 0 days", "USD", curves), Panel("Profit", "USD", curves)]
    heading = "+12.5 call 65,000 on forward 60,000, 73.125 days, paid in coin, vol 65.4321 %, long"
    drawing = curves_svg(heading, [0.0, 1.0], "move", panels)
    assert overruns(drawing) == []
    root = ElementTree.fromstring(drawing)
    for panel in root.findall(f"{SVG}g"):
        drawn = [
            (line.attrib["stroke"], line.attrib.get("stroke-dasharray"))
            for line in panel.findall(f"{SVG}polyline")
        ]
        assert len(drawn) == count
        assert len(set(drawn)) == min(count, 24)
        keys = [text for text in panel.findall(f"{SVG}text") if "style" in text.attrib]
        assert len({(key.attrib["x"], key.attrib["y"]) for key in keys}) == count
        first = min(float(line.attrib["y1"]) for line in panel.findall(f"{SVG}line"))
        assert max(float(key.attrib["y"]) for key in keys) < first
