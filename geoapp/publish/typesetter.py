"""The process that sets a paper: HTML on its input, the PDF on its output, what was wrong with it on its errors.

It imports the library that does it, and nothing of the application; no address is fetched, whatever the HTML says.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

# Where the distributions put DejaVu, whose letters reach from French to Lingala.
FOLDERS = (
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/dejavu-sans-fonts",
    "/usr/share/fonts/TTF",
    "/usr/share/fonts/dejavu",
)
FONT = "DejaVuSansCondensed.ttf"
# A paper of hundreds of pages takes less.
MAX_BYTES = 4 * 1024**3
MAX_SECONDS = 120
# What the one who asks makes words of.
NO_FONT, NO_LIBRARY = 3, 4
SETTINGS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def font_folder() -> Path | None:
    """The folder that holds the font of papers; None where no known one does."""
    return next((Path(folder) for folder in FOLDERS if (Path(folder) / FONT).is_file()), None)


def main() -> int:
    """Set the paper."""
    fonts = font_folder()
    if fonts is None:
        return NO_FONT
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="geoapp-paper-") as cache:
        # These fonts alone, so that a paper looks the same on every machine.
        settings = Path(cache, "fonts.conf")
        settings.write_text(SETTINGS.format(fonts=fonts, cache=cache))
        os.environ["FONTCONFIG_FILE"] = str(settings)
        try:
            from weasyprint import HTML, URLFetcher  # noqa: PLC0415 - fontconfig reads its settings when it is loaded.
        except OSError:
            return NO_LIBRARY
        paper = HTML(string=sys.stdin.read(), url_fetcher=URLFetcher(allowed_protocols=()))
        made: Any = paper.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
