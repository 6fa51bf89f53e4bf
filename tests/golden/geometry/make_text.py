#!/usr/bin/python3
"""Writes shapes.json, boxes.json and maps.bin.gz: contours, rectangles, offsets, crops and whole maps of a text detector (see ../SOURCES.md)."""
import gzip
import json
import math
import os
import random

import cv2
import numpy as np
import pyclipper
from PIL import Image

from make import HERE, lines, pixels, resample, sha


def contour_maps():
    for size in ((1, 1), (1, 9), (9, 1), (2, 2), (5, 4), (16, 16), (40, 31), (97, 61), (160, 120)):
        for level in (20, 90, 128, 180, 235):
            noise = (pixels("noise", size)[:, :, 0] > level).astype(np.uint8)
            for grow in (0, 1, 3):
                yield size, level, grow, cv2.dilate(noise, np.ones((2, 2), np.uint8), iterations=grow) if grow else noise


def contours():
    for size, level, grow, bits in contour_maps():
        found, _ = cv2.findContours(bits, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        points = b"".join(contour.astype("<i4").tobytes() for contour in found)
        boxes = b"".join(cv2.boxPoints(cv2.minAreaRect(contour)).astype("<f4").tobytes() for contour in found)
        yield [*size, level, grow, len(found), sha(np.frombuffer(points, np.uint8)), sha(np.frombuffer(boxes, np.uint8))]


def point_sets():
    rng = random.Random(3)
    for i in range(400):
        spread = rng.choice((2, 4, 10, 100, 2000))
        points = np.array([[rng.randrange(spread), rng.randrange(spread)] for _ in range(rng.randrange(1, 14))], np.int32)
        yield [points.ravel().tolist(), cv2.boxPoints(cv2.minAreaRect(points)).ravel().tolist()]


def rectangle(rng, size):
    turn, w, h = rng.uniform(0, math.pi), rng.uniform(3, size), rng.uniform(3, size / 3)
    return cv2.boxPoints(((rng.uniform(0, size), rng.uniform(0, size)), (w, h), math.degrees(turn)))


def offsets():
    rng = random.Random(4)
    for _ in range(300):
        corners, distance = rectangle(rng, 200).astype(np.int32).tolist(), rng.uniform(0.3, 40)
        grower = pyclipper.PyclipperOffset()
        grower.AddPath(corners, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
        grown = grower.Execute(distance)
        hull = cv2.convexHull(np.array(grown[0], np.int32).reshape(-1, 1, 2)).reshape(-1, 2).tolist()
        yield [sum(corners, []), distance, sum(sorted(hull), [])]


def fills():
    rng = random.Random(5)
    for i in range(400):
        width, height = rng.randrange(1, 60), rng.randrange(1, 60)
        if i % 2:
            polygon = (rectangle(rng, 50) - 5).astype(np.int32)
        else:
            polygon = np.array([[rng.randrange(-20, 80), rng.randrange(-20, 80)] for _ in range(rng.randrange(1, 8))], np.int32)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, polygon.reshape(1, -1, 2), 1)
        yield [width, height, polygon.ravel().tolist(), sha(mask)]


def crops():
    """The coefficients by elimination in double; the pixels by Pillow."""
    rng = random.Random(6)
    for i in range(72):
        size = (160, 120) if i % 3 else (90, 130)
        q = rectangle(rng, 120) if i % 2 else np.array([[10, 10], [100, 14], [96, 60], [12, 50]]) + np.array([[rng.uniform(-9, 9) for _ in "xy"] for _ in range(4)])
        q = q.astype(np.float32)
        w = int(max(np.linalg.norm(q[0] - q[1]), np.linalg.norm(q[2] - q[3])))
        h = int(max(np.linalg.norm(q[0] - q[3]), np.linalg.norm(q[1] - q[2])))
        a, b = [], []
        for (x, y), (u, v) in zip(((0, 0), (w, 0), (w, h), (0, h)), q.astype(np.float64)):
            a += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
            b += [u, v]
        kind = ("noise", "gradient")[i % 2]
        c = np.linalg.solve(np.array(a, np.float64), b).tolist()
        crop = resample.picture(kind, *size).transform((w, h), Image.PERSPECTIVE, c, Image.BICUBIC)
        yield [kind, *size, q.ravel().tolist(), c, w, h, sha(np.asarray(crop))]


def text_map(rng, kind, width, height):
    """Turned lines with blurred edges, touching blobs, noise, thin lines, rings, what touches the border."""
    canvas = np.zeros((height, width), np.float32)
    if kind == 5:
        for y in range(2, height - 4, 6):
            for x in range(2, width - 5, 7):
                canvas[y:y + 4, x:x + 5] = rng.uniform(0.4, 1)
    else:
        for _ in range(rng.randrange(2, 12)):
            center, turn = (rng.uniform(0, width), rng.uniform(0, height)), rng.choice((0, 0, 90, rng.uniform(-90, 90), rng.uniform(-8, 8)))
            box = cv2.boxPoints((center, (rng.uniform(8, width / 1.5), rng.uniform(2, 18)), turn)).astype(np.int32)
            layer = np.zeros_like(canvas)
            cv2.fillPoly(layer, box.reshape(1, -1, 2), rng.uniform(0.35, 1)) if kind != 3 else cv2.polylines(layer, box.reshape(1, -1, 2), True, rng.uniform(0.5, 1), 3)
            canvas = np.maximum(canvas, layer)
        if kind != 1:
            canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.6, 2))
    if kind in (2, 4):
        noise = np.array([[rng.random() for _ in range(width)] for _ in range(height)], np.float32)
        canvas = np.clip(canvas + (noise - 0.5) * rng.uniform(0.1, 0.7), 0, 1)
    return np.round(canvas * 255).astype(np.uint8)


