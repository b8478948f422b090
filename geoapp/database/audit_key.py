"""The secret of the audit: with it content is hashed and events are sealed; the database never keeps it."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from geoapp.database.key_file import read_or_make
from geoapp.errors import SettingsError
from geoapp.settings import Settings

FILE = "audit.key"
BLOCK = 64


def content_key(settings: Settings) -> bytes:
    """The key that content is hashed with, which connections bring to the database. SettingsError as `audit_key`."""
    return hmac.digest(audit_key(settings), b"content", "sha256")


def seal_key(settings: Settings) -> bytes:
    """The key that seals are made with, which no connection ever tells. SettingsError as `audit_key`."""
    return hmac.digest(audit_key(settings), b"seals", "sha256")


def audit_key(settings: Settings) -> bytes:
    """The secret behind both: the one that was set, else that of `GEOAPP_HOME`, made when it is first asked for.

    Raises SettingsError where it can be neither read nor made.
    """
    if settings.audit_key:
        return settings.audit_key.encode()
    path = settings.home / FILE
    try:
        key = read_or_make(path, lambda: secrets.token_hex(32)).encode()
    except OSError as error:
        raise SettingsError(
            f"The key of the audit cannot be kept in {path}: {error.strerror}. Run geoapp as the account that made"
            " it, or give the key in GEOAPP_AUDIT_KEY_FILE."
        ) from error
    if not key:
        raise SettingsError(f"{path} is empty. Put the key of the audit back from its copy.")
    return key


def padded(key: bytes) -> str:
    """The inner and the outer key of HMAC-SHA-256 (RFC 2104) in hexadecimal, as the database's function takes them."""
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in block).hex() + bytes(byte ^ 0x5C for byte in block).hex()


def audit_hash(key: bytes, message: str) -> str:
    """What stands in the audit in place of content, as the database's audit_kept() makes it."""
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()[:32]


def key_mark(key: bytes) -> bytes:
    """Eight bytes that tell one key from another, and nothing about either."""
    return hmac.digest(key, b"geoapp audit key", "sha256")[:8]
