from milestones.services.backtesting import start_backtest
from milestones.services.cases import (
    RootResult,
    acknowledge_case,
    acknowledge_root,
    assign_case,
    assign_root,
    resolve_case,
    resolve_root,
    snooze_case,
    snooze_root,
)
from milestones.services.evaluation import evaluate_due, evaluate_shipments
from milestones.services.foresight import refresh_transit_times
from milestones.services.grid import CellResult, GridResult, check_grid, names_of_milestones, record_grid
from milestones.services.money import MoneyRow, record_money
from milestones.services.policies import drop_conflict_policy, set_conflict_policy
from milestones.services.rule_drafts import Problem, RuleDraft, RuleRefused, draft_of
from milestones.services.rule_preview import Holding, holding_now
from milestones.services.rules import differences, disable_rule, enable_rule, restore_version, save_rule
from milestones.services.slips import slip_curve
from milestones.services.tasks import assign_task, close_task, reopen_task
from milestones.services.timeline import Timeline, cases_as_of, timeline_as_of

__all__ = [
    "CellResult",
    "GridResult",
    "Holding",
    "MoneyRow",
    "Problem",
    "RootResult",
    "RuleDraft",
    "RuleRefused",
    "Timeline",
    "acknowledge_case",
    "acknowledge_root",
    "assign_case",
    "assign_root",
    "assign_task",
    "cases_as_of",
    "check_grid",
    "close_task",
    "differences",
    "disable_rule",
    "draft_of",
    "drop_conflict_policy",
    "enable_rule",
    "evaluate_due",
    "evaluate_shipments",
    "holding_now",
    "names_of_milestones",
    "record_grid",
    "record_money",
    "refresh_transit_times",
    "reopen_task",
    "resolve_case",
    "resolve_root",
    "restore_version",
    "save_rule",
    "set_conflict_policy",
    "slip_curve",
    "snooze_case",
    "snooze_root",
    "start_backtest",
    "timeline_as_of",
]
