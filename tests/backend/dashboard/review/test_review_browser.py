"""Flagged cut-outs and one image in a real browser: clicks and keys, layers, zoom, backgrounds."""

import re

import pytest
from playwright.sync_api import expect

from backend.dashboard.pictures.placeholder import busy_placeholder
from hemline.store.loop.projects import known_project
from hemline.store.review.review_order import get_item, review_page
from hemline.store.states import ReviewKind, ReviewState, Verdict
from tests.backend.dashboard.review.test_image import give_evidence

pytestmark = pytest.mark.browser


def first_items(backend, number=4):
    with backend.store.reading() as session:
        project = known_project(session, 1)
        return review_page(session, project.id, ReviewKind.LABEL, limit=number).items


def item_of(backend, item):
    with backend.store.reading() as session:
        return get_item(session, item.id)


def wait_until_drawn(page, selector, number):
    """Waits for real pictures. Not with wait_for_function, which the page's policy forbids."""
    for _ in range(300):
        widths = page.locator(selector).evaluate_all("all => all.map(one => one.naturalWidth)")
        if all(width > 3 for width in widths[:number]):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not drawn: {widths[:number]}")


def test_images_are_judged_by_clicks_and_keys_without_a_reload(filled, serve):
    served = serve(filled)
    first, second, third, fourth = first_items(filled)
    page = served.logged_in()
    page.goto(f"{served.url}/dashboard/1/flagged")
    page.evaluate("window.stayed = true")
    assert page.locator(".flagged").first.get_attribute("id") == f"item-{first.id}"
    page.locator(".flagged").first.get_by_role("button", name="Mark fine").click()
    expect(page.locator("#told")).to_have_text(f"Task {first.task.ls_task_id} is marked fine.")
    assert item_of(filled, first).verdict is Verdict.BOTH_FINE
    page.locator(".flagged").first.get_by_role("button", name="Undo").click()
    expect(page.locator("#told")).to_have_text(f"Task {first.task.ls_task_id} is open again.")
    assert item_of(filled, first).state is ReviewState.OPEN

    page.locator("h1").click()
    for key in ("j", "j", "k", "j", "3"):  # down to the second, and a new photo for it
        page.keyboard.press(key)
    expect(page.locator("#told")).to_have_text(
        f"Task {second.task.ls_task_id} waits for a new photo."
    )
    assert item_of(filled, second).verdict is Verdict.PHOTO_FAULT
    expect(page.locator(f"#item-{third.id}")).to_be_focused()
    page.keyboard.press("2")
    expect(page.locator("#told")).to_have_text(f"Task {third.task.ls_task_id} is sent to review.")
    assert item_of(filled, third).verdict is Verdict.LABEL_WRONG

    other = served.logged_in()  # the same image, seen before it was judged
    other.goto(f"{served.url}/dashboard/1/flagged")
    page.locator(f"#item-{fourth.id}").get_by_role("button", name="Mark fine").click()
    expect(page.locator("#told")).to_contain_text("is marked fine")
    other.locator(f"#item-{fourth.id}").get_by_role("button", name="Reshoot").click()
    expect(other.locator("#told")).to_contain_text("has already been judged: fine, by you")
    assert page.evaluate("window.stayed")
    assert served.complaints == []


def test_without_scripts_everything_works_too(filled, serve):
    served = serve(filled)
    (item,) = first_items(filled, 1)
    page = served.window(java_script_enabled=False)
    page.goto(f"{served.url}/dashboard/1/flagged?reason=bad_ground_truth")
    page.fill("#name", "ada")
    page.fill("#password", "correct horse")
    page.get_by_role("button", name=re.compile("log in", re.IGNORECASE)).click()
    page.locator(".flagged").first.get_by_role("button", name="Mark fine").click()
    expect(page.locator("[role=status]").first).to_contain_text("is marked fine")
    assert "reason=bad_ground_truth" in page.url
    assert item_of(filled, item).verdict is Verdict.BOTH_FINE
    page.select_option("select[name=view]", "Back")
    page.get_by_role("button", name="Show").click()
    assert "view=Back" in page.url
    page.locator(".shot").first.click()
    expect(page.locator("#layer-correction")).to_be_visible()
    page.locator("#show-correction").click()  # the style sheet alone hides it
    expect(page.locator("#layer-correction")).to_be_hidden()


def test_thumbnails_are_drawn(filled, serve):
    served = serve(filled)
    page = served.logged_in()
    page.goto(f"{served.url}/dashboard/1/flagged")
    wait_until_drawn(page, ".flagged img", 4)
    assert served.complaints == []


def test_layers_zoom_and_backgrounds(filled, serve):
    served = serve(filled)
    first, second = first_items(filled, 2)
    give_evidence(filled, first.task.ls_task_id)
    page = served.logged_in()
    page.goto(f"{served.url}/dashboard/1/image/{first.task.ls_task_id}")
    for key, name in zip(
        "cpdulg",
        ("correction", "prediction", "difference", "uncertainty", "low-contrast", "disagreement"),
        strict=True,
    ):
        layer = page.locator(f"#layer-{name}")
        was_shown = layer.is_visible()
        page.keyboard.press(key)
        (expect(layer).to_be_hidden if was_shown else expect(layer).to_be_visible)()
        page.keyboard.press(key)
        (expect(layer).to_be_visible if was_shown else expect(layer).to_be_hidden)()
    page.keyboard.press("u")
    wait_until_drawn(page, "#layer-uncertainty", 1)

    width = page.locator(".photo").bounding_box()["width"]
    page.keyboard.press("+")
    page.get_by_role("button", name="Larger").click()
    expect(page.locator(".zoom output")).to_have_text("156 %")
    assert page.locator(".photo").bounding_box()["width"] == pytest.approx(1.5625 * width, abs=2)
    layer, photo = (page.locator(s).bounding_box() for s in ("#layer-correction", ".photo"))
    assert layer == pytest.approx(photo, abs=1)
    page.keyboard.press("0")
    assert page.locator(".photo").bounding_box()["width"] == pytest.approx(width, abs=1)

    fills = page.locator(".cutouts rect").evaluate_all(
        "all => all.map(r => r.getAttribute('fill'))"
    )
    assert fills == ["#ffffff", "#8c8c8c", "#000000", "#7a1f3d"]
    page.locator("#brand").fill("#123456")
    assert page.locator("#ground-brand").get_attribute("fill") == "#123456"
    page.locator("h1").click()
    page.keyboard.press("j")
    page.wait_for_url(f"**/image/{second.task.ls_task_id}")
    assert page.locator("#ground-brand").get_attribute("fill") == "#123456"
    page.keyboard.press("1")
    expect(page.locator("[role=status]")).to_contain_text("is marked fine")
    assert item_of(filled, second).verdict is Verdict.BOTH_FINE
    assert served.complaints == []


def test_a_busy_machine_draws_later_and_the_page_asks_again(filled, serve):
    served = serve(filled)
    page = served.logged_in()
    answered: list[str] = []

    def once_busy(route):
        if not answered:
            answered.append(route.request.url)
            route.fulfill(content_type="image/svg+xml", body=busy_placeholder())
        else:
            route.continue_()

    page.route(re.compile("/picture/"), once_busy)
    page.goto(f"{served.url}/dashboard/1/flagged")
    wait_until_drawn(page, ".flagged img", 3)
    assert len(answered) == 1
    assert served.complaints == []
