"""What sync promises, one operation at a time and in plain dictionaries: what the set-wise code is compared with."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

SWEDEN = ZoneInfo("Europe/Stockholm")


@dataclass
class Campaign:
    """`closed_at` is None while it is open, and what happened after it is not counted."""

    closed_at: datetime | None
    areas: set[str]
    topics: set[str]
    logged_for: dict[tuple[str, str | None], str]  # the organisation by author and shift


@dataclass
class Model:
    campaigns: dict[str, Campaign]
    receipts: dict[str, tuple[str, int, str]] = field(default_factory=dict)  # (content, rev, verdict) by operation
    held: dict[tuple[str, str], str] = field(default_factory=dict)  # the reason by (operation, content)
    attempts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, author: str, operation: dict[str, Any]) -> tuple[str, int, str]:
        """The verdict, the revision and the reason for a quarantine."""
        op, content = operation["op"], json.dumps(operation, sort_keys=True)
        if op in self.receipts:
            first, rev, verdict = self.receipts[op]
            if first != content:
                return "quarantined", 0, self.held.setdefault((op, content), "conflict")
            return ("quarantined", 0, self.held[op, content]) if verdict == "quarantined" else ("duplicate", rev, "")
        reason = self.reason(author, operation)
        if reason:
            self.receipts[op] = content, 0, "quarantined"
            self.held[op, content] = reason
            return "quarantined", 0, reason
        verdict = self.apply(author, operation)
        self.receipts[op] = content, operation["rev"], verdict
        return verdict, operation["rev"], ""

    def reason(self, author: str, operation: dict[str, Any]) -> str:
        campaign, data = self.campaigns.get(operation["campaign"]), operation["data"]
        if operation["kind"] not in ("create", "edit", "delete"):
            return "malformed"
        if campaign is None:
            return "campaign_unknown"
        if (author, None) not in campaign.logged_for:
            return "not_member"
        if campaign.closed_at and datetime.fromisoformat(operation["at"]) > campaign.closed_at:
            return "campaign_closed"
        if operation["kind"] != "delete":
            if data["outcome"] == "wrong_number":
                return "outcome_unknown"
            if not 1 <= data["n"] <= 50:
                return "number"
            if data["area"] and data["area"] not in campaign.areas:
                return "area_unknown"
        present = self.attempts.get(operation["attempt"])
        if present and present["author"] != author:
            return "not_yours"
        if present and present["campaign"] != operation["campaign"]:
            return "other_campaign"
        return ""

    def apply(self, author: str, operation: dict[str, Any]) -> str:
        campaign, data, at = self.campaigns[operation["campaign"]], operation["data"], operation["at"]
        shift = data["shift"] if data and (author, data["shift"]) in campaign.logged_for else None
        new = {"author": author, "campaign": operation["campaign"], "rev": 0, "hour": at[:13], "is_deleted": True}
        new |= {"organisation": campaign.logged_for[author, shift]}
        new |= {"channel": "door", "outcome": "not_home", "n": 1, "area": None, "topics": [], "shift": None}
        attempt = self.attempts.setdefault(operation["attempt"], new)
        if operation["kind"] == "create":
            attempt["hour"] = at[:13]
        if operation["rev"] <= attempt["rev"]:
            return "superseded"
        attempt |= {"rev": operation["rev"], "is_deleted": operation["kind"] == "delete"}
        if operation["kind"] != "delete":
            attempt |= {name: data[name] for name in ("channel", "outcome", "n", "area")} | {"shift": shift}
            attempt["topics"] = [topic for topic in dict.fromkeys(data["topics"]) if topic in campaign.topics]
        return "stored"

    def counters(self) -> Counter[tuple[str, ...]]:
        counted: Counter[tuple[str, ...]] = Counter()
        for attempt in self.attempts.values():
            hour = datetime.fromisoformat(attempt["hour"] + ":00").replace(tzinfo=UTC).astimezone(SWEDEN)
            day, area, channel = f"{hour:%Y-%m-%d}", attempt["area"], attempt["channel"]
            keys = [("area", area or ""), ("channel", channel), ("day", day)]
            keys += [("hour", f"{channel}-{hour.weekday()}-{hour.hour}")]
            keys += [("visit", f"{area}:{day}")] * bool(area) + [("shift", attempt["shift"])] * bool(attempt["shift"])
            keys += [("topic", topic) for topic in attempt["topics"] if attempt["outcome"] == "talked"]
            for key in keys if not attempt["is_deleted"] else []:
                counted[(attempt["campaign"], attempt["organisation"], *key, attempt["outcome"])] += attempt["n"]
        return counted
