"""In which encoding the texts of a file are."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from geoapp.errors import ImportRefusedError
from geoapp.ingest import french
from geoapp.ingest.report import Found

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LANGUAGE_BYTE = ".dbf language byte"
# Where the byte stands in the head of a .dbf, and what its usual values mean.
LANGUAGE_AT = 29
LANGUAGES = {
    0x01: "cp437",
    0x02: "cp850",
    0x03: "cp1252",
    0x04: "mac-roman",
    0x0D: "cp437",
    0x0E: "cp850",
    0x1D: "cp850",
    0x25: "cp850",
    0x36: "cp850",
    0x57: "cp1252",
    0x58: "cp1252",
    0x59: "cp1252",
}
# What programs write without looking; the words decide against it.
DEFAULT_LANGUAGE = 0x57
# Of a text of two bytes a character in our languages, nearly every second byte is zero.
PROBE = 4096


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
            f"--encoding {name}: no such encoding is known. Write one such as UTF-8, cp1252 or latin1.",
            f"--encoding {name} : cet encodage est inconnu. Écrivez par exemple UTF-8, cp1252 ou latin1.",
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
            line = _first_line_not_in(data, codec)
            where = (f" (line {line})", f" (ligne {line})") if line else ("", "")
            raise ImportRefusedError(
                f"--encoding {given}: the file is not in it{where[0]}. Leave the option out, or name another.",
                f"--encoding {given} : le fichier n'est pas dans cet encodage{where[1]}. Omettez l'option, ou"
                " nommez-en un autre.",
                # The heading is no row.
                row=line - 1 if line and line > 1 else None,
            )
        return Found(mark, codec, "--encoding")
    if mark is not None and decodes([data], mark):
        return Found(mark, mark, "byte order mark")
    wide = _two_bytes(data[:PROBE])
    if wide is not None and decodes([data], wide):
        return Found(None, wide, "every second byte is zero")
    if decodes([data], "utf-8"):
        return Found(None, "utf-8", "all bytes are UTF-8")
    return _by_words(set(re.findall(rb"[^\s,;\t]*[\x80-\xff][^\s,;\t]*", data)), None)


def of_shapefile(texts: list[bytes], path: Path, given: str | None) -> Found:
    """The encoding of the texts of the shapefile at `path`.

    What is UTF-8 is UTF-8: no other text looks like it. Else the .cpg counts where the bytes do not contradict it, then
    the language byte of the .dbf, then the code page that makes French words. Raises ImportRefusedError where `given`
    does not fit.
    """
    page = path.with_suffix(".cpg")
    found = page.read_text("ascii", "replace").strip()[:40] or None if page.exists() else None
    if given is not None:
        codec = required_codec(given)
        if not decodes(texts, codec):
            raise ImportRefusedError(
                f"--encoding {given}: the .dbf is not in it. Leave the option out, or name another.",
                f"--encoding {given} : le .dbf n'est pas dans cet encodage. Omettez l'option, ou nommez-en un autre.",
            )
        return Found(found, codec, "--encoding")
    stated = codec_named(found) if found else None
    accented = [text for text in texts if not text.isascii()]
    if accented and decodes(accented, "utf-8"):
        return Found(found, "utf-8", ".cpg" if stated == "utf-8" else "all bytes are UTF-8")
    if stated and decodes(accented, stated):
        return Found(found, stated, ".cpg")
    if not accented:
        return Found(found, "utf-8", "all bytes are UTF-8")
    language = _language(path.with_suffix(".dbf"))
    if found is None and language is not None and language != DEFAULT_LANGUAGE:
        meant = LANGUAGES.get(language)
        if meant is not None and decodes(accented, meant):
            return Found(f"language byte 0x{language:02x}", meant, LANGUAGE_BYTE)
    return _by_words(set(accented), found)


def _first_line_not_in(data: bytes, codec: str) -> int | None:
    """The line, from 1, with the first bytes that are not in `codec`; None where these are no lines."""
    try:
        decode(data, codec)
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    except UnicodeError:
        pass
    return None


def decodes(texts: Iterable[bytes], codec: str) -> bool:
    """Whether all of `texts` are valid in `codec`.

    A byte at the end that could begin a character of UTF-8 is one that was cut off only where whole ones are there too:
    by itself it is the é of "Bisié" in another code page.
    """
    cut = whole = False
    try:
        for text in texts:
            decoded = decode(text, codec)
            if codec == "utf-8" and not text.isascii():
                whole = whole or not decoded.isascii()
                cut = cut or len(decoded.encode()) < len(text)
    except UnicodeError:
        return False
    return whole or not cut


def decode(text: bytes, codec: str) -> str:
    """`text` as a string. A UTF-8 character cut off at the end, as fields of fixed width cut it, is left out."""
    if codec != "utf-8" or text.isascii():
        return text.decode(codec)
    return codecs.utf_8_decode(text, "strict", False)[0]


def _two_bytes(head: bytes) -> str | None:
    half = len(head) // 2
    if half == 0 or head.startswith(b"\x00" * 4):
        return None
    if head[1::2].count(0) > 0.6 * half:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > 0.6 * half else None


def _language(table: Path) -> int | None:
    with table.open("rb") as opened:
        head = opened.read(LANGUAGE_AT + 1)
    return head[LANGUAGE_AT] if len(head) > LANGUAGE_AT else None


def _by_words(words: set[bytes], found: str | None) -> Found:
    codec = french.likeliest_page(words)
    if codec is None:
        raise ImportRefusedError(
            "The file's texts are in no encoding that is usual here. Say which it is with --encoding.",
            "Les textes du fichier ne sont dans aucun encodage usuel ici. Indiquez-le avec --encoding.",
        )
    return Found(found, codec, f"not UTF-8; as {codec} its letters make French words")
