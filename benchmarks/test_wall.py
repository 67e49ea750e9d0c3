"""How much memory a wallboard uses after a day. `python3 app.py test benchmarks/test_wall.py -s` prints it.

A block every five seconds for 24 hours, as quickly as the page takes them, by way of the page's own stream, script
and swap. Not part of the suite: it measures, and asserts only that a day leaves no more behind than its first quarter.
"""

from __future__ import annotations

import time

from playwright.sync_api import Page

from tests.browser.frames import Frames
from tests.browser.test_wallboard import screen, wall

__all__ = ["screen", "wall"]

A_DAY = 24 * 3600 // 5  # blocks
AT_ONCE = 540


def test_a_day_on_the_wall(screen: Page) -> None:
    """Memory at the start and after each quarter of the day, garbage collected first."""
    frames = Frames(screen)
    frames.send(AT_ONCE)
    weights, began = [frames.weigh()], time.monotonic()
    print()
    for quarter in range(5):
        if quarter:
            for _ in range(A_DAY // 4 // AT_ONCE):
                frames.send(AT_ONCE)
            weights.append(frames.weigh())
        now = weights[-1]
        print(
            f"after {frames.sent:>6,} blocks: heap {now.heap / 1e6:.2f} MB, {now.nodes:,} nodes, "
            f"{now.listeners} listeners"
        )
    first, last = weights[1], weights[-1]
    print(
        f"end ÷ first quarter: heap {last.heap / first.heap:.3f}, nodes {last.nodes / first.nodes:.3f}, "
        f"listeners {last.listeners / first.listeners:.3f}; {(time.monotonic() - began) / A_DAY * 1000:.1f} ms a block"
    )
    assert (last.nodes, last.listeners) == (first.nodes, first.listeners)
