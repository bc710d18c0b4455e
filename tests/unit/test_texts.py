"""Every text exists in both languages, and says the same."""

from string import Formatter

from imgmlp.data import samples
from imgmlp.inference import preprocess
from imgmlp.ui.shared.text import TEXTS


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts():
    assert TEXTS["en"].keys() == TEXTS["zh-CN"].keys()


def test_both_languages_fill_in_the_same_values():
    assert {key: fields(text) for key, text in TEXTS["en"].items()} == {key: fields(text) for key, text in TEXTS["zh-CN"].items()}


def test_the_page_and_the_command_line_give_the_same_sentence():
    sentences = preprocess.SENTENCES | samples.SENTENCES
    assert {key: TEXTS["en"][f"error.{key}"] for key in sentences} == sentences
