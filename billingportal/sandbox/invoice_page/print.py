"""A small PDF of some lines of text."""

HEAD = "%PDF-1.4\n"
REPLACED = {"×": "x", "–": "-", "−": "-", "€": "EUR ", "£": "GBP ", "¥": "JPY "}
TOP, LEADING = 790, 18


def pdf(lines: list[str]) -> str:
    """One page with a line of text each; what ASCII lacks is spelled out or left out."""
    content = "\n".join(shown(line, TOP - LEADING * number) for number, line in enumerate(lines))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
    ]
    text, offsets = HEAD, []
    for number, body in enumerate(objects, 1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF\n"
    return f"{text}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}"


def shown(line: str, height: int) -> str:
    """The PDF instruction that shows a line of text."""
    for sign, plain in REPLACED.items():
        line = line.replace(sign, plain)
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F1 11 Tf 50 {height} Td ({escaped.encode('ascii', 'ignore').decode()}) Tj ET"
