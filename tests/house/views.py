"""The views that anybody, or any phone, may call."""

from __future__ import annotations

OPEN_TO_ALL = {
    "about.health", "about.language", "about.offline", "about.page", "about.ready",
    "attempts.front", "attempts.manifest", "attempts.screen", "attempts.service_worker",
    "joining.type_code", "joining.typed_code",
    "people.sign_in", "people.sign_in_with_password", "people.sign_out",
}  # fmt: skip
OPEN_BY_TOKEN = {
    "calendars.follow",
    "joining.accept", "joining.demo", "joining.demo_sign_in", "joining.go_back", "joining.invited", "joining.join",
    "joining.sign_in_by_link", "joining.sign_in_link", "joining.way_back", "joining.welcome",
    "setup.begin", "setup.finish",
    "walls.wall", "walls.watch",
}  # fmt: skip
OPEN_TO_DEVICES = {"sync.receive"}
