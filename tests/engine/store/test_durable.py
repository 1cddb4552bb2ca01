"""Which file systems order changes of names by themselves; where that can't be told, nothing is taken for granted."""

import subprocess
from pathlib import Path

import pytest

from engine.store.durable import keeps_order


def kind_of(folder: Path) -> str:
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_folders_on_two_file_systems_have_no_common_order(tmp_path: Path):
    assert not keeps_order(tmp_path, Path("/proc"))


def test_a_file_system_without_a_journal_keeps_none():
    shared = Path("/dev/shm")
    if not shared.is_dir() or kind_of(shared) != "tmpfs":
        pytest.skip("there is no tmpfs to look at")
    assert not keeps_order(shared, shared)


def test_where_order_is_kept_there_is_one_journal(tmp_path: Path):
    if keeps_order(tmp_path, tmp_path):
        assert kind_of(tmp_path) in {"ext2/ext3", "xfs"}, "as stat names ext4"
