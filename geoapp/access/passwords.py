"""Passwords: the rules of NIST SP 800-63B for a new one, and its argon2id hash."""

from __future__ import annotations

from functools import cache
from threading import BoundedSemaphore
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, func
from sqlalchemy.dialects.postgresql import insert
from zxcvbn import zxcvbn

from geoapp.errors import GeoappError
from layers.tables import UserPassword
from layers.text import Text

SHORTEST, LONGEST = 12, 256
# zxcvbn's score of what a hundred million guesses find, and of what fewer do.
GUESSABLE = 2
# Beside zxcvbn's own lists, which are English; and what people here would think of first.
OURS = "geoapp"
COMMON = ("motdepasse", "mot de passe", "azertyuiop", "qsdfghjklm", "bonjour", OURS, "mine", "password")
# zxcvbn takes seconds for a long text, and nothing after this makes a password guessable.
LOOKED_AT = 64
# The second recommended option of RFC 9106: 64 MiB and three passes. Several at once would only wait for each other.
HASHER = PasswordHasher()
TURNS = BoundedSemaphore(2)


class PasswordRefusedError(GeoappError):
    """A new password that is not taken; `said` is the reason in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, fr)


def require_good(password: str, name: str) -> None:
    """Raise PasswordRefusedError for a password of somebody that is too short, their name, or among the common ones."""
    text = _same_everywhere(password)
    if len(text) < SHORTEST:
        raise PasswordRefusedError(
            f"The password has fewer than {SHORTEST} characters. Choose a longer one, such as four or five words.",
            f"Le mot de passe a moins de {SHORTEST} caractères. Choisissez-en un plus long, par exemple quatre ou cinq"
            " mots.",
        )
    if len(text) > LONGEST:
        raise PasswordRefusedError(
            f"The password has more than {LONGEST} characters. Choose a shorter one.",
            f"Le mot de passe a plus de {LONGEST} caractères. Choisissez-en un plus court.",
        )
    if len(text.casefold().replace(name.casefold(), "").replace(OURS, "")) < SHORTEST // 2:
        raise PasswordRefusedError(
            "The password is little more than the name, or geoapp. Choose another one.",
            "Le mot de passe n’est guère plus que le nom, ou geoapp. Choisissez-en un autre.",
        )
    if zxcvbn(text[:LOOKED_AT], user_inputs=[name, *COMMON])["score"] <= GUESSABLE:
        raise PasswordRefusedError(
            "The password is among the first that somebody would try. Choose another one, such as four or five words"
            " that have nothing to do with each other.",
            "Le mot de passe est parmi les premiers que l’on essaierait. Choisissez-en un autre, par exemple quatre ou"
            " cinq mots sans rapport entre eux.",
        )


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its salt and parameters."""
    with TURNS:
        return HASHER.hash(_same_everywhere(password))


def set_password(connection: Connection, name: str, password: str) -> None:
    """Give somebody a password that was found good. For the operator; other people change their own."""
    row = insert(UserPassword).values(user_name=name, password_hash=hash_password(password))
    changed = {"password_hash": row.excluded.password_hash, "changed_at": func.now()}
    connection.execute(row.on_conflict_do_update(index_elements=["user_name"], set_=changed))


def verify(password: str, hashed: str | None) -> bool:
    """Whether a password is the one of a hash; takes as long where there is none."""
    # A longer one was never taken, and megabytes would keep a processor busy.
    text = _same_everywhere(password[: LONGEST * 4])
    with TURNS:
        try:
            HASHER.verify(hashed or _nobodys(), text)
        except VerificationError:
            return False
    return hashed is not None


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody's")


def _same_everywhere(password: str) -> str:
    """A password in the one form of its characters, which keyboards and systems give in several (Unicode NFKC)."""
    return normalize("NFKC", password)
