"""JSON-LD without its contexts: terms by their last part, values bare, nodes by their id. Pure; nothing is fetched.

`cargo:eventCode`, `https://onerecord.iata.org/ns/cargo#eventCode` and `eventCode` under a vocabulary are the same term.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Node = dict[str, Any]
_LAST_PART = re.compile(r"[#/:]")
# What merely holds values.
_HOLDERS = ("@value", "@list", "@set")
_WITHOUT_WORDS = frozenset({"@id", "@type"})


@dataclass(slots=True)
class Graph:
    """The nodes of a document in the order they stand, and by their id."""

    nodes: list[Node] = field(default_factory=list)
    by_id: dict[str, Node] = field(default_factory=dict)

    def known(self, node: Any) -> Node:
        """What the document says of the node, which may be a mere address."""
        if isinstance(node, str):
            return self.by_id.get(node, {"@id": node})
        return self.by_id.get(str(node.get("@id", "")), node) if isinstance(node, dict) else {}

    def value(self, raw: Any) -> Any:
        """`raw` with bare terms; its nodes are added to the graph."""
        if isinstance(raw, list):
            return [self.value(part) for part in raw]
        if not isinstance(raw, dict):
            return raw
        holder = next((name for name in _HOLDERS if name in raw), "")
        return self.value(raw[holder]) if holder else self._node(raw)

    def _node(self, raw: Mapping[str, Any]) -> Node:
        node: Node = {}
        place = len(self.nodes)
        for name, value in raw.items():
            if name == "@type":
                node[name] = [bare(kind) for kind in listed(value) if isinstance(kind, str)]
            elif name == "@id":
                node[name] = value if isinstance(value, str) else ""
            elif name != "@context":
                node[bare(name)] = self.value(value)
        if node.keys() - _WITHOUT_WORDS:
            self.nodes.insert(place, node)
            if address := node.get("@id"):
                self.by_id[address] = {**self.by_id.get(address, {}), **node}
        return node


def flatten(document: Any) -> Graph:
    """The nodes of a document; what it says of one node in several places is put together under its id."""
    graph = Graph()
    graph.value(document)
    return graph


def bare(term: str) -> str:
    """The last part of a term or an address: 'cargo:DEP', '…StatusCode#DEP' and 'DEP' are DEP."""
    return _LAST_PART.split(term.rstrip("#/"))[-1]


def listed(value: Any) -> list[Any]:
    """One or several, as a list; nothing is an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
