"""What others do to us: whose forced sales push a price, who gains by that, who is closed for whom.

Ladders, queues and the depth of a book enter as numbers; no account is asked.
"""
