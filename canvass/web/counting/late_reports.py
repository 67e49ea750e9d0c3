"""Late reports: enter an evening's totals from paper, change them and undo them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from canvass.core import clock, db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused
from canvass.counting import late_reports
from canvass.counting.late_reports import LateReport, Totals
from canvass.counting.tallies import Count
from canvass.fieldwork import areas, campaigns, topics
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.page import auth, forms, fragments, level

bp = Blueprint("late_reports", __name__)

# All outcomes, each channel's own in the order of its buttons; the page shows those of the chosen channel.
OUTCOMES = (campaigns.TALKED, "not_home", "no_answer", "refused", "inaccessible", "wrong_number", "come_back")
# The hour from which the form suggests today rather than yesterday: on weekdays people go out in the evening.
COMES_HOME, COMES_HOME_AT_WEEKENDS = 17, 12
# The longest list of organisations to choose from, and of reports entered.
MOST_OFFERED = 400
MOST_LISTED = 100
# Fields that the next report of the same evening starts with.
KEPT = ("at", "organisation", "happened_on", "hour", "channel")


@bp.get("/campaigns/<campaign_id>/late")
def page(campaign_id: str) -> ResponseReturnValue:
    """The form, empty but for KEPT, or with the report to change."""
    campaign, node = _place(campaign_id)
    changed = _changed(campaign, request.args.get("change"))
    return _page(campaign, node, _blank(campaign) if changed is None else _filled(changed), changed)


@bp.post("/campaigns/<campaign_id>/late")
def enter(campaign_id: str) -> ResponseReturnValue:
    """Enter the report and show the form for the next one, or the form again with what is wrong."""
    form = forms.Form()
    campaign, node = _place(campaign_id)
    changed = _changed(campaign, request.form.get("change"))
    organisation = _organisation(form)
    report_id, totals = form.text("report"), _totals(campaign, form)
    if not db.is_id(report_id):
        form.errors[""] = _("Sidan var för gammal. Kontrollera siffrorna och spara igen.")
    if form.errors or organisation is None:
        db.give_up()
        return _page(campaign, node, form, changed), 422
    person_id, ids = current_user.id, (campaign.id, organisation.id, changed.id if changed else None)

    def work() -> bool:
        """Loads everything itself: db.repeat may call it again."""
        return late_reports.enter(
            report_id,
            db.session.get_one(Campaign, ids[0]),
            db.session.get_one(Organisation, ids[1]),
            totals,
            by=db.session.get_one(Person, person_id),
            instead_of=db.session.get_one(LateReport, ids[2]) if ids[2] else None,
        )

    try:
        is_new = db.repeat(work)
    except Refused as error:
        form.blame(error)
        db.give_up()
        return _page(*_place(campaign_id), form, changed), 422
    _say_entered(report_id, totals, is_new)
    if form.text("then") == "campaign":
        return redirect(url_for("numbers.page", campaign_id=campaign_id, at=node.id), 303)
    kept: dict[str, Any] = {name: form.text(name) for name in KEPT}
    return redirect(url_for("late_reports.page", campaign_id=campaign_id, **kept), 303)


@bp.post("/late-reports/<report_id>/undo")
def undo(report_id: str) -> ResponseReturnValue:
    """Undo the whole report."""
    report = access.find(auth.person(), LateReport, report_id, "late_report.enter")
    campaign_id = report.campaign_id

    def work() -> None:
        late_reports.undo(db.session.get_one(LateReport, report_id), by=db.session.get_one(Person, person_id))

    person_id = current_user.id
    try:
        db.repeat(work)
        fragments.say(_("Efterrapporten är ångrad. Dess siffror räknas inte längre."))
    except Refused as error:
        fragments.say(str(error), "error")
    return redirect(url_for("late_reports.page", campaign_id=campaign_id, at=request.form.get("at") or None), 303)


# --- what was asked for -------------------------------------------------------------------------------------


def _place(campaign_id: str) -> tuple[Campaign, Organisation]:
    """The campaign, and the organisation the page is about: one where the person may enter reports, or beneath."""
    campaign = access.find(auth.person(), Campaign, campaign_id)
    return campaign, level.of(campaign, "late_report.enter").node


def _changed(campaign: Campaign, report_id: str | None) -> LateReport | None:
    """The report to change, None when none is named. Only its author may: it shows topics of few conversations."""
    if not report_id:
        return None
    report = access.find(auth.person(), LateReport, report_id, "late_report.enter")
    if report.campaign_id != campaign.id or report.undone_at is not None:
        raise access.NotFound(report_id)
    if report.entered_by_id != current_user.id:
        raise access.Forbidden("late_report.enter")
    return report


def _organisation(form: forms.Form) -> Organisation | None:
    if not form.text("organisation"):
        form.errors["organisation"] = _("Välj vems siffror det är.")
        return None
    return access.find(auth.person(), Organisation, form.text("organisation"), "late_report.enter")


def _totals(campaign: Campaign, form: forms.Form) -> Totals:
    channel = form.text("channel")
    offered = campaigns.CHANNELS.get(channel, ())
    hour = form.whole("hour")
    outcomes = {outcome: number for outcome in OUTCOMES if (number := form.whole(outcome))}
    if astray := [outcome for outcome in outcomes if offered and outcome not in offered]:
        # Filled in for another channel and hidden since: not counted, and the person is told.
        names = ", ".join(campaigns.outcome_name(outcome) for outcome in astray)
        form.errors[campaigns.TALKED] = _(
            "%(outcomes)s finns inte för %(channel)s och är borttaget. Kontrollera siffrorna.",
            outcomes=names,
            channel=campaigns.channel_name(channel),
        )
    return Totals(
        happened_on=form.day("happened_on"),
        hour=late_reports.USUAL_HOUR if hour is None else hour,
        channel=channel,
        area_id=form.text("area") or None,
        outcomes=outcomes,
        topics={topic: number for topic in topics.all_of(campaign) if (number := form.whole(topic))},
    )


def _say_entered(report_id: str, totals: Totals, is_new: bool) -> None:
    """Tell what was counted. A form sent twice is mentioned only when its numbers differ."""
    report = db.session.get_one(LateReport, report_id)
    if not is_new and late_reports.paper(report) != totals:
        fragments.say(
            _("Den efterrapporten är redan sparad med andra siffror, som gäller. Ändra den i listan nedan."), "warning"
        )
        return
    attempts, conversations = sum(totals.outcomes.values()), totals.outcomes.get(campaigns.TALKED, 0)
    fragments.say(
        _(
            "Sparat för %(name)s %(day)s: %(what)s.",
            name=report.organisation.name,
            day=i18n.day(report.happened_on),
            what=sentence(Count(attempts, conversations)),
        )
    )


def sentence(count: Count) -> str:
    """12 samtal på 60 försök."""
    return _(
        "%(conversations)s på %(attempts)s",
        conversations=ngettext("%(num)s samtal", "%(num)s samtal", count.conversations),
        attempts=ngettext("%(num)s försök", "%(num)s försök", count.attempts),
    )


# --- the form -----------------------------------------------------------------------------------------------


def _blank(campaign: Campaign) -> forms.Form:
    """The form for a new report: KEPT of the one before, else what is most likely."""
    now = clock.now().astimezone(clock.ZONE)
    is_todays = now.hour >= (COMES_HOME if now.weekday() < 5 else COMES_HOME_AT_WEEKENDS)
    day = clock.today() if is_todays else clock.today() - timedelta(days=1)
    day = max(campaign.starts_on, min(day, campaign.ends_on))
    first: dict[str, Any] = {
        # Not guessed: figures entered for the wrong association are hard to find.
        "organisation": "",
        "happened_on": day.isoformat(),
        "hour": min(late_reports.USUAL_HOUR, now.hour) if day == clock.today() else late_reports.USUAL_HOUR,
        "channel": campaign.channels[0],
    }
    return forms.Form(report=db.new_id(), **first | {name: said for name in first if (said := request.args.get(name))})


def _filled(report: LateReport) -> forms.Form:
    totals = late_reports.paper(report)
    return forms.Form(
        report=db.new_id(),
        change=report.id,
        organisation=report.organisation_id,
        happened_on=report.happened_on.isoformat(),
        hour=totals.hour,
        channel=totals.channel,
        area=totals.area_id or "",
        **totals.outcomes,
        **totals.topics,
    )


def _page(campaign: Campaign, node: Organisation, form: forms.Form, changed: LateReport | None) -> str:
    owners = _owners(node)
    asked = topics.offered(campaign)
    if changed is not None:
        # A topic that is no longer offered keeps the number it had.
        known = topics.all_of(campaign)
        asked += [known[topic] for topic in late_reports.paper(changed).topics if known[topic] not in asked]
    beneath = organisations.beneath(node.id)
    return render_template(
        "late_reports/page.html",
        campaign=campaign,
        node=node,
        form=form,
        errors=form.errors,
        changed=changed,
        is_taking=campaign.state in ("open", "closing"),
        owners=owners,
        deeper=organisations.children(node.id) if len(owners) == 1 else [],
        channels=[(channel, campaigns.channel_name(channel)) for channel in campaign.channels],
        areas=_areas(campaign, node, changed),
        outcomes=[(outcome, campaigns.outcome_name(outcome), _offering(campaign, outcome)) for outcome in OUTCOMES],
        report_id=form.report if db.is_id(form.report) else db.new_id(),
        topics=asked,
        hours=[(hour, f"{hour:02}:00") for hour in range(24)],
        lines=late_reports.entered(campaign, beneath, MOST_LISTED),
        total=late_reports.parts(campaign.id, beneath).total,
        sentence=sentence,
    )


def _offering(campaign: Campaign, outcome: str) -> list[str]:
    """The campaign's channels that offer the outcome."""
    return [channel for channel in campaign.channels if outcome in campaigns.CHANNELS[channel]]


def _owners(node: Organisation) -> list[tuple[str, str]]:
    """The organisations to choose from: all beneath the node, or the node alone when those are too many."""
    tree = organisations.tree([node.id])
    shown = tree if len(tree) <= MOST_OFFERED else [(0, node)]
    return [(each.id, "\N{EM SPACE}" * depth + each.name) for depth, each in shown]


def _areas(
    campaign: Campaign, node: Organisation, changed: LateReport | None
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The areas to choose from by owner, and a retired one that the changed report has."""
    groups: dict[str, list[Area]] = {}
    offered = areas.serving(campaign.organisation_id, near=node.id)
    used = db.session.get(Area, late_reports.paper(changed).area_id or "") if changed else None
    for area in [*offered, *([used] if used and used not in offered else [])]:
        groups.setdefault(area.organisation_id, []).append(area)
    owners = organisations.in_order(group[0].organisation for group in groups.values())
    return [(owner.name, [(area.id, area.name) for area in groups[owner.id]]) for owner in owners]
