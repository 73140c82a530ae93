from __future__ import annotations

import ast

from tests.architecture.sources import Source, sources

# Where rows may be written: the services of an app, the shared machinery, the queue's and supervisor's own rows.
WRITERS = {"services", "services.py", "core", "config"}
# Django creates people through their manager (create_user, create_superuser).
DJANGOS_OWN = "partners/models/people.py"
WRITES = {"create", "bulk_create", "update", "bulk_update", "delete", "update_or_create", "get_or_create"}
MANAGERS = {"objects", "_default_manager", "_base_manager"}


def at(source: Source, node: ast.AST) -> str:
    return f"{source.path}:{getattr(node, 'lineno', 0)}"


def test_no_import_stands_in_a_function() -> None:
    found = [
        at(source, inner)
        for source in sources()
        for function in source.functions
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_nobody_listens_to_signals() -> None:
    found = [
        at(source, node)
        for source in sources()
        for node in source.nodes
        if (isinstance(node, ast.ImportFrom) and node.module in ("django.dispatch", "django.db.models.signals"))
        or (isinstance(node, ast.Attribute) and node.attr == "connect" and "signal" in ast.dump(node.value).lower())
    ]
    assert found == []


def test_no_model_overrides_save_or_delete() -> None:
    found = [
        at(source, function)
        for source in sources()
        if "models" in source.parts or source.parts[-1] == "models.py"
        for function in source.functions
        if function.name in ("save", "delete")
    ]
    assert found == []


def is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", "") in ("Exception", "BaseException") for kind in kinds)


def test_errors_are_swallowed_in_one_place_only() -> None:
    found = [
        source.path
        for source in sources()
        for node in source.nodes
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert found == ["core/leases.py"]


def writes(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    through = {inner.attr for inner in ast.walk(node.func.value) if isinstance(inner, ast.Attribute)}
    return node.func.attr == "save" or (node.func.attr in WRITES and bool(through & MANAGERS))


def test_only_services_write() -> None:
    found = [
        at(source, node)
        for source in sources()
        if not WRITERS & set(source.parts) and source.path != DJANGOS_OWN
        for node in source.nodes
        if writes(node)
    ]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    assert [source.path for source in sources() if any(mark in source.text for mark in marks)] == []
