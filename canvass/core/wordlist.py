"""Updates translations/en.po from the sentences in the code and the templates. For developers."""

from __future__ import annotations

from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from canvass.core import i18n, settings

KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("canvass/**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
# The same options for Jinja as the app uses, or the sentences extracted would differ from those on the pages.
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "false"}}
HEADER = "# What Canvass says, in English. `python3 app.py translations` brings in new sentences."


def said(root: Path = settings.ROOT) -> Catalog:
    """Return every sentence in the code and the templates, in Swedish, without translations."""
    catalogue = Catalog(locale="en", project="Canvass", charset="utf-8", fuzzy=False)
    found = extract_from_dir(root, METHODS, OPTIONS, keywords=KEYWORDS)
    for path, _line, message, _comments, context in found:
        catalogue.add(message, locations=[(path, 0)], context=context)
    return catalogue


def known(language: str = "en") -> Catalog:
    """Return the catalogue as it is on disk."""
    path = i18n.TRANSLATIONS / f"{language}.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def bring_up_to_date(language: str = "en") -> list[str]:
    """Add new sentences to the catalogue, drop unused ones, and return those that lack a translation."""
    path = i18n.TRANSLATIONS / f"{language}.po"
    catalogue = known(language) if path.exists() else Catalog(locale=language, charset="utf-8", fuzzy=False)
    catalogue.header_comment = HEADER
    catalogue.project, catalogue.version, catalogue.msgid_bugs_address = "Canvass", "1", ""
    catalogue.last_translator = catalogue.language_team = "Canvass"
    catalogue.update(said(), no_fuzzy_matching=True, update_creation_date=False, update_header_comment=False)
    catalogue.obsolete.clear()
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, include_lineno=False, omit_header=False)
    return missing(catalogue)


def missing(catalogue: Catalog) -> list[str]:
    """Return the sentences of a catalogue that are not fully translated, or only marked as fuzzy."""
    return [
        str(message.id)
        for message in catalogue
        if message.id
        and (message.fuzzy or not (all(message.string) if isinstance(message.string, tuple) else message.string))
    ]
