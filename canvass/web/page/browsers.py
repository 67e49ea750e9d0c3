"""Rough names of browsers, so that people can tell their own apart in the list of sessions."""

from __future__ import annotations

from urllib.parse import urlencode

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


def map_address(user_agent: str, latitude: float, longitude: float) -> str:
    """Return an address that shows the place on a map: in the phone's own program, which each system opens its way.

    An iPhone and a computer do nothing with geo: links; what is opened elsewhere learns nothing of the page it is on.
    """
    place = f"{latitude},{longitude}"
    if "Android" in user_agent:
        return f"geo:{place}?{urlencode({'q': place}, safe=',')}"
    if any(system in user_agent for system in ("iPhone", "iPad", "Macintosh")):
        return f"https://maps.apple.com/?{urlencode({'ll': place, 'q': place}, safe=',')}"
    pin = urlencode({"mlat": latitude, "mlon": longitude})
    return f"https://www.openstreetmap.org/?{pin}#map=17/{latitude}/{longitude}"
