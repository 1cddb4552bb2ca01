"""What kind of project a tree holds, from a look that nothing in the tree can break or lead away."""

from __future__ import annotations

import json
from pathlib import Path

from tests.engine.tools.bench import done, make_bench, shown

FILES = {
    "pyproject.toml": '[project]\nname = "x"\n[project.scripts]\nshopctl = "shop:main"\n',
    "package.json": json.dumps({"scripts": {"build": "tsc", "test": "jest"}}),
    "Makefile": "all: x\nVAR := 1\ncheck:\n\ttrue\n",
    "shop/__main__.py": "",
    "shop/app.py": "",
    "web/a.ts": "",
    "tests/test_app.py": "import pytest\n",
    "AGENTS.md": "be kind",
    "node_modules/x/index.js": "",
}


def test_languages_manifests_tests_and_entry_points_are_told(tmp_path: Path):
    bench = make_bench(tmp_path / "tree", test_command="make check")
    for path, text in FILES.items():
        (bench.root / path).parent.mkdir(parents=True, exist_ok=True)
        (bench.root / path).write_text(text)
    assert shown(bench, "project_info").split("\n") == [
        "8 files",
        "languages (files): Python 3, Markdown 1, TypeScript 1",
        "manifests: Makefile, package.json, pyproject.toml",
        "instructions and docs: AGENTS.md",
        "test commands: make check, python3 -m pytest -q, npm test",
        "entry points: shopctl (pyproject.toml), npm run build, npm run test, make all, make check, shop/__main__.py",
        "folders (files): shop/ 2, tests/ 1, web/ 1",
    ]


def test_odd_manifests_links_and_an_empty_tree_are_no_trouble(tmp_path: Path):
    bench = make_bench(tmp_path / "tree", is_repository=False)
    assert done(bench, "project_info") == "0 files"
    (tmp_path / "secret.toml").write_text('[project.scripts]\nsecret = "x"\n')
    (bench.root / "pyproject.toml").symlink_to("../secret.toml")
    (bench.root / "package.json").write_text('{"scripts": ["a"]}')
    (bench.root / "Makefile").write_bytes(b"\xff\xfe\x00")
    assert "secret" not in done(bench, "project_info")
    (bench.root / "package.json").write_text("[" * 100_000)
    assert "manifests" in done(bench, "project_info")
