"""The numbers in the kernels are those that the fit gives."""

import inspect
import re

import pytest

from hedgerow.pricing.kernels import elementary, implied
from tools import fit_kernels


@pytest.mark.slow
def test_every_coefficient_is_where_the_fit_puts_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit_kernels.main() == 0
    printed = capsys.readouterr().out
    source = inspect.getsource(elementary) + inspect.getsource(implied)
    found = dict(re.findall(r"^(\w+) = \((.*)\)$", printed, re.MULTILINE))
    assert set(found) == {
        "EXP", "LOG", "MILLS_ABOVE", "MILLS_UNDER", "NORMAL_ABOVE", "NORMAL_UNDER"
    }  # fmt: skip
    for name, numbers in found.items():
        first, *rest = numbers.split(", ")
        body = source[source.index(f" = {first}\n") :]
        steps = re.findall(
            r"^ +[pq] = [pq] \* \w \+ (\S+)$", body[: body.index("\n\n")], re.MULTILINE
        )
        assert steps[: len(rest)] == rest, name
    errors = [float(error) for error in re.findall(r"relative error (\S+)", printed)]
    assert len(errors) == 3
    assert max(errors) <= 1.1e-16
    (guess,) = re.findall(r"error of the guess (\S+)", printed)
    assert float(guess) <= 3e-4
