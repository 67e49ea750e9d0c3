"""A form that comes back: what was refused stands beside the fields that it is about."""

from __future__ import annotations

from flask import Flask

from canvass.core.refusals import Refused
from canvass.web.page.forms import Form


def test_a_form_puts_each_sentence_beside_its_own_field(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"campaign": "", "target": "många"}):
        form = Form()
        target = form.whole("target")
        form.blame(Refused({"name": "Ge den ett namn.", "target": "Den behöver ett mål."}), {"name": "campaign"})
        # What was typed is what is wrong, not that the rule was given nothing.
        assert (target, form.errors) == (None, {"campaign": "Ge den ett namn.", "target": "Skriv ett heltal."})


def test_a_sentence_alone_is_about_the_whole() -> None:
    assert Refused("Det går inte.").errors == {"": "Det går inte."}
    assert str(Refused({"name": "Skriv ett namn.", "kind": "Välj en nivå."})) == "Skriv ett namn. Välj en nivå."
