"""A limit on a metric that is misspelt: the one meant is named, and hides no other mistake."""

from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.app.name_meant import name_meant
from hedgerow.limits import METRICS
from hedgerow.solvency import DISTANCE_FRAC_MAX
from tests.rooms.app.edit import changed, example, mistakes

MEANT = "; did you mean 'distance_spot_frac'?"
IF = ", if 'distance_spot_frac' is meant"


def test_per_cent_of_a_metric_in_per_cent_are_two_mistakes(tmp_path: Path) -> None:
    limit = {"scope": "desk/*/*", "metric": "distance_spot_pct", "soft": 20, "hard": Decimal("0.1")}
    assert mistakes(tmp_path, changed(example(), "limits", [limit])) == [
        f"limits.[0].metric: unknown metric 'distance_spot_pct'{MEANT}",
        f"limits.[0].soft: must be below {DISTANCE_FRAC_MAX:g}: write 0.5 for 50 %, was 20{IF}",
    ]


def test_every_other_mistake_is_told_as_of_the_metric_that_is_meant(tmp_path: Path) -> None:
    limit = {
        "scope": "desk/kraken/*",
        "metric": "distance_spot_fraq",
        "soft": Decimal("0.1"),
        "hard": Decimal("0.2"),
        "horizon": "1d",
        "sofd": 1,
    }
    first, *others = mistakes(tmp_path, changed(example(), "limits", [limit]))
    assert first == f"limits.[0].metric: unknown metric 'distance_spot_fraq'{MEANT}"
    unknown_key, scope, horizon, bounds = others
    assert unknown_key == "limits.[0].sofd: unknown key; did you mean 'soft'?"
    assert scope.startswith("limits.[0].scope: 'desk/kraken/*' names no node; there are: ")
    assert scope.endswith(IF)
    assert horizon == f"limits.[0].horizon: only liquidation_probability_frac takes one{IF}"
    assert bounds == (f"limits.[0].soft: must lie above hard 0.2, to warn before it, was 0.1{IF}")


@pytest.mark.parametrize("scope", ["issuer/unknown", "venue/binance", "coin/BTC", "desk/*/*"])
def test_of_a_metric_like_none_nothing_is_supposed(tmp_path: Path, scope: str) -> None:
    """No bound is judged, and a scope that some metric has is no mistake."""
    limit = {"scope": scope, "metric": "vomma", "soft": 200, "hard": 1}
    (told,) = mistakes(tmp_path, changed(example(), "limits", [limit]))
    assert told.startswith("limits.[0].metric: must be delta_spot_usd, ")


def test_a_scope_that_no_metric_has_is_told_beside_a_metric_like_none(tmp_path: Path) -> None:
    limit = {"scope": "desk/kraken", "metric": "vomma", "soft": 1, "hard": 2}
    _, scope = mistakes(tmp_path, changed(example(), "limits", [limit]))
    assert scope.startswith("limits.[0].scope: 'desk/kraken' names no node; there are: desk, ")
    assert "meant" not in scope


def test_the_nearest_name_and_none_that_is_far() -> None:
    assert name_meant("margin_use", METRICS) == "margin_use_frac"
    assert name_meant("vomma", METRICS) is None
    assert name_meant("SOLUSDT", ["ETHUSDT"], near_frac=0.8) is None
    assert name_meant("x", []) is None
