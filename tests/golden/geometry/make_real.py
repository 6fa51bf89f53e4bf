#!/usr/bin/python3
"""Writes real_boxes.json and real_maps.bin.gz: make_real.py [FOLDER] (see ../SOURCES.md).

FOLDER holds what the benchmark program's `text-maps` wrote: maps of a real text detector. Without it the maps of the last run are kept. Maps that are hard
for contours in other ways are drawn here and follow them. Each is read with both ways of scoring and three limits.
"""
import glob
import gzip
import json
import os
import random
import re
import sys

import cv2
import numpy as np

from make import HERE, lines
from make_text import reference

INDEX, MAPS = os.path.join(HERE, "real_boxes.json"), os.path.join(HERE, "real_maps.bin.gz")


def detector(folder):
    seen = set()
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*"))):
        name, width, height = re.fullmatch(r"(.+)\.(\d+)x(\d+)", os.path.basename(path)).groups()
        with open(path, "rb") as file:
            levels = np.frombuffer(file.read(), np.uint8).reshape(int(height), int(width))
        if levels.tobytes() not in seen:
            seen.add(levels.tobytes())
            yield "detector " + name, levels


def kept():
    with open(INDEX) as file:
        names = json.load(file)["maps"]
    with gzip.open(MAPS) as file:
        for name, width, height in names:
            levels = np.frombuffer(file.read(width * height), np.uint8).reshape(height, width)
            if name.startswith("detector "):
                yield name, levels


def blobs(rng, width, height, step, largest, holes):
    """More blobs than the limit of 1,000, of different sizes, so that it shows which of them are looked at."""
    canvas = np.zeros((height, width), np.uint8)
    for y in range(0, height - step, step):
        for x in range(0, width - step, step):
            w, h, level = rng.randrange(3, largest), rng.randrange(3, largest), rng.randrange(70, 256)
            canvas[y:y + h, x:x + w] = level
            if holes and w > 5 and h > 5:
                canvas[y + 2:y + h - 2, x + 2:x + w - 2] = 0
    return canvas


def nested(width, height, step):
    """Frames within frames, the outermost on the border, each a level lower, and a blob in the middle."""
    canvas = np.zeros((height, width), np.uint8)
    for i, inset in enumerate(range(0, min(width, height) // 2 - step, 2 * step)):
        cv2.rectangle(canvas, (inset, inset), (width - 1 - inset, height - 1 - inset), 255 - 12 * i, step)
    canvas[height // 2 - 3:height // 2 + 3, width // 2 - 9:width // 2 + 9] = 250
    return canvas


def borders(rng, width, height):
    canvas = np.zeros((height, width), np.uint8)
    for x in range(4, width - 30, 36):
        canvas[:rng.randrange(1, 14), x:x + rng.randrange(4, 30)] = rng.randrange(90, 256)
        canvas[height - rng.randrange(1, 14):, x:x + rng.randrange(4, 30)] = rng.randrange(90, 256)
    for y in range(20, height - 30, 24):
        canvas[y:y + rng.randrange(3, 20), :rng.randrange(1, 25)] = rng.randrange(90, 256)
        canvas[y:y + rng.randrange(3, 20), width - rng.randrange(1, 25):] = rng.randrange(90, 256)
    for corner in ((slice(0, 9), slice(0, 15)), (slice(0, 9), slice(-15, None)), (slice(-9, None), slice(0, 15)), (slice(-9, None), slice(-15, None))):
        canvas[corner] = 200
    return canvas


def specks(rng, width, height, one_in):
    return np.array([[rng.randrange(77, 256) if rng.randrange(one_in) == 0 else 0 for _ in range(width)] for _ in range(height)], np.uint8)


def hard():
    rng = random.Random(8)
    yield "2,000 blobs", blobs(rng, 512, 416, 10, 9, False)
    yield "5,000 blobs", blobs(rng, 640, 640, 9, 8, False)
    yield "rings and blobs", blobs(rng, 640, 480, 13, 12, True)
    yield "wide rings and blobs", blobs(rng, 960, 544, 16, 15, True)
    yield "frames", nested(320, 224, 3)
    yield "thick frames", nested(256, 256, 5)
    yield "borders", borders(rng, 320, 224)
    yield "more borders", borders(rng, 224, 352)
    yield "whole", np.full((64, 96), 200, np.uint8)
    yield "one cell", np.pad(np.full((1, 1), 255, np.uint8), 20)
    for one_in in (2, 3, 5, 9, 20, 60):
        yield f"specks, 1 in {one_in}", specks(rng, 256, 192, one_in)
    for one_in in (5, 9, 60):
        grown = cv2.dilate(specks(rng, 512, 416, 8 * one_in), np.ones((3, 5), np.uint8))
        yield f"grown specks, 1 in {8 * one_in}", grown
        yield f"grown specks and their specks, 1 in {8 * one_in}", np.where(specks(rng, 512, 416, 4) > 0, 40, grown).astype(np.uint8)
    yield "checks", (np.indices((96, 128)).sum(0) % 2 * 255).astype(np.uint8)
    yield "threshold", (76 + np.indices((64, 160))[1] // 40).astype(np.uint8)


def cases(maps):
    rng = random.Random(9)
    for i, (_, levels) in enumerate(maps):
        height, width = levels.shape
        prob = levels.astype(np.float32) / np.float32(255)
        source = [rng.randrange(width // 2, 5 * width), rng.randrange(height // 2, 5 * height)]
        for fast in (True, False):
            for min_score in (0.3, 0.5, 0.6):
                yield [i, *source, min_score, fast, list(reference(prob, source, min_score, fast))]


if __name__ == "__main__":
    all_maps = list(detector(sys.argv[1]) if len(sys.argv) > 1 else kept()) + list(hard())
    for name, levels in all_maps:
        bits = cv2.dilate((levels > 76).astype(np.uint8), np.ones((2, 2), np.uint8))
        print(name, levels.shape, len(cv2.findContours(bits, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]), "contours")
    found = lines(cases(all_maps))
    with open(INDEX, "w") as out:
        out.write('{\n  "maps": ' + lines([name, levels.shape[1], levels.shape[0]] for name, levels in all_maps) + ',\n  "boxes": ' + found + "\n}\n")
    with open(MAPS, "wb") as out:
        out.write(gzip.compress(b"".join(levels.tobytes() for _, levels in all_maps), mtime=0))
