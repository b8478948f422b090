"""gunicorn's threaded worker, with geoapp's words and headers where a request never reaches the application."""

from __future__ import annotations

import logging
import selectors
import socket
import struct
import sys
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http.errors import (
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

from geoapp.web.policy import HEADERS

# How long a client may take to send the next part of a request, or to take an answer.
CLIENT_SECONDS = 30
# Nothing that it names is shown or logged: the line of a request holds its query.
SAID = {
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers of the request are too large. Delete this site's cookies.",
    HTTPStatus.NOT_IMPLEMENTED: "The request is sent in a way that is not understood.",
    HTTPStatus.BAD_REQUEST: "The request is not well formed.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on the server. Try again.",
}
STATUS: dict[type[Exception], HTTPStatus] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    # What an application wants to send is no fault of the client.
    InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
    ParseException: HTTPStatus.BAD_REQUEST,
}
NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"

log = logging.getLogger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]
    """Bounds how long a client may hold a thread, and answers what is no request."""

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread once it says something; gunicorn lets silent ones hold a thread for 5 s."""
        if conn.initialized or conn.data_ready or not self.alive:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: TConn) -> Any:
        """Serve a connection, with a limit on each wait for its client."""
        # Of the kernel's, since gunicorn sets the blocking mode, and with it Python's own limit, again and again.
        limit = struct.pack("ll", CLIENT_SECONDS, 0)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        return super().handle(conn)

    def handle_error(self, req: object, client: socket.socket, addr: tuple[str, int], exc: Exception) -> None:
        """Answer what the parser refused, or what broke outside the application."""
        status = _status(exc)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("unexpected %s outside the application", type(exc).__qualname__)
        else:
            log.info("refused what is no request: %s", type(exc).__qualname__)
        with suppress(OSError):
            util.write_nonblock(client, _answer(status))


class Log(Logger):  # type: ignore[misc]
    """gunicorn's own log, without the addresses and bodies that its tracebacks quote."""

    def exception(self, msg: str, *args: object, **kwargs: object) -> None:
        """Name what went wrong, and nothing of what was asked."""
        kind = sys.exc_info()[0]
        self.error("%s: %s", msg.split("%", maxsplit=1)[0].strip(), kind.__qualname__ if kind else "unknown")


def _status(exc: Exception) -> HTTPStatus:
    for kind, status in STATUS.items():
        if isinstance(exc, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _answer(status: HTTPStatus) -> bytes:
    body = f"{SAID[status]}\n".encode()
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": len(body),
        "Connection": "close",
        "Cache-Control": "no-store",
        "Content-Security-Policy": NOTHING,
        **HEADERS,
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
