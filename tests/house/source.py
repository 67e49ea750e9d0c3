"""The product's modules, parsed, for the rules that read code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from canvass.core.settings import ROOT

# The packages below the web layer.
RULES = ("core", "members", "fieldwork", "counting", "board", "insight")


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name, migrations left out."""
    return {name(path): ast.parse(path.read_text("utf-8"), str(path)) for path in files("canvass")}


def files(*folders: str, kind: str = "py") -> list[Path]:
    """The files of a kind in these folders of the repository; migrations and vendored files left out."""
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob(f"*.{kind}"))
        if not {"versions", "vendor"} & set(path.parts)
    ]


def name(path: Path) -> str:
    """A module's dotted name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def rules() -> dict[str, ast.Module]:
    """The modules below the web layer."""
    return {name: tree for name, tree in sources().items() if name.split(".")[1:2] and name.split(".")[1] in RULES}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Everything that a module calls, by the last part of its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node
