"""The one error a service raises when the business refuses. Caught at the edges: API, console, pages, commands."""

from __future__ import annotations


class DomainError(Exception):
    """A refusal with text fit for a person.

    `code` is stable and meant for programs (problem details, tests); `message` is one plain sentence for people;
    `field` names the input it belongs to, when there is one; `conflict` marks a clash with what already stands
    (HTTP 409 instead of 400).
    """

    def __init__(self, code: str, message: str, *, field: str = "", conflict: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.conflict = conflict


class NotVisible(DomainError):
    """The row does not exist for this person. Worded alike whether it is missing or out of scope (404)."""

    def __init__(self, what: str) -> None:
        super().__init__("not_found", f"No such {what}.")
