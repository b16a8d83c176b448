"""How likely is that: by closed forms of one price, and by paths of several against a boundary.

Nothing is drawn but from a seed or a generator that is given.
"""
