"""An environment that remembers which variables were asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class RecordingEnvironment(Mapping[str, str]):
    """An empty environment; `names` is what was looked up in it."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
