"""What somebody typed into a form that was not taken: it is on the page that says so, not lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request

from canvass.web.page import security

# After these the form has been read, and nothing of it stored.
STATUSES = (401, 403, 404, 409, 410, 429, 500, 503)
# After these the same form may well be taken when it is sent once more.
WORTH_RESENDING = (401, 409, 429, 500, 503)
MOST_CHARACTERS = 100_000
# What a form sends by itself: ids, marks, days, numbers and single words of the code.
_BY_ITSELF = re.compile(r"[0-9a-f-]{20,}|[\d:.-]+|[a-z_]{0,20}")


@dataclass(frozen=True)
class Kept:
    """The form's fields but for passwords; those a person wrote; and where to send them again, "" if nowhere."""

    fields: list[tuple[str, str]]
    written: list[str]
    again: str
    had_files: bool


def typed(status: int) -> Kept | None:
    """What the refused form held; None when there is nothing worth keeping.

    A form that another site may have sent is shown but not offered to be sent again: a page of ours must not lend its
    name to what somebody else wrote.
    """
    if request.method != "POST" or status not in STATUSES or request.path.startswith("/api/") or request.is_json:
        return None
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "password"]
    written = [value for _name, value in fields if value.strip() and not _BY_ITSELF.fullmatch(value)]
    if not written or sum(len(value) for _name, value in fields) > MOST_CHARACTERS:
        return None
    is_ours = security.is_same_origin(has_token=False)
    again = request.full_path.rstrip("?") if is_ours and status in WORTH_RESENDING else ""
    return Kept(fields, written, again, bool(request.files))
