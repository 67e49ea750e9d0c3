"""A campaign's page as tests read it: its figures and its tables."""

from __future__ import annotations

import html
import re

from flask.testing import FlaskClient

from canvass.fieldwork.campaigns import Campaign
from canvass.members.organisations import Organisation


def page(client: FlaskClient, campaign: Campaign, at: Organisation | None = None, **headers: str) -> str:
    answer = client.get(f"/campaigns/{campaign.id}" + (f"?at={at.id}" if at else ""), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def number(shown: str) -> int:
    return int(re.sub(r"\D", "", shown) or 0)


def figures(text: str) -> dict[str, int]:
    """The big numbers of a page by what they are called, without whose they are."""
    found = re.findall(r'figure-label">(.*?)</p>\s*<p class="figure-value">([^<]*)', text)
    return {label.partition(" i ")[0]: number(value) for label, value in found}


def table(text: str, title: str) -> dict[str, tuple[int, int]]:
    """A table of the page: each row's conversations and attempts."""
    if f"<h2>{title}</h2>" not in text:
        return {}
    section = text.split(f"<h2>{title}</h2>")[1].split("</section>")[0]
    rows = {}
    for row in re.findall(r'<th scope="row">(.*?)</tr>', section, re.DOTALL):
        name = html.unescape(re.sub(r"<[^>]*>", "", row.split("</th>")[0]))
        cells = re.findall(r'<td class="num">(.*?)</td>', row)
        rows[name] = (number(cells[0]), number(cells[-2]))
    return rows
