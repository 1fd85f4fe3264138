"""The words people read. `tr` translates, `tr_n` what depends on a number; `N_` and `NN_` only mark such texts, which
are translated later, where they are shown.

Catalogues are gettext's (resources/i18n/LANGUAGE/LC_MESSAGES/langrl.po and .mo); English is the source text itself.
"""

import gettext
import os
import unicodedata

from langrl_gui.core import resources

DOMAIN = "langrl"
LANGUAGES = ("en", "zh_CN")
GROUP = "\u202f"  # narrow no-break space, the separator of ISO 80000-1

_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def set_language(name: str) -> None:
    """Speak the language `name` ("en", "zh_CN", or any locale name; what is not known is answered in English)."""
    global _catalogue, _language
    _language = "zh_CN" if name.replace("-", "_").lower().startswith("zh") else "en"
    _catalogue = gettext.translation(DOMAIN, resources.root() / "i18n", [_language], fallback=True)


def language() -> str:
    """The language in use: one of LANGUAGES."""
    return _language


def language_of_environment() -> str:
    """The locale name that the environment asks for, as gettext reads it; "en" where it asks for none."""
    for key in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(key):
            return value.split(":")[0]
    return "en"


def count(number: int) -> str:
    """A whole number with its digits in groups of three."""
    return f"{number:,}".replace(",", GROUP)


def N_(message: str) -> str:  # noqa: N802 (gettext's customary name)
    """Mark `message` for the catalogues and return it as it is."""
    return message


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 (as N_)
    """The same for what depends on a number."""
    return one, many


def tr(message: str, **values: object) -> str:
    """`message` in the language in use, with {placeholders} filled from `values`."""
    return _filled(_catalogue.gettext(message) if message else "", values)


def tr_n(one: str, many: str, number: int, /, **values: object) -> str:
    """`one` where it is about one thing, `many` about any other `number`; by the rules of the language in use."""
    return _filled(_catalogue.ngettext(one, many, number), values)


def isolated(text: str) -> str:
    """`text` as a part of a sentence: what is written from right to left must not take along the numbers after it."""
    if text.isascii() or not any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in text):
        return text
    return f"\u2068{text}\u2069"  # Unicode's annex 9: first strong isolate, and its end


def _filled(text: str, values: dict[str, object]) -> str:
    """`text` with its {placeholders} filled; a {path} or a {key} stays as it is, for programs find things by it."""
    if not values:
        return text
    apart = {
        name: isolated(value)
        for name, value in values.items()
        if isinstance(value, str) and name not in ("path", "key")
    }
    return text.format(**values | apart)
