"""What is too long to read at once: no function above 40 lines, no module above 400. Migrations are left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from canvass.core.settings import ROOT
from tests.house.source import files

LONGEST_FUNCTION, LONGEST_MODULE = 40, 400  # lines


def too_long(name: str, text: str) -> Iterator[str]:
    """Name the module when it is too long, and each of its functions that is, decorators not counted."""
    if len(text.splitlines()) > LONGEST_MODULE:
        yield name
    for node in ast.walk(ast.parse(text, name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno >= LONGEST_FUNCTION:
                yield f"{name} {node.name}"


def modules() -> list[Path]:
    """Every module of the product, its tests and its measurements."""
    return [ROOT / "app.py", *files("canvass", "requirements", "tests", "benchmarks")]


def test_nothing_is_too_long_to_read() -> None:
    assert len(modules()) > 200
    found = [
        place for path in modules() for place in too_long(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_function_and_a_module_that_are_too_long_are_found() -> None:
    def function(lines: int, kind: str = "def") -> str:
        return f"@decorated\n{kind} walk():\n" + "    pass\n" * (lines - 1)

    assert list(too_long("x.py", function(40))) == []
    assert list(too_long("x.py", function(41))) == ["x.py walk"]
    assert list(too_long("x.py", function(41, "async def"))) == ["x.py walk"]
    inside = "class House:\n" + "".join(f"    {line}\n" for line in function(41).splitlines())
    assert list(too_long("x.py", inside)) == ["x.py walk"]
    assert list(too_long("x.py", "pass\n" * 400)) == []
    assert list(too_long("x.py", "pass\n" * 401)) == ["x.py"]
