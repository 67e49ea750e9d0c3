"""The demo: an invented campaign in Norrköping to try the product with. Nobody in it exists."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from sqlalchemy import select

from canvass.core import clock
from canvass.core.db import session
from canvass.demo import campaigns as made
from canvass.demo import phones, teams
from canvass.fieldwork import campaigns, shifts
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.insight import walls
from canvass.insight.walls import Wall
from canvass.members import joining, people
from canvass.members.people import Person


def fill() -> dict[str, Person]:
    """Fill a database without people, unless it is filled already; return the people to sign in as, by role.

    Raises RuntimeError for a database with other people in it. The caller commits.
    """
    known = {role: person for role in teams.CAST if (person := session.get(Person, teams.person_id(role)))}
    if len(known) == len(teams.CAST):
        return known
    if people.is_anyone():
        raise RuntimeError("Databasen används redan till annat än demon. Välj en annan mapp med --data.")
    # A fixed seed: a demo started at the same hour of the same day has the same numbers.
    random = Random(2023)
    with clock.stopped(clock.now() - timedelta(days=400)):
        norrkoping = teams.tree()
        associations = teams.associations(norrkoping)
        cast = teams.cast(norrkoping, associations[0])
        teams.draw_areas(associations, cast["admin"])
    made.earlier_years(norrkoping, cast["leader"])
    earlier = made.earlier_campaign(norrkoping, associations, cast["leader"], random)
    present = made.present_campaign(norrkoping, associations, cast["leader"], random)
    made.coming_campaign(norrkoping, cast["leader"])
    phones.at_home(present, earlier, associations)
    return cast


def links(secret: str) -> None:
    """Make the missing join links of the open campaign and of the shifts that are not over."""
    for campaign in session.scalars(select(Campaign)):
        if campaign.state == "open":
            joining.link(campaign.organisation, campaign.id, campaign.ends_on, secret)
    for shift in session.scalars(select(Shift).where(Shift.ends_at > clock.now())):
        shifts.link(shift, secret)


def wall(leader: Person, secret: str) -> Wall | None:
    """Return the open campaign's wallboard, made when there is none; None when no campaign is open."""
    campaign = next((campaign for campaign in campaigns.seen_by(leader) if campaign.state == "open"), None)
    if campaign is None:
        return None
    known = walls.beneath(campaign.id, campaign.organisation_id)
    return known[0] if known else walls.make(campaign, campaign.organisation, "Kampanjlokalen", "sv", secret, by=leader)
