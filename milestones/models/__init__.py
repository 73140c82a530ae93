from milestones.models.cases import ExceptionRule, ShipmentException, WorkTask
from milestones.models.journeys import Journey, Milestone
from milestones.models.templates import MilestoneTemplate, TemplateLine

__all__ = [
    "ExceptionRule",
    "Journey",
    "Milestone",
    "MilestoneTemplate",
    "ShipmentException",
    "TemplateLine",
    "WorkTask",
]
