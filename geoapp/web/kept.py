"""Answers that a worker keeps for as long as what they depend on stays the same, up to a number of bytes."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

# What a header takes up anyway, and what an entry costs beside its content.
SMALLEST, OVERHEAD = 400, 200
LEVEL = 5


@dataclass(frozen=True)
class Kept:
    """The content of an answer, compressed where that is worth its while."""

    content: bytes
    compressed: bool

    @classmethod
    def of(cls, content: bytes) -> Kept:
        """Compress it, so that it is done once; the time is left out, so that the same content gives the same bytes."""
        if len(content) < SMALLEST:
            return cls(content, compressed=False)
        return cls(gzip.compress(content, LEVEL, mtime=0), compressed=True)

    def plain(self) -> bytes:
        """The content as it was."""
        return gzip.decompress(self.content) if self.compressed else self.content


class Keeper:
    """Answers by the tag of what they depend on; those that were asked for least lately go first."""

    def __init__(self, most_bytes: int):
        self._most = most_bytes
        self._answers: OrderedDict[str, Kept] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0

    def get(self, tag: str) -> Kept | None:
        """The answer of a tag, if it is still there."""
        with self._lock:
            found = self._answers.get(tag)
            if found:
                self._answers.move_to_end(tag)
            return found

    def put(self, tag: str, answer: Kept) -> None:
        """Keep an answer."""
        with self._lock:
            if tag in self._answers:
                return
            self._answers[tag] = answer
            self.bytes += len(answer.content) + OVERHEAD
            while self.bytes > self._most:
                _, gone = self._answers.popitem(last=False)
                self.bytes -= len(gone.content) + OVERHEAD
