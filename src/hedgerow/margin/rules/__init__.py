"""The rules of venues and protocols, each as it is written, in the venue's own numbers.

One module per venue or protocol, pure functions: integers where a chain counts in integers (names
end in ``_raw``, ``_wad``, ``_ray``, ``_bps``), fractions or decimals elsewhere, rounded where the
rule rounds and nowhere else. Nothing here knows accounts, snapshots or rulebooks: engines in
`margin.venues` gather those and ask. Parameters are arguments; what they are on a day stands in a
rulebook.
"""
