"""What the product says: every sentence in both languages, and one word per idea."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

from babel.messages.catalog import Message

from canvass.core import wordlist
from canvass.core.settings import ROOT
from tests.house.source import calls, files, sources

# Words that are the same in every language.
NAMES = {"Canvass", "English", "Svenska", "iPhone", "Android"}
SWEDISH_LETTERS = re.compile("[åäöÅÄÖ]")
FORBIDDEN = re.compile(r"\b(kontakt(en|er|erna|s)?|besök(et|en|s)?|lyckat|lyckade|väljarregister)\b", re.IGNORECASE)
HOSTS = re.compile(r"pypi\.org|pythonhosted|npmjs|unpkg|jsdelivr|cdnjs|googleapis", re.IGNORECASE)


@cache
def said() -> dict[Any, Message]:
    """Every sentence in the code and the templates."""
    return {message.id: message for message in wordlist.said() if message.id}


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


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
        wanted, found = ([fillings(text) for text in group] for group in (swedish, texts(message)))
        # In a plural, a form may do without the number ("en telefon"), but none may ask for what is not given.
        asked_for, given = set.union(*found), set.union(*wanted)
        if isinstance(message.id, str):
            is_wrong = wanted != found
        else:
            is_wrong = len(found) != len(swedish) or bool(asked_for - given or wanted[-1] - found[-1])
        if is_wrong:
            wrong.append(message.id)
    assert wrong == []


def fillings(text: str) -> set[str]:
    """The names to fill in, and anything else after a per cent sign: that would stop the page."""
    return set(re.findall(r"%(?:\(\w+\)s|%|.?)", text))


def computed(tree: ast.AST) -> list[int]:
    """Lines that ask for a sentence that is not written out there."""
    return [
        node.lineno
        for called, node in calls(tree)
        if called in ("_", "gettext", "ngettext")
        and not all(isinstance(form, ast.Constant) for form in node.args[: 2 if called == "ngettext" else 1])
    ]


def is_computed(template: str) -> bool:
    """Whether a template asks for a sentence that is not written out there."""
    return re.search(r"\b(?:_|n?gettext)\(\s*[^\s'\"]", uncommented(template)) is not None


def test_sentences_are_written_out_where_they_are_said() -> None:
    """The extractor finds literals only: `_(sentence)` would stay Swedish for ever."""
    assert {
        name: lines for name, tree in sources().items() if name != "canvass.core.i18n" and (lines := computed(tree))
    } == {}
    assert [path for path in files("templates", kind="html") if is_computed(path.read_text("utf-8"))] == []


def uncommented(template: str) -> str:
    return re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)


def untranslated(template: str) -> set[str]:
    """Words that a template says without asking for their translation."""
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", uncommented(template), flags=re.DOTALL)
    shown = re.sub(r'<script.*?</script>|<[^>]*>|[\w-]+="[^"]*"', " ", text, flags=re.DOTALL)
    attributes = re.findall(r'\s(?:aria-label|alt|title|placeholder)="([^"]*)"', text)
    return set(re.findall(r"[^\W\d_]{2,}", " ".join([shown, *attributes]))) - NAMES


def test_no_sentence_stands_in_a_template_by_itself() -> None:
    assert {
        path: words for path in files("templates", kind="html") if (words := untranslated(path.read_text("utf-8")))
    } == {}


def test_scripts_have_no_words_of_their_own() -> None:
    speaking = [path for path in files("static/js", kind="js") if SWEDISH_LETTERS.search(path.read_text("utf-8"))]
    assert speaking == []


def test_one_word_per_idea() -> None:
    """Never *kontakt*, *besök* or *lyckat* for a conversation, and nothing from the registers others keep."""
    sentences = [form for id_ in said() for form in ([id_] if isinstance(id_, str) else id_)]
    assert [sentence for sentence in sentences if FORBIDDEN.search(sentence)] == []


def test_nothing_points_at_where_packages_come_from() -> None:
    paths = [ROOT / "app.py", *ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("requirements/*")]
    for folder in ("canvass", "templates", "docs", "deploy", "static/js", "static/css"):
        paths += [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [path for path in paths if HOSTS.search(path.read_text("utf-8", errors="replace"))] == []


def test_these_rules_find_what_breaks_them() -> None:
    assert computed(ast.parse("_(sentence)")) == [1]
    assert computed(ast.parse("ngettext('ett', f'{n}', n)")) == [1]
    assert is_computed("<p>{{ _(sentence) }}</p>")
    assert untranslated("<p>Logga in</p>") == {"Logga", "in"}
    assert untranslated('<img alt="Karta">') == {"Karta"}
    assert SWEDISH_LETTERS.search("say('Återkom')")
    assert FORBIDDEN.search("Tre lyckade kontakter")
    assert HOSTS.search("https://unpkg.com/htmx.org")
    assert fillings("%(num)s av 100 %") != fillings("%(n)s of 100 %%")
