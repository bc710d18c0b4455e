"""What users type and scripts send, as settings or as a sentence about what is wrong with it."""

import re


SEPARATORS = r"[\s,，、]+"  # between widths


class SettingsError(ValueError):
    """Settings that cannot be; `key` and `values` name the sentence for the user."""

    def __init__(self, key: str, **values: str):
        super().__init__(key)
        self.key, self.values = key, values


def whole_numbers(text: str) -> list[int]:
    """`128, 64` -> [128, 64]; nothing -> []. Raises SettingsError."""
    try:
        return [int(number) for number in re.split(SEPARATORS, text) if number]
    except ValueError as error:
        raise SettingsError("error.widths") from error
