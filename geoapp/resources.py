"""Where the files beside the code are: in a checkout at its top, in an installed wheel inside the package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parent


def folder(name: str) -> Path:
    """The folder `name` ("templates", "data/boundaries") of this installation."""
    in_checkout = CHECKOUT / name
    return in_checkout if in_checkout.is_dir() else PACKAGE / "_shared" / name
