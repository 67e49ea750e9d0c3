"""What the tests of counting share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import Cast
from tests.counting.phone import Phone


@pytest.fixture
def phone(cast: Cast, signed_in: Any) -> Phone:
    """Alva's phone."""
    return Phone(signed_in(cast.alva), cast.alva.id)
