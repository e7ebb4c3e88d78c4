"""The reason and the verdict in a label config: added once, and nothing else is touched."""

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.project.review_fields import (
    VERDICT_WORDS,
    add_review_fields,
    has_review_fields,
    verdict_in,
)
from hemline.store.states import Verdict

PLAIN = render_label_config(["garment"])
THEIRS = """<?xml version="1.0"?>
<!-- ours -->
<View style="display: flex">
  <View><Header value="Dresses"/></View>
  <Image name="photo" value="$url"/>
  <BrushLabels name="brush" toName="photo"><Label value="dress"/></BrushLabels>
</View>"""


def choice(words: Any, from_name: str = "verdict", **fields: Any) -> dict[str, Any]:
    return {
        "type": "choices",
        "from_name": from_name,
        "to_name": "image",
        "value": {"choices": words},
        **fields,
    }


@pytest.mark.parametrize("xml", [PLAIN, THEIRS], ids=["ours", "theirs"])
def test_they_are_added_once_and_the_brush_stays(xml: str) -> None:
    assert not has_review_fields(xml)
    added = add_review_fields(xml)
    assert has_review_fields(added)
    assert add_review_fields(added) == added
    assert parse_label_config(added) == parse_label_config(xml)
    root = ElementTree.fromstring(added)
    choices = root.find("Choices")
    assert choices is not None
    assert choices.get("toName") == parse_label_config(xml).to_name
    assert [item.get("value") for item in choices] == list(VERDICT_WORDS.values())
    header = root.find("Header")
    assert header is not None
    assert "name" not in header.attrib  # with one, Label Studio would refuse tasks without reason
    for line in xml.strip().splitlines():
        assert line in added


def test_what_cannot_have_them_is_said() -> None:
    with pytest.raises(LabelConfigError, match="another control"):
        add_review_fields(
            PLAIN.replace("</View>", '<TextArea name="verdict" toName="image"/></View>')
        )
    with pytest.raises(LabelConfigError):
        add_review_fields('<Image name="image" value="$image"/>')


def test_the_words_are_those_that_are_stored() -> None:
    assert {Verdict(stored) for stored in VERDICT_WORDS} == set(Verdict)


@pytest.mark.parametrize(("stored", "words"), list(VERDICT_WORDS.items()))
def test_a_choice_is_a_verdict(stored: str, words: str) -> None:
    brush = {"type": "brushlabels", "from_name": "mask", "value": {"rle": [], "brushlabels": ["x"]}}
    assert verdict_in([brush, choice([words])]) == stored


@pytest.mark.parametrize(
    "result",
    [
        [],
        [None],
        ["verdict"],
        [choice(["something else"])],
        [choice([])],
        [choice(None)],
        [choice([None, 3, {}])],
        [choice(["both fine"], "defect")],
        [{"type": "choices", "from_name": "verdict", "value": "both fine"}],
        [{"type": "choices", "from_name": "verdict"}],
    ],
)
def test_what_is_no_verdict_is_none(result: list[Any]) -> None:
    assert verdict_in(result) is None


@given(
    st.lists(
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(st.sampled_from(["type", "from_name", "value", "choices"]), inner)
            ),
        )
    )
)
def test_nothing_that_is_sent_breaks_it(result: list[Any]) -> None:
    assert verdict_in(result) in (None, *VERDICT_WORDS)
