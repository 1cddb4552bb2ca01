"""A repository from nothing, and the root of one that is there."""

from pathlib import Path

import pytest

from adapters.cli.folder import make_repository, root_of
from engine.workspace.repository import NotARepository, Repository
from tests.adapters.cli.written import repository
from tests.fakes.entries import git


def test_a_new_repository_has_a_first_commit_that_names_the_objective(tmp_path: Path):
    path = make_repository(tmp_path / "deep" / "shop", "Sell \x1b[1mtea")
    assert git(path, "ls-tree", "--name-only", "main").split() == [".gitignore", "README.md"]
    assert git(path, "show", "main:README.md") == "# shop\n\nSell [1mtea\n"
    assert git(path, "status", "--porcelain") == ""
    assert Repository.open(path).current_branch() == "main"


def test_an_empty_folder_is_taken(tmp_path: Path):
    assert (make_repository(tmp_path, "x") / ".git").is_dir()


def test_the_root_is_found_from_below(tmp_path: Path):
    path = repository(tmp_path / "shop")
    (path / "a" / "b").mkdir(parents=True)
    assert root_of(path / "a" / "b") == path.resolve()


def test_no_repository_no_root(tmp_path: Path):
    with pytest.raises(NotARepository, match="orch start --new"):
        root_of(tmp_path)


def test_the_root_is_where_the_files_are_and_not_around_a_git_dir_elsewhere(tmp_path: Path):
    (tmp_path / "place" / "a").mkdir(parents=True)
    git(tmp_path / "place", "init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"))
    assert root_of(tmp_path / "place" / "a") == (tmp_path / "place").resolve()
