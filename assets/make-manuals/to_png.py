"""Draws the scanner figure of the AGV-15 page; the same bytes every time."""

from PIL import Image, ImageDraw


def make(path):
    """Writes the PNG: the vehicle from above, 100 pixels a metre, and its two fields."""
    image = Image.new("P", (480, 260), 0)
    image.putpalette([255, 255, 255, 190, 215, 240, 245, 205, 120, 60, 60, 60, 0, 0, 0])
    draw = ImageDraw.Draw(image)
    draw.polygon([(170, 80), (410, 30), (410, 230), (170, 180)], fill=1, outline=4)
    draw.polygon([(170, 80), (260, 65), (260, 195), (170, 180)], fill=2, outline=4)
    draw.rectangle((20, 80, 170, 180), fill=3, outline=4)
    draw.text((62, 125), "AGV-15", fill=0)
    draw.text((200, 125), "0.9 m", fill=4)
    draw.text((320, 125), "2.4 m", fill=4)
    draw.text((20, 10), "driving direction ->", fill=4)
    image.save(path, optimize=True)
