"""A line between geoapp and its database, TCP to the one and a socket to the other, to be cut, slowed and mended."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path


class Line:
    """A relay on loopback; nothing passes while it is cut, and no end is told. `delay` slows each piece down."""

    def __init__(self, server: Path):
        self.delay = 0.0
        self._server = server
        self._whole = threading.Event()
        self._whole.set()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Let nothing through, without a word."""
        self._whole.clear()

    def mend(self, *, forgotten: bool) -> None:
        """Let everything through again; what was connected is `forgotten`, as by a router that was off, or goes on."""
        if forgotten:
            self._drop()
        self._whole.set()

    def close(self) -> None:
        """Stop relaying."""
        self._whole.set()
        self._listener.close()
        self._drop()

    def _drop(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._ends.append(client)
        self._whole.wait()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self._server))
        except OSError:
            client.close()
            return
        self._ends.append(server)
        threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
        self._pump(client, server)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self._whole.wait()
                if self.delay:
                    time.sleep(self.delay)
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def line_to(socket_folder: Path) -> Iterator[Line]:
    """A line to the server whose socket is in a folder, for the time of the block."""
    made = Line(socket_folder / ".s.PGSQL.5432")
    try:
        yield made
    finally:
        made.close()
