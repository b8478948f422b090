"""Work beside the server, in processes of their own that are started anew wherever they end."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.2
RESTART_SECONDS = 1.0
# <sys/prctl.h>: have the kernel send a signal when the parent is gone.
PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def kept(work: Callable[[], None]) -> Iterator[None]:
    """Have `work` done in another process as long as the context lasts, by a new one wherever one has died.

    It is forked, so it may inherit no open connection, and is ended together with this process, however that ends.
    """
    keeper = os.fork()
    if keeper == 0:
        _keep(work)
    try:
        yield
    finally:
        # The server may have collected it already, or ended it together with its terminal.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(keeper, signal.SIGTERM)
            os.waitpid(keeper, 0)


def die_with_parent() -> None:
    """Have the kernel end this process when its parent is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have gone before.
    if os.getppid() == 1:
        os._exit(1)


def _keep(work: Callable[[], None]) -> None:
    """In the keeper: start the work, and again when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = False

    def stop(*_: object) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, stop)
    parent, child = os.getppid(), 0
    try:
        while not ended and os.getppid() == parent:
            if child == 0:
                child = _started(work)
            time.sleep(LOOK_SECONDS)
            if os.waitpid(child, os.WNOHANG) != (0, 0):
                child = 0
                time.sleep(RESTART_SECONDS)
    finally:
        if child:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        # Nothing of the process that it was forked from is to be ended with it.
        os._exit(0)


def _started(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            die_with_parent()
            work()
        except Exception as error:
            # What it says could quote a row.
            log.exception("work beside the server broke off: %s", type(error).__name__, exc_info=False)
        finally:
            os._exit(0)
    return child
