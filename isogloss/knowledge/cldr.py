"""Names of months, weekdays, currencies, languages and territories in every language, from CLDR through babel."""

from functools import cache

from babel import localedata


class Names:
    """The CLDR names of one locale.

    Months and weekdays are taken in their stand-alone form, the one a bare answer has.
    """

    def __init__(self, cldr: str):
        # babel resolves aliases in place in tables that all locales share with `root`, so the first locale whose stand-alone
        # months are read would answer for every other one. An empty cache gives each locale tables of its own.
        localedata._cache.clear()
        data = localedata.LocaleDataDict(localedata.load(cldr))
        self.cldr = cldr
        self._forms = {
            "month": [dict(data["months"][c][w]) for c in ("stand-alone", "format") for w in ("wide", "abbreviated")],
            "weekday": [dict(data["days"][c][w]) for c in ("stand-alone", "format") for w in ("wide", "abbreviated")],
            "currency": [dict(data["currency_names"])]
            + [{code: forms[n] for code, forms in data["currency_names_plural"].items() if n in forms} for n in ("one", "other")],
            "language": [dict(data["languages"])],
            "country": [dict(data["territories"])],
            "continent": [dict(data["territories"])],
        }
        localedata._cache.clear()

    def name(self, kind: str, value: str | int) -> str:
        """The name of `value` (a CLDR code, month 1-12 or weekday 0-6 from Monday) in class `kind`; KeyError if CLDR has none."""
        return self._forms[kind][0][value]

    def codes(self, kind: str) -> list[str | int]:
        """Whatever has a name in class `kind`."""
        return list(dict.fromkeys(code for forms in self._forms[kind] for code in forms))

    def forms(self, kind: str, short: bool) -> list[str]:
        """All names of months or weekdays that are abbreviated, or that are not."""
        return [text for forms in self._forms[kind][short::2] for text in forms.values()]

    def aliases(self, kind: str, value: str | int) -> list[str]:
        """Every distinct CLDR form of `value`, the stand-alone wide name first."""
        return list(dict.fromkeys(forms[value] for forms in self._forms[kind] if value in forms))


@cache
def names(cldr: str) -> Names:
    """The names of a locale, read once a process."""
    return Names(cldr)