def mini_box(points):
    rect = cv2.minAreaRect(points)
    p = sorted(cv2.boxPoints(rect).tolist(), key=lambda q: q[0])
    tl, bl = (p[0], p[1]) if p[1][1] > p[0][1] else (p[1], p[0])
    tr, br = (p[2], p[3]) if p[3][1] > p[2][1] else (p[3], p[2])
    return np.array([tl, tr, br, bl], np.float32), min(rect[1])


def mean_under(prob, points, fast):
    h, w = prob.shape
    x0, x1 = int(np.clip(np.floor(points[:, 0].min()), 0, w - 1)), int(np.clip(np.ceil(points[:, 0].max()), 0, w - 1))
    y0, y1 = int(np.clip(np.floor(points[:, 1].min()), 0, h - 1)), int(np.clip(np.ceil(points[:, 1].max()), 0, h - 1))
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    shifted = (points - np.array([x0, y0], points.dtype)).astype(np.int32)
    cv2.fillPoly(mask, shifted.reshape(1, -1, 2), 1)
    return cv2.mean(prob[y0:y1 + 1, x0:x1 + 1], mask)[0]


def reference(prob, source, min_score, fast):
    """BEHAVIOUR's steps, with OpenCV and Clipper."""
    height, width = prob.shape
    bits = cv2.dilate((prob > np.float32(0.3)).astype(np.uint8), np.array([[1, 1], [1, 1]], np.uint8))
    for contour in cv2.findContours(bits * 255, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0][:1000]:
        box, side = mini_box(contour)
        if side < 3:
            continue
        score = mean_under(prob, box if fast else contour.reshape(-1, 2), fast)
        if score < min_score:
            continue
        d = box.astype(np.float64)
        n = np.roll(d, -1, 0)
        area, perimeter = abs((d[:, 0] * n[:, 1] - n[:, 0] * d[:, 1]).sum()) / 2, np.sqrt(((n - d) ** 2).sum(1)).sum()
        grower = pyclipper.PyclipperOffset()
        grower.AddPath(box.tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
        box, side = mini_box(np.array(grower.Execute(area * 1.6 / perimeter)[0], np.int32).reshape(-1, 1, 2))
        if side < 5:
            continue
        box[:, 0] = np.clip(np.round(box[:, 0] / width * source[0]), 0, source[0])
        box[:, 1] = np.clip(np.round(box[:, 1] / height * source[1]), 0, source[1])
        p = sorted(box.tolist(), key=lambda q: q[0])
        (tl, bl), (tr, br) = sorted(p[:2], key=lambda q: q[1]), sorted(p[2:], key=lambda q: q[1])
        q = np.array([tl, tr, br, bl], np.float32)
        q = np.minimum(q, np.array([source[0] - 1, source[1] - 1], np.float32))
        if int(np.linalg.norm(q[0] - q[1])) <= 3 or int(np.linalg.norm(q[0] - q[3])) <= 3:
            continue
        yield [q.astype(int).ravel().tolist(), round(score, 6)]


def boxes(maps):
    rng = random.Random(7)
    for i in range(120):
        width, height = (320, 224) if i % 6 == 5 else (32 * rng.randrange(2, 7), 32 * rng.randrange(2, 6))
        levels = text_map(rng, i % 6, width, height)
        maps.append(levels.tobytes())
        source = [rng.randrange(40, 3000), rng.randrange(40, 3000)]
        min_score, fast = rng.choice((0.3, 0.5, 0.6)), i % 4 != 3
        prob = levels.astype(np.float32) / np.float32(255)
        yield [width, height, *source, min_score, fast, list(reference(prob, source, min_score, fast))]


if __name__ == "__main__":
    with open(os.path.join(HERE, "shapes.json"), "w") as out:
        parts = {"contours": contours(), "rectangles": point_sets(), "offsets": offsets(), "fills": fills(), "crops": crops()}
        out.write("{\n" + ",\n".join(f'  "{name}": ' + lines(cases) for name, cases in parts.items()) + "\n}\n")
    blobs = []
    with open(os.path.join(HERE, "boxes.json"), "w") as out:
        out.write('{\n  "boxes": ' + lines(boxes(blobs)) + "\n}\n")
    with open(os.path.join(HERE, "maps.bin.gz"), "wb") as out:
        out.write(gzip.compress(b"".join(blobs), mtime=0))
