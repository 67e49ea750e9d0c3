"""The house's own rules: floors, doors, settings, words and pages. They hold for what is added tomorrow, too."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from canvass import areas, calendars, db, earlier_years, joining, settings, shifts, walls, wordlist
from canvass.people import Person
from canvass.settings import ROOT
from canvass.walls import Wall
from tests.cast import Cast, plan_shift
from tests.conftest import browser, engines

SignedIn = Callable[[Person], FlaskClient]

# --- floors -------------------------------------------------------------------------------------------------

# From the ground up. A module imports only from floors below its own, never its neighbours.
FLOORS = [
    "settings clock geometry refusals",
    "i18n",  # days are written in words, so it knows the clock
    "sheets geojson places wordlist",  # figures and faults are written in words
    "db",
    "audit state",
    "organisations",
    "people",
    "access receipts quarantine",
    "campaigns areas joining",
    "tallies",
    "shifts",
    "attempts sums",
    "outings trainings",
    "calendars earlier_years forecasts hours late_reports walls",
    "allocations coverage plausibility",
    "live sync reports backups demo streams",
    "web cli",
    "create_app",
    "asgi",
    "server simulation",  # what starts the product from outside
]
# A module of a lower floor that may be handed what stands on a higher one, and why.
STAIRS = {
    ("cli", "create_app"): "a command line starts the app whose commands it holds",
    ("cli", "simulation"): "one of its commands, which starts servers of its own",
}
RULES = [name for floor in FLOORS[: FLOORS.index("web cli")] for name in floor.split()]


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name, read."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text("utf-8"), str(path)
        )
        for path in sorted((ROOT / "canvass").rglob("*.py"))
        if "migrations" not in path.parts
    }


def imports(name: str) -> Iterator[str]:
    """The product's modules that a module imports, anywhere in it: a lazy import inside a function is one too."""
    for node in ast.walk(sources()[name]):
        named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            named = [f"{node.module}.{alias.name}" for alias in node.names]
        for found in named:
            while found.startswith("canvass") and found not in sources():
                found = found.rpartition(".")[0]
            if found.startswith("canvass"):
                yield found


def room(name: str) -> str:
    """What the table calls a module: web for every door, simulation for all of its parts."""
    return "create_app" if name == "canvass" else name.split(".")[1]


def test_every_module_has_its_floor() -> None:
    listed = [name for floor in FLOORS for name in floor.split()]
    assert sorted(listed) == sorted({room(name) for name in sources()})


def test_a_module_imports_only_from_floors_below_its_own() -> None:
    height = {name: number for number, floor in enumerate(FLOORS) for name in floor.split()}
    climbing = [
        f"{room(name)} → {room(other)}"
        for name in sources()
        for other in imports(name)
        if room(name) != room(other)
        and height[room(other)] >= height[room(name)]
        and (room(name), room(other)) not in STAIRS
    ]
    assert climbing == []


def test_no_door_imports_another_nouns_door() -> None:
    shared = {"web"} | {
        f"web.{name}" for name in ["gate", "forms", "fragments", "drawings", "burnups", "level", "numbers", "watching"]
    }
    doors = {name for name in sources() if name.startswith("canvass.web.")}
    crossing = [
        f"{name} → {other}"
        for name in doors
        for other in imports(name)
        if other in doors and other.removeprefix("canvass.") not in shared
    ]
    assert crossing == []
    assert {other for name in ("gate", "forms") for other in imports(f"canvass.web.{name}") if ".web" in other} == set()


