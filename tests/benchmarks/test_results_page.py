"""A benchmark writes its own part of a page of results and leaves the others as they are."""

from pathlib import Path

from benchmarks.results_page import write_part


def test_a_part_is_put_at_the_end_and_then_in_its_place(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text("# Results\n\nBy hand.\n")
    write_part(page, "one", "first")
    write_part(page, "two", "second")
    page.write_text(page.read_text() + "\nBy hand, too.\n")
    write_part(page, "one", "first, measured anew\n")
    text = page.read_text()
    assert text.startswith("# Results\n\nBy hand.\n")
    assert text.endswith("By hand, too.\n")
    assert text.count("<!--") == 4
    assert text.index("first, measured anew") < text.index("second")
    assert "first\n" not in text


def test_a_page_that_is_not_there_is_made(tmp_path: Path) -> None:
    write_part(tmp_path / "results.md", "one", "first")
    assert "first" in (tmp_path / "results.md").read_text()
