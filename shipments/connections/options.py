"""How the settings of a connection are written down: one dataclass a kind, whose fields say what they take.

Read from JSON by `read_settings`, and asked one by one by whoever draws a form of them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

_PLAIN = re.compile(r"[^\x00-\x1f\x7f]*")
_LONGEST_LINE, _LONGEST_TEXT = 500, 20_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field; `field` "" when it is about several."""

    field: str
    message: str


class Unfit(Exception):
    """Settings or secrets that make no sense. `problems`: all of them, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Option:
    """What a field takes. `kind`: line, text, integer, flag, choice, lines or pairs (name → value)."""

    kind: str
    most: int = 0
    least: int = 0
    choices: tuple[str, ...] = ()
    is_required: bool = False

    def read(self, value: Any) -> Any:
        """The value as the dataclass holds it. Raises ValueError with the sentence for a person."""
        return _READERS[self.kind](self, value)


def _line(option: Option, value: Any) -> str:
    text = _of_type(value, str, "a text").strip()
    if not _PLAIN.fullmatch(text):
        raise ValueError("One line without control characters.")
    return _fitting(option, text)


def _text(option: Option, value: Any) -> str:
    text = _of_type(value, str, "a text").replace("\r\n", "\n")
    if "\x00" in text:
        raise ValueError("A text without NUL characters.")
    return _fitting(option, text)


def _fitting(option: Option, text: str) -> str:
    if option.is_required and not text:
        raise ValueError("This is needed.")
    if len(text) > option.most:
        raise ValueError(f"{option.most} characters at most.")
    return text


def _integer(option: Option, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("A whole number.")
    if not option.least <= value <= option.most:
        raise ValueError(f"A whole number from {option.least} to {option.most}.")
    return value


def _flag(option: Option, value: Any) -> bool:
    return bool(_of_type(value, bool, "true or false"))


def _choice(option: Option, value: Any) -> str:
    if value not in option.choices:
        raise ValueError(f"One of {', '.join(option.choices)}.")
    return str(value)


def _lines(option: Option, value: Any) -> tuple[str, ...]:
    texts = _of_type(list(value) if isinstance(value, tuple) else value, list, "a list of texts")
    return tuple(filter(None, (_line(Option("line", most=_LONGEST_LINE), text) for text in texts[: option.most])))


def _pairs(option: Option, value: Any) -> dict[str, str]:
    pairs = _of_type(value, dict, "names and values")
    return {str(name): _line(Option("line", most=_LONGEST_LINE), text) for name, text in pairs.items()}


def _of_type(value: Any, kind: type, words: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"Has to be {words}.")
    return value


_READERS = {
    "line": _line, "text": _text, "integer": _integer, "flag": _flag, "choice": _choice, "lines": _lines,
    "pairs": _pairs,
}  # fmt: skip


def line(default: str | None = None, *, most: int = _LONGEST_LINE) -> Any:
    """One line of text; without a default it is needed."""
    return _field(Option("line", most=most, is_required=default is None), default or "")


def text(default: str = "") -> Any:
    """Several lines, such as a certificate."""
    return _field(Option("text", most=_LONGEST_TEXT), default)


def integer(default: int, *, least: int, most: int) -> Any:
    return _field(Option("integer", least=least, most=most), default)


def flag(default: bool) -> Any:
    return _field(Option("flag"), default)


def choice(default: str, *others: str) -> Any:
    return _field(Option("choice", choices=(default, *others)), default)


def lines(*, most: int = 200) -> Any:
    return _field(Option("lines", most=most), ())


def pairs() -> Any:
    return _field(Option("pairs"), None)


def _field(option: Option, default: Any) -> Any:
    if option.kind == "pairs":
        return dataclasses.field(default_factory=dict, metadata={"option": option})
    return dataclasses.field(default=default, metadata={"option": option})


class Settings(Protocol):
    """What every kind's dataclass is. `SECRETS`: names that its secret may have."""

    SECRETS: ClassVar[tuple[str, ...]]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def doubts(self) -> list[Problem]:
        """What is wrong although every field alone is right."""


S = TypeVar("S", bound=Settings)


def options_of(kind: type[Settings]) -> dict[str, tuple[Option, Any]]:
    """Field → (what it takes, its default)."""
    found = {}
    for field in dataclasses.fields(kind):
        default = field.default if field.default is not dataclasses.MISSING else {}
        found[field.name] = (field.metadata["option"], default)
    return found


def read_settings(kind: type[S], values: Mapping[str, Any]) -> S:
    """The dataclass of `values`. What is not given has its default. Raises Unfit with every problem."""
    if not isinstance(values, Mapping):
        raise Unfit([Problem("", "The settings are an object of names and values.")])
    known = options_of(kind)
    problems = [Problem(str(name)[:64], "There is no such setting.") for name in values if name not in known]
    read: dict[str, Any] = {}
    for name, (option, default) in known.items():
        try:
            read[name] = option.read(values.get(name, default))
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    if problems:
        raise Unfit(problems)
    made = kind(**read)
    if doubts := made.doubts():
        raise Unfit(doubts)
    return made


def as_json(settings: Settings) -> dict[str, Any]:
    """The settings as they are stored."""
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def read_secret(kind: type[Settings], values: Mapping[str, Any]) -> dict[str, str]:
    """Only known names, texts only; empty ones are left out. Raises Unfit."""
    problems = [Problem(str(n)[:64], "This kind has no such secret.") for n in values if n not in kind.SECRETS]
    problems += [Problem(n, "A text.") for n, v in values.items() if not isinstance(v, str) or len(v) > _LONGEST_TEXT]
    if problems:
        raise Unfit(problems)
    return {name: value for name, value in values.items() if value}
