"""What came of a shift, counted from everybody who logged on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from canvass.core import i18n
from canvass.core.i18n import ngettext
from canvass.counting import tallies
from canvass.fieldwork import campaigns
from canvass.fieldwork.shifts import Shift

# Outcomes in which nobody was reached at all.
UNREACHED = frozenset({"not_home", "inaccessible", "no_answer", "wrong_number"})


@dataclass(frozen=True)
class Summary:
    """What came of a shift.

    `reached` are the attempts in which somebody opened or answered: all but "öppnade ej", "kom inte in",
    "svarade ej" and "fel nummer". At a stall, at work and online nobody opens anything: there it is those who talked.
    """

    channel: str
    attempts: int
    conversations: int
    reached: int

    @property
    def sentence(self) -> str:
        """87 samtal, 14 % öppnade, tack!"""
        n, share = self.conversations, i18n.percent(self.reached / self.attempts if self.attempts else None)
        if not self.attempts:
            return ngettext("%(num)s samtal, tack!", "%(num)s samtal, tack!", n)
        if self.channel == "door":
            return ngettext(
                "%(num)s samtal, %(share)s öppnade, tack!", "%(num)s samtal, %(share)s öppnade, tack!", n, share=share
            )
        if self.channel == "phone":
            return ngettext(
                "%(num)s samtal, %(share)s svarade, tack!", "%(num)s samtal, %(share)s svarade, tack!", n, share=share
            )
        return ngettext(
            "%(num)s samtal, %(share)s pratade, tack!", "%(num)s samtal, %(share)s pratade, tack!", n, share=share
        )


def summary(shift: Shift) -> Summary:
    """What came of the shift, whichever association each took part for."""
    return summaries([shift])[shift.id]


def summaries(found: Sequence[Shift]) -> dict[str, Summary]:
    """The same for several shifts, by id."""
    counted = tallies.of_shifts({shift.campaign_id for shift in found}, [shift.id for shift in found])
    return {shift.id: _summed_up(shift.channel, counted.get(shift.id, Counter())) for shift in found}


def _summed_up(channel: str, outcomes: Counter[str]) -> Summary:
    talked = outcomes[campaigns.TALKED]
    answered = sum(number for outcome, number in outcomes.items() if outcome not in UNREACHED)
    reached = answered if channel in ("door", "phone") else talked
    return Summary(channel, attempts=outcomes.total(), conversations=talked, reached=reached)
