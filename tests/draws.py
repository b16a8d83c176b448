"""How many examples a property with a number of its own draws: a quarter in `make check`."""

from hypothesis import settings

__all__ = ["draws"]

# What the profiles of `tests/conftest.py` are measured against.
_HOUSE_COUNT = 100
_LEAST_COUNT = 5


def draws(count: int) -> settings:
    """Draw so many examples, and of a profile that draws less or more in proportion.

    A number written into `settings` would hold in every profile, `make check` included.
    """
    assert settings.default is not None, "tests/conftest.py loads a profile"
    share = count * settings.default.max_examples // _HOUSE_COUNT
    return settings(max_examples=max(share, min(count, _LEAST_COUNT)))