def test_below_the_doors_nobody_knows_of_requests() -> None:
    """The person is an argument: sync, command line and web call the same verbs, and tests need no client."""
    for name in RULES:
        tree = sources()[f"canvass.{name}"]
        taken = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("flask", "werkzeug")
            for alias in node.names
        }
        assert taken <= ({"Flask"} if name == "db" else set()), name
        whole = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not whole & {"flask", "werkzeug"}, name


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Everything that a module calls, by the last part of its name."""
    for node in ast.walk(sources()[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node


def test_rules_never_commit_and_never_roll_back() -> None:
    """A change, its counters and its trace are one transaction, and the door ends it."""
    ending = {name for name in RULES for called, _ in calls(f"canvass.{name}") if called in ("commit", "rollback")}
    assert ending == {"db", "state"}  # `db.repeat` does it for a door, and a start is noted before there are doors


def test_rules_and_doors_ask_the_clock() -> None:
    """So that a test, and a year played again, decides what time it is."""
    asking = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(")
    for name in sources():
        path = ROOT / (name.replace(".", "/") + ".py")
        is_rule_or_door = room(name) in RULES or name.startswith("canvass.web.")
        if is_rule_or_door and name not in ("canvass.clock", "canvass.db"):  # itself, and ids grow with real time
            assert not asking.search(path.read_text("utf-8")), path


# --- doors --------------------------------------------------------------------------------------------------

OPEN_TO_ALL = {
    "about.health", "about.language", "about.offline", "about.page",
    "attempts.front", "attempts.manifest", "attempts.screen", "attempts.service_worker",
    "joining.type_code", "joining.typed_code",
    "people.sign_in", "people.sign_in_with_password", "people.sign_out",
}  # fmt: skip
OPEN_BY_TOKEN = {
    "calendars.follow",
    "joining.accept", "joining.demo", "joining.demo_sign_in", "joining.invited", "joining.join",
    "joining.sign_in_by_link", "joining.sign_in_link", "joining.welcome",
    "setup.begin", "setup.finish",
    "walls.wall", "walls.watch",
}  # fmt: skip
OPEN_TO_DEVICES = {"sync.receive"}


def test_these_doors_are_open_and_no_other(app: Flask) -> None:
    def marked(mark: str) -> set[str]:
        return {endpoint for endpoint, view in app.view_functions.items() if getattr(view, mark, False)}

    assert marked("is_open") == OPEN_TO_ALL | OPEN_BY_TOKEN
    assert marked("has_token") == OPEN_BY_TOKEN | OPEN_TO_DEVICES
    assert marked("takes_device") == OPEN_TO_DEVICES


def test_a_token_door_has_its_token_in_the_address(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN_BY_TOKEN:
            assert rule.arguments & {"token", "code"}, rule
        elif rule.endpoint in OPEN_TO_ALL:
            assert not rule.arguments, rule


def test_what_changes_something_is_posted(app: Flask) -> None:
    assert {method for rule in app.url_map.iter_rules() for method in rule.methods or ()} == {
        "GET", "HEAD", "OPTIONS", "POST",
    }  # fmt: skip


# --- settings -----------------------------------------------------------------------------------------------


def test_every_setting_stands_in_the_readme_and_nothing_else_does() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    said = set(re.findall(r"CANVASS_[A-Z_]+[A-Z]", readme))
    for_tests = {name for name in said if name.startswith("CANVASS_TEST_")}
    assert said - for_tests == {setting.variable for setting in settings.SETTINGS}


def test_no_code_reads_a_setting_that_is_none() -> None:
    known = {setting.variable for setting in settings.SETTINGS}
    for path in [ROOT / "app.py", *(ROOT / "canvass").rglob("*.py")]:
        named = set(re.findall(r"\bCANVASS_[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
        assert {name for name in named if not name.startswith("CANVASS_TEST_")} <= known, path


# --- words --------------------------------------------------------------------------------------------------


@cache
def said() -> dict[str | tuple[str, ...], Message]:
    """Every sentence in the code and the templates."""
    return {message.id: message for message in wordlist.said() if message.id}


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_sentence_has_its_english() -> None:
    """`python3 app.py translations` brings new sentences into translations/en.po and drops those no longer said."""
    known = {message.id: message for message in wordlist.known() if message.id}
    assert [id_ for id_ in said() if id_ not in known] == []
    assert [id_ for id_, message in known.items() if not all(texts(message)) or message.fuzzy] == []
    assert [id_ for id_ in known if id_ not in said()] == []


def test_a_translation_has_the_same_places_to_fill_in() -> None:
    wrong = []
    for message in wordlist.known():
        swedish = [message.id] if isinstance(message.id, str) else list(message.id)
        if not message.id or not all(texts(message)):
            continue
        wanted, found = ([places(text) for text in group] for group in (swedish, texts(message)))
        # In a plural, a form may do without the number ("en telefon"), but none may ask for what is not given.
        asked_for, given = set.union(*found), set.union(*wanted)
        if isinstance(message.id, str):
            is_wrong = wanted != found
        else:
            is_wrong = len(found) != len(swedish) or bool(asked_for - given or wanted[-1] - found[-1])
        if is_wrong:
            wrong.append(message.id)
    assert wrong == []


def places(text: str) -> set[str]:
    """The names to fill in, and anything else after a per cent sign: that would stop the page."""
    return set(re.findall(r"%(?:\(\w+\)s|%|.?)", text))


def test_sentences_are_written_out_where_they_are_said() -> None:
    """The extractor finds literals only: `_(sentence)` would stay Swedish for ever."""
    for name in sources():
        for called, node in calls(name):
            if called in ("_", "gettext", "ngettext") and node.args and name != "canvass.i18n":
                forms = node.args[: 2 if called == "ngettext" else 1]
                assert all(isinstance(form, ast.Constant) for form in forms), f"{name}:{node.lineno}"
    for path in (ROOT / "templates").rglob("*.html"):
        assert not re.search(r"\b(?:_|n?gettext)\(\s*[^\s'\"]", uncommented(path)), path


def uncommented(template: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", template.read_text("utf-8"), flags=re.DOTALL)


def test_no_sentence_stands_in_a_template_by_itself() -> None:
    names = {"Canvass", "English", "Svenska", "iPhone", "Android"}
    for path in (ROOT / "templates").rglob("*.html"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", uncommented(path), flags=re.DOTALL)
        shown = re.sub(r'<script.*?</script>|<[^>]*>|[\w-]+="[^"]*"', " ", text, flags=re.DOTALL)
        attributes = re.findall(r'\s(?:aria-label|alt|title|placeholder)="([^"]*)"', text)
        words = set(re.findall(r"[^\W\d_]{2,}", " ".join([shown, *attributes])))
        assert words - names == set(), path


def test_scripts_have_no_words_of_their_own() -> None:
    for path in (ROOT / "static" / "js").glob("*.js"):
        assert not re.search("[åäöÅÄÖ]", path.read_text("utf-8")), path


def test_one_word_per_idea() -> None:
    """Never *kontakt*, *besök* or *lyckat* for a conversation, and nothing from the registers others keep."""
    forbidden = re.compile(r"\b(kontakt(en|er|erna|s)?|besök(et|en|s)?|lyckat|lyckade|väljarregister)\b", re.IGNORECASE)
    sentences = [form for id_ in said() for form in ([id_] if isinstance(id_, str) else id_)]
    assert [sentence for sentence in sentences if forbidden.search(sentence)] == []


def test_nothing_points_at_where_packages_come_from() -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted|npmjs|unpkg|jsdelivr|cdnjs|googleapis", re.IGNORECASE)
    files = [ROOT / "app.py", *ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("requirements/*")]
    for folder in ("canvass", "templates", "docs", "deploy", "static/js", "static/css"):
        files += [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    for path in files:
        assert not hosts.search(path.read_text("utf-8", errors="replace")), path


# --- pages --------------------------------------------------------------------------------------------------

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
                own_programs = ("geo:", "webcal://localhost")  # the phone's own map and calendar
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


@pytest.fixture
def pages(app: Flask, cast: Cast, signed_in: SignedIn) -> dict[str, tuple[FlaskClient, str]]:
    """Every page there is: who looks, and at which address. New routes are among them by themselves."""
    adam, stranger = signed_in(cast.adam), browser(app)
    secret = app.config["SECRET_KEY"]
    link = joining.link(cast.norrkoping, cast.spring.id, cast.spring.ends_on, secret)
    file = {"type": "FeatureCollection", "features": [FEATURE]}
    plan = areas.plan_import(cast.hageby, json.dumps(file).encode())
    tokens = {
        "setup": joining.setup_token(),
        "invitation": joining.invite(cast.hageby, "leader", "Greta", by=cast.adam)[1],
        "sign-in": joining.sign_in_token(cast.cia),
    }
    tokens["demo"] = tokens["sign-in"]
    tokens["wall"] = walls.token(walls.make(cast.spring, cast.norrkoping, "", "sv", secret), secret)
    shift = plan_shift(cast, by=cast.adam, script="Hello!")
    ids = {
        "campaign_id": cast.spring.id,
        "area_id": cast.hageby_north.id,
        "organisation_id": cast.norrkoping.id,
        "draft_id": areas.keep_draft(plan, {"housing": "", "file": "karta.geojson"}, by=cast.adam).id,
        "code": joining.code(link, secret),
        "import_id": earlier_years.keep(cast.norrkoping, FAULTY_ROWS, by=cast.adam).id,
        "shift_id": shift.id,
    }
    calendars.make(cast.adam, secret)
    db.session.commit()
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in ("static", "attempts.front"):
            continue
        if rule.rule.startswith(("/api/", "/healthz", "/service-worker", "/manifest", "/reports/totals")):
            continue
        if rule.rule.endswith((".csv", ".ics", ".svg", "/live")):
            continue
        address = re.sub(
            r"<(\w+)>", lambda part, rule=rule: ids.get(part[1]) or tokens[rule.rule.split("/")[1]], rule.rule
        )
        is_open = rule.endpoint in OPEN_TO_ALL | OPEN_BY_TOKEN
        found[rule.rule] = (stranger if is_open else adam, address)
    found["/nowhere"] = (adam, "/nowhere")
    found["/quarantine?decided=1"] = (adam, "/quarantine?decided=1")
    found["/reports?…"] = (adam, f"/reports?campaign={cast.spring.id}&by=area")
    found["/join/<shift>"] = (stranger, f"/join/{joining.code(shifts.link(shift, secret), secret)}")
    db.session.commit()
    found["/organisations?q"] = (adam, "/organisations?q=o")
    return found


FEATURE = {
    "type": "Feature",
    "properties": {"code": "H9", "name": "Hageby nya"},
    "geometry": {"type": "Polygon", "coordinates": [[[16.1, 58.5], [16.2, 58.5], [16.2, 58.6], [16.1, 58.5]]]},
}
FAULTY_ROWS = [
    {"line": 2, "organisation": "Hageby", "year": "2025", "conversations": "1 264", "target": "1200"},
    {"line": 3, "organisation": "Ektarp", "year": "2025", "conversations": "7"},
]
# Words that no English sentence has, and no name in the cast.
SWEDISH = re.compile(r"\b(och|att|inte|eller|för|är|på|av|som|med|kan|ska|till|från|alla|den|det|du|vi|ni|här)\b", re.I)


# In both languages, and on both engines, but not each in each: that would be the same again.
@pytest.mark.parametrize(("engine_app", "language"), [("sqlite", "en"), (engines()[-1], "sv")], indirect=["engine_app"])
def test_every_page_is_whole_and_named_and_holds_nothing_from_outside(
    pages: dict[str, tuple[FlaskClient, str]], language: str
) -> None:
    wrong = {}
    db.session.execute(update(Wall).values(language=language))  # a wall speaks one language, whoever looks
    for name, (client, address) in pages.items():
        client.set_cookie("canvass_language", language)
        answer = client.get(address)
        assert answer.status_code == (404 if name == "/nowhere" else 200), name
        page = Page(answer.text, language)
        if language == "en" and (found := SWEDISH.findall(page.text["all"] + said_by_scripts(answer.text))):
            page.wrong.append(f"Swedish: {sorted(set(found))}")
        if page.wrong:
            wrong[name] = page.wrong
    assert wrong == {}


def said_by_scripts(page: str) -> str:
    """What the logging screen's scripts will say."""
    found = re.search(r'id="words">(.*?)</script>', page, re.DOTALL)
    return " ".join(json.loads(found[1]).values()) if found else ""


