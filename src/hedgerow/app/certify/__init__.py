"""How far can our numbers be trusted? Cases that somebody else asserted, computed and compared.

Vector files enter (`vectors`: one schema, numbers kept to the last digit); a `Certificate` leaves:
per suite how many cases passed, failed or are unsupported, and the worst error against tolerance.
What a case expects is seen by `compare` alone: a computation (`suites`) is given the inputs of its
case and the suite's defaults, and nothing else. No engine knows that vector files exist.
"""

from hedgerow.app.certify.run import Certificate, SuiteResult, certify

__all__ = ["Certificate", "SuiteResult", "certify"]
