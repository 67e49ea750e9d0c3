"""The outbox as a file: what becomes of it on phones that cannot download, and which files are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screen.logging_screen import TALKED, choose_in_menu, outcome, sheet, tap
from tests.cast import Cast

DATA = Path(__file__).parent.parent / "data"
AGENTS = [line for line in (DATA / "user_agents.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
Open = Callable[..., Page]


def opened(stage: Cast, open_as: Open, script: str, **options: str) -> Page:
    """Alva's phone on the logging screen, with this browser's peculiarities."""
    phone = open_as(stage.alva, "/about", has_touch=True, **options)
    phone.add_init_script(path=DATA / script)
    phone.goto("/log")
    outcome(phone, TALKED).wait_for()
    return phone


def save(phone: Page) -> None:
    choose_in_menu(phone, "button", "Väntar och skickat")
    sheet(phone, "Väntar och skickat").get_by_role("button", name="Spara till fil").tap()


def says(phone: Page, text: str) -> None:
    expect(sheet(phone, "Väntar och skickat").get_by_role("status")).to_contain_text(text)


def test_a_browser_that_downloads_says_where_the_file_is(phone: Page) -> None:
    tap(phone, TALKED)
    with phone.expect_download() as download:
        save(phone)
    says(phone, f"Filen {download.value.suggested_filename} ligger bland telefonens hämtade filer.")


def test_an_iphones_home_screen_app_hands_the_file_over(stage: Cast, open_as: Open) -> None:
    phone = opened(stage, open_as, "ios_home_screen.js")
    save(phone)
    says(phone, ".json är lämnad dit du valde.")
    shared = phone.evaluate("() => window.__saved")
    assert (len(shared["shared"]), shared["anchors"]) == (1, [])


def test_who_closes_the_share_sheet_is_told_that_nothing_was_saved(stage: Cast, open_as: Open) -> None:
    phone = opened(stage, open_as, "ios_home_screen.js")
    phone.evaluate("() => { Navigator.prototype.share = async () => { throw new DOMException('', 'AbortError'); }; }")
    save(phone)
    says(phone, "Filen sparades inte. Allt finns kvar på telefonen.")


@pytest.mark.parametrize("agent", AGENTS)
def test_inside_an_app_it_says_that_the_file_cannot_be_saved(stage: Cast, open_as: Open, agent: str) -> None:
    phone = opened(stage, open_as, "in_app_webview.js", user_agent=agent)
    save(phone)
    says(phone, "Filen sparades inte: det går inte härifrån.")
    assert phone.evaluate("() => window.__saved.anchors") == []


def test_a_file_that_a_chat_or_notepad_has_renamed_is_read_and_a_cut_one_named(phone: Page, tmp_path: Path) -> None:
    phone.context.set_offline(True)
    tap(phone, TALKED)
    with phone.expect_download() as download:
        save(phone)
    text = download.value.path().read_text("utf-8")
    chooser = sheet(phone, "Väntar och skickat").locator("#import")
    assert ".txt" in (chooser.get_attribute("accept") or "")
    for name, encoding in (("canvass.json.txt", "utf-8-sig"), ("canvass.json", "utf-16")):
        (tmp_path / name).write_text(text, encoding, newline="\r\n")
        chooser.set_input_files(tmp_path / name)
        says(phone, "0 nya, 1 fanns redan, 0 gick inte att läsa")
    (tmp_path / "cut.json").write_text(text[:-20], "utf-8")
    chooser.set_input_files(tmp_path / "cut.json")
    says(phone, "Filen är avkortad: slutet saknas.")
