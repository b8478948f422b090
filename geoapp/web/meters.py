"""Counters that all processes of a server share, as Prometheus reads them.

Its own client for Python keeps a file a process in a folder that a variable has to name before it is imported, and the
files of workers that died stay; a few numbers in memory that is shared by fork need neither.
"""

from __future__ import annotations

import fcntl
import mmap
import struct
import tempfile
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

# Of answers, in seconds; one more is for all that took longer.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0)
# What is told apart of statuses: each that an operator would act on, and else their hundred.
TOLD = (429, 500, 503, 507)
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx", *map(str, TOLD))
OTHER = "other"
# A place's numbers: answers by status, answers by duration, and the sum of their seconds.
NUMBERS = len(STATUSES) + len(BOUNDS) + 2
NUMBER = struct.Struct("=d")
MOST_PLACES = 512


class Meters:
    """Answers by place and status, and how long they took. Made before the workers are forked, it is one for all."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, MOST_PLACES * NUMBERS * NUMBER.size)
        # Of a file, so that a worker that is killed stops no other.
        self._lock_file = tempfile.TemporaryFile()  # noqa: SIM115
        self._threads = threading.Lock()
        self._places: dict[str, int] = {OTHER: 0}

    def know(self, places: Iterable[str]) -> None:
        """Name the places, which must be the same in every process; what is none of them is "other"."""
        self._places = {name: number for number, name in enumerate([OTHER, *sorted(places)][:MOST_PLACES])}

    def count(self, place: str, status: int, seconds: float) -> None:
        """Count an answer."""
        told = str(status) if status in TOLD else f"{status // 100}xx"
        first = self._places.get(place, 0) * NUMBERS
        took = first + len(STATUSES) + bisect_left(BOUNDS, seconds)
        with self._threads:
            fcntl.lockf(self._lock_file, fcntl.LOCK_EX, 1, first)
            try:
                if told in STATUSES:
                    self._add(first + STATUSES.index(told), 1)
                self._add(took, 1)
                self._add(first + NUMBERS - 1, seconds)
            finally:
                fcntl.lockf(self._lock_file, fcntl.LOCK_UN, 1, first)

    def told(self) -> Iterator[str]:
        """All of it, in Prometheus's text format; places that were never asked are left out."""
        used = [(name, numbers) for name, numbers in self._held() if sum(numbers)]
        yield from about("geoapp_requests_total", "counter", "Answers by endpoint and status.")
        for name, numbers in used:
            for status, count in zip(STATUSES, numbers, strict=False):
                if count:
                    yield f'geoapp_requests_total{{endpoint="{name}",status="{status}"}} {count:.0f}'
        yield from about("geoapp_request_seconds", "histogram", "How long answers took, by endpoint.")
        for name, numbers in used:
            total = 0.0
            for bound, count in zip((*BOUNDS, "+Inf"), numbers[len(STATUSES) :], strict=False):
                total += count
                yield f'geoapp_request_seconds_bucket{{endpoint="{name}",le="{bound}"}} {total:.0f}'
            yield f'geoapp_request_seconds_sum{{endpoint="{name}"}} {numbers[-1]:.6f}'
            yield f'geoapp_request_seconds_count{{endpoint="{name}"}} {total:.0f}'

    def _held(self) -> Iterator[tuple[str, Sequence[float]]]:
        size = NUMBERS * NUMBER.size
        for name, number in self._places.items():
            yield name, struct.unpack_from(f"={NUMBERS}d", self._memory, number * size)

    def _add(self, number: int, amount: float) -> None:
        place = number * NUMBER.size
        NUMBER.pack_into(self._memory, place, NUMBER.unpack_from(self._memory, place)[0] + amount)


def about(name: str, kind: str, said: str) -> Iterator[str]:
    """The lines before those of a metric."""
    yield f"# HELP {name} {said}"
    yield f"# TYPE {name} {kind}"


def gauge(name: str, said: str, value: float, kind: str = "gauge") -> Iterator[str]:
    """A metric of one number."""
    yield from about(name, kind, said)
    yield f"{name} {value:.15g}"
