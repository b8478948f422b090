"""Secrets that somebody is known by: random, handed out once, and kept as hashes alone."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """A secret of 256 random bits, in signs that addresses and headers may hold."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of a secret: from it nobody can make the secret again."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
