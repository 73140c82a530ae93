"""What is wrong with a template, at its line and field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Problem:
    """`position`: of the line, None for the head. `index`: of the line in a file, where it has no good position."""

    message: str
    field: str = ""
    position: int | None = None
    index: int | None = None

    @property
    def path(self) -> str:
        """Where in a file it stands: "name", "lines[3].anchor"."""
        line = "" if self.index is None else f"lines[{self.index}]"
        return ".".join(filter(None, (line, self.field)))

    def __str__(self) -> str:
        line = _("line %d") % self.position if self.index is None and self.position is not None else ""
        where = ", ".join(filter(None, (line, self.path)))
        return f"{where}: {self.message}" if where else self.message


class TemplateRefused(DomainError):
    """The template cannot be taken. `problems`: all that is wrong; the message names the first of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = str(problems[0])
        more = len(problems) - 1
        super().__init__(
            "template_refused",
            _("%(first)s (and %(more)d more)") % {"first": first, "more": more} if more else first,
            field=problems[0].field if problems[0].position is None and problems[0].index is None else "",
        )
        self.problems = tuple(problems)
