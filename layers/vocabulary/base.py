"""What a vocabulary is, and the register of all of them."""

from __future__ import annotations

from collections.abc import Iterator

from layers.text import Text


class Vocabulary:
    """A closed list of codes, in the order in which people are shown them.

    Built from keyword arguments `code=("English label", "libellé français")`; codes that are no Python names are
    given in `other`.
    """

    def __init__(self, name: str, other: dict[str, tuple[str, str]] | None = None, /, **labels: tuple[str, str]):
        self.name = name
        self.labels = {code: Text(*pair) for code, pair in {**(other or {}), **labels}.items()}
        REGISTRY[name] = self

    def __iter__(self) -> Iterator[str]:
        return iter(self.labels)

    def __contains__(self, code: object) -> bool:
        return code in self.labels

    def __getitem__(self, code: str) -> Text:
        return self.labels[code]

    def label(self, code: str | int | None, language: str) -> str:
        """The label of `code` in `language`; the code itself where it is not of this vocabulary, "" for none."""
        if code is None:
            return ""
        text = self.labels.get(str(code))
        return text.in_language(language) if text else str(code)


REGISTRY: dict[str, Vocabulary] = {}
