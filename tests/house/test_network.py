"""No test reaches another machine: what passes here passes without a network, and nobody is disturbed by it."""

from __future__ import annotations

import socket

import pytest


def test_a_connection_to_another_machine_is_refused() -> None:
    with pytest.raises(UserWarning, match=r"socket\.connect\(\) with host \"192\.0\.2\.1\""):
        socket.create_connection(("192.0.2.1", 80))
