#!/usr/bin/python3
"""Writes pixels.json: what OpenCV and Pillow make of pictures that a formula gives (see ../SOURCES.md)."""
import hashlib
import importlib.util
import json
import math
import os
import random

import cv2
import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("resample", os.path.join(HERE, "..", "resample", "make.py"))
resample = importlib.util.module_from_spec(spec)
spec.loader.exec_module(resample)

TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32)


def pixels(kind, size):
    return np.asarray(resample.picture(kind, *size))


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def resizes():
    pairs = [
        ((1, 1), (1, 1)), ((1, 1), (7, 5)), ((1, 1), (640, 640)), ((2, 1), (1, 1)), ((1, 2), (1, 1)), ((2, 2), (1, 1)), ((3, 1), (17, 1)), ((1, 3), (1, 17)),
        ((2, 3), (3, 2)), ((7, 5), (1, 1)), ((5, 7), (64, 1)), ((5, 7), (1, 64)), ((4, 4), (2, 2)), ((6, 4), (3, 4)), ((6, 4), (6, 2)), ((8, 6), (4, 3)),
        ((16, 16), (16, 16)), ((16, 16), (15, 17)), ((16, 16), (40, 16)), ((16, 16), (16, 40)), ((16, 16), (32, 32)), ((16, 16), (8, 8)), ((15, 17), (8, 8)),
        ((33, 900), (23, 640)), ((900, 33), (640, 23)), ((97, 61), (31, 20)), ((97, 61), (96, 60)), ((97, 61), (98, 62)), ((97, 61), (640, 402)),
        ((640, 480), (320, 240)), ((640, 480), (213, 160)), ((641, 479), (320, 240)), ((641, 479), (640, 478)), ((1440, 1080), (640, 480)), ((1080, 1440), (480, 640)),
        ((1280, 960), (640, 480)), ((1281, 960), (640, 479)), ((1920, 1080), (640, 360)), ((320, 240), (640, 480)), ((255, 257), (256, 256)), ((1000, 37), (13, 37)),
        ((37, 1000), (37, 13)), ((120, 31), (185, 48)), ((300, 48), (299, 48)), ((999, 61), (786, 48)), ((3, 3), (2000, 3)), ((2, 500), (3, 640)), ((4000, 3), (640, 1)),
        ((9, 8), (640, 568)), ((13, 2), (5, 1)), ((12, 6), (6, 3)), ((65, 33), (64, 32)), ((31, 63), (64, 32)),
    ]
    for source, target in pairs:
        for kind in ("noise", "binary", "gradient", "checker"):
            yield [kind, *source, *target, sha(cv2.resize(pixels(kind, source), target, interpolation=cv2.INTER_LINEAR))]


def matrices(rng):
    """Forward matrices: similarities as faces give them, and what else a caller could come up with."""
    for turn in range(0, 360, 15):
        for scale in (0.13, 0.6, 1, 1.7, 9):
            a, b = scale * math.cos(math.radians(turn)), scale * math.sin(math.radians(turn))
            yield [a, -b, rng.uniform(-60, 90), b, a, rng.uniform(-60, 90)]
    for _ in range(40):
        yield [rng.uniform(-2, 2) for _ in range(2)] + [rng.uniform(-150, 150)] + [rng.uniform(-2, 2) for _ in range(2)] + [rng.uniform(-150, 150)]
    yield from (
        [1, 0, 0, 0, 1, 0], [-1, 0, 111, 0, 1, 0], [1, 0, 0, 0, -1, 111], [0, 1, 0, 1, 0, 0], [1, 0, 0.5, 0, 1, 0.5], [1, 0, 1 / 64, 0, 1, -1 / 64],
        [1, 0, 10000, 0, 1, 0], [1, 0, -40, 0, 1, -70], [1, 0, 1e9, 0, 1, 1e9], [1e-3, 0, 0, 0, 1e-3, 0], [1e-6, 0, 0, 0, 1e-6, 0], [1e-9, 0, 5, 0, 1e-9, 5],
        [1e-12, 0, 0, 0, 1e-12, 0], [1e3, 0, 0, 0, 1e3, 0], [1e6, 3, 50, 5, 1e6, 50], [1e300, 0, 0, 0, 1e300, 0], [0, 0, 0, 0, 0, 0], [0, 0, 30, 0, 0, 40],
        [1, 2, 3, 2, 4, 6], [1e-5, 1e-5, 0, -1e-5, 1e-5, 0], [2e-5, 0, 56, 0, 2e-5, 56], [1, 1e7, 0, 0, 1, 0], [1e-4, 2, 0, 3, 1e-4, 1e5],
    )


def warps():
    rng = random.Random(1)
    sizes = [(1, 1), (2, 2), (1, 70), (70, 1), (97, 61), (160, 160), (320, 240), (640, 480)]
    for i, matrix in enumerate(matrices(rng)):
        size, kind = sizes[i % len(sizes)], ("noise", "binary", "gradient")[i % 3]
        warped = cv2.warpAffine(pixels(kind, size), np.array(matrix, np.float64).reshape(2, 3), (112, 112), borderValue=0)
        yield [kind, *size, *matrix, sha(warped)]


def umeyama(source, target):
    """Umeyama 1991 over a singular value decomposition, in double."""
    source, target = source.astype(np.float64), target.astype(np.float64)
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a / len(a))
    d = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(d) @ vt
    scale = (s * d).sum() / a.var(0).sum()
    return np.hstack([scale * rotation, (target.mean(0) - scale * rotation @ source.mean(0))[:, None]])


def similarities():
    rng = random.Random(2)
    for i in range(120):
        if i % 4 == 3:
            points = np.array([[rng.uniform(0, 640), rng.uniform(0, 480)] for _ in range(5)], np.float32)
        elif i % 4 == 2:
            # On one line, as a face in profile may be.
            points = np.array([[100 + 3 * t, 50 + 7 * t] for t in sorted(rng.uniform(0, 9) for _ in range(5))], np.float32)
        else:
            turn, scale = rng.uniform(0, 2 * math.pi), rng.uniform(0.1, 12)
            mirror = -1 if i % 8 == 1 else 1
            points = ((TEMPLATE * [mirror, 1]) @ [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]] * scale
                      + [rng.uniform(-50, 900), rng.uniform(-50, 900)] + np.array([[rng.gauss(0, scale) for _ in "xy"] for _ in range(5)])).astype(np.float32)
        yield [points.ravel().tolist(), umeyama(points, TEMPLATE).ravel().tolist()]


def lines(cases):
    return "[\n" + ",\n".join("    " + json.dumps(case, separators=(",", ":")) for case in cases) + "\n  ]"


if __name__ == "__main__":
    with open(os.path.join(HERE, "pixels.json"), "w") as out:
        out.write('{\n  "resize": ' + lines(resizes()) + ',\n  "warp": ' + lines(warps()) + ',\n  "similarity": ' + lines(similarities()) + "\n}\n")
