from milestones.services.cases import acknowledge_case, assign_case, close_task, resolve_case, snooze_case
from milestones.services.evaluation import evaluate_due, evaluate_shipments
from milestones.services.timeline import Timeline, timeline_as_of

__all__ = [
    "Timeline",
    "acknowledge_case",
    "assign_case",
    "close_task",
    "evaluate_due",
    "evaluate_shipments",
    "resolve_case",
    "snooze_case",
    "timeline_as_of",
]
