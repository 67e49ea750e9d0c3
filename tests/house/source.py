"""The product's modules, parsed, for the rules that read code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from canvass.core.settings import ROOT

# From the bottom up; what stands in them knows nothing of requests.
RULES = ("core", "members", "fieldwork", "counting", "board", "insight")


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name, migrations left out."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text("utf-8"), str(path)
        )
        for path in sorted((ROOT / "canvass").rglob("*.py"))
        if "migrations" not in path.parts
    }


def rules() -> list[str]:
    """The modules below the web layer."""
    return [name for name in sources() if name.split(".")[1:2] and name.split(".")[1] in RULES]


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Everything that a module calls, by the last part of its name."""
    for node in ast.walk(sources()[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node
