"""Amounts of money: whole minor units with a currency, exact fractions of them for unit prices, and formatting.

Minor units follow Stripe ("Supported currencies"): most currencies have hundredths, some none, some thousandths.
ISK and UGX have no coins below one, but Stripe still takes them in hundredths, ending in 00.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, get_currency_symbol

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
# Given to Stripe in hundredths, which must be 00.
WHOLE_ONLY = frozenset({"isk", "ugx"})
# The currencies that Stripe charges in; the common ones come first in forms.
COMMON = ("usd", "eur", "gbp", "cad", "aud", "chf", "jpy", "inr", "brl", "mxn")
CURRENCIES = frozenset(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
    cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr
    isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn
    myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sos
    srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw
    """.split()
)
# English that names a dollar's country: partners and their clients live in different ones.
LOCALE = "en_001"


@dataclass(frozen=True, order=True)
class Money:
    """A whole number of minor units of one currency, named by its lower-case code as Stripe does."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """The sum. Raises ValueError for two currencies."""
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.minor + other.minor, self.currency)

    def __str__(self) -> str:
        return text_of(Decimal(self.minor), self.currency)


def decimals(currency: str) -> int:
    """The decimals of a currency at Stripe: 2 for cents, 0 for yen, 3 for fils."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def to_major(minor: Decimal, currency: str) -> Decimal:
    """The amount in the currency itself: 1050 cents are 10.50 dollars."""
    return minor.scaleb(-decimals(currency))


def to_minor(major: Decimal, currency: str) -> Decimal:
    """The amount in minor units, exactly: 10.50 dollars are 1050 cents, 0.001 dollars a tenth of a cent."""
    return major.scaleb(decimals(currency))


def round_minor(minor: Decimal) -> int:
    """The nearest whole minor unit, halves away from zero, as Stripe rounds each invoice line."""
    return int(minor.quantize(Decimal(1), ROUND_HALF_UP))


@lru_cache(maxsize=4096)
def text_of(minor: Decimal, currency: str) -> str:
    """The amount with its currency, with as many decimals as it needs and at least the usual ones.

    It is cached: the same prices are on every page, and Babel is slow.
    """
    major = to_major(minor, currency)
    usual = get_currency_precision(currency.upper())
    needed = max(usual, -int(major.normalize().as_tuple().exponent))
    fraction = "0" * usual + "#" * (needed - usual)
    # A blank separates a code from the figure, but not a sign.
    gap = "\N{NO-BREAK SPACE}" if get_currency_symbol(currency.upper(), LOCALE)[-1].isalpha() else ""
    pattern = f"¤{gap}#,##0{'.' + fraction if fraction else ''}"
    return str(format_currency(major, currency.upper(), pattern, locale=LOCALE, currency_digits=False))