def test_a_form_that_comes_back_is_whole_too(pages: dict[str, tuple[FlaskClient, str]], cast: Cast) -> None:
    """With its sentences, and each of them pointing at its field."""
    wrong = {}
    for name in ("/setup/<token>", "/join/<code>", "/invitation/<token>", "/join", "/sign-in", "/me", "/areas/new"):
        client, address = pages[name]
        answer = client.post(address.removesuffix("/new"), data={"organisation": cast.hageby.id, "households": "x"})
        assert answer.status_code == 422, name
        page = Page(answer.text, "sv")
        links = re.findall(r'<a href="#(f-[\w-]+)"', answer.text)
        assert links, name
        page.wrong += [f"a sentence points at no field: {link}" for link in links if link not in page.ids]
        if page.wrong:
            wrong[name] = page.wrong
    assert wrong == {}


def test_the_page_test_finds_what_is_wrong() -> None:
    """A net with holes holds nothing."""
    good = '<html lang="sv"><title>Rubrik · Canvass</title><h1>Rubrik</h1>{}</html>'
    assert Page(good.format(""), "sv").wrong == []
    for bad in (
        "<h1>En till</h1>",
        "<h3>För djupt</h3>",
        '<input name="x">',
        '<label>x</label><input name="x">',
        '<p style="color:red">x</p>',
        '<button onclick="x()">x</button>',
        "<script>x()</script>",
        '<script src="https://cdn.example/x.js"></script>',
        '<script src="//cdn.example/x.js"></script>',
        '<a href="javascript:x()">x</a>',
        '<a href="/x"></a>',
        '<img src="/x.png">',
        '<p id="x"></p><p id="x"></p>',
        '<input aria-label="x" aria-describedby="y">',
        "<div><p></div>",
        "<style>p{}</style>",
    ):
        assert Page(good.format(bad), "sv").wrong, bad
    assert Page('<html lang="en"><title> · Canvass</title><h1> </h1></html>', "sv").wrong == [
        "lang is en",
        "1 h1",
        "no title",
    ]


def test_every_address_of_ours_in_a_page_leads_somewhere(pages: dict[str, tuple[FlaskClient, str]], app: Flask) -> None:
    """Links and forms, as the administrator sees them; a template that spells an address wrong is found here."""
    adapter = app.url_map.bind("localhost")
    astray = set()
    for client, address in pages.values():
        text = client.get(address).text
        for attribute, method in (("href", "GET"), ("src", "GET")):
            for target in re.findall(rf'\s{attribute}="(/[^"#?]*)', text):
                if not adapter.test(target, method=method):
                    astray.add((address, target))
        for form in re.findall(r"<form[^>]*>", text):
            method = "POST" if 'method="post"' in form else "GET"
            action = re.search(r'action="(/[^"?]*)', form)
            if not adapter.test(action[1] if action else address.split("?")[0], method=method):
                astray.add((address, form))
    assert astray == set()
