"""Pictures of the demonstration's goods, drawn here: the same every time, and nobody's property."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

SIDE = 640
BACKDROP, SHADE = (244, 242, 238), (214, 209, 201)
Points = list[tuple[float, float]]

SHIRT: Points = [
    (0.36, 0.16), (0.44, 0.20), (0.56, 0.20), (0.64, 0.16), (0.86, 0.30), (0.78, 0.46), (0.69, 0.40), (0.69, 0.84),
    (0.31, 0.84), (0.31, 0.40), (0.22, 0.46), (0.14, 0.30),
]  # fmt: skip
DRESS: Points = [
    (0.38, 0.12), (0.43, 0.22), (0.57, 0.22), (0.62, 0.12), (0.67, 0.14), (0.63, 0.40), (0.80, 0.90), (0.20, 0.90),
    (0.37, 0.40), (0.33, 0.14),
]  # fmt: skip
TROUSERS: Points = [
    (0.34, 0.12), (0.66, 0.12), (0.72, 0.90), (0.56, 0.90), (0.50, 0.38), (0.44, 0.90), (0.28, 0.90),
]  # fmt: skip
SHAPES = {"shirt": SHIRT, "dress": DRESS, "trousers": TROUSERS}


def garment(shape: str, color: str, *, back: bool = False) -> bytes:
    """A garment laid flat in a color, from the front or the back."""
    picture, draw = _begin()
    points = [(x * SIDE, y * SIDE) for x, y in SHAPES[shape]]
    _cast_shadow(picture, points)
    draw = ImageDraw.Draw(picture)
    fill = _rgb(color)
    draw.polygon(points, fill=fill, outline=_toned(fill, 0.72))
    seam = _toned(fill, 0.82)
    if shape == "trousers":
        draw.line([(0.50 * SIDE, 0.14 * SIDE), (0.50 * SIDE, 0.38 * SIDE)], fill=seam, width=4)
        draw.line([(0.34 * SIDE, 0.17 * SIDE), (0.66 * SIDE, 0.17 * SIDE)], fill=seam, width=4)
    elif not back:
        neck = (0.44 * SIDE, 0.13 * SIDE, 0.56 * SIDE, 0.26 * SIDE)
        draw.pieslice(neck, 0, 180, fill=BACKDROP, outline=seam)
        for button in range(4 if shape == "shirt" else 0):
            y = (0.34 + button * 0.12) * SIDE
            draw.ellipse((0.493 * SIDE, y, 0.507 * SIDE, y + 0.014 * SIDE), fill=seam)
    else:
        draw.line([(0.36 * SIDE, 0.28 * SIDE), (0.64 * SIDE, 0.28 * SIDE)], fill=seam, width=4)
    return _finished(picture)


def jewel(shape: str, metal: str, stone: str = "") -> bytes:
    """A ring, chain, bangle or pendant of a metal's color, with or without a stone."""
    picture, draw = _begin()
    fill = _rgb(metal)
    dark, light = _toned(fill, 0.7), _toned(fill, 1.18)
    middle = SIDE / 2
    radius = {"ring": 150, "bangle": 215, "chain": 225}.get(shape, 40)
    if shape == "chain":
        for link in range(36):
            x = middle - 225 + link * 450 / 35
            y = 150 + 0.006 * (450 / 2) ** 2 - 0.006 * (x - middle) ** 2
            draw.ellipse((x - 11, y - 7, x + 11, y + 7), outline=dark, width=4)
    elif shape == "pendant":
        draw.arc((middle - 190, -170, middle + 190, 330), 20, 160, fill=dark, width=5)
        draw.ellipse((middle - 75, 300, middle + 75, 450), fill=fill, outline=dark, width=6)
    else:
        box = (middle - radius, middle - radius + 40, middle + radius, middle + radius + 40)
        draw.ellipse(box, outline=dark, width=34)
        draw.ellipse([edge + (6 if at < 2 else -6) for at, edge in enumerate(box)], outline=fill, width=22)
        draw.arc([edge + (12 if at < 2 else -12) for at, edge in enumerate(box)], 200, 290, fill=light, width=8)
    if stone:
        top = 375 if shape == "pendant" else middle + 40 - radius
        color = _rgb(stone)
        gem = [(middle - 46, top - 18), (middle - 24, top - 48), (middle + 24, top - 48), (middle + 46, top - 18)]
        draw.polygon([*gem, (middle, top + 36)], fill=color, outline=_toned(color, 0.7))
        draw.line([gem[0], gem[3]], fill=_toned(color, 1.25), width=3)
    return _finished(picture)


def grocery(shape: str, color: str, band: str) -> bytes:
    """A jar, bottle, bag or piece of fruit, with a label in the color of `band`."""
    picture, draw = _begin()
    fill, label = _rgb(color), _rgb(band)
    dark = _toned(fill, 0.75)
    if shape == "fruit":
        for x, y in ((220, 330), (350, 300), (300, 420), (420, 410)):
            draw.ellipse((x - 85, y - 85, x + 85, y + 85), fill=fill, outline=dark, width=4)
            draw.ellipse((x - 45, y - 60, x - 15, y - 35), fill=_toned(fill, 1.2))
        return _finished(picture)
    boxes = {"jar": (200, 190, 440, 540), "bottle": (235, 230, 405, 570), "bag": (180, 150, 460, 550)}
    left, top, right, bottom = boxes[shape]
    draw.rounded_rectangle((left + 14, top + 20, right + 20, bottom + 14), 40, fill=SHADE)
    draw.rounded_rectangle((left, top, right, bottom), 18 if shape == "bag" else 44, fill=fill, outline=dark, width=4)
    if shape == "jar":
        draw.rounded_rectangle((left + 12, top - 50, right - 12, top + 14), 14, fill=label)
    if shape == "bottle":
        draw.rectangle((290, 110, 350, 240), fill=fill)
        draw.rounded_rectangle((284, 90, 356, 130), 8, fill=label)
    height = bottom - top
    draw.rectangle((left, top + height * 0.36, right, top + height * 0.72), fill=label)
    for line, width in ((0.44, 0.6), (0.53, 0.44), (0.61, 0.5)):
        inset = (right - left) * (1 - width) / 2
        draw.rectangle((left + inset, top + height * line, right - inset, top + height * line + 12), fill=BACKDROP)
    return _finished(picture)


def _begin() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (SIDE, SIDE), BACKDROP)
    return picture, ImageDraw.Draw(picture)


def _cast_shadow(picture: Image.Image, points: Points) -> None:
    shadow = Image.new("L", picture.size, 0)
    ImageDraw.Draw(shadow).polygon([(x + 10, y + 14) for x, y in points], fill=150)
    picture.paste(Image.new("RGB", picture.size, SHADE), mask=shadow.filter(ImageFilter.GaussianBlur(9)))


def _finished(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.filter(ImageFilter.SMOOTH).save(out, "WEBP", quality=82, method=2)
    return out.getvalue()


def _rgb(color: str) -> tuple[int, int, int]:
    plain = color.lstrip("#")
    return int(plain[:2], 16), int(plain[2:4], 16), int(plain[4:], 16)


def _toned(color: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    red, green, blue = (min(round(part * factor), 255) for part in color)
    return red, green, blue
