"""Layouts: what a project's addresses have in common, in any order, and what it never does."""

from hypothesis import given
from hypothesis import strategies as st

from hemline.garments.address import read_address
from hemline.garments.layout import Layout, find_layout, read_in_layout


def layout_of(addresses):
    return find_layout(map(read_address, addresses))


def garments(addresses):
    layout = layout_of(addresses)
    return {read_in_layout(read_address(address), layout).garment for address in addresses}


def test_a_folder_of_a_few_photos_a_garment():
    addresses = [f"s3://b/style-{n}/IMG_{n}{k}00.jpg" for n in range(10, 22) for k in range(1, 5)]
    assert layout_of(addresses) == Layout(folders=True)
    assert len(garments(addresses)) == 12


def test_the_same_names_in_every_folder():
    addresses = [f"s3://b/{c}oat/look-{k}.jpg" for c in "abcdef" for k in "xy"]
    assert len(garments(addresses)) == 6


def test_a_folder_of_many_photos_is_no_garment():
    addresses = [f"s3://b/{place}/{n:04}.jpg" for place in ("x1", "x2", "x3") for n in range(60)]
    assert len(garments(addresses)) == 180


def test_numbers_that_begin_again_count_views():
    addresses = [f"https://h/{n}_{k}.jpg" for n in range(4711, 4731) for k in (1, 2, 3)]
    assert layout_of(addresses) == Layout(numbered=True)
    assert len(garments(addresses)) == 20


def test_numbers_that_run_on_do_not():
    assert len(garments([f"https://h/IMG_{n:02}.jpg" for n in range(60)])) == 60
    assert len(garments([f"https://h/2026-03-{n:02}.jpg" for n in range(1, 28)])) == 27


NAMES = st.from_regex(r"[a-z]{1,3}[0-9]{1,2}", fullmatch=True)
PLACES = st.lists(
    st.tuples(
        st.sampled_from(["", "7/", "8/", "9/", "photos/", "spring/"]),
        NAMES,
        st.sampled_from(["", "_Front", "_Back", "_1", "_2"]),
    ).map("".join),
    max_size=30,
)


@given(PLACES, st.randoms())
def test_order_and_doubles_do_not_matter(paths, random):
    shuffled = [*paths, *paths[: len(paths) // 2]]
    random.shuffle(shuffled)
    assert layout_of(f"s3://b/{path}.jpg" for path in paths) == layout_of(
        f"s3://b/{path}.jpg" for path in shuffled
    )


@given(NAMES, NAMES, PLACES, PLACES)
def test_more_photos_never_merge_garments_that_their_names_part(one, other, some, more):
    """`<garment>_<view>` is read alike, whatever photos come."""
    both = [f"s3://b/{name}_Front.jpg" for name in (one, other)]
    for others in (some, [*some, *more]):
        layout = layout_of([*both, *(f"s3://b/{path}.jpg" for path in others)])
        assert [read_in_layout(read_address(a), layout).garment for a in both] == [one, other]
