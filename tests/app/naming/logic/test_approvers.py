"""Who approves a street's name by the Regulations, Art. 12, and how a document number is told again."""

from __future__ import annotations

import pytest

from app.naming.logic.approvers import approvers, approvers_of_all, delegations, document_number


@pytest.mark.parametrize(
    ("seats", "governments"),
    [
        (("乐陵市", "德州市"), ("乐陵市人民政府", "德州市人民政府")),
        (("宁津县", "德州市"), ("宁津县人民政府", "德州市人民政府")),
        (("德城区", "德州市"), ("德州市人民政府",)),
        (("天衢新区", "德州市"), ("德州市人民政府",)),
        (("德州市",), ("德州市人民政府",)),
        (("德城区",), ("德城区人民政府",)),
        ((), ()),
    ],
)
def test_a_county_or_the_city_above_approves_and_for_a_district_the_city_alone(seats, governments):
    assert approvers(seats) == governments


def test_what_the_city_decided_otherwise_takes_the_place_of_the_rule():
    said = delegations({"德城区": "德城区人民政府", "乐陵市": ["乐陵市人民政府", "乐陵市行政审批服务局"]})
    assert approvers(("德城区", "德州市"), said) == ("德城区人民政府",)
    assert approvers(("乐陵市", "德州市"), said) == ("乐陵市人民政府", "乐陵市行政审批服务局")
    assert approvers(("陵城区", "德州市"), said) == ("德州市人民政府",)


@pytest.mark.parametrize("setting", [None, "德城区", ["德城区"], {"德城区": 1}, {"德城区": [" "]}, {"德城区": [1]}])
def test_a_setting_of_another_form_changes_nothing(setting):
    assert approvers(("德城区", "德州市"), delegations(setting)) == ("德州市人民政府",)


def test_one_document_for_several_counties_is_the_citys():
    here, there = approvers(("乐陵市", "德州市")), approvers(("宁津县", "德州市"))
    assert approvers_of_all([here, there]) == ("德州市人民政府",)
    assert approvers_of_all([here, ("海淀区人民政府",)]) == ()
    assert approvers_of_all([]) == ()


@pytest.mark.parametrize(
    "written",
    [
        "乐政字〔2024〕12号",
        "乐政字[2024]12号",
        "乐政字（２０２４）12号",
        " 乐政字 【2024】 12号",
        "乐政字〔2024〕第12号",
        "乐政字（2024）０１２号",
    ],
)
def test_a_number_is_the_same_with_other_brackets_blanks_digits_and_noughts(written):
    assert document_number(written) == "乐政字〔2024〕12号"
