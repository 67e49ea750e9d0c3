"""A form on a page as a browser would send it back."""

from __future__ import annotations

from html.parser import HTMLParser

Sent = dict[str, list[str]]


class _Reader(HTMLParser):
    """The values of each form's fields, by the form's address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, Sent] = {}
        self.sent: Sent = {}
        self.field = ""
        self.is_text = self.is_first = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.sent = self.forms.setdefault(given.get("action", ""), {})
        elif tag == "input" and given.get("type") not in ("submit", "file"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.put(given.get("name", ""), given.get("value", ""))
        elif tag in ("select", "textarea"):
            self.field, self.is_text, self.is_first = given.get("name", ""), tag == "textarea", True
            if self.is_text:
                self.sent[self.field] = [""]
        elif tag == "option" and self.field and (self.is_first or "selected" in given):
            self.sent[self.field], self.is_first = [given.get("value", "")], False

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            if self.is_text:  # a browser leaves out the first line break, and sends the others as two characters
                self.sent[self.field] = [self.sent[self.field][0].removeprefix("\n").replace("\n", "\r\n")]
            self.field, self.is_text = "", False
        elif tag == "form":
            self.sent = {}

    def handle_data(self, data: str) -> None:
        if self.is_text:
            self.sent[self.field][0] += data

    def put(self, name: str, value: str) -> None:
        self.sent.setdefault(name, []).append(value)


def form(text: str, action: str) -> Sent:
    """What the form with this address sends when nothing in it is touched."""
    return _Reader(text).forms[action]
