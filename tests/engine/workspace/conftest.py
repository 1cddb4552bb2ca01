"""A repository of three files, and a pool on it that is closed after the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.workspace.pool import WorktreePool
from engine.workspace.repository import Repository
from tests.engine.workspace.target import make_repository

FILES = {"src/a.py": "a = 1\n", "README": "hello\n", ".gitignore": "*.log\n.env\nnode_modules/\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "target", FILES)


@pytest.fixture
def pool(repository: Repository, tmp_path: Path) -> Iterator[WorktreePool]:
    pool = WorktreePool(repository, tmp_path / "home")
    yield pool
    pool.close()
