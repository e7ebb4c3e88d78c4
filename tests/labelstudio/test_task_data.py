"""Fields of a task's data, as label configs name them."""

import pytest

from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.task_data import find_field
from hemline.prefill.open_task import photo_url

CONFIG = (
    '<View><Image name="image" value="{value}"/><BrushLabels name="mask" toName="image">'
    '<Label value="garment"/></BrushLabels></View>'
)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ("$image", {"image": "a.jpg"}),
        ("$photo.url", {"photo": {"url": "a.jpg"}}),
        ("$photo.url", {"photo.url": "a.jpg", "photo": {"url": "b.jpg"}}),
        ("$images[0]", {"images": ["a.jpg", "b.jpg"]}),
        ("$looks[1].photos[0].url", {"looks": [{}, {"photos": [{"url": "a.jpg"}]}]}),
    ],
)
def test_the_photo_is_found_where_the_config_says(value, data):
    config = parse_label_config(CONFIG.format(value=value))
    assert photo_url(config, {"id": 1, "data": data}) == "a.jpg"


@pytest.mark.parametrize("name", ["photo.url", "images[0]", "images[1].url", "photo[0]"])
@pytest.mark.parametrize("data", [{}, {"photo": None, "images": []}, {"photo": "x", "images": 1}])
def test_what_is_not_there_is_none(name, data):
    assert find_field(data, name) is None
