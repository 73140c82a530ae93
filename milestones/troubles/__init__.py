"""What is not as it should be with one shipment. Pure; each kind is looked for only when a rule asks for it.

`find_troubles` gives what a rule may open a case for; which rule does, and how far it has come, is decided in
`milestones.excepting`.
"""

from milestones.troubles.base import Ground, Trouble
from milestones.troubles.finding import find_troubles

__all__ = ["Ground", "Trouble", "find_troubles"]
