"""In which encoding the texts of a file are."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from geoapp.errors import ImportRefusedError
from geoapp.ingest.report import Found

FALLBACK = "cp1252"
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def codec_named(name: str) -> str | None:
    """Python's name for an encoding as people and .cpg files write it; None for one that is not known."""
    name = name.strip()
    digits = re.sub(r"(?i)^(ansi|oem|windows|cp|iso[ _-]?)?[ _-]*", "", name)
    for candidate in (name, f"cp{digits}", "iso8859-" + digits.removeprefix("8859")):
        try:
            info = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        # Codecs such as rot13 and base64 are no encodings of text.
        if getattr(info, "_is_text_encoding", True):
            return info.name
    return None


def required_codec(name: str) -> str:
    """The same for `--encoding`; raises ImportRefusedError for one that is not known."""
    codec = codec_named(name)
    if codec is None:
        raise ImportRefusedError(
            f"--encoding {name}: no such encoding is known. Write one such as UTF-8, cp1252 or latin1."
        )
    return codec


def of_bytes(data: bytes, given: str | None) -> Found:
    """The encoding of a text file that is `data`; raises ImportRefusedError where `given` does not fit it."""
    mark = next((codec for mark, codec in MARKS.items() if data.startswith(mark)), None)
    if given is not None:
        codec = required_codec(given)
        # A mark at the beginning is no part of the text.
        codec = "utf-8-sig" if codec == "utf-8" else codec
        if not decodes([data], codec):
            raise ImportRefusedError(
                f"--encoding {given}: the file is not in it. Leave the option out, or name another."
            )
        return Found(mark, codec, "--encoding")
    if mark is not None and decodes([data], mark):
        return Found(mark, mark, "byte order mark")
    if decodes([data], "utf-8"):
        return Found(None, "utf-8", "all bytes are UTF-8")
    if decodes([data], FALLBACK):
        return Found(None, FALLBACK, "not UTF-8")
    raise ImportRefusedError("The file's texts are neither UTF-8 nor cp1252. Say which encoding it is with --encoding.")


def of_shapefile(texts: list[bytes], page: Path, given: str | None) -> Found:
    """The encoding of the texts of a shapefile, whose .cpg is `page` if there is one.

    The .cpg counts where the bytes do not contradict it; without one, strict UTF-8, else cp1252. Raises
    ImportRefusedError where `given` or nothing fits.
    """
    found = page.read_text("ascii", "replace").strip()[:40] or None if page.exists() else None
    if given is not None:
        codec = required_codec(given)
        if not decodes(texts, codec):
            raise ImportRefusedError(
                f"--encoding {given}: the .dbf is not in it. Leave the option out, or name another."
            )
        return Found(found, codec, "--encoding")
    stated = codec_named(found) if found else None
    if stated and decodes(texts, stated):
        return Found(found, stated, ".cpg")
    if decodes(texts, "utf-8"):
        return Found(found, "utf-8", "all bytes are UTF-8")
    if decodes(texts, FALLBACK):
        return Found(found, FALLBACK, "not UTF-8")
    raise ImportRefusedError("The .dbf is neither UTF-8 nor cp1252. Say which encoding it is with --encoding.")


def decodes(texts: Iterable[bytes], codec: str) -> bool:
    """Whether all of `texts` are valid in `codec`."""
    try:
        for text in texts:
            decode(text, codec)
    except UnicodeError:
        return False
    return True


def decode(text: bytes, codec: str) -> str:
    """`text` as a string. A UTF-8 character cut off at the end, as fields of fixed width cut it, is left out."""
    if codec == "utf-8":
        return codecs.getincrementaldecoder("utf-8")().decode(text)
    return text.decode(codec)
