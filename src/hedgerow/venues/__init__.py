"""How each venue speaks.

Bytes enter as a venue writes them; records of the rooms below leave, in order of time. So far one
kind of venue is here: `recordings`, a venue that no longer answers. The room refuses what cannot be
true and says where it stood: file, row, field, and what was seen.
"""
