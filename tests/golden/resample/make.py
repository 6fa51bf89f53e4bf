#!/usr/bin/python3
"""Writes cases.json: what Pillow's resize and NumPy's standardizing make of pictures that a formula gives."""
import hashlib
import json
import os

import numpy as np
from PIL import Image

FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS, "nearest": Image.NEAREST,
           "box": Image.BOX, "hamming": Image.HAMMING}
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32)


def picture(kind, width, height):
    """The twin of Support/FormulaPicture.cs; all arithmetic is on unsigned 32 bits."""
    y, x, c = np.meshgrid(np.arange(height, dtype=np.uint32), np.arange(width, dtype=np.uint32),
                          np.arange(3, dtype=np.uint32), indexing="ij")
    if kind == "gradient":
        v = x * np.uint32(7) + y * np.uint32(3) + c * np.uint32(50)
    elif kind == "checker":
        v = ((x ^ y) & np.uint32(1)) * np.uint32(255)
    else:
        v = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791)
        v = (v ^ v >> np.uint32(13)) * np.uint32(0x5BD1E995)
        v ^= v >> np.uint32(15)
        if kind == "binary":
            v = (v & np.uint32(1)) * np.uint32(255)
    return Image.fromarray((v & np.uint32(255)).astype(np.uint8), "RGB")


def resizes():
    pairs = [
        ((1, 1), (1, 1)), ((1, 1), (7, 5)), ((1, 1), (224, 224)), ((2, 3), (3, 2)), ((7, 5), (1, 1)), ((3, 1), (1, 3)),
        ((16, 16), (16, 16)), ((16, 16), (15, 17)), ((16, 16), (16, 5)), ((16, 16), (5, 16)), ((16, 16), (16, 40)), ((16, 16), (40, 16)),
        ((33, 900), (224, 6109)), ((33, 900), (8, 224)), ((900, 33), (224, 8)), ((900, 33), (31, 40)), ((1, 900), (1, 224)), ((900, 1), (64, 3)),
        ((97, 61), (31, 20)), ((97, 61), (96, 60)), ((97, 61), (98, 62)), ((97, 61), (194, 122)), ((640, 480), (298, 224)),
        ((641, 479), (320, 224)), ((1440, 1080), (298, 224)), ((320, 240), (992, 736)), ((255, 257), (256, 256)), ((1000, 37), (13, 37)),
    ]
    for source, target in pairs:
        for kind in ("noise", "binary", "gradient", "checker"):
            for name, pillow in FILTERS.items():
                pixels = picture(kind, *source).resize(target, pillow).tobytes()
                yield {"picture": kind, "source": source, "target": target, "filter": name,
                       "sha256": hashlib.sha256(pixels).hexdigest()}


def clips():
    sources = [(1, 1), (224, 224), (300, 224), (225, 224), (224, 301), (33, 900), (900, 33), (640, 480), (481, 641), (1437, 1079), (100, 99), (1, 700), (700, 1)]
    for source in sources:
        for size in (32, 224, 336):
            for kind in ("noise", "binary", "gradient"):
                if max(source) / min(source) * size * size > 60_000_000:
                    continue
                image = picture(kind, *source)
                if image.width < image.height:
                    image = image.resize((size, int(image.height / image.width * size)), Image.BICUBIC)
                else:
                    image = image.resize((int(image.width / image.height * size), size), Image.BICUBIC)
                left, top = int(image.width / 2 - size / 2), int(image.height / 2 - size / 2)
                image = image.crop((left, top, left + size, top + size))
                tensor = (np.asarray(image, dtype=np.float32) / 255.0 - MEAN) / STD
                assert tensor.dtype == np.float32
                tensor = np.ascontiguousarray(tensor.transpose(2, 0, 1))
                yield {"picture": kind, "source": source, "size": size, "sha256": hashlib.sha256(tensor.tobytes()).hexdigest()}


def lines(cases):
    return "[\n" + ",\n".join("    " + json.dumps(case) for case in cases) + "\n  ]"


if __name__ == "__main__":
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.json"), "w") as out:
        out.write('{\n  "resize": ' + lines(resizes()) + ',\n  "clip": ' + lines(clips()) + "\n}\n")
