"""Papers that are not there, money that was not reckoned with, and conditions of one's own. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from milestones.enums import Audience, Cause, ExceptionKind
from milestones.facts import Asked
from milestones.troubles.base import NOTHING, Ground, Trouble
from milestones.valuing import REACHED, Valued
from shipments.enums import DocumentType

_INTERNAL = Audience.INTERNAL.value
_HUNDRED = Decimal(100)
# Beyond this it makes no difference any more.
_MOST_PERCENT = 32_000


def documents(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """Papers that a line asks for and that are not there: one a type, for the first line that needs it."""
    needed: dict[str, tuple[datetime, Valued]] = {}
    for row in ground.valued:
        if not row.line.documents or not asked.wants(row.value.code):
            continue
        at = row.value.actual_at or row.value.expected_at
        if at is None or not (row.line.is_mandatory or row.value.state == REACHED):
            continue
        for paper in row.line.documents:
            if paper not in ground.plan.documents and (paper not in needed or at < needed[paper][0]):
                needed[paper] = (at, row)
    for paper, (at, row) in sorted(needed.items()):
        value = row.value
        length = ground.now - at
        is_breach = value.state == REACHED or length >= NOTHING
        facts = {
            "about": f"{paper} {value.slot}",
            "cause": Cause.PAPER_MISSING.value,
            "document": paper,
            "due_at": at.isoformat(),
            "milestone": value.name,
            "code": value.code,
            "evidence": [],
        }
        yield Trouble(
            ExceptionKind.DOCUMENT.value, f"P:{paper}", value.code, length,
            f"{_named(paper)} is missing for “{value.name}”", _INTERNAL, facts,
            is_breach=is_breach, value=value,
        )  # fmt: skip


def _named(paper: str) -> str:
    """What people call it: a "pod" is a proof of delivery."""
    return str(DocumentType(paper).label) if paper in DocumentType.values else paper.replace("_", " ").capitalize()


def cost_overrun(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """It costs more than was reckoned with. The sums stand in the facts, never in the words."""
    money = ground.plan.money
    if money is None or not money.cost or not money.expected_cost or money.cost <= money.expected_cost:
        return
    over = (money.cost - money.expected_cost) * _HUNDRED / money.expected_cost
    percent = min(int(over), _MOST_PERCENT)
    facts = {
        "about": f"{money.currency} {money.expected_cost} {money.cost}",
        "cause": Cause.COSTS_MORE.value,
        "percent": percent,
        "money": {"currency": money.currency, "expected": str(money.expected_cost), "cost": str(money.cost)},
        "evidence": [],
    }
    yield Trouble(
        ExceptionKind.COST_OVERRUN.value, "M:cost", "", NOTHING, "It costs more than was reckoned with", _INTERNAL,
        facts, percent=percent,
    )  # fmt: skip


def conditions(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """What rules of one's own are asked about: the shipment itself, and each milestone that a rule names."""
    facts = {"about": "condition", "cause": Cause.CONDITION_HOLDS.value, "evidence": []}
    if "" in asked.codes:
        yield Trouble(ExceptionKind.CONDITION.value, "C", "", NOTHING, "", _INTERNAL, dict(facts))
    rows = [row.value for row in ground.valued] + list(ground.situation.unplanned) if asked.codes != {""} else []
    for value in rows:
        if value.code in asked.codes:
            told = {**facts, "milestone": value.name, "code": value.code}
            told["evidence"] = [value.decisions["actual"]["event"]] if "actual" in value.decisions else []
            yield Trouble(
                ExceptionKind.CONDITION.value, value.slot, value.code, NOTHING, value.name, _INTERNAL, told, value=value
            )
