"""Reading what rules ask of a batch beside its plans and events: papers and money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.bulk import array_of, fetch_rows
from milestones.enums import ExceptionKind
from milestones.facts import MoneyFact, Policy, TemplateFact

_PAPERS = """
    SELECT shipment_id, type FROM shipments_document WHERE withdrawn_at IS NULL AND shipment_id = ANY(%s::bigint[])
"""
_MONEY = """
    SELECT shipment_id, currency, expected_cost, cost, revenue FROM milestones_shipmentmoney
    WHERE shipment_id = ANY(%s::bigint[])
"""


@dataclass(slots=True)
class Beside:
    """What rules ask of a batch beside plan and events, by shipment; empty where none asks."""

    documents: Mapping[int, frozenset[str]] = field(default_factory=dict)
    money: Mapping[int, MoneyFact] = field(default_factory=dict)


def load_beside(ids: Sequence[int], policy: Policy, templates: Iterable[TemplateFact]) -> Beside:
    """The papers, when a line asks for some, and the money, when a rule may ask for it: at most a query each."""
    beside = Beside()
    if ExceptionKind.DOCUMENT in policy.asked and any(line.documents for t in templates for line in t.lines):
        papers: dict[int, set[str]] = defaultdict(set)
        for shipment_id, kind in fetch_rows(_PAPERS, [array_of(ids)]):
            papers[shipment_id].add(kind)
        beside.documents = {pk: frozenset(kinds) for pk, kinds in papers.items()}
    if ExceptionKind.COST_OVERRUN in policy.asked:
        beside.money = {pk: MoneyFact(*row) for pk, *row in fetch_rows(_MONEY, [array_of(ids)])}
    return beside
