"""The workflows that a forwarder begins with, beside the general ones of milestones/defaults.py.

They are sensible starting points, not promises. Migration 0010 stores them; people change them in the console.
"""

from __future__ import annotations

from milestones.drafts import TemplateDraft
from milestones.workflows.air import AIR
from milestones.workflows.land import LAND
from milestones.workflows.ocean import OCEAN
from milestones.workflows.other import OTHER

WORKFLOWS: tuple[TemplateDraft, ...] = (*OCEAN, *AIR, *LAND, *OTHER)
