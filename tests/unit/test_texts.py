"""Every text exists in both languages, and says the same; every one is shown, and none stands in the code instead."""

import ast
import re
from collections.abc import Iterator
from string import Formatter

from imgmlp.data import samples
from imgmlp.inference import preprocess
from imgmlp.ui.shared.text import TEXTS
from tests.conftest import ROOT

SOURCES = [*(ROOT / "imgmlp").rglob("*.py")]
PHRASE = re.compile(r"[A-Za-z]{2,}[,.:;]? [A-Za-z]{2,}|[\u4e00-\u9fff]")  # two words in a row, or any Chinese
MARKUP = re.compile(r"^[^<]*>|<[^>]*>?")  # a literal may begin or end within a tag


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def literals(source: str) -> Iterator[str]:
    """Every string of a program that is no docstring; `{}` stands for what is filled into one."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # a string that nothing takes
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | parts:
            yield node.value


def test_both_languages_have_the_same_texts():
    assert TEXTS["en"].keys() == TEXTS["zh-CN"].keys()


def test_both_languages_fill_in_the_same_values():
    assert {key: fields(text) for key, text in TEXTS["en"].items()} == {key: fields(text) for key, text in TEXTS["zh-CN"].items()}


def test_the_page_and_the_command_line_give_the_same_sentence():
    sentences = preprocess.SENTENCES | samples.SENTENCES
    assert {key: TEXTS["en"][f"error.{key}"] for key in sentences} == sentences


def test_every_text_is_used():
    """By its whole key, or by a pattern such as `stage.{}` that is filled with names which are written somewhere."""
    written = {literal for path in SOURCES for literal in literals(path.read_text())}
    patterns = [re.compile(re.escape(one).replace(r"\{\}", "(.+)")) for one in written if re.fullmatch(r"[a-z_]+(\.[a-z_{}]+)+", one) and "{}" in one]

    def used(key: str) -> bool:
        filled = (match.groups() for pattern in patterns if (match := pattern.fullmatch(key)))
        return key in written or any(all(name in written or name.isdigit() for name in names) for names in filled)

    assert not {key for key in TEXTS["en"] if not used(key)}


def test_no_visible_text_stands_in_the_code():
    """The API's schema, which programs read, is in English alone; scripts have their own test."""
    allowed = re.compile(r"strokes: base64 of|rows of numbers, and what|=> \{|\(event\)")
    found = [
        (path.name, literal)
        for path in (ROOT / "imgmlp" / "ui").rglob("*.py")
        for literal in literals(path.read_text())
        if PHRASE.search(MARKUP.sub(" ", literal)) and not allowed.search(literal)
    ]
    assert not found


def test_no_visible_text_stands_in_a_script():
    strings = re.compile(r"""(["'`])((?:(?!\1|\n).)*)\1""")
    found = [
        (path.name, text)
        for path in (ROOT / "imgmlp" / "ui").rglob("*.js")
        for _, text in strings.findall(re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE))
        if PHRASE.search(MARKUP.sub(" ", re.sub(r"\$\{[^}]*\}", "", text)))
    ]
    assert not found
