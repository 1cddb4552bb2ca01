"""Times as the log writes them: UTC, wherever the machine is."""

import time
from collections.abc import Iterator

import pytest

from engine.clock import from_iso, iso, iso_after


@pytest.fixture(params=["UTC", "Asia/Kathmandu", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine is set to this zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_times_are_utc_iso_whatever_the_machine_is_set_to():
    assert iso(1_700_000_000_999) == "2023-11-14T22:13:20Z"
    assert iso_after(1_700_000_000_000, 0.1) == "2023-11-14T22:13:21Z"
    assert from_iso("2023-11-14T22:13:20Z") == 1_700_000_000_000
