"""Settings that every test shares."""

from hypothesis import settings

# The same examples on every run and no deadline: a shared machine that is slow for a moment is not
# a wrong answer. To look for new examples: --hypothesis-profile=explore
settings.register_profile("house", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("house")
