"""``plan compare`` says of a desk what ``plan make`` says: what is unknown, lacking, assumed."""

import json
from pathlib import Path

from tests.rooms.app.made import hedgerow_here, morning

# Every option quote of that morning is hours old, so no plan has a leg.
STALE = ('option = "6h"', 'option = "1m"')


def test_ways_say_what_nobody_knows_and_what_a_plan_assumes(tmp_path: Path) -> None:
    words = morning(tmp_path, STALE)
    told = json.loads(hedgerow_here("plan", "compare", *words, "--json", cwd=tmp_path).out)
    one = json.loads(hedgerow_here("plan", "make", *words, "--json", cwd=tmp_path).out)
    dark = {
        (each["node"], each["metric"])
        for each in one["limits_after"]
        if each["rung"] == "unknown"
    }  # fmt: skip
    assert len(dark) == 2
    for way in told["ways"]:
        assert {(each["node"], each["metric"]) for each in way["unknown"]} == dark
        assert "nobody knows whether 2 limits would hold" in way["message"]
    assert told["assumptions"] == one["assumptions"]
    assert "Where no order book was recorded" in told["assumptions"][0]
    why = [each["message"] for each in told["unmet"]]
    assert any("option quote" in each for each in why)
    assert len(why) == len({json.dumps(each) for each in told["unmet"]})
