"""hedgerow: derivative exposure management for exchanges and chains.

The package is a house with one corridor; ``docs/rooms.md`` walks one position through it. Data
walks up the corridor, imports point back down it.
"""

__version__ = "0.1.0"
