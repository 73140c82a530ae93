"""What the apps above hand over when there is something to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Story:
    """One thing to tell, once.

    `topic`: a value of partners.enums.Topic. `key`: names the thing for good (at most 200 characters); a second story
    with the same key is not told. `subject`: what it is about, such as "shipment:<uuid>". `partner_ids`: on whose
    behalf it may be heard; empty means internal people only. `is_internal`: whether those who hear of all partners hear
    this one. `kind`: what of its topic it is (an exception kind, a milestone code); `size`: how much of it, to compare
    with a listener's threshold (a severity as 1 low to 4 critical, or minutes; their sign does not matter).

    `facts` are plain JSON values that the templates of the channels show; a missing one is left out of the text:

    * all topics: `reference` (the shipment's or invoice's own), `path` (of the page to open, "/portal/..."), `route`
    * exception_opened: `title`, `severity`, `milestone`, `place`, `due_at`
    * exception_escalated: the same, and `role` (of those whom it was given to)
    * exception_resolved: `title`, `severity`, `milestone`, `place`, `resolved_at`, `reason`
    * task_opened: `title`, `milestone`, `place`, `role`, `due_at`
    * milestone_reached: `milestone`, `place`, `happened_at`
    * eta_changed: `place`, `old_at`, `new_at`
    * invoice_issued: `number`, `amount`, `currency`, `due_on`

    A name ending in `_at` is an ISO 8601 instant with an offset, one ending in `_on` an ISO 8601 day; both are shown in
    the recipient's language, instants in the recipient's time zone.
    """

    topic: str
    key: str
    subject: str
    facts: Mapping[str, Any]
    partner_ids: frozenset[int] = frozenset()
    is_internal: bool = True
    kind: str = ""
    size: int = 0
