"""Texts, numbers, dates and bodies that break careless code."""

# Unescaped in a page, or worked out by a template, these are found again.
TAG = "<img src=x onerror=fuzz()>"
SUM, SUM_DONE = "{{ 987654321 * 3 }}${987654321*3}", "2962962963"

NULS = ("\x00", "a\x00b", "7\x00", "\x00" * 50)
SURROGATES = ("\ud800", "a\udfffb", "\udc80\udcff")
NUMBERS = (
    *("0", "-1", "-0", "+7", " 7 ", "1_000", "0x10", "1,5", "1.000,00", "1e309", "1e30", "-1e-30", "NaN", "-Infinity"),
    *(str(2**31 - 1), str(2**31), str(2**32), str(2**63 - 1), str(2**63), str(2**64), str(10**30), str(-(10**30))),
    *(
        "9" * 40,
        "9" * 400,
        "9" * 5000,
        "0." + "0" * 40 + "1",
        "1" + "0" * 29 + ".5",
        "0" * 300 + "1",
        "999999999999.99",
    ),
    *("٣", "１２", "²", "⅓", "①", "४२", "1\u00a0000", "−5", "1e1000000000", "0.1e99999", "4e5", "--5", ".", "5.", ".5"),
)
DATES = (
    *("0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-13-01", "-271821-04-20"),
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-11-26T25:61", "1969-12-31", "2026-W01-1", "20261126"),
    *("253402300800", "-62135596801", "-1", str(10**18), "2026-11-26T10:00:00.123456789Z", "２０２６-11-26"),
)
TEXTS = (
    *("", " ", "\t\n", "\u202egnp.exe", "\u2066\u2067\u2068", "\u200b", "\ufeff", "e" + "\u0301" * 200, "ß", "İ", "ﬁ"),
    *(
        "👩‍👩‍👧‍👦" * 20,
        "A" * 256,
        "A" * 70_000,
        "é" * 300,
        "\r\nX-Injected: 1",
        "\x1b[31m",
        "\x7f\x85\u2028\u2029",
        "\\",
    ),
    *(
        "' OR 1=1 --",
        '"; DROP TABLE client; --',
        "%",
        "_",
        "%s%n%(x)s",
        "{0.__class__}",
        "1; SELECT 1",
        "\\'",
        "*",
        "(" * 99,
    ),
    *(
        TAG,
        SUM,
        "{% raise %}",
        "]]>",
        "<!--",
        "&#0;",
        "&amp;amp;",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
    ),
    *(
        "https://evil.example",
        "/\\evil.example",
        "https://[::1",
        "http://[",
        "http://a:99999/",
        "http://a:b/",
        "/%0d%0aX: 1",
    ),
    *(
        "mailto:a@b.example?bcc=c@d.example",
        "https://xn--.example",
        "http://\u2100.example",
        "ftp://a",
        "http://a b",
        "/",
    ),
    *(
        "__class__",
        "../../../etc/passwd",
        "..",
        ".",
        "a/b",
        "a?b",
        "a#b",
        "a;b",
        "a&b=c",
        "%00",
        "%ff",
        "%ED%A0%80",
        "%",
    ),
    *("{}", "[]", "null", "true", "[" * 500, "a@b", "@", "a" * 300 + "@x.example", '"a b"@x.example', "ä@ö.example"),
    *(
        "a@[127.0.0.1]",
        "a@b.example\nBcc: c@d.example",
        "#zzzzzz",
        "#12",
        "rgb(0,0,0)",
        "zzz",
        "jpy",
        "bhd",
        "USD",
        "xxx",
    ),
    *(
        "price_",
        "price_x",
        "cus_x",
        "sub_../..",
        "in_" + "9" * 300,
        "sk_test_x",
        "whsec_x",
        "localhost:1",
        "month",
        "now",
    ),
)
JSON_VALUES = ("null", "true", "[]", "{}", "-1", "1e400", "NaN", '""', "[[[[]]]]", '"\\u0000"', '"\\ud800"', "9" * 400)
HEADERS = (
    "",
    "\xff\xfe",
    "a" * 8000,
    "true",
    "*/*",
    "bytes=0-",
    ";",
    ",",
    "=",
    '"',
    "W/",
    "1",
    "../",
    "utf-8",
    "gzip;q=x",
)
TYPES = (
    *("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "application/xml"),
    *("application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; charset=\xff", "a", ";"),
    *("multipart/form-data; boundary=" + "x" * 3000, "multipart/mixed; boundary=fuzz"),
)
BODIES = (
    *(
        b"",
        b"\x00",
        b"\xff\xfe\xfd",
        b"{",
        b"[" * 20_000,
        b"null",
        b'{"a": NaN}',
        b"<?xml version='1.0'?>",
        b"=",
        b"&" * 3000,
    ),
    *(
        b"a=1&a=2&a[]=3&a[b]=4&=5&&",
        b"%",
        b"a=%",
        b"%00=%00",
        b"--fuzz\r\n\r\n",
        b"--fuzz--",
        b"--fuzz\r\nContent-Disposition",
    ),
    *(
        b'--fuzz\r\nContent-Disposition: form-data; name="a"\r\n\r\nb',
        b"--fuzz\r\nContent-Disposition: form-data\r\n\r\nb\r\n",
    ),
    *(
        b'--fuzz\r\nContent-Disposition: form-data; name="a"; filename="\x00"\r\n\r\nb\r\n--fuzz--\r\n',
        b"x" * 1_100_000,
    ),
    *(b"&".join(b"a%d=1" % number for number in range(1500)),),
)
# What the entrance refuses altogether comes less often than what has to be looked at further in.
KINDS = ((*NULS, *SURROGATES), NUMBERS, NUMBERS, NUMBERS, DATES, TEXTS, TEXTS, TEXTS)
