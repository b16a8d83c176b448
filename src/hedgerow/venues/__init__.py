"""How each venue speaks: bytes in, records of the rooms below out.

So far one kind of venue is here: `recordings`, a venue that no longer answers. The room refuses
what cannot be true and says where it stood: file, row, field, and what was seen.
"""
