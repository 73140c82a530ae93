"""Rules and templates as they were read and compiled last, for as long as no row of theirs has changed.

Which rows stand is asked anew for every batch, in one statement: by the transaction that wrote each and by its place,
which together no other version of a row ever has. So nothing has to be told when somebody changes a rule, and what is
not committed, or was taken back, is never used. Each process remembers for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.bulk import array_of, fetch_rows
from milestones.facts import Policy
from milestones.services import loading

_ROWS = "SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY ctid) FROM"
_POLICY = f"""
    SELECT ({_ROWS} milestones_exceptionrule WHERE is_active), ({_ROWS} shipments_source),
           ({_ROWS} shipments_milestonetype), ({_ROWS} shipments_sourcesilence WHERE ended_at IS NULL),
           ({_ROWS} milestones_conflictpolicy)
"""
_TEMPLATES = f"""
    SELECT id, xmin::text || ctid::text, ({_ROWS} milestones_templateline WHERE template_id = t.id)
    FROM milestones_milestonetemplate t WHERE id = ANY(%s::bigint[]) OR (%s AND state = 'active') ORDER BY id
"""  # noqa: S608 nothing foreign in it
# Sets of templates that batches ask for; a process that meets more of them begins anew.
_MOST_SETS = 100


class _Memory:
    """What this process has compiled, with the rows it was made of. `templates`: by what was asked for."""

    policy: tuple[list[Any], Policy] | None = None
    templates: dict[tuple[frozenset[int], bool], tuple[list[Any], loading.Templates]] = {}


def current_policy() -> Policy:
    """As `loading.load_policy`, in one query while nothing has changed."""
    rows = fetch_rows(_POLICY, [])
    known = _Memory.policy
    if known is None or known[0] != rows:
        # Read after its rows were asked for: what changes in between has other rows the next time.
        known = _Memory.policy = (rows, loading.load_policy())
    return known[1]


def current_templates(pinned: Iterable[int], *, with_active: bool = True) -> loading.Templates:
    """As `loading.load_templates`, in one query while nothing has changed; raises as it does."""
    wanted = (frozenset(pinned), with_active)
    rows = fetch_rows(_TEMPLATES, [array_of(sorted(wanted[0])), with_active])
    known = _Memory.templates.get(wanted)
    if known is None or known[0] != rows:
        if len(_Memory.templates) >= _MOST_SETS:
            _Memory.templates.clear()
        known = _Memory.templates[wanted] = (rows, loading.load_templates(wanted[0], with_active=with_active))
    return known[1]
