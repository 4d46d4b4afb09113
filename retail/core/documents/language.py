"""Which way a language is written, and keeping a value whole inside a text that runs the other way."""

from typing import Any

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "ur", "yi"})


def is_right_to_left(language: str) -> bool:
    """Whether "ar", "ar_EG" or "ar-EG" is written from right to left."""
    return language.replace("-", "_").partition("_")[0].lower() in RIGHT_TO_LEFT


def isolated(value: Any) -> Any:
    """`value` with each text in it shown in its own direction (Unicode's first strong isolate).

    Without this an address or an amount in an Arabic receipt is torn apart: “12 Mill Lane” reads “Mill Lane 12”.
    """
    if isinstance(value, str):
        return f"\u2068{value}\u2069" if value else value
    if isinstance(value, dict):
        return {key: isolated(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [isolated(each) for each in value]
    return value
