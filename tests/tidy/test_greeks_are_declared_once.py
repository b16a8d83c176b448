"""A new Greek is a field of `DollarGreeks`: no room above pricing spells its name to pass it on."""

import re
from pathlib import Path

from hedgerow.pricing import GREEKS

_ROOMS = ("exposure", "limits", "planning", "agents", "simulation", "reporting", "app")
# Not the Greeks of a desk: one option alone, and the cases of venues.
_OF_ONE_OPTION = ("reporting/priced_option.py", "app/priced_rows.py", "app/certify/")


def test_no_room_above_pricing_spells_a_greek(root: Path) -> None:
    name = re.compile(rf"\b(?:{'|'.join(GREEKS)})\b")
    package = root / "src" / "hedgerow"
    files = [file for room in _ROOMS for file in sorted((package / room).rglob("*.py"))]
    assert files
    found = [
        f"{where}: {spelled}"
        for file in files
        if not (where := file.relative_to(package).as_posix()).startswith(_OF_ONE_OPTION)
        for spelled in name.findall(file.read_text(encoding="utf-8"))
    ]
    assert not found, "take the name from pricing.GREEKS or limits.METRICS:\n" + "\n".join(found)
