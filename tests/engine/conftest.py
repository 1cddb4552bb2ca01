"""A repository with one fault, and sites on it in real cells."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cell.sandbox import CellFactory, probe
from engine.options import Options
from engine.redaction import Redactor
from engine.site import Sites
from engine.workspace.pool import WorktreePool
from engine.workspace.repository import Repository
from tests.engine.apart import Clone, clone
from tests.engine.proven import ProvenRun
from tests.engine.workspace.target import make_repository
from tests.fakes.workshop import CALC

OPTIONS = Options(model="m", protected=("orch.toml",))


@pytest.fixture
def calc(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "calc", CALC)


@pytest.fixture
def sites(calc: Repository, tmp_path: Path) -> Iterator[Sites]:
    pool = WorktreePool(calc, tmp_path / "home")
    yield Sites(calc, pool, CellFactory(probe()), OPTIONS, Redactor())
    pool.close()


@pytest.fixture
def ours(tmp_path: Path) -> ProvenRun:
    return ProvenRun(tmp_path / "ours").start()


@pytest.fixture
def theirs(ours: ProvenRun, tmp_path: Path) -> Clone:
    return clone(ours, tmp_path / "theirs")
