"""The dashboard in a real browser: nothing in its console, and everything from the keyboard."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from hemline.store.loop.tasks import set_task_problem
from hemline.store.models.models import champion
from hemline.store.models.runs import active_run
from hemline.store.tables.loop import Annotation, Project, Task
from tests.backend.dashboard.visitor import PASSWORD

pytestmark = pytest.mark.browser

PAGES = {
    "overview": "",
    "flagged": "/flagged",
    "causes": "/causes",
    "models": "/models",
    "model": "/models/3",
    "annotators": "/annotators",
    "problems": "/problems",
    "activity": "/activity",
    "image": "/image/1",
    "publish": "/publish",
    "exports": "/exports",
    "nowhere": "/nowhere",
}
IN_THE_DARK = ("overview", "causes", "image")
ARTIFACTS = Path(__file__).parents[3] / "artifacts" / "dashboard"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_quiet_in_light_and_dark_and_fits_a_laptop(filled, serve, scheme):
    served = serve(filled)
    page = served.logged_in(color_scheme=scheme)
    backgrounds = set()
    shown = PAGES if scheme == "light" else {name: PAGES[name] for name in IN_THE_DARK}
    for name, path in shown.items():
        page.goto(f"{served.url}/dashboard/1{path}")
        page.wait_for_load_state("load")
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not too_wide, name
        unnamed = page.evaluate(
            "[...document.querySelectorAll('img:not([alt]), svg:not([aria-labelledby])')]"
            ".filter(e => !e.closest('[aria-hidden]')).length"
        )
        assert not unnamed, name
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}-{scheme}.png")
    assert len(backgrounds) == 1
    red = int(backgrounds.pop().removeprefix("rgb(").split(",")[0])
    assert (red > 200) == (scheme == "light")
    assert [text for text in served.complaints if "404" not in text] == []


def test_names_from_label_studio_neither_run_nor_widen_a_page(filled, serve):
    odd = '"><script>document.title="run"</script>' + "x" * 90 + "<img src=x onerror=alert(1)>"
    with filled.store.session() as session:
        for task in session.scalars(select(Task)):
            task.garment, task.view = odd, odd[:64]
            set_task_problem(session, task.id, odd)
        session.execute(update(Annotation).values(annotator=odd))
        session.execute(update(Project).values(title=odd))
    served = serve(filled)
    page = served.logged_in()
    for name, path in PAGES.items():
        page.goto(f"{served.url}/dashboard/1{path}")
        too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not too_wide, name
        assert page.title() != "run", name
        assert page.locator("main script, main img[onerror]").count() == 0, name
    assert [text for text in served.complaints if "404" not in text] == []


def test_the_policy_stops_what_is_inline(filled, serve):
    """The console is not quiet because nobody listens: what the policy forbids is told there."""
    served = serve(filled)
    page = served.logged_in()
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>"
        '<img src="https://elsewhere.example/x.png">\')'
    )
    page.wait_for_timeout(300)
    assert any("Content Security Policy" in text for text in served.complaints)


def test_the_first_tab_skips_to_the_content(filled, serve):
    page = serve(filled).logged_in()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_champion_is_changed_from_the_keyboard_alone(filled, serve):
    served = serve(filled)
    page = served.logged_in()
    page.goto(f"{served.url}/dashboard/1/models")
    page.locator("summary", has_text="Roll back").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Roll back to hemline-1-v2"
    page.keyboard.press("Enter")
    page.locator("[role=status]", has_text="hemline-1-v2 pre-fills from now on").wait_for()
    with filled.store.reading() as session:
        now = champion(session, 1)
    assert now is not None
    assert now.number == 2
    assert served.complaints == []


def test_what_is_running_is_kept_up_to_date(filled, serve):
    served = serve(filled)
    page = served.logged_in()
    page.clock.install()
    page.reload()
    page.get_by_text("epoch 5 of at most 12").wait_for()
    with filled.store.session() as session:
        run = active_run(session, 1)
        assert run is not None
        run.epoch = 6
    page.clock.run_for(6000)
    page.get_by_text("epoch 6 of at most 12").wait_for()
    assert served.complaints == []


def test_an_empty_hemline_leads_on(backend, serve):
    served = serve(backend)
    page = served.window()
    page.goto(f"{served.url}/dashboard")
    page.fill("#name", "ada")
    page.fill("#password", "wrong one")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.locator("#password:focus").wait_for()
    page.keyboard.type(PASSWORD)  # the cursor is where it is needed
    page.keyboard.press("Enter")
    page.get_by_text("No project is connected yet. Run").wait_for()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Password").wait_for()
    assert [text for text in served.complaints if "401" not in text] == []
