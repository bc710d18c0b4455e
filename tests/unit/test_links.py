"""A link brings back what was linked, and whatever a stranger writes into it does no harm."""

from types import SimpleNamespace
from urllib.parse import parse_qsl

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmlp.ui.demo import build
from imgmlp.ui.shared.links import FIELDS, read, write
from imgmlp.ui.shared.networks import LARGE, SHIPPED


@pytest.mark.parametrize(
    "values",
    [
        {"tab": "classify", "dataset": "cifar10", "network": LARGE, "polarity": "dark"},
        {"tab": "samples", "dataset": "cifar10", "network": SHIPPED, "split": "train", "class": 3, "index": 4711, "seed": 4294967295, "count": 100, "mistakes": ["order", "twice"]},
        {"tab": "train", "hidden": "128, 64", "optimizer": "adamw", "lr": 0.00123456789, "batch": 64, "epochs": 3, "augment": True, "seed": 0},
        {"tab": "memory", "hidden": "", "batch": 1_000_000, "implementation": "fused", "mode": "bf16", "device": "h100", "cap": 7.5, "lang": "zh-CN"},
    ],
)
def test_what_is_written_is_read(values):
    query = write(values)
    assert query.startswith("?") and read(dict(parse_qsl(query[1:], keep_blank_values=True))) == (values, [])


@pytest.mark.parametrize("typed", ["128,64", "128 64", "128，64", "128、64", " 128,, 64 "])
def test_widths_are_linked_however_they_are_typed(typed):
    assert write({"hidden": typed}) == "?hidden=128-64"


@pytest.mark.parametrize("query", ["tab=admin", "batch=0", "batch=1e9", "seed=-1", "index=x", "hidden=0", "hidden=8-" + "8-" * 200, "lr=nan", "lr=inf", "augment=yes", "cap=-1", "lang=fr", "dataset=../../etc", "network=3", "mistakes=rgb", "mistakes="])
def test_what_cannot_be_is_named_and_the_rest_is_read(query):
    name = query.partition("=")[0]
    other = {"optimizer": "sgd"}
    assert read({name: query.partition("=")[2]} | other) == (other, [name])


@pytest.mark.parametrize("query", [{"batch": "60001"}, {"hidden": "8193"}])
def test_what_memory_predicts_train_need_not_train(query):
    [name] = query
    assert read(query | {"tab": "memory"})[1] == [] and read(query | {"tab": "train"})[1] == [name]


@pytest.mark.parametrize("written, language", [("zh", "zh-CN"), ("ZH-tw", "zh-CN"), ("zh_Hans", "zh-CN"), ("en-GB", "en"), ("zhuang", None), ("", None)])
def test_any_name_of_a_language_that_the_app_speaks_is_understood(written, language):
    assert read({"lang": written}) == (({"lang": language}, []) if language else ({}, ["lang"]))


@pytest.mark.parametrize("name, value", [("count", -3), ("seed", -1), ("seed", 0.5), ("hidden", "abc"), ("batch", 0), ("lr", -1), ("cap", 10**9)])
def test_what_cannot_be_is_not_linked(name, value):
    assert write({"tab": "memory", name: value}) == "?tab=memory"


def test_a_link_names_no_network_that_others_do_not_have():
    assert write({"network": 3, "dataset": "mnist"}) == "?dataset=mnist"


def test_a_link_holds_nothing_that_is_not_in_the_table():
    assert read({"utm_source": "x", "strokes": "abc"}) == ({}, [])
    with pytest.raises(KeyError):
        write({"strokes": "abc"})


@given(st.dictionaries(st.sampled_from([*FIELDS, "other"]), st.text(max_size=300)))
def test_any_address_is_read_without_an_error(query):
    values, wrong = read(query)
    assert not set(values) & set(wrong) and set(values) | set(wrong) <= set(FIELDS)
    assert read(dict(parse_qsl(write(values)[1:], keep_blank_values=True)))[1] == []


def test_a_language_alone_touches_no_tab():
    """Who was quick may be drawing already."""
    [follow_link] = [event.fn for event in build().fns.values() if event.name == "follow_link"]
    answer = lambda **query: follow_link(SimpleNamespace(query_params=query))
    assert all(update == gr.skip() for update in answer(lang="zh-CN"))
    assert not all(update == gr.skip() for update in answer(lang="zh-CN", dataset="cifar10"))
