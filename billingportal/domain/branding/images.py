"""Logos and favicons: validated and re-encoded, so that no uploaded bytes are served as they came."""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.branding.svg import is_vector, rewritten_vector
from billingportal.domain.common import audit
from billingportal.domain.common.locks import BRANDING, take_turns
from billingportal.errors import Refusal
from billingportal.models import BrandPicture
from billingportal.models.branding import PictureUse

NAMES: dict[PictureUse, str] = {
    "logo_light": "logo for light pages",
    "logo_dark": "logo for dark pages",
    "favicon": "favicon",
}
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "ICO")
LARGEST_UPLOAD = 512 * 1024
MOST_PIXELS = 5000 * 5000
# Pages show logos 32 pixels high: three times that is sharp on every screen.
LOGO_BOX = (480, 96)
FAVICON_SIZE = (128, 128)
HEAVY = 20_000
# The errors that Pillow raises for files that are cut off, broken or too large.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True)
class Picture:
    """A re-encoded picture, as it is stored and served."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.media_type.encode() + b"\n" + self.content).hexdigest()[:32]


def find_image(session: Session, digest: str) -> BrandPicture | None:
    """The picture with this content."""
    return session.scalar(select(BrandPicture).where(BrandPicture.digest == digest).limit(1))


def replace_image(session: Session, use: PictureUse, picture: Picture, *, staff_id: int) -> None:
    """Store the picture for this use, in place of the former one."""
    take_turns(session, BRANDING)
    row = session.get(BrandPicture, use) or BrandPicture(use=use)
    row.media_type, row.content, row.digest = picture.media_type, picture.content, picture.digest
    row.updated_at = clock.now()
    session.add(row)
    audit.record_act(session, audit.Act("branding.picture_replaced", f"Uploaded the {NAMES[use]}", staff_id=staff_id))


def remove_image(session: Session, use: PictureUse, *, staff_id: int) -> None:
    """Delete the picture of this use, if any."""
    take_turns(session, BRANDING)
    row = session.get(BrandPicture, use)
    if row is not None:
        session.delete(row)
        audit.record_act(session, audit.Act("branding.picture_removed", f"Removed the {NAMES[use]}", staff_id=staff_id))


def reencode(use: PictureUse, upload: bytes) -> Picture:
    """Re-encode the uploaded picture in the size that pages need. Its format is detected from the bytes, never from its
    file name. Raises Refusal.
    """
    if not upload:
        raise Refusal(use, "Choose a file first.")
    if len(upload) > LARGEST_UPLOAD:
        raise Refusal(use, f"This file has {len(upload) // 1024:,} KB. At most {LARGEST_UPLOAD // 1024} KB are taken.")
    if is_vector(upload):
        return Picture("image/svg+xml", rewritten_vector(use, upload))
    try:
        return drawn(use, upload)
    except BROKEN:
        raise Refusal(
            use, "This is not a picture that can be read. Upload a PNG, JPEG, WebP, GIF or SVG file."
        ) from None


def drawn(use: PictureUse, upload: bytes) -> Picture:
    with Image.open(BytesIO(upload), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise Refusal(use, f"This picture has {opened.width:,} by {opened.height:,} pixels. Make it smaller.")
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    if use == "favicon":
        return Picture("image/png", encoded(ImageOps.pad(upright, FAVICON_SIZE, color=(0, 0, 0, 0)), "PNG"))
    upright.thumbnail(LOGO_BOX)
    plain = encoded(upright, "PNG")
    if len(plain) <= HEAVY:
        return Picture("image/png", plain)
    return Picture("image/webp", encoded(upright, "WEBP"))


def encoded(image: Image.Image, to: str) -> bytes:
    """The image's pixels only: no comments, locations, colour profiles or other metadata of the file."""
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    written = BytesIO()
    bare.save(written, to, optimize=True, quality=85)
    return written.getvalue()
