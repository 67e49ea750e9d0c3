"""Who may reach which view: every route, for every role, with what is theirs and what is not. The default is no.

Everybody here has their role at Norrköping. A row says what each role (volunteer, leader, board, administrator) gets
for what belongs to:

    Norrköping itself, Hageby beneath it, Linköping beside it, Östergötland above it, Partille elsewhere

    +  it works      !  let in, and the form is refused      -  403, seen but not theirs to do      .  404, not theirs
"""

from __future__ import annotations

# One mark for a role where the answer is the same whoever owns what: the route names nothing.
TABLE = {
    # one's own
    "GET /me": "+ + + +",
    "POST /me": "! ! ! !",
    "POST /me/way-back": "+ + + +",
    "POST /me/sessions/<session_id>/end": "..... ..... ..... .....",
    "POST /me/devices/<device_id>/end": "..... ..... ..... .....",
    "GET /api/v1/hello": "+ + + +",
    "GET /api/v1/outlines": "+ + + +",
    "POST /api/v1/sync": "! ! ! !",
    # campaigns: what is above is taken part in, so it is seen
    "GET /campaigns": "+ + + +",
    "GET /campaigns/new": "- + - +",
    "POST /campaigns organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /campaigns/<campaign_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/live": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/edit": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<campaign_id>/edit": "--.-. !!.-. --.-. !!.-.",
    "POST /campaigns/<campaign_id>/state state=open": "--.-. ++.-. --.-. ++.-.",
    "GET /campaigns/<campaign_id>/targets": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/targets target-<own>=7": "--.-. +!.+. --.-. +!.+.",
    # what works when and where
    "GET /campaigns/<campaign_id>/hours": "++.+. ++.+. ++.+. ++.+.",
    "POST /campaigns/<campaign_id>/advice villa=door": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<campaign_id>/plausibility organisation=<own>": "++.+. ++.+. ++.+. ++.+.",
    # evenings on paper
    "GET /campaigns/<campaign_id>/late": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/late": "--.-. !!.!. --.-. !!.!.",
    "POST /late-reports/<report_id>/undo": "--.-. ++.-. --.-. ++.-.",
    # the map
    "GET /campaigns/<campaign_id>/map": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/map/<area_id>": "++.+. ++.+. ++.+. ++.+.",
    "POST /campaigns/<campaign_id>/map/<area_id>/assign shift=<shift_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<campaign_id>/map/<area_id>/release shift=<shift_id>": "--.-. ++.-. --.-. ++.-.",
    # shifts: seen as campaigns are, and what one leads or comes to wherever it is
    "GET /campaigns/<campaign_id>/shifts": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/shifts/new": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/shifts organisation=<own>": "--.-. !..!. --.-. !..!.",
    "GET /campaigns/<campaign_id>/visits": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>.ics": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>/image.svg": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>/poster": "--.-. ++.-. --.-. ++.-.",
    "GET /shifts/<shift_id>/edit": "--.-. ++.-. --.-. ++.-.",
    "POST /shifts/<shift_id>/edit": "--.-. !!.-. --.-. !!.-.",
    "POST /shifts/<shift_id>/cancel": "--.-. ++.-. --.-. ++.-.",
    "POST /shifts/<shift_id>/link": "--.-. ++.-. --.-. ++.-.",
    "POST /shifts/<shift_id>/sign-up": "++.+. ++.+. ++.+. ++.+.",
    "POST /shifts/<shift_id>/withdraw": "++.+. ++.+. ++.+. ++.+.",
    "GET /me/shifts": "+ + + +",
    "POST /me/shifts": "+ + + +",
    "GET /organisations/<organisation_id>/trainings": "--.-. ++.-. ++.-. ++.-.",
    "POST /organisations/<organisation_id>/trainings": "--.-. !!.-. --.-. !!.-.",
    "POST /trainings/<training_id>/forget": "--.-. ++.-. --.-. ++.-.",
    # joining
    "GET /campaigns/<campaign_id>/join": "--.-. ++.+. --.-. ++.+.",
    "GET /campaigns/<campaign_id>/poster": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/join organisation=<own>": "--.-. +..+. --.-. +..+.",
    "POST /invitations organisation=<organisation_id>&role=leader": "--.-. --.-. --.-. ++.-.",
    "POST /invitations/<ticket_id>/withdraw": "--.-. --.-. --.-. ++.-.",
    # wallboards
    "GET /campaigns/<campaign_id>/walls": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/walls organisation=<own>": "--.-. +..+. --.-. +..+.",
    "POST /walls/<wall_id>/withdraw": "--.-. ++.-. --.-. ++.-.",
    # areas: those above are walked in, so they are seen
    "GET /areas": "+ + + +",
    "GET /areas/new": "- + - +",
    "POST /areas organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /areas/<area_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /areas/<area_id>/edit": "--.-. ++.-. --.-. ++.-.",
    "POST /areas/<area_id>/edit organisation=<own>": "--.-. !!.-. --.-. !!.-.",
    "POST /areas/<area_id>/retire": "--.-. ++.-. --.-. ++.-.",
    "POST /areas/<area_id>/bring-back": "--.-. ++.-. --.-. ++.-.",
    "GET /areas/import": "- + - +",
    "POST /areas/import organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /areas/import/<draft_id>": "..... ..... ..... .....",
    "POST /areas/import/<draft_id>/confirm": "..... ..... ..... .....",
    "POST /areas/import/<draft_id>/cancel": "..... ..... ..... .....",
    # the tree
    "GET /organisations": "- + + +",
    "GET /organisations/<organisation_id>": "--.-. ++.-. ++.-. ++.-.",
    "POST /organisations/<organisation_id>/children kind=x": "--.-. --.-. --.-. !!.-.",
    "POST /organisations/<organisation_id>/rename": "--.-. --.-. --.-. !!.-.",
    "POST /organisations/<organisation_id>/level": "--.-. --.-. --.-. !!.-.",
    "GET /organisations/<organisation_id>/members": "--.-. --.-. --.-. ++.-.",
    "POST /organisations/<organisation_id>/members members-<organisation_id>=7": "--.-. --.-. --.-. ++.-.",
    "POST /organisations/<organisation_id>/move parent=<own>": "--.-. --.-. --.-. !+.-.",
    "POST /organisations/import-sweden organisation=<organisation_id>": "--.-. --.-. --.-. !!.-.",
    # earlier years: everybody reads what is beneath them, leaders import
    "GET /organisations/<organisation_id>/earlier-years": "++.-. ++.-. ++.-. ++.-.",
    "POST /organisations/<organisation_id>/earlier-years": "--.-. !!.-. --.-. !!.-.",
    "GET /organisations/<organisation_id>/earlier-years/example.csv": "--.-. ++.-. --.-. ++.-.",
    "GET /earlier-years/<import_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /earlier-years/<import_id>/confirm skip=yes": "--.-. !!.-. --.-. !!.-.",
    "POST /earlier-years/<import_id>/cancel": "--.-. ++.-. --.-. ++.-.",
    "POST /earlier-years/<import_id>/undo": "--.-. ++.-. --.-. ++.-.",
    # people
    "GET /people": "- + + +",
    "GET /memberships/<membership_id>": "--.-. ++.-. ++.-. ++.-.",
    "POST /memberships/<membership_id>/sign-in-link": "--.-. --.-. --.-. ++.-.",
    "POST /memberships/<membership_id>/merge": "--.-. !!.-. --.-. !!.-.",
    "POST /memberships/<membership_id>/merge other=<membership_id>": "--.-. !!.-. --.-. !!.-.",
    "POST /merges/<merge_id>/undo": "--.-. ++.-. --.-. ++.-.",
    "POST /removals/<removal_id>/undo": "--.-. --.-. --.-. ++.-.",
    "POST /memberships/<membership_id>/revoke": "--.-. --.-. --.-. ++.-.",
    # what phones sent and nobody has counted
    "GET /quarantine": "- + - +",
    "POST /quarantine/<held_id>/admit": "--.-. ++.-. --.-. ++.-.",
    "POST /quarantine/<held_id>/dismiss": "--.-. ++.-. --.-. ++.-.",
    # exports
    "GET /reports": "- + + +",
    "POST /reports/totals.csv": "- + + +",
    "POST /reports/totals.xlsx": "- + + +",
    "POST /reports/rows.csv": "- + + +",
    "POST /reports/rows.xlsx": "- + + +",
}

