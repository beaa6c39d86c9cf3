"""Uploads are judged by what is in them, and nothing of them is kept as it came."""

import zlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from billingportal.domain.branding.images import LARGEST_UPLOAD, reencode
from billingportal.errors import Refusal


def saved(image: Image.Image, form: str, **given: object) -> bytes:
    written = BytesIO()
    image.save(written, form, **given)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_pictures_become_small_pngs(form: str) -> None:
    picture = reencode("logo_light", saved(Image.new("RGB", (1200, 300), "#3956c1"), form))
    image = opened(picture.content)
    assert (picture.media_type, image.format, image.size) == ("image/png", "PNG", (384, 96))


def test_a_heavy_logo_becomes_a_lighter_webp() -> None:
    upload = saved(Image.effect_noise((480, 96), 90), "PNG")
    picture = reencode("logo_dark", upload)
    assert (picture.media_type, opened(picture.content).format) == ("image/webp", "WEBP")
    assert len(picture.content) < len(upload)


def test_a_favicon_is_square_whatever_was_uploaded() -> None:
    image = opened(reencode("favicon", saved(Image.new("RGB", (300, 100), "red"), "PNG")).content)
    assert image.size == (128, 128)
    assert image.getpixel((64, 2)) == (0, 0, 0, 0)
    assert image.getpixel((64, 64)) == (255, 0, 0, 255)


def test_nothing_hidden_in_a_picture_survives() -> None:
    notes = PngInfo()
    notes.add_text("Comment", "taken at home")
    png = saved(Image.new("RGB", (20, 20)), "PNG", pnginfo=notes) + b"<script>alert(1)</script>"
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    jpeg = saved(Image.new("RGB", (20, 20)), "JPEG", exif=exif)
    for upload in (png, jpeg):
        content = reencode("logo_light", upload).content
        assert b"taken at home" in upload
        assert b"taken at home" not in content
        assert b"script" not in content


def test_a_photo_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    image = opened(reencode("logo_light", saved(Image.new("RGB", (40, 80)), "JPEG", exif=exif)).content)
    assert image.size == (80, 40)


def test_equal_content_has_an_equal_address() -> None:
    upload = saved(Image.new("RGB", (20, 20), "red"), "PNG")
    assert reencode("favicon", upload).digest == reencode("favicon", upload).digest
    assert reencode("favicon", upload).digest != reencode("logo_light", upload).digest


@pytest.mark.parametrize(
    "upload",
    [
        b"GIF89a<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n",
        saved(Image.new("RGB", (90, 90), "red"), "PNG")[:60],
        saved(Image.effect_noise((90, 90), 50), "JPEG")[:400],
        saved(Image.new("RGB", (90, 90)), "BMP"),
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7",
        bytes(200),
    ],
)
def test_what_is_no_picture_is_refused(upload: bytes) -> None:
    with pytest.raises(Refusal, match="not a picture that can be read") as refused:
        reencode("favicon", upload)
    assert refused.value.field == "favicon"


def test_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(Refusal, match="Choose a file first"):
        reencode("favicon", b"")
    with pytest.raises(Refusal, match="At most 512 KB are taken"):
        reencode("favicon", bytes(LARGEST_UPLOAD + 1))


@pytest.mark.parametrize("size", [(6000, 6000), (12_000, 12_000), (30_000, 30_000)])
def test_a_small_file_with_too_many_pixels_is_refused_before_it_is_unpacked(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    header = saved(Image.new("1", (1, 1)), "PNG")
    width, height = (side.to_bytes(4, "big") for side in size)
    chunk = b"IHDR" + width + height + header[24:29]
    bomb = header[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + header[33:]
    monkeypatch.setattr("PIL.ImageOps.exif_transpose", None)
    with pytest.raises(Refusal, match=r"Make it smaller|not a picture"):
        reencode("logo_light", bomb)
