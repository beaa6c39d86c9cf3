"""The currencies that Stripe accepts."""

from decimal import Decimal

from billingportal.sandbox.http.errors import invalid

ALL = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils
inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mro mur mvr
mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd
shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar
zmw
"""
KNOWN = frozenset(ALL.split())
ZERO_DECIMAL = frozenset({"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv"})
ZERO_DECIMAL_FRANCS = frozenset({"xaf", "xof", "xpf"})
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# The least that a charge may be, in minor units (Stripe, "Supported currencies", "Minimum and maximum charge amounts").
MINIMUM_CHARGES = {
    **dict.fromkeys(("aud", "brl", "cad", "chf", "eur", "inr", "nzd", "sgd", "usd", "jpy"), 50),
    **{"aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500, "mxn": 1000},
    **{"myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000},
}
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def check_currency(text: str, param: str) -> str:
    """The currency in lower case. Raises Refused for one that Stripe does not accept."""
    currency = text.lower()
    if currency not in KNOWN:
        message = (
            f"Invalid currency: {currency}. Stripe currently supports these currencies: {', '.join(sorted(KNOWN))}"
        )
        raise invalid(message, param)
    return currency


def spelled(minor: Decimal, currency: str) -> str:
    """An amount of minor units as invoice lines spell it: `$10.00`, `1.5 KWD`."""
    places = 0 if currency in ZERO_DECIMAL | ZERO_DECIMAL_FRANCS else 3 if currency in THREE_DECIMAL else 2
    major = minor.scaleb(-places)
    digits = f"{major:.{places}f}" if major == round(major, places) else format(major.normalize(), "f")
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{digits}" if symbol else f"{digits} {currency.upper()}"