# The same routes where the query string or the form names something else that could be another's.
QUESTIONS = {
    "GET /campaigns/<own_campaign>?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<parent_campaign>?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/live?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<parent_campaign>/live?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/map?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/map/<area_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<own_campaign>/map/<own_area>?at=<organisation_id>": "++... ++... ++... ++...",
    "POST /campaigns/<own_campaign>/map/<own_area>/assign shift=<shift_id>": "--.-. +..-. --.-. +..-.",
    "GET /campaigns/<own_campaign>/targets?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<own_campaign>/shifts?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/shifts/new?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<own_campaign>/shifts/new?copy=<shift_id>": "----- ++.+. ----- ++.+.",
    "GET /campaigns/<own_campaign>/visits?at=<organisation_id>": "++... ++... ++... ++...",
    "POST /campaigns/<own_campaign>/shifts organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /campaigns/<own_campaign>/join?organisation=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<own_campaign>/poster?organisation=<organisation_id>": "----- ++... ----- ++...",
    "POST /campaigns/<own_campaign>/join organisation=<organisation_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<own_campaign>/join organisation=<organisation_id>&withdraw=yes": "--.-. ++.-. --.-. ++.-.",
    "GET /campaigns/<own_campaign>/walls?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<parent_campaign>/walls?at=<organisation_id>": "----- ++... ----- ++...",
    "POST /campaigns/<own_campaign>/walls organisation=<organisation_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<own_campaign>/targets target-<organisation_id>=7": "----- ++.-. ----- ++.-.",
    "POST /campaigns/<parent_campaign>/targets target-<organisation_id>=7": "----- ++.-. ----- ++.-.",
    "GET /campaigns/<own_campaign>/late?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<parent_campaign>/late?at=<organisation_id>": "----- ++... ----- ++...",
    "POST /campaigns/<own_campaign>/late organisation=<organisation_id>": "----- !!.-. ----- !!.-.",
    "POST /campaigns/<own_campaign>/targets area-<area_id>=7": "----- ++.-. ----- ++.-.",
    "POST /campaigns/<parent_campaign>/targets area-<area_id>=7": "----- ++.-. ----- ++.-.",
    "POST /areas/<own_area>/edit organisation=<organisation_id>": "----- !!.-. ----- !!.-.",
    "POST /organisations/<child>/move parent=<organisation_id>": "----- ----- ----- +!.!.",
    "GET /reports?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
    "POST /reports/totals.csv?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
    "POST /reports/totals.xlsx?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
    "POST /reports/rows.csv?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
    "POST /reports/rows.xlsx?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
}
