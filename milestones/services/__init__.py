from milestones.services.cases import acknowledge_case, assign_case, close_task, resolve_case, snooze_case
from milestones.services.evaluation import evaluate_due, evaluate_shipments
from milestones.services.grid import CellResult, GridResult, check_grid, names_of_milestones, record_grid
from milestones.services.timeline import Timeline, timeline_as_of

__all__ = [
    "CellResult",
    "GridResult",
    "Timeline",
    "acknowledge_case",
    "assign_case",
    "check_grid",
    "close_task",
    "evaluate_due",
    "evaluate_shipments",
    "names_of_milestones",
    "record_grid",
    "resolve_case",
    "snooze_case",
    "timeline_as_of",
]
