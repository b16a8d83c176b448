"""Random words against the generator's published vectors, and numbers made of them."""

import numpy as np
import pytest
from scipy import stats

from hedgerow.solvency.kernels.draws import drawn_normals, uniforms, words

# Random123, its file of known answers (tests/kat_vectors), philox4x32 with 10 rounds: four words
# of the counter, two of the key, four that come out.
KNOWN = """
00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8
ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd
243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1
"""
COUNT = 1 << 18


def test_words_are_those_of_the_published_generator() -> None:
    rows = np.array([[int(w, 16) for w in line.split()] for line in KNOWN.split("\n") if line])
    given = rows.astype(np.uint64)
    out = np.zeros((3, 4), dtype=np.uint64)
    words(np.ascontiguousarray(given[:, :4]), np.ascontiguousarray(given[:, 4:6]), out)
    assert (out == given[:, 6:]).all()


@pytest.mark.slow
def test_numbers_are_made_of_those_words() -> None:
    """Uniform ones by hand from the words, and normal ones from these by the book."""
    seed, step, count = 0x1234_5678_9ABC, 7, 1_000
    counters = np.zeros((count, 4), dtype=np.uint64)
    counters[:, 0] = np.arange(count)
    counters[:, 1] = step
    key = np.tile(np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64), (count, 1))
    out = np.zeros((count, 4), dtype=np.uint64)
    words(counters, key, out)
    high = (out[:, ::2].astype(object) * 2**20 + out[:, 1::2].astype(object) // 2**12) * 2 + 1
    want = (high / 2**53).astype(np.float64)
    first, second = np.empty(count), np.empty(count)
    low, high = (np.uint64(each) for each in key[0])
    uniforms(np.uint64(0), np.uint64(step), np.uint64(0), low, high, first, second)
    assert (first == want[:, 0]).all()
    assert (second == want[:, 1]).all()
    radius, angle = np.sqrt(-2.0 * np.log(want[:, 0])), 2.0 * np.pi * want[:, 1]
    drawn_normals(seed, step, first, second)
    assert first == pytest.approx(radius * np.cos(angle), rel=1e-14, abs=1e-14)
    assert second == pytest.approx(radius * np.sin(angle), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("step", [0, 1, 4_000_000_000])
def test_normal_numbers_are_normal(step: int) -> None:
    first, second = np.empty(COUNT), np.empty(COUNT)
    drawn_normals(11, step, first, second)
    for each in (first, second):
        assert stats.kstest(each, "norm").pvalue > 1e-3
        assert stats.kurtosis(each) == pytest.approx(0.0, abs=4 * np.sqrt(24 / COUNT))
    tie = 4 / np.sqrt(COUNT)
    assert abs(np.corrcoef(first, second)[0, 1]) < tie
    assert abs(np.corrcoef(first**2, second**2)[0, 1]) < tie
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < tie


def test_steps_and_seeds_have_nothing_to_do_with_each_other() -> None:
    rows = []
    for seed, step in ((11, 0), (11, 1), (12, 0), (11 + 2**32, 0)):
        first, second = np.empty(COUNT), np.empty(COUNT)
        drawn_normals(seed, step, first, second)
        rows += [first, second]
    ties = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(ties).max() < 4.5 / np.sqrt(COUNT)
