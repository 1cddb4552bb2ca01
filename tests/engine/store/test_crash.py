"""A short sample of the crash campaign: `python -m tests.campaigns.store_crash` is the whole."""

import random

import pytest

from tests.campaigns.store_crash import campaign
from tests.fakes.entries import new_repository

pytestmark = pytest.mark.slow


def test_no_acknowledged_entry_is_lost_when_the_writer_is_killed_while_git_prunes(tmp_path):
    report = campaign(new_repository(tmp_path), 6, random.Random(2))
    assert report.problems == []
    assert report.acknowledged >= report.kills
    assert report.gc_runs > 0
