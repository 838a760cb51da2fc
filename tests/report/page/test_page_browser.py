"""The page in a real browser. These tests are skipped without Chromium, and say so."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from result_toy import changed
from runs_toy import BEST, RANDOM, replicates

from smallset.report.page import page
from smallset.report.page.sheets import SetPicture
from smallset.report.tables import Runs, read_runs, report_of

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: install smallset[dev]")
pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[3]
SCRIPT = "<script>document.title = 'taken'</script>"


@pytest.fixture(scope="module")
def browser():
    found = list(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))))
    if not found:
        pytest.skip("no Chromium here: install it (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as whom CI runs.
        opened = playwright.chromium.launch(executable_path=found[0], args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page and return it. After the test nothing may have gone wrong or left the file."""
    said, asked, contexts = [], [], []

    def opened(text, *, width=1280, scheme="light", clock=False):
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        if clock:
            tab.clock.install()
        tab.goto(file.as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}


@pytest.fixture(scope="module")
def published():
    return page(report_of(read_runs(ROOT / "docs/results/soft-vs-hard.jsonl", "soft-vs-hard")))


def visible(tab):
    return tab.locator("#rows tbody tr").count()


def top1(tab):
    cells = tab.locator("#rows tbody td:nth-child(2)").all_inner_texts()
    return [float(re.match(r"\s*([\d.]+)", cell)[1]) for cell in cells]


def test_the_table_sorts_by_a_click_and_by_the_keyboard(visit, published):
    tab = visit(published)
    head = tab.locator("#rows thead th:nth-child(2)")
    head.click()
    tab.locator("#rows thead th:nth-child(2)[aria-sort=ascending]").wait_for()
    assert top1(tab) == sorted(top1(tab))
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("[role=button]").focus()
    tab.keyboard.press("Enter")
    tab.locator("#rows thead th:nth-child(2)[aria-sort=descending]").wait_for()
    assert top1(tab) == sorted(top1(tab), reverse=True)


def test_filters_hide_rows_and_points_and_stay_after_a_reload(visit, published):
    tab = visit(published)
    all_rows = visible(tab)
    tab.locator("select[data-key=student]").select_option("convnet-d3")
    tab.locator("select[data-key=budget]").select_option("ipc 10")
    tab.get_by_role("searchbox").fill("pca")
    assert 0 < visible(tab) < all_rows
    assert all("PCA" in name for name in tab.locator("#rows tbody th").all_inner_texts())
    shown = tab.locator("#bytes figure:visible")
    shown.locator("svg").first.wait_for()
    assert shown.count() == 1
    points = shown.locator("svg .mark-symbol.layer_2_marks path")
    sync_api.expect(points).to_have_count(visible(tab))
    before = visible(tab)
    tab.reload()
    assert visible(tab) == before
    tab.get_by_role("button", name="Show all").click()
    sync_api.expect(tab.locator("#rows tbody tr")).to_have_count(all_rows)


def test_a_row_tells_how_it_was_measured_and_escape_closes(visit, published):
    tab = visit(published)
    tab.locator("#rows tbody tr").first.get_by_role("button").press("Enter")
    how = tab.locator(".how:popover-open")
    assert "smallset compress DATA SET" in how.inner_text()
    assert "Environment" in how.inner_text()
    tab.keyboard.press("Escape")
    sync_api.expect(how).to_have_count(0)


def test_every_chart_is_drawn_and_says_its_points_on_hover(visit, published):
    tab = visit(published)
    sync_api.expect(tab.locator("#bytes figure:visible svg.marks")).to_have_count(
        tab.locator("#bytes figure").count()
    )
    tab.locator("#bytes svg .layer_2_marks path").first.hover()
    sync_api.expect(tab.locator("#vg-tooltip-element")).to_contain_text("minus random")
    tab.locator("#classes details").evaluate_all("parts => parts.forEach(p => p.open = true)")
    sync_api.expect(tab.locator("#classes svg.marks")).to_have_count(
        tab.locator("#classes figure").count()
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_it_is_toggled(visit, published, scheme):
    tab = visit(published, scheme=scheme)

    def paper():
        return tab.evaluate("getComputedStyle(document.body).backgroundColor")

    before = paper()
    assert (before == "rgb(255, 255, 255)") == (scheme == "light")
    tab.locator("#theme").press("Enter")
    assert paper() != before
    after = paper()
    tab.reload()
    assert paper() == after


def test_on_a_phone_only_the_table_scrolls_sideways(visit, published):
    tab = visit(published, width=390)
    tab.locator("#bytes svg.marks").first.wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") == 390


def test_long_names_of_filters_stay_inside_a_phone_and_its_legend(visit):
    tab = visit(page(report_of(read_runs(ROOT / "docs/results/distillation.jsonl"))), width=390)
    for field in tab.locator("#filters select").all():
        box = field.bounding_box()
        assert box["x"] + box["width"] <= 390
    chart = tab.locator("#bytes svg.marks").first
    chart.wait_for()
    ends = chart.locator(".role-legend-label text").evaluate_all(
        "all => all.map(text => text.getBoundingClientRect().right)"
    )
    assert 0 < max(ends) <= chart.evaluate("svg => svg.getBoundingClientRect().right")


def test_what_is_not_compared_is_printed(visit):
    tab = visit(page(report_of(Runs(tuple(replicates("pca", [0.3]))))))
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details.warning li").is_visible()


def test_a_sheet_enlarges_and_escape_gives_the_page_back(visit):
    dot = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    drawn = SetPicture("a set", picture=dot, past=f"{dot}#past")
    report = report_of(Runs(tuple(replicates("random", RANDOM))))
    tab = visit(page(replace(report, sheets=(drawn, SetPicture("another", lacking="no picture")))))
    large = tab.locator("#large img")
    for name, picture in (("a set", drawn.picture), ("a set by iteration", drawn.past)):
        tab.get_by_role("button", name=f"Enlarge {name}", exact=True).press("Enter")
        assert large.is_visible()
        assert large.get_attribute("src") == picture
        tab.keyboard.press("Escape")
        assert not large.is_visible()
    assert "no picture" in tab.inner_text("#sheets")


def test_a_live_page_reloads_itself_unless_told_not_to(visit):
    report = report_of(Runs(tuple(replicates("random", RANDOM))))
    tab = visit(page(replace(report, live=True)), clock=True)
    loads = []
    tab.on("load", lambda _: loads.append(1))
    tab.get_by_label("Reload").uncheck()
    tab.clock.run_for(20_000)
    assert loads == []
    tab.get_by_label("Reload").check()
    with tab.expect_event("load"):
        tab.clock.run_for(20_000)


def test_names_with_markup_do_nothing(visit):
    names = {"classes": (SCRIPT, "b<img src=x onerror=alert(1)>"), "dataset": SCRIPT}
    made = [
        changed(r, **names, method=SCRIPT if r.method == "pca" else r.method)
        for r in (*replicates("random", RANDOM), *replicates("pca", BEST))
    ]
    tab = visit(page(report_of(Runs(tuple(made)))))
    tab.locator("#classes svg.marks").wait_for()
    tab.locator("#classes svg .mark-symbol path").first.hover()
    tab.locator("#vg-tooltip-element").wait_for()
    assert tab.title() == "Results"
    assert tab.locator("#rows tbody th").all_inner_texts() == ["random", SCRIPT]


def test_a_page_without_rows_opens(visit):
    tab = visit(page(report_of(Runs(tuple(replicates("pca", [0.3]))))))
    assert "No random baseline" in tab.inner_text("main")
