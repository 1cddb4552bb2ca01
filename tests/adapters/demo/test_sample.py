"""The demo's sample: red in four files, whole or not there at all, and ended as it is promised by whoever follows the advice."""

import shutil
import subprocess
from pathlib import Path

import pytest

from adapters.demo.operator import ADVICE
from adapters.demo.sample import NoRoomForDemo, is_sample, make_sample
from adapters.llm.pilot.coder import _INSTRUCTION
from engine.workspace.repository import Repository

RUN = ("-m", "unittest", "discover", "-s", "tests", "-t", ".")


def results_of(folder: Path, *arguments: str) -> tuple[int, str]:
    python = shutil.which("python3")
    assert python is not None
    done = subprocess.run([python, *arguments], cwd=folder, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    folder = tmp_path / "new" / "shop"
    make_sample(folder)
    return folder


def test_four_test_files_are_red_and_tests_in_each_are_green(sample: Path):
    code, output = results_of(sample, *RUN)
    red = {line.partition("(tests.")[2].partition(".")[0] for line in output.splitlines() if line.startswith("FAIL: ")}
    assert code == 1
    assert red == {"test_labels", "test_prices", "test_shipping", "test_stock"}
    assert "Ran 16 tests" in output


def test_the_report_has_a_result_for_each_test(sample: Path):
    code, _ = results_of(sample, "-m", "tests.report", "report.xml")
    report = (sample / "report.xml").read_text()
    assert code == 1
    assert (report.count("<testcase"), report.count("<failure")) == (16, 4)


def test_it_is_committed_on_main_and_clean(sample: Path):
    repository = Repository.open(sample)
    assert is_sample(sample)
    assert repository.current_branch() == "main"
    assert repository.is_dirty() == []
    assert [path.name for path in sample.parent.iterdir()] == ["shop"]


def test_the_advice_names_words_that_are_there_once(sample: Path):
    match = _INSTRUCTION.search(ADVICE)
    assert match is not None
    path, old, _ = (part.strip("`") for part in match.groups())
    assert (sample / path).read_text().count(old) == 1


def test_a_folder_in_use_is_refused(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(NoRoomForDemo, match="is not empty"):
        make_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
