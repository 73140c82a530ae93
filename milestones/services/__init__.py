from milestones.services.cases import acknowledge_case, assign_case, close_task, resolve_case, snooze_case
from milestones.services.evaluation import evaluate_due, evaluate_shipments
from milestones.services.foresight import refresh_transit_times
from milestones.services.grid import CellResult, GridResult, check_grid, names_of_milestones, record_grid
from milestones.services.policies import drop_conflict_policy, set_conflict_policy
from milestones.services.slips import slip_curve
from milestones.services.timeline import Timeline, cases_as_of, timeline_as_of

__all__ = [
    "CellResult",
    "GridResult",
    "Timeline",
    "acknowledge_case",
    "assign_case",
    "cases_as_of",
    "check_grid",
    "close_task",
    "drop_conflict_policy",
    "evaluate_due",
    "evaluate_shipments",
    "names_of_milestones",
    "record_grid",
    "refresh_transit_times",
    "resolve_case",
    "set_conflict_policy",
    "slip_curve",
    "snooze_case",
    "timeline_as_of",
]
