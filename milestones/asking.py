"""Stands in for milestones.conditions and condition_facts until they are merged. Not to stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from milestones.enums import PlaceRole
from milestones.facts import Condition, ShipmentFact

_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda said, wanted: bool(said == wanted),
    "is_not": lambda said, wanted: bool(said != wanted),
    "in": lambda said, wanted: said in wanted,
    "at_least": lambda said, wanted: bool(said >= wanted),
}


class ConditionError(ValueError):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path, self.message = path, message


def check(tree: Any) -> None:
    if not isinstance(tree, dict) or not (tree.keys() & {"all", "any", "not", "field"}):
        raise ConditionError("", "This is no condition.")


def compile_condition(tree: Mapping[str, Any]) -> Condition:
    if "not" in tree:
        inner = compile_condition(tree["not"])
        return lambda facts: not inner(facts)
    if "all" in tree or "any" in tree:
        parts = [compile_condition(part) for part in tree.get("all", tree.get("any"))]
        meet = all if "all" in tree else any
        return lambda facts: meet(p(facts) for p in parts)
    test, name, wanted = _TESTS[tree["op"]], tree["field"], tree["value"]
    return lambda facts: facts.get(name) is not None and test(facts[name], wanted)


def shipment_facts(about: ShipmentFact) -> dict[str, Any]:
    origin, end = (about.route.points[r.value].place for r in (PlaceRole.ORIGIN, PlaceRole.DESTINATION))
    return {
        "shipment.mode": about.mode, "shipment.type": about.type, "shipment.service": about.service,
        "shipment.units": len(about.units), "shipment.origin_country": origin.country,
        "shipment.destination_country": end.country,
    }  # fmt: skip
