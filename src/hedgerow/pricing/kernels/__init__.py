"""How fast can it be said? Compiled loops over columns; what they trust is checked in `pricing`.

Importing a module of this folder imports Numba, which takes a good half of a second, so whoever
prices imports it where it is called.
"""
