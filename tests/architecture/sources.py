"""The product's own source files, parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "core", "partners", "shipments", "milestones", "billing", "portal")


@dataclass(frozen=True)
class Source:
    path: str

    @cached_property
    def text(self) -> str:
        return (ROOT / self.path).read_text()

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text)))

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    @property
    def parts(self) -> tuple[str, ...]:
        return Path(self.path).parts


def sources(*packages: str) -> list[Source]:
    """Every Python file of ours but migrations, which are written by a machine."""
    files = (path for package in packages or PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return [Source(str(path.relative_to(ROOT))) for path in files if "migrations" not in path.parts]
