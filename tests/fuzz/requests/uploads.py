"""Files that somebody may upload: good pictures, and those that want to fill memory, run scripts or break decoders."""

import struct
import zlib
from functools import cache
from io import BytesIO

from PIL import Image

NAMES = ("logo.png", "", "a\x00.png", "../../etc/passwd", "a" * 300 + ".svg", '"; x="', "ü.svg", "con", ".htaccess")
TYPES = ("image/png", "image/svg+xml", "text/html", "", "image/x-\xff", "application/octet-stream")
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


@cache
def every_upload() -> tuple[bytes, ...]:
    """Good ones and bad ones, a few hundred kilobytes in all."""
    good = [picture("PNG"), picture("JPEG"), picture("GIF"), picture("WEBP"), picture("ICO")]
    cut = [one[: len(one) // 2] for one in good]
    bent = [one[:40] + b"\xff" * 8 + one[48:] for one in good]
    return (b"", b"\x00", b"PK\x03\x04" + b"\x00" * 200, b"GIF89a", *good, *cut, *bent, *large(), *vectors())


def picture(kind: str, side: int = 64) -> bytes:
    made = BytesIO()
    Image.new("RGB", (side, side), (40, 90, 160)).save(made, kind)
    return made.getvalue()


def large() -> list[bytes]:
    """Small files that say they are huge, and ones that are, once unpacked."""
    bomb = BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG", optimize=True)
    says_huge = png_of(200_000, 200_000, b"\x00" * 100)
    is_nothing = png_of(0, 0, b"")
    return [bomb.getvalue(), says_huge, is_nothing, png_of(1, 2**31 - 1, b"\x00"), gzip_of(b"<svg " + b"x" * 5_000_000)]


def png_of(width: int, height: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def gzip_of(data: bytes) -> bytes:
    made = zlib.compressobj(9, zlib.DEFLATED, 31)
    return made.compress(data) + made.flush()


def vectors() -> list[bytes]:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    texts = [
        f'<svg {NAMESPACE} viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>',
        f"<svg {NAMESPACE}><script>fuzz()</script></svg>",
        f'<svg {NAMESPACE} onload="fuzz()" width="1e400" height="-1"/>',
        f'<!DOCTYPE svg [<!ENTITY a0 "aaaaaaaaaa">{entities}]><svg {NAMESPACE}><text>&a8;</text></svg>',
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg {NAMESPACE}><text>&x;</text></svg>',
        f"<svg {NAMESPACE}>" + "<g>" * 20_000 + "</g>" * 20_000 + "</svg>",
        f"<svg {NAMESPACE}>" + "<g>" * 5000,
        f'<svg {NAMESPACE} viewBox="NaN 0 1e999 {"9" * 400}"><use href="https://evil.example/#a"/></svg>',
        "<svg/>",
        "<?xml version='1.0' encoding='utf-7'?><svg/>",
        "<?xml version='1.0' encoding='nothing'?><svg/>",
        f"<svg {NAMESPACE}><image href='data:image/png;base64,AAAA'/></svg>",
        "<html><body>" + "x" * 100,
    ]
    return [*(text.encode() for text in texts), texts[0].encode("utf-16"), texts[0].encode("utf-32"), b"\xff<svg/>"]
