#!/usr/bin/python3
"""Writes small pictures, one or more for each format that is read, and expect.json: what Pillow decodes them to."""
import hashlib
import json
import os
import struct
import sys

from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "resample"))
from make import picture  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT = 24, 17


def path(name):
    return os.path.join(HERE, name)


def write(name, data):
    with open(path(name), "wb") as out:
        out.write(data)


def bmp(information, height, rows):
    return b"BM" + struct.pack("<IHHI", 14 + len(information) + len(rows), 0, 0, 14 + len(information)) + information + rows


def made():
    rgb = picture("gradient", WIDTH, HEIGHT)
    rgba = rgb.copy()
    rgba.putalpha(picture("noise", WIDTH, HEIGHT).split()[0])
    rgb.save(path("baseline.jpg"), quality=90)
    rgb.save(path("progressive.jpg"), quality=90, progressive=True)
    rgb.convert("L").save(path("gray.jpg"))
    rgb.convert("CMYK").save(path("cmyk.jpg"))
    exif = Image.Exif()
    exif[0x0112] = 6
    rgb.save(path("orientation.jpg"), exif=exif)
    jpeg = open(path("baseline.jpg"), "rb").read()
    write("trailing.jpg", jpeg + b"PK\3\4 somebody else's bytes \xff\xd8\xff\xda")
    write("fill.jpg", jpeg[:2] + b"\xff\xff\xff" + jpeg[2:])
    write("stray.jpg", jpeg[:20] + b"\0\0\0\0" + jpeg[20:])
    rgb.save(path("rgb.png"))
    rgba.save(path("rgba.png"))
    rgb.quantize(16).save(path("palette.png"))
    rgb.convert("1").save(path("bilevel.png"))
    rgb.save(path("lossy.webp"), quality=80)
    rgb.save(path("lossless.webp"), lossless=True)
    rgba.save(path("alpha.webp"), quality=80, exact=True)
    rgb.save(path("animation.webp"), save_all=True, append_images=[picture("noise", WIDTH, HEIGHT)], duration=100)
    rgb.quantize(32).save(path("still.gif"))
    rgb.quantize(32).save(path("animation.gif"), save_all=True, append_images=[rgb.rotate(180).quantize(32)], duration=100)
    gif = open(path("still.gif"), "rb").read()
    write("grown.gif", gif[:6] + struct.pack("<HH", 9, 8) + gif[10:])
    rgb.save(path("rgb.bmp"))
    rgb.quantize(64).save(path("palette.bmp"))
    rows = open(path("rgb.bmp"), "rb").read()[54:]
    write("os2.bmp", bmp(struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, 24), HEIGHT, rows))
    write("topdown.bmp", bmp(struct.pack("<IiiHHIIiiII", 40, WIDTH, -HEIGHT, 1, 24, 0, 0, 0, 0, 0, 0), -HEIGHT, rows))


if __name__ == "__main__":
    made()
    expect = {}
    for name in sorted(os.listdir(HERE)):
        if name.endswith((".jpg", ".png", ".webp", ".gif", ".bmp")):
            with Image.open(path(name)) as image:
                pixels = image.convert("RGB").tobytes()
                expect[name] = {"width": image.width, "height": image.height, "sha256": hashlib.sha256(pixels).hexdigest()}
    write("expect.json", (json.dumps(expect, indent=2) + "\n").encode())
