"""Which rows of long series to draw: fewer, without losing a peak, a trough or a gap."""

from collections.abc import Sequence

__all__ = ["thin"]


def thin(values: Sequence[Sequence[float | None]], buckets_count: int) -> tuple[int, ...]:
    """Choose rows of some columns of equal length, the same rows for all of them.

    Rows are cut into `buckets_count` stretches; of each stretch the rows with the lowest and the
    highest value of every column stay, and both rows at every border between known and unknown.
    Where borders are more than stretches, each stretch keeps its first unknown row instead: a gap
    may then look wider than it is, but none is closed. The first and the last row always stay.

    Returns
    -------
    tuple of int
        Row numbers, ascending.
    """
    rows_count = len(values[0]) if values else 0
    if rows_count <= 2 * buckets_count:
        return tuple(range(rows_count))
    kept = {0, rows_count - 1}
    for column in values:
        borders = [
            at for at in range(1, rows_count) if (column[at] is None) != (column[at - 1] is None)
        ]
        is_flickering = len(borders) > buckets_count
        if not is_flickering:
            kept |= {row for at in borders for row in (at - 1, at)}
        for bucket in range(buckets_count):
            low = bucket * rows_count // buckets_count
            high = (bucket + 1) * rows_count // buckets_count
            if is_flickering:
                kept |= set([at for at in range(low, high) if column[at] is None][:1])
            known = [(value, at) for at in range(low, high) if (value := column[at]) is not None]
            if known:
                kept |= {min(known)[1], max(known)[1]}
    return tuple(sorted(kept))
