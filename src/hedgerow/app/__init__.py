"""Which parts, today?

A desk file or nothing enters; a wired process leaves: recordings or the seeded episode on one side,
simulated venues on the other, an agent and a journal between. The only room that reads files, the
clock and the command line; it refuses a desk that does not say what it means.
"""
