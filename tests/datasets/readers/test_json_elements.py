"""Elements of large JSON files: found where they stand, in little memory."""

import json
import string
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemline.datasets.readers import json_elements
from hemline.datasets.readers.json_elements import read_span, scan_json
from hemline.errors import DatasetError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(
    document=st.dictionaries(st.text(max_size=5), values, max_size=4)
    | st.lists(values, max_size=4),
    indent=st.sampled_from([None, 1]),
    chunk=st.integers(1, 40),
)
def test_every_element_is_found_where_it_stands(tmp_path_factory, document, indent, chunk):
    path = tmp_path_factory.mktemp("json") / "file.json"
    path.write_text(json.dumps(document, indent=indent, ensure_ascii=False), encoding="utf-8")
    tops = document.items() if isinstance(document, dict) else [("", document)]
    expected = [item for _, value in tops if isinstance(value, list) for item in value]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_elements, "_CHUNK", chunk)
        found = list(scan_json(path))
    assert [read_span(path, span) for _, span, _ in found] == expected


def test_memory_holds_one_element_not_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(json_elements, "_CHUNK", 10_000)
    path = tmp_path / "large.json"
    element = json.dumps({"image_id": 1, "segmentation": [list(range(500))]})
    path.write_text(f'{{"annotations": [{", ".join([element] * 300)}]}}')
    tracemalloc.start()
    spans = [span for _, span, _ in scan_json(path)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(spans) == 300
    assert peak < path.stat().st_size / 4


@pytest.mark.parametrize("text", ["", "{", "[1, 2", '{"a": [1 2]}', '{"a" 1}', "nonsense", "[,]"])
def test_what_is_no_whole_json_says_so(tmp_path, text):
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=r"file.json' is not a complete JSON file"):
        list(scan_json(path))


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        list(scan_json(tmp_path / "none.json"))
    with pytest.raises(DatasetError, match="changed while it was read"):
        read_span(tmp_path / "none.json", json_elements.Span(0, 2))


def test_letters_beyond_ascii_come_from_the_span(tmp_path):
    path = tmp_path / "file.json"
    path.write_text(json.dumps([{"name": "écharpe", "x": string.printable}], ensure_ascii=False))
    ((_, span, _),) = scan_json(path)
    assert read_span(path, span)["name"] == "écharpe"
