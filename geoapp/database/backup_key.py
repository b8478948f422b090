"""The key that backups are encrypted for: an age key (age-encryption.org), so that other programs open them, too."""

from __future__ import annotations

from pathlib import Path

from pyrage import IdentityError, RecipientError, x25519

from geoapp.database.key_file import read_or_make
from geoapp.errors import SettingsError
from geoapp.settings import Settings

FILE = "backup.key"
SECRET, PUBLIC = "AGE-SECRET-KEY-1", "age1"
WRONG = (
    "GEOAPP_BACKUP_KEY holds no age key. Give one that begins with AGE-SECRET-KEY-1, as `age-keygen` makes it; or, on a"
    " machine that only writes backups, its public part, which begins with age1."
)


def recipient(settings: Settings) -> x25519.Recipient:
    """Whom backups are encrypted for; the key is made under `GEOAPP_HOME` unless one is set.

    Raises SettingsError where it is none, or can be neither read nor made.
    """
    given = settings.backup_key or _kept(settings.home / FILE)
    try:
        if given.startswith(PUBLIC):
            return x25519.Recipient.from_str(given)
        return x25519.Identity.from_str(given).to_public()
    except (IdentityError, RecipientError):
        raise SettingsError(WRONG) from None


def identity(settings: Settings) -> x25519.Identity:
    """The secret that opens them. Raises SettingsError as `recipient`, and where only the public part is set."""
    given = settings.backup_key or _kept(settings.home / FILE)
    if given.startswith(PUBLIC):
        raise SettingsError(
            "GEOAPP_BACKUP_KEY is the public part of a key: it makes backups, and opens none. Give the secret part,"
            " from where it is kept, in GEOAPP_BACKUP_KEY_FILE."
        )
    try:
        return x25519.Identity.from_str(given)
    except IdentityError:
        raise SettingsError(WRONG) from None


def is_kept_here(settings: Settings) -> bool:
    """Whether the key lies under `GEOAPP_HOME`, and would be lost with this machine."""
    return settings.backup_key is None


def _kept(path: Path) -> str:
    try:
        return read_or_make(path, lambda: str(x25519.Identity.generate()))
    except OSError as error:
        raise SettingsError(
            f"The key of the backups cannot be kept in {path}: {error.strerror}. Run geoapp as the account that made"
            " it, or give the key in GEOAPP_BACKUP_KEY_FILE."
        ) from error
