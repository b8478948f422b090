"""Where the files beside the code are: in a checkout at its top, in an installed wheel inside the package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parent


def folder(name: str) -> Path:
    """The folder `name` ("templates", "data/boundaries") of this installation."""
    installed = PACKAGE / "_shared" / name
    return installed if installed.is_dir() else CHECKOUT / name
