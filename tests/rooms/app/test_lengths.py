"""Lengths of time as flags take them: read in one way, refused in one."""

import pytest

from hedgerow.app.lengths import every_ns_of, length_ns, steps_ns_of
from hedgerow.errors import RequestRejected
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS


def test_a_length_is_read_in_each_of_its_units() -> None:
    told = {text: length_ns("--within", text) for text in ("90s", "30m", "1.5h", "2d")}
    assert told == {
        "90s": 90 * SECOND_NS, "30m": 30 * MINUTE_NS, "1.5h": 90 * MINUTE_NS, "2d": 48 * HOUR_NS,
    }  # fmt: skip
    assert length_ns("--look", "1m", MINUTE_NS) == MINUTE_NS


@pytest.mark.parametrize(
    ("text", "least_ns", "other", "said"),
    [
        ("soon", 1, None, "--look soon: write a duration such as 90s, 15m, 13h or 2d"),
        ("6", 1, "chain", "--look 6: write a duration such as 90s, 15m, 13h or 2d; or write chain"),
        ("0m", 1, None, "--look 0m: must be above 0"),
        ("59s", MINUTE_NS, "chain", "--look 59s: must be at least a minute"),
        ("4000d", 1, None, "--look 4000d: a duration of more than ten years cannot be meant"),
    ],
)
def test_what_is_no_length_or_too_short_is_refused(
    text: str, least_ns: int, other: str | None, said: str
) -> None:
    with pytest.raises(RequestRejected) as refused:
        length_ns("--look", text, least_ns, other=other)
    assert str(refused.value) == said


def test_steps_are_counted_in_the_window() -> None:
    assert every_ns_of("chain", 10**18) is None
    assert every_ns_of("1m", 5_000 * MINUTE_NS) == MINUTE_NS
    for read in (every_ns_of, steps_ns_of):
        with pytest.raises(RequestRejected, match="more than 5,000 steps"):
            read("1m", 5_001 * MINUTE_NS)
    # Where there are no chains nobody is told to write one.
    with pytest.raises(RequestRejected, match="or write chain"):
        every_ns_of("1w", 10**18)
    for text in ("1w", "chain"):
        with pytest.raises(RequestRejected, match=r"or 2d$"):
            steps_ns_of(text, 10**18)
