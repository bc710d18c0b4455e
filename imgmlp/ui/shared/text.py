"""Every visible text, in English and Simplified Chinese: labels by the browser's language, sentences by the request's."""

import json
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import gradio as gr

from ...data.datasets import DATASETS

TEXTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("*.json")}
# Browsers' names for Chinese; Gradio matches them exactly, and who reads the traditional script has nothing nearer here.
ALIASES = ("zh", "zh-SG", "zh-HK", "zh-MO", "zh-TW", "zh-Hans", "zh-Hans-CN", "zh-Hans-SG", "zh-Hant", "zh-Hant-TW", "zh-Hant-HK")
I18N = gr.I18n(**TEXTS, **{alias: TEXTS["zh-CN"] for alias in ALIASES})


def label(key: str):
    """The text of a component, which Gradio translates in the browser. Raises KeyError for an unknown key."""
    TEXTS["en"][key]
    return I18N(key)


def say(request: gr.Request | None, key: str, **values: object) -> str:
    """A text in the language that the request prefers, with `{names}` filled in. Raises KeyError for an unknown key."""
    return TEXTS[language(request)][key].format(**values)


def language(request: gr.Request | None) -> str:
    """What the page's address says with `lang=`, else `zh-CN` if the browser's first language is Chinese, else `en`."""
    return _asked(request.headers.get("referer", ""), request.headers.get("accept-language", "")) if request else "en"


@lru_cache(1024)
def _asked(address: str, accepted: str) -> str:
    asked = parse_qs(urlsplit(address).query).get("lang", [""])[0]
    return language_of(asked) or language_of(accepted) or "en"


def language_of(tag: str) -> str | None:
    """Our language for a language tag (RFC 5646), or for a list of them that begins with it: `zh` and `ZH-tw` are `zh-CN`; None where there is none."""
    return {"en": "en", "zh": "zh-CN"}.get(re.split("[-_,;]", tag, maxsplit=1)[0].lower())


def class_name(name: str, request: gr.Request | None) -> str:
    """A class in the reader's language; digits are their own names."""
    return name if name.isdigit() else say(request, f"class.{name}")


def class_choices(dataset: str) -> list[tuple[object, int]]:
    """A data set's classes for a component: what the browser shows, and the index that it means."""
    classes = DATASETS[dataset].classes
    return [(one if one.isdigit() else label(f"class.{one}"), index) for index, one in enumerate(classes)]


def percent(share: float, places: int = 1) -> str:
    """A probability, 0..1, in words: a network is never quite sure, and rounding must not say that it is."""
    least = 10 ** -(places + 2)
    if share > 1 - least / 2:
        return f">{1 - least:.{places}%}"
    return f"<{least:.{places}%}" if share < least / 2 else f"{share:.{places}%}"


def signed(value: float) -> str:
    """A number with its sign, to two places, with a true minus."""
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")  # + 0.0, for a rounded number can be -0.0


def size(count: int) -> str:
    """Bytes, exactly and in the nearest binary unit."""
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1 << power:
            return f"{count:,} B ({count / (1 << power):,.1f} {unit})"
    return f"{count:,} B"
