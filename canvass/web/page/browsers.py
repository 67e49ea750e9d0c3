"""Rough names of browsers, so that people can tell their own apart in the list of sessions."""

from __future__ import annotations

# A word of the User-Agent header, and what it stands for. The first that is found counts: Edge also says Chrome, Chrome
# also says Safari.
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
BROWSERS = (
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def label(agent: str) -> str:
    """Return for example "Safari · iPhone" for a User-Agent header, and "" for one that says neither."""
    found = (next((name for word, name in names if word in agent), "") for names in (BROWSERS, SYSTEMS))
    return " · ".join(name for name in found if name)
