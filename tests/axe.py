"""axe-core on a page as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[1] / "assets/node_modules/axe-core/axe.min.js"
# What is half faded in would have too little contrast; what turns for ever is not waited for.
RUN = """async () => {
    const ends = document.getAnimations().filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime));
    await Promise.allSettled(ends.map((each) => each.finished));
    return axe.run(document, {resultTypes: ['violations']});
}"""


def objections(page: Page, name: str) -> list[str]:
    """What axe-core finds on what is shown, by day and by night; `name` says which state of which page it is."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SCRIPT.read_text())
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        answer: dict[str, Any] = page.evaluate(RUN)
        found += [
            f"{name} {scheme}: {v['id']} at {node['target']}" for v in answer["violations"] for node in v["nodes"]
        ]
    page.emulate_media(color_scheme="light")
    return found
