"""What is wrong about a setting, and what it is about: in English as before, in parts for other languages."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from byol_core import language
from byol_core.config import RunConfig, all_keys, build, field_info
from byol_core.config.complaints import wanted
from byol_core.errors import InputError
from byol_core.messages import Message


@pytest.mark.parametrize(
    ("settings", "template"),
    [
        ({"epochs": 0}, "be greater than {gt}"),
        ({"batch_size": 1}, "be greater than or equal to {ge}"),
        ({"optimizer": {"momentum": 1.0}}, "be less than {lt}"),
        ({"seed": 2**31}, "be less than or equal to {le}"),
        ({"batch_size": None}, "be a valid integer"),
        ({"batch_size": "many"}, "be a valid integer, unable to parse string as an integer"),
        ({"batch_size": 2.5}, "be a valid integer, got a number with a fractional part"),
        ({"epochs": None}, "be a valid number"),
        ({"epochs": "many"}, "be a valid number, unable to parse string as a number"),
        ({"epochs": "inf"}, "be a finite number"),
        ({"method": {"stop_gradient": None}}, "be a valid boolean"),
        ({"method": {"stop_gradient": "maybe"}}, "be a valid boolean, unable to interpret input"),
        ({"data": {"source": 3}}, "be a valid string"),
        ({"fit": 3}, "be a valid tuple"),
        ({"data": 3}, "be a valid dictionary or instance of {class_name}"),
        ({"optimizer": {"name": "adam"}}, "be {expected}"),
        ({"data": {"range": "bright"}}, "be {range}"),
        ({"data": {"source": "\udc80"}}, "be a path of UTF-8 text (rename what is called otherwise)"),
        ({"network": {"encoder": "conv-classroom", "freeze": 4}}, "be at most {most}, the stages of {encoder}"),
    ],
)
def test_every_complaint_is_a_template_with_the_same_words(settings: dict[str, Any], template: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate(settings)
    error = caught.value.errors()[0]
    found = wanted(error)
    assert isinstance(found, Message) and found.template == template
    assert found == error["msg"].removeprefix("Input should ")


def test_a_complaint_is_said_in_another_language(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "Setting '{key}' should {wanted}, but is {value}.": "设置“{key}”应{wanted}，但现在是{value}。",
        "be {expected}": "为{expected}",
    }
    monkeypatch.setattr(language, "catalog", lambda code: language.Catalog(texts))
    with pytest.raises(InputError) as caught:
        build({}, {"optimizer.name": "adam"})
    told = language.tell(caught.value.message, "zh_CN")
    assert told == "设置“optimizer.name”应为'lars'、'sgd'或'adamw'，但现在是'adam'。"


def test_a_description_is_told_by_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "{sentence} Empty: {empty}.": "{sentence}留空：{empty}。",
        "Hidden units of the projector.": "投影头的隐藏单元数。",
        "the default of the objective, 1024 for BYOL": "目标函数的默认值，BYOL为1024",
    }
    monkeypatch.setattr(language, "catalog", lambda code: language.Catalog(texts))
    description = field_info("network.projector_hidden").description
    assert description == "Hidden units of the projector. Empty: the default of the objective, 1024 for BYOL."
    assert language.tell(description, "zh_CN") == "投影头的隐藏单元数。留空：目标函数的默认值，BYOL为1024。"


@pytest.mark.parametrize("key", all_keys())
def test_a_description_is_the_sentence_then_what_empty_means(key: str) -> None:
    extra, description = field_info(key).json_schema_extra, field_info(key).description
    assert description == extra["sentence"] + (f" Empty: {extra['empty']}." if extra["empty"] else "")
