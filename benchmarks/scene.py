"""The database that is measured: the demo, and beside it the phones and the screens of a large campaign.

`python3 -m benchmarks.scene FOLDER DATABASE_URL SCREENS` makes it ("" for SQLite in the folder), and writes
FOLDER/scene.json with what the measurements need to know of it. A process of its own, so that the one that measures
holds no database open.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.phones import Phone

FILE = "scene.json"
PHONES = 600  # spread over the associations, and as many in one of them


@dataclass(frozen=True)
class Scene:
    """Who and what is in the database. Phones are (author, device token, their association's areas)."""

    campaign: str
    municipal: str
    associations: list[str]
    spread: list[tuple[str, str, list[str]]]
    together: list[tuple[str, str, list[str]]]
    leaders: list[str]  # session tokens of leaders, one for each screen
    volunteers: list[str]  # session tokens of some of those whose phones are `spread`

    @classmethod
    def read(cls, data: Path) -> Scene:
        """The scene that was made in this folder."""
        return cls(**json.loads((data / FILE).read_text("utf-8")))

    def phones(self, first: int, number: int, *, in_one: bool = False) -> list[Phone]:
        """New installations of these people's phones."""
        people = (self.together if in_one else self.spread)[first : first + number]
        if len(people) < number:
            raise ValueError(f"the scene has {PHONES} phones of a kind")
        return [Phone(author, token, self.campaign, areas) for author, token, areas in people]

    def screens(self, number: int) -> tuple[list[str], list[str]]:
        """(paths, session tokens) for so many screens: three in seven show the whole campaign, the others a part."""
        at = [self.municipal] * 3 + self.associations[:4]
        return [f"/campaigns/{self.campaign}?at={node}" for node in at], self.leaders[:number]


def build(data: Path, database_url: str, screens: int) -> None:
    """Fill an empty database. Raises RuntimeError when it is not empty."""
    from sqlalchemy import text

    import canvass
    from canvass import cli, demo
    from canvass.core import db

    app = canvass.create_app(DATA=data, DATABASE_URL=database_url)
    with app.app_context():
        cli.bring_up_to_date(app)
        leader = demo.fill()["leader"]
        scene = _people(leader, screens)
        db.session.commit()
        if db.db.engine.dialect.name == "postgresql":
            db.session.execute(text("ANALYZE"))  # as the database does by itself after a while
            db.session.commit()
        _hand_in(app, scene)
        db.session.remove()
        db.db.engine.dispose()
    (data / FILE).write_text(json.dumps(asdict(scene)), "utf-8")


def _hand_in(app: Any, scene: Scene) -> None:
    """Have one operation taken in by the product itself, so that there is a real receipt with its attempt."""
    phone = scene.phones(0, 1)[0]
    head, body = phone.request("localhost", [phone.operation()]).split(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    answer = app.test_client(use_cookies=False).post("/api/v1/sync", data=body, headers=headers)
    if b'"stored"' not in answer.data:
        raise RuntimeError(f"the product did not take the operation: {answer.data!r}")


def _people(leader: Any, screens: int) -> Scene:
    from canvass.core import db
    from canvass.fieldwork import areas, campaigns
    from canvass.members import organisations, people, sessions

    campaign = next(c for c in campaigns.seen_by(leader) if c.state == "open")
    municipal = campaign.organisation
    homes = [node for _, node in organisations.tree([municipal.id]) if node.kind == "association"]
    ground = {home.id: [a.id for a in areas.serving(municipal.id) if a.organisation_id == home.id] for home in homes}
    leaders = [people.add(f"Ledare {number}", homes[0]) for number in range(50)]
    for one in leaders:
        people.grant(one, "leader", municipal)
    spread = [_volunteer(number, homes[number % len(homes)]) for number in range(PHONES)]
    together = [_volunteer(number, homes[0]) for number in range(PHONES)]
    db.session.flush()
    return Scene(
        campaign=campaign.id,
        municipal=municipal.id,
        associations=[home.id for home in homes],
        spread=[(p.id, token, ground[p.association_id]) for p, token in spread],
        together=[(p.id, token, ground[p.association_id]) for p, token in together],
        leaders=[sessions.start(leaders[number % 50])[1] for number in range(screens)],
        volunteers=[sessions.start(p)[1] for p, _ in spread[-50:]],
    )


def _volunteer(number: int, home: Any) -> tuple[Any, str]:
    from canvass.members import devices, people

    person = people.add(f"Samtalare {number}", home)
    people.grant(person, "volunteer", home)
    return person, devices.add(person)


if __name__ == "__main__":
    build(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
