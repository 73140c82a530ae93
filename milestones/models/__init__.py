from milestones.models.cases import CaseGroup, ExceptionRule, RuleVersion, ShipmentException, WorkTask
from milestones.models.foresight import ConflictPolicy, EtaScore, EtaVersion, TransitTime
from milestones.models.journeys import Journey, Milestone
from milestones.models.money import ShipmentMoney
from milestones.models.templates import MilestoneTemplate, TemplateLine
from milestones.models.upgrades import PlanUpgrade, PlanUpgradeItem

__all__ = [
    "CaseGroup",
    "ConflictPolicy",
    "EtaScore",
    "EtaVersion",
    "ExceptionRule",
    "Journey",
    "Milestone",
    "MilestoneTemplate",
    "PlanUpgrade",
    "PlanUpgradeItem",
    "RuleVersion",
    "ShipmentException",
    "ShipmentMoney",
    "TemplateLine",
    "TransitTime",
    "WorkTask",
]
