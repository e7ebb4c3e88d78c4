"""Rules: patterns, fields, what they leave to the address, and how the store keeps them."""

import json

import pytest

from hemline.errors import GarmentRuleError
from hemline.garments.layout import Layout
from hemline.garments.rule import GarmentBy, GarmentRule, Named, check_pattern


def test_a_pattern_names_garment_and_view():
    rule = GarmentRule(pattern=r"(?P<garment>[^/]+)/shot-(?P<view>\w)\.jpg")
    address = "/data/local-files/?d=in/look%2012/shot-a.jpg"
    assert rule.name({"garment": "x"}, address) == Named("look 12", "a", GarmentBy.PATTERN)


def test_a_pattern_does_not_see_label_studios_mark():
    rule = GarmentRule(pattern=r"^(?P<garment>\d+)-")
    assert rule.name({}, "/data/upload/1/11112222-88-z_Front.jpg").garment == "88"


def test_what_a_pattern_does_not_match_the_address_names():
    rule = GarmentRule(pattern=r"^(?P<garment>\d+)-")
    assert rule.name({}, "s3://b/coat7_Back.jpg") == Named("coat7", "Back", GarmentBy.FILE)


@pytest.mark.parametrize(
    ("data", "field", "garment"),
    [
        ({"sku": "88"}, "sku", "88"),
        ({"sku": 88}, "sku", "88"),
        ({"shop": {"sku": "88"}}, "shop.sku", "88"),
        ({"shop.sku": "88"}, "shop.sku", "88"),
        ({"sku": ""}, "sku", "coat7"),
        ({"sku": {"a": 1}}, "sku", "coat7"),
        ({"sku": None, "garment": "G"}, "sku", "G"),
    ],
)
def test_a_field_of_the_tasks_data(data, field, garment):
    assert GarmentRule(field=field).name(data, "s3://b/coat7_Back.jpg").garment == garment


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "is not a regular expression"),
        (r"(?P<garment>\d+)(?P<garment>\d)", "is not a regular expression"),
        (r"(\d+)_(\w+)", "has no group named garment"),
        (r"(?P<garment>\d+)(?P<size>x)", "has an unknown group 'size'"),
    ],
)
def test_a_bad_pattern_is_refused(pattern, why):
    with pytest.raises(GarmentRuleError, match=why):
        check_pattern(pattern)


def test_the_store_keeps_a_rule():
    rule = GarmentRule(pattern="(?P<garment>x)", layout=Layout(folders=True), settled=True)
    assert GarmentRule.from_json(json.loads(json.dumps(rule.as_json()))) == rule
    assert GarmentRule.from_json(None) == GarmentRule()
