from __future__ import annotations

import ast

from tests.architecture.sources import PACKAGES, ROOT, sources

LONGEST_FILE = 400
LONGEST_FUNCTION = 49
MOST_ARGUMENTS = 5
CORE_MODULES, CORE_LINES = 8, 500
# One word for everything says nothing.
NAMES_THAT_SAY_NOTHING = {
    "utils.py",
    "helpers.py",
    "managers.py",
    "selectors.py",
    "constants.py",
    "misc.py",
    "common.py",
}


def test_no_file_is_too_long() -> None:
    found = {source.path: len(source.text.splitlines()) for source in sources()}
    assert {path: lines for path, lines in found.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    found = {
        f"{source.path}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for source in sources()
        for function in source.functions
    }
    assert {name: lines for name, lines in found.items() if lines > LONGEST_FUNCTION} == {}


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return len([argument for argument in named if argument.arg not in ("self", "cls")])


def test_no_function_takes_too_many_arguments() -> None:
    found = {
        f"{source.path}:{function.name}": arguments(function) for source in sources() for function in source.functions
    }
    assert {name: count for name, count in found.items() if count > MOST_ARGUMENTS} == {}


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [source.path for source in sources() if source.parts[-1] in NAMES_THAT_SAY_NOTHING] == []


def test_the_services_become_a_package_before_they_are_a_heap() -> None:
    heaps = [s.path for s in sources() if s.parts[-1] == "services.py" and len(s.text.splitlines()) > 300]
    assert heaps == []


def test_the_core_stays_small() -> None:
    modules = [source for source in sources("core") if source.parts[-1] != "__init__.py"]
    assert len(modules) <= CORE_MODULES
    assert sum(len(module.text.splitlines()) for module in modules) <= CORE_LINES


def test_there_is_no_other_top_level_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "benchmarks"} == set(PACKAGES)
