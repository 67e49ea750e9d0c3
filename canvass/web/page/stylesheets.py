"""Style sheets: written as one file per component, sent as one file per kind of page.

`static/css/phone.css` and its neighbours are lists of `@import`s. A browser that got such a list would ask for twenty
more files before it draws anything, so the server puts the imported texts in its place.
"""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask, Response, current_app, request

IMPORT = re.compile(r'@import "(.+?)";')
COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)


def attach(app: Flask) -> None:
    """Join the style sheets, once, and send them instead of the lists."""
    folder = Path(app.static_folder or "") / "css"
    app.extensions["stylesheets"] = {f"css/{sheet.name}": join(sheet) for sheet in folder.glob("*.css")}
    app.view_functions["static"] = send


def join(sheet: Path) -> str:
    """The texts of the files that a style sheet imports, in its order and without comments.

    Raises FileNotFoundError when one is missing.
    """
    imported = IMPORT.findall(sheet.read_text("utf-8"))
    return COMMENT.sub("", "\n".join((sheet.parent / name).read_text("utf-8") for name in imported))


def joined(path: str) -> str | None:
    """The text of a joined style sheet by its path under static/; None for every other file."""
    found: str | None = current_app.extensions["stylesheets"].get(path)
    return found


def send(filename: str) -> Response:
    """The view of static files. Raises NotFound."""
    text = joined(filename)
    if text is None:
        return current_app.send_static_file(filename)
    response = Response(text, mimetype="text/css")
    response.cache_control.no_cache = True  # as Flask says of static files; auth.finish knows better for marked ones
    response.add_etag()
    response.make_conditional(request)
    return response
