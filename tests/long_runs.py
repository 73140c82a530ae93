"""How many examples the property tests of the any-order promise try: what CI has time for, or as many as are asked for.

`python -m tests.longer any_order --examples 20000` sets WAYMARK_EXAMPLES; each test takes its share of it.
"""

from __future__ import annotations

import os

VARIABLE = "WAYMARK_EXAMPLES"
# Of so many examples of the rules, one in so many is played on the database too.
_ONE_IN = {"rules": 1, "rows": 10}


def examples(level: str, usual: int) -> int:
    """`usual` in CI; in a longer run the level's share of what was asked for."""
    asked = os.environ.get(VARIABLE)
    return max(usual, int(asked) // _ONE_IN[level]) if asked else usual
