"""A load of requests on a server of this machine: how many are answered a second, and how long the slow ones take."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from threading import Thread
from time import perf_counter

from geoapp.errors import GeoappError

CONNECTIONS = 4
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """What came of a load: answers a second, milliseconds that half and 95 % of them took at most, and mean bytes."""

    rate: float
    median_ms: float
    p95_ms: float
    bytes: float


def put_load(port: int, paths: Sequence[str], headers: Sequence[str], seconds: float) -> Load:
    """Ask for `paths` in turn over a few connections that stay open. GeoappError where an answer is not 200."""
    requests = [_request(port, path, headers) for path in paths]
    taken: list[float] = []
    sizes: list[int] = []
    faults: list[str] = []
    end = perf_counter() + seconds

    def ask(first: int) -> None:
        try:
            with _Connection(port) as connection:
                number = first
                while perf_counter() < end:
                    started = perf_counter()
                    sizes.append(connection.ask(requests[number % len(requests)]))
                    taken.append((perf_counter() - started) * 1000)
                    number += 1
        except (OSError, ValueError) as error:
            faults.append(str(error))

    started = perf_counter()
    threads = [Thread(target=ask, args=(number * len(requests) // CONNECTIONS,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults or len(taken) < 2:
        raise GeoappError(f"The server on port {port} did not answer a tile: {', '.join(faults) or 'too slow'}")
    rate = len(taken) / (perf_counter() - started)
    return Load(rate, median(taken), quantiles(taken, n=20)[-1], sum(sizes) / len(sizes))


def weigh(port: int, paths: Sequence[str], headers: Sequence[str]) -> dict[str, int]:
    """The bytes of each answer with its headers. GeoappError where one is not 200."""
    found = {}
    try:
        with _Connection(port) as connection:
            for path in paths:
                body = connection.ask(_request(port, path, headers))
                found[path] = body + connection.head
    except (OSError, ValueError) as error:
        raise GeoappError(f"The server on port {port} did not answer a tile: {error}") from error
    return found


def _request(port: int, path: str, headers: Sequence[str]) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""]).encode()


class _Connection:
    """One connection, of which no more is read than a load has to know."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The bytes of the last answer's headers.
        self.head = 0

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> int:
        """Send one request; the bytes of its body."""
        self.socket.sendall(request)
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        self.head = end + 4
        head = answer[:end].lower()
        status = head.split(b" ", 2)[1].decode()
        if status == "204":
            return 0
        if status != "200":
            raise ValueError(f"it answered {status}")
        length = int(head.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0])
        missing = length - (len(answer) - end - 4)
        while missing > 0:
            missing -= len(self._more())
        return length

    def _more(self) -> bytes:
        part = self.socket.recv(262_144)
        if not part:
            raise ValueError("it closed the connection")
        return part
