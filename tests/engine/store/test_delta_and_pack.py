"""Packs and deltas: what git reads of them is what was put in."""

import subprocess
from contextlib import closing
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from engine.store import delta
from engine.store.durable import Disk
from engine.store.objects import name_object
from engine.store.pack import Pack
from engine.store.packfolder import PackFolder
from tests.fakes.entries import git, new_repository

SHARED = st.binary(max_size=400)


def patched(base: bytes, difference: bytes) -> bytes:
    """The reader's side of a delta, after gitformat-pack."""
    sizes, at = [], 0
    for _ in range(2):
        size = shift = 0
        while True:
            byte, at = difference[at], at + 1
            size, shift = size | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                break
        sizes.append(size)
    new = b""
    while at < len(difference):
        instruction, at = difference[at], at + 1
        if instruction < 0x80:
            new, at = new + difference[at : at + instruction], at + instruction
            continue
        operands = [0] * 7
        for place in range(7):
            if instruction & 1 << place:
                operands[place], at = difference[at], at + 1
        start, length = int.from_bytes(operands[:4], "little"), int.from_bytes(operands[4:], "little")
        new += base[start : start + length]
    assert sizes == [len(base), len(new)]
    return new


@given(head=SHARED, old=SHARED, new=SHARED, tail=SHARED)
@example(head=b"x" * 65535, old=b"", new=b"", tail=b"")
@example(head=b"", old=b"aa", new=b"aaa", tail=b"")
@example(head=b"", old=b"", new=b"", tail=b"")
def test_a_delta_turns_the_old_into_the_new(head, old, new, tail):
    base, content = head + old + tail, head + new + tail
    assert patched(base, delta.between(base, content)) == content


@given(head=SHARED, old=SHARED, new=SHARED, tail=SHARED)
def test_a_delta_is_little_more_than_what_is_new(head, old, new, tail):
    difference = delta.between(head + old + tail, head + new + tail)
    assert len(difference) <= len(new) + len(new) // 127 + 1 + 16


def store(pack: Pack, repository: Path) -> Path:
    """The pack's index, on the disk."""
    before = set(repository.glob(".git/objects/pack/*.idx"))
    with closing(Disk()) as disk, PackFolder(repository / ".git").keeping(pack) as on_its_way:
        disk.fill(on_its_way.contents)
        on_its_way.show()
    (made,) = set(repository.glob(".git/objects/pack/*.idx")) - before
    return made


def test_git_reads_every_object_of_a_pack(tmp_path: Path):
    repository = new_repository(tmp_path)
    contents = [
        bytes([97 + size % 26]) * size for size in (0, 1, 15, 16, 64, 65, 127, 128, 2047, 2048, 65535, 65536, 300_000)
    ]
    pack = Pack()
    for content in [*contents, contents[3]]:
        assert pack.add("blob", content, lineage="one of many sizes") == name_object("blob", content)
    store(pack, repository)
    git(repository, "fsck", "--strict", "--full")
    for content in contents:
        assert git(repository, "cat-file", "blob", name_object("blob", content).hex()) == content.decode()


def test_versions_of_one_thing_are_deltas_on_each_other_and_no_chain_is_long(tmp_path: Path):
    repository = new_repository(tmp_path)
    unlike = [name_object("blob", b"%d" % number) for number in range(100)]
    contents = [b"".join([*unlike[:50], b"%06d" % version, *unlike[50:]]) for version in range(200)]
    pack = Pack()
    for content in contents:
        pack.add("blob", content, lineage="runs/R1/run.json")
    packed, _ = pack.finish()
    assert len(packed) < 200 * 60 + 5 * 2100
    index = store(pack, repository)
    lines = git(repository, "verify-pack", "-v", str(index)).split("\n")
    chains = [int(line.split()[5]) for line in lines if " blob " in line and len(line.split()) > 5]
    assert max(chains) == 50
    assert len(chains) == 196


def test_a_pack_that_is_written_again_is_another_file(tmp_path: Path):
    """A `git gc` that began before may be about to delete the first one."""
    repository = new_repository(tmp_path)
    first, second = Pack(), Pack()
    for pack in (first, second):
        pack.add("blob", b"the same")
    assert store(first, repository) != store(second, repository)


def test_the_index_is_the_one_that_git_would_write(tmp_path: Path):
    repository = new_repository(tmp_path)
    pack = Pack()
    for number in range(40):
        pack.add("blob", b"content %d" % number)
    packed, index = pack.finish()
    command = ["git", "-C", str(repository), "index-pack", "--strict", "--stdin"]
    indexed = subprocess.run(command, input=packed, check=True, capture_output=True)
    name = f"pack-{indexed.stdout.decode().split()[1]}"
    assert packed[-20:].hex() == name.removeprefix("pack-")
    assert (repository / ".git" / "objects" / "pack" / f"{name}.idx").read_bytes() == index
