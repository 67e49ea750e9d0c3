"""Distances, and the places of addresses, if the operator has named a service to look them up."""

from __future__ import annotations

import logging
from urllib.error import HTTPError

from geopy.distance import geodesic
from geopy.exc import GeopyError
from geopy.geocoders import Nominatim

from canvass.core.i18n import gettext as _

# Seconds to wait for the address service while somebody waits for their form.
PATIENCE = 5

log = logging.getLogger(__name__)


class NotFound(LookupError):
    """The place was not found, or could not be looked up; the message is a sentence to show."""


def metres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the geodesic distance in metres between two positions in degrees."""
    return float(geodesic((latitude, longitude), (other_latitude, other_longitude)).meters)


def look_up(address: str, service: str) -> tuple[float, float]:
    """Return latitude and longitude of a Swedish address. `service` is the setting GEOCODER. Raises NotFound."""
    kind, _colon, url = service.partition(":")
    if kind != "nominatim":
        raise NotFound(_("Adresser kan inte slås upp här. Skriv koordinaterna i stället."))
    scheme, _slashes, domain = url.partition("://")
    try:
        asked = Nominatim(domain=domain, scheme=scheme, user_agent="canvass", timeout=PATIENCE)
        found = asked.geocode(address, country_codes="se")
    except GeopyError as error:
        _close_answers(error)
        log.warning("the address service did not answer: %s", type(error).__name__)
        raise NotFound(
            _("Adressen gick inte att slå upp just nu. Skriv koordinaterna, eller bara var ni möts.")
        ) from None
    if found is None:
        raise NotFound(_("Adressen finns inte på kartan. Kontrollera stavningen, eller skriv koordinaterna."))
    return round(float(found.latitude), 6), round(float(found.longitude), 6)


def _close_answers(error: BaseException | None) -> None:
    """Close the HTTP responses in a chain of exceptions: geopy reads an error's body but does not close it."""
    while error is not None:
        if isinstance(error, HTTPError):
            error.close()
        error = error.__context__
