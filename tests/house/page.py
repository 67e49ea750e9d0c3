"""A page as a parser reads it, and what is wrong with it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "path", "circle", "rect"}


class Page(HTMLParser):
    """What stands on a page, and what is wrong with it."""

    def __init__(self, text: str, language: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.named: set[str] = set()
        self.pointed_at: set[str] = set()
        self.fields: list[tuple[str, str]] = []
        self.open: list[tuple[str, dict[str, str]]] = []
        self.text: dict[str, str] = {}
        self.levels: list[int] = []
        self.language = language
        self.feed(text)
        self.close()
        self.look()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        self.rules_of_the_policy(tag, given)
        for name in ("aria-describedby", "aria-labelledby", "for", "aria-controls"):
            self.pointed_at |= set(given.get(name, "").split())
        if tag == "html" and given.get("lang") != self.language:
            self.wrong.append(f"lang is {given.get('lang')}")
        if tag == "label" and "for" in given:
            self.named.add(given["for"])
        if tag in ("input", "select", "textarea") and given.get("type") not in ("hidden", "submit", "button"):
            inside = any(name == "label" for name, _ in self.open)
            if not inside and not given.get("aria-label") and not given.get("aria-labelledby"):
                self.fields.append((given.get("id", ""), given.get("name", tag)))
        if tag == "img" and "alt" not in given:
            self.wrong.append("an image without alt")
        if tag == "svg" and not any(name in given for name in ("aria-hidden", "aria-label")) and not self.is_hidden():
            self.wrong.append("a drawing that is neither named nor hidden")
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.open.append((tag, given))
            if tag in ("button", "a") and given.get("aria-label"):
                self.text[str(len(self.open))] = given["aria-label"]

    def rules_of_the_policy(self, tag: str, given: dict[str, str]) -> None:
        for name, value in given.items():
            if name == "style" or name.startswith(("on", "hx-on")) or value.startswith(("javascript:", "js:")):
                self.wrong.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action", "hx-get", "hx-post", "formaction", "poster"):
                # The phone's own map and calendar; a computer has a map on the web.
                own_programs = (
                    "geo:",
                    "https://maps.apple.com/?",
                    "https://www.openstreetmap.org/?",
                    "webcal://localhost",
                )
                at_home = value.startswith(("/", "?", "#", "http://localhost", *own_programs))
                at_home = at_home and not value.startswith("//")
                if value and not at_home:
                    self.wrong.append(f"{tag} {name} leads away: {value}")
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.wrong.append(f"inline {tag}")
        if tag in ("iframe", "object", "embed", "base", "font"):
            self.wrong.append(tag)

    def is_hidden(self) -> bool:
        return any("aria-hidden" in given or "qr" in given.get("class", "").split() for _, given in self.open)

    def handle_data(self, data: str) -> None:
        for tag, _given in self.open:
            if tag in ("h1", "title"):
                self.text[tag] = self.text.get(tag, "") + data
        if self.open and self.open[-1][0] not in ("script", "style", "textarea", "option"):
            self.text["all"] = self.text.get("all", "") + " " + data
        for depth, (tag, _given) in enumerate(self.open, 1):
            if tag in ("button", "a"):
                self.text[str(depth)] = self.text.get(str(depth), "") + data

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or not self.open:
            return
        if self.open[-1][0] != tag:
            self.wrong.append(f"<{self.open[-1][0]}> is ended by </{tag}>")
            return
        _, given = self.open.pop()
        is_named = tag not in ("button", "a") or self.text.pop(str(len(self.open) + 1), "").strip()
        if not is_named and not given.get("id") and "hidden" not in given:  # scripts name those of the logging screen
            self.wrong.append(f"an empty {tag} {given}")

    def look(self) -> None:
        if self.open:
            self.wrong.append(f"never ended: {[tag for tag, _ in self.open]}")
        if self.levels.count(1) != 1 or not self.text.get("h1", "").strip():
            self.wrong.append(f"{self.levels.count(1)} h1")
        if any(after - before > 1 for before, after in zip(self.levels, self.levels[1:], strict=False)):
            self.wrong.append(f"headings jump: {self.levels}")
        if not self.text.get("title", "").removesuffix("· Canvass").strip(" ·\n"):
            self.wrong.append("no title")
        self.wrong += [f"no label for {name}" for id_, name in self.fields if id_ not in self.named]
        self.wrong += [f"two of id {id_}" for id_ in {*self.ids} if self.ids.count(id_) > 1]
        self.wrong += [f"nothing has id {id_}" for id_ in self.pointed_at - {*self.ids}]
