"""A picture of the page that `smallset report --html` writes -> docs/report.png.

    python docs/studies/screens.py

The page is that of docs/results/imagenette.jsonl: its head, the table of results, and accuracy
against bytes. Needs the extra `dev` and Chromium. Takes some seconds.
"""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from smallset.report.page import page
from smallset.report.tables import read_runs, report_of

DOCS = Path(__file__).parents[1]
LINES = "imagenette"
WIDTH = 1320


def main() -> None:
    """Open the page and draw its top, down to the end of the first chart."""
    text = page(report_of(read_runs(DOCS / "results" / f"{LINES}.jsonl", LINES)))
    with opened(text, width=WIDTH) as tab:
        chart = tab.locator("#bytes figure").first
        box = chart.bounding_box()
        shot = tab.screenshot(
            full_page=True,
            clip={"x": 0, "y": 0, "width": WIDTH, "height": box["y"] + box["height"] + 16},
        )
    # An octree, because median cut merges the few orange and green pixels with others.
    drawn = Image.open(io.BytesIO(shot)).convert("RGB").quantize(method=Image.Quantize.FASTOCTREE)
    drawn.save(DOCS / "report.png", optimize=True)


@contextmanager
def opened(text: str, *, width: int, scheme: str = "light") -> Iterator[Page]:
    """Open a page in Chromium and wait until its charts are drawn."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "page.html")
        file.write_text(text, encoding="utf-8")
        found = shutil.which("chromium") or shutil.which("google-chrome")
        # Chromium refuses its sandbox to root.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        tab.goto(file.as_uri())
        tab.locator("#bytes svg.marks").first.wait_for()
        yield tab
        browser.close()


if __name__ == "__main__":
    main()
