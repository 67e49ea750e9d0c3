"""The addresses at which a server is reached: from this machine, from the local network, and from anywhere."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
ONLY_HERE = (
    "That address works on this machine only. For phones on the same network: python3 app.py --host 0.0.0.0. For "
    "everybody: CANVASS_PUBLIC_URL, see README.md, On the internet."
)
NO_HTTPS = "Without HTTPS phones have neither position nor offline pages: good for trying it, not for a campaign."


def origin(host: str, port: int) -> str:
    """Return the address of a server on a host, as http://127.0.0.1:8000."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def here(host: str) -> str:
    """Return the host by which this machine reaches a server that listens on `host`."""
    return EVERYWHERE.get(host, host)


@cache
def outward(host: str) -> str:
    """Return the host by which the local network reaches a server that listens on `host`; "" if it does not."""
    if host not in EVERYWHERE:
        return "" if _is_loopback(host) else host
    family, somewhere = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect((somewhere, 9))  # sends nothing: it chooses the address that would send
            found = str(trial.getsockname()[0])
    except OSError:
        return ""
    return "" if _is_loopback(found) else found


def public(config: Mapping[str, Any]) -> str:
    """Return the best known address for links outside of any request."""
    host = outward(config["HOST"]) or here(config["HOST"])
    return str(config["PUBLIC_URL"] or origin(host, config["PORT"]))


def is_only_here(url: str) -> bool:
    """Does the address lead every other machine to itself?"""
    return _is_loopback(urlsplit(url).hostname or "")


def advice(url: str) -> list[str]:
    """Return what an operator should know about an address in links; nothing when it is fine."""
    if is_only_here(url):
        return [ONLY_HERE]
    return [NO_HTTPS] if url.startswith("http://") else []


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
