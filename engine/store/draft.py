"""The state branch as it grows: entries become blobs, trees and commits in a sink. Must not publish them."""

from engine.store.commits import decode_commit, encode_commit, encode_root, sequence_number
from engine.store.entry import Entry
from engine.store.guide import FORMAT as FORMAT_FILE
from engine.store.guide import README
from engine.store.objects import ObjectSink, ObjectSource
from engine.store.trees import Folder, split_path


class Draft:
    """What the branch will be: its newest commit, its sequence, its folders. After an error it must be thrown away."""

    def __init__(self, source: ObjectSource, tip: str | None) -> None:
        self.tip = tip
        self._seq = 0
        if tip is None:
            self._root = Folder(source)
        else:
            parts = decode_commit(tip, source.read(bytes.fromhex(tip)))
            self._seq = sequence_number(tip, parts)
            self._root = Folder.load(source, bytes.fromhex(parts.tree))

    def add(self, entry: Entry, sink: ObjectSink) -> None:
        """Put the entry on top; the first one gets a root commit below it.

        Raises: ValueError when it is not the next in sequence, or holds what a commit cannot.
        """
        if entry.seq != self._seq + 1:
            raise ValueError(f"entry {entry.seq} cannot follow entry {self._seq}: entries are numbered without a gap")
        parent = self.tip or self._begin(entry.at_ms // 1000, sink)
        for path, content in entry.files.items():
            if content is None:
                self._root.remove(split_path(path))
            else:
                self._root.put(split_path(path), sink.add("blob", content, lineage=path))
        tree = self._root.write(sink).hex()
        self.tip = sink.add("commit", encode_commit(entry, tree=tree, parent=parent)).hex()
        self._seq = entry.seq

    def begin_epoch(self, at_ms: int, sink: ObjectSink) -> None:
        """Go on from a new root with the same files; it names the commit that was the tip.

        Raises: ValueError when there is nothing yet to go on from.
        """
        if self.tip is None:
            raise ValueError("an epoch continues a log, and this one has not begun")
        self._put_root(at_ms // 1000, sink)

    def _begin(self, at_s: int, sink: ObjectSink) -> str:
        for path, content in (("README.md", README), ("FORMAT.json", FORMAT_FILE)):
            self._root.put(split_path(path), sink.add("blob", content, lineage=path))
        return self._put_root(at_s, sink)

    def _put_root(self, at_s: int, sink: ObjectSink) -> str:
        content = encode_root(tree=self._root.write(sink).hex(), seq=self._seq, previous=self.tip, at_s=at_s)
        self.tip = sink.add("commit", content).hex()
        return self.tip
