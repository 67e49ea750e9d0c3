"""A browser without a screen: one kept connection, cookies, and the header that says where a request comes from."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

PATIENCE = 120  # seconds for one answer, a start or a stop; long, since a busy machine is late with all of it


class Silence(ConnectionError):
    """There was no answer. Whether the server took the request in, nobody knows."""


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Client:
    """Talks to one server as one browser. Not for two threads at once."""

    def __init__(self, origin: str, cookies: dict[str, str] | None = None) -> None:
        self.origin = origin
        self.cookies = dict(cookies or {})
        parts = urlsplit(origin)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)

    def get(self, path: str) -> Answer:
        """Ask for a page, on a connection of its own: a person is slow, and the server may have gone meanwhile."""
        self.close()
        return self.request("GET", path)

    def submit(self, path: str, **fields: str) -> Answer:
        """Post a form, as `get`."""
        self.close()
        return self.request("POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def request(self, method: str, path: str, body: bytes = b"", content_type: str = "", **more: str) -> Answer:
        """One request and its answer; redirects are not followed. Raises Silence."""
        try:
            self._ask(method, path, body, content_type, more)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Silence(str(error)) from error
        for line in response.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer

    def hang_up_on(self, method: str, path: str, body: bytes, content_type: str, **more: str) -> None:
        """Send all of a request and be gone before the answer."""
        try:
            self._ask(method, path, body, content_type, more)
        except (OSError, http.client.HTTPException):
            pass  # the server was gone first
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the connection; the next request makes a new one."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes, content_type: str, more: dict[str, str]) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Accept-Language": "sv"}
        if method != "GET":
            headers |= {"Origin": self.origin, "Content-Type": content_type}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        self._connection.request(method, path, body or None, headers)
