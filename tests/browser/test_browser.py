"""Every page of the console in a real browser: what a person can read, reach and use."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.filled import EMPTY, fill
from tests.browser.windows import chromium, why_not
from tests.conftest import Server
from tests.waiting import until

# All pages are looked at in a test, which two busy cores take minutes for.
pytestmark = pytest.mark.timeout(1200)

REGION = "us-east-1"
BAD = ("serious", "critical")


@pytest.fixture(scope="module")
def own(apps: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    server = Server(tmp_path_factory.mktemp("browser"), settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    yield server
    server.down()


@pytest.fixture(scope="module")
def window(own: Server) -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def state(own: Server, window: Any) -> Any:
    """What a browser keeps that has been signed in by a link."""
    page = window.new_page()
    page.goto(own.run("console").stdout.strip())
    page.wait_for_url("**/")
    kept = page.context.storage_state()
    page.close()
    return kept


@pytest.fixture(scope="module")
def paths(own: Server, window: Any, state: Any) -> tuple[str, ...]:
    """All pages, after those without anything in them have been looked at."""
    _look(own, window, state, EMPTY)
    return fill(own, REGION)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_are_accessible_fit_and_break_no_rule_of_their_own(
    own: Server, window: Any, state: Any, paths: tuple[str, ...], theme: str, width: int
) -> None:
    _look(own, window, state, paths, theme, width)


def test_a_person_finds_a_table_by_keyboard_and_queries_it(
    own: Server, window: Any, state: Any, paths: tuple[str, ...]
) -> None:
    page = window.new_context(storage_state=state).new_page()
    page.goto(f"{_address(own)}/catalog/air")
    page.keyboard.press("/")
    page.keyboard.type("hour")
    page.click(".second a:visible >> text=hourly")
    page.wait_for_selector("table.data >> text=2013-03-01 00:00:00")
    page.click("main >> text=Query >> nth=0")
    page.fill("textarea", "select count(*) as n from air.hourly")
    page.select_option("select", "first")
    page.focus("textarea")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("table.data td >> text=60", timeout=120_000)


def test_a_refused_form_keeps_what_was_filled_in_beside_the_service_s_words(
    own: Server, window: Any, state: Any, paths: tuple[str, ...]
) -> None:
    page = window.new_context(storage_state=state).new_page()
    page.goto(f"{_address(own)}/notebook-jobs")
    page.fill("[name=notebook]", "s3://lake/books/story.ipynb")
    page.fill("[name=when]", "each morning")
    page.click("button:text-is('Run')")
    page.wait_for_selector("form.fields + .refusal >> text=each morning is not valid")
    assert page.input_value("[name=notebook]") == "s3://lake/books/story.ipynb"
    page.fill("[name=when]", "rate(1 day)")
    page.click("button:text-is('Run')")
    page.wait_for_selector("[aria-label=Schedules] >> text=rate(1 day)")


def test_an_endpoint_is_tried_again_measured_and_scaled(
    own: Server, window: Any, state: Any, paths: tuple[str, ...]
) -> None:
    sagemaker = own.client("sagemaker", region_name=REGION)
    until(lambda: sagemaker.describe_endpoint(EndpointName="plane")["EndpointStatus"] == "InService")
    page = window.new_context(storage_state=state).new_page()
    page.goto(f"{_address(own)}/endpoints/plane")
    page.fill("textarea", "5,1")
    page.click("text=Send")
    page.wait_for_selector("text=Answer")
    assert "14" in page.inner_text("[aria-label=Answer]")
    page.goto(f"{_address(own)}/endpoints/plane")
    page.click("summary >> text=Tried before")
    page.click(".earlier button >> text=5,1")
    assert page.input_value("textarea") == "5,1"
    page.click(".tabs >> text=Variants")
    page.fill("[name=most]", "2")
    page.click("text=Scale with them")
    page.wait_for_selector("text=/Between 1 and 2 instances; console keeps .*InvocationsPerInstance at 100/")
    page.click(".tabs >> text=Metrics")
    page.wait_for_selector(".tile:has(h2:text-is('Invocations')) .uplot", timeout=60_000)


def test_studio_is_launched_and_runs_a_cell(own: Server, window: Any, state: Any, paths: tuple[str, ...]) -> None:
    domain = next(path for path in paths if path.startswith("/studio/"))
    page = window.new_context(storage_state=state).new_page()
    page.goto(f"{_address(own)}{domain}")
    with page.expect_popup() as opened:
        page.click("text=Launch")
    lab = opened.value
    lab.wait_for_selector(".jp-LauncherCard", timeout=240_000)
    lab.click(".jp-LauncherCard[data-category=Notebook] >> nth=0")
    lab.wait_for_selector("text=/Data Science. . Idle/", timeout=60_000)
    lab.locator(".jp-Notebook .cm-content").first.click()
    lab.keyboard.type("import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])")
    lab.keyboard.press("Shift+Enter")
    lab.wait_for_selector(".jp-OutputArea-output >> text=/SageMaker", timeout=60_000)


def test_a_panel_beside_a_notebook_puts_code_that_reads_a_table_into_a_cell(
    own: Server, window: Any, state: Any, paths: tuple[str, ...]
) -> None:
    page = window.new_page()
    page.goto(own.run("studio", "--user", "reader").stdout.strip())
    page.wait_for_selector(".jp-Notebook", timeout=240_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for panel, shown in (
        ("clusters", "refused"),
        ("jobs", "plane-one"),
        ("endpoints", "plane"),
        ("sessions", "first"),
    ):
        page.click(f'.lm-TabBar-tab[data-id="studiolo-{panel}"]')
        page.frame_locator(f"#studiolo-{panel} iframe").locator(f"main >> text={shown}").first.wait_for()
    page.click('.lm-TabBar-tab[data-id="studiolo-data"]')
    data = page.frame_locator("#studiolo-data iframe")
    for link in ("air", "hourly", "Read it"):
        data.locator(f"main a:text-is('{link}')").click()
    data.locator("button:text-is('Insert')").first.click()
    page.wait_for_selector('.jp-Cell .cm-content >> text=spark.table("air.hourly")')
    data.locator("text=In a tab").click()
    page.frame_locator("#studiolo-tab-0 iframe").locator("h1 >> text=hourly").wait_for()
    assert complaints == []


def test_a_page_says_that_the_server_was_killed_and_goes_on_when_it_is_back(
    own: Server, window: Any, state: Any, paths: tuple[str, ...]
) -> None:
    context = window.new_context(storage_state=state)
    page, form = context.new_page(), context.new_page()
    page.goto(f"{_address(own)}/")
    form.goto(f"{_address(own)}/catalog")
    form.fill("main [name=name]", "kept")
    own.kill()
    page.wait_for_selector(".lost >> text=has not answered")
    form.click("main button.main")
    form.wait_for_selector("form + .refusal >> text=waits for it")
    own.up()
    page.wait_for_selector(".lost", state="detached", timeout=60_000)
    form.wait_for_url("**/catalog/kept")


def _look(
    own: Server, window: Any, state: Any, paths: tuple[str, ...], theme: str = "light", width: int = 1280
) -> None:
    """Look at pages, with all that a browser and axe-core complain of."""
    from axe_playwright_python.sync_playwright import Axe

    # What is looked for is put into the page, whose own rules would forbid it.
    context = window.new_context(
        storage_state=state, color_scheme=theme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append((page.url, str(error))))
    for path in paths:
        page.goto(f"{_address(own)}{path}")
        page.wait_for_load_state("networkidle")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            complaints.append((path, f"is {wider} pixels wider than the window"))
        for each in Axe().run(page).response["violations"]:
            if each["impact"] in BAD:
                complaints.append((path, each["id"] + ": " + each["nodes"][0]["html"]))
    context.close()
    assert complaints == []


def _address(own: Server) -> str:
    return f"http://console.localhost:{own.port}"
