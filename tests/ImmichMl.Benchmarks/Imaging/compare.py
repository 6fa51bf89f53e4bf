#!/usr/bin/env python3
"""Pillow, OpenCV and ImmichMl side by side, one thread each, in one run: compare.py PROGRAM

The program is a native build of tests/ImmichMl.Benchmarks (see RESULTS.md), on a processor with AVX2. Prints a Markdown table: median
milliseconds, the ratio to Pillow (letterbox and warp: to OpenCV), and the bar of each row; ends with 1 where a bar is passed. Needs
Debian's python3-pil, python3-numpy and python3-opencv.
"""
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy
from PIL import Image


def picture(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    noise = numpy.random.default_rng(7).integers(0, 24, (height, width, 3))
    base = numpy.stack([(x * 255 // width), (y * 255 // height), ((x // 40 + y // 40) % 2) * 90 + 60], -1)
    return Image.fromarray(numpy.clip(base + noise, 0, 255).astype(numpy.uint8))


def median(action):
    action(), action()
    times, start = [], time.perf_counter()
    while len(times) < 7 or time.perf_counter() - start < 0.5:
        run = time.perf_counter()
        action()
        times.append((time.perf_counter() - run) * 1000)
    return statistics.median(times)


def clip(image):
    resized = image.resize((298, 224), Image.BICUBIC).crop((37, 0, 261, 224))
    mean = numpy.array([0.48145466, 0.4578275, 0.40821073], numpy.float32)
    std = numpy.array([0.26862954, 0.26130258, 0.27577711], numpy.float32)
    return numpy.transpose((numpy.asarray(resized, numpy.float32) / 255 - mean) / std, (2, 0, 1)).copy()


def letterbox(pixels):
    canvas = numpy.zeros((640, 640, 3), numpy.uint8)
    canvas[:480] = cv2.resize(pixels, (640, 480), interpolation=cv2.INTER_LINEAR)
    return canvas


def decode(data):
    return lambda: Image.open(io.BytesIO(data)).convert("RGB").load()


def reference(files):
    preview = Image.open(io.BytesIO(files["baseline.jpg"])).convert("RGB")
    cv2.setNumThreads(1)
    pixels, face = numpy.asarray(preview).copy(), numpy.array([[0.1942, 0.0485, -90.5], [-0.0485, 0.1942, -12.25]])
    baseline, progressive, large = decode(files["baseline.jpg"]), decode(files["progressive.jpg"]), decode(files["large.jpg"])
    return {
        "fused-224": lambda: clip(preview),
        "bicubic-298x224": lambda: preview.resize((298, 224), Image.BICUBIC),
        "bicubic-853x640": lambda: preview.resize((853, 640), Image.BICUBIC),
        "lanczos-992x736": lambda: preview.resize((992, 736), Image.LANCZOS),
        "letterbox-640": lambda: letterbox(pixels),
        "warp-112": lambda: cv2.warpAffine(pixels, face, (112, 112), borderValue=0),
        "jpeg-baseline": baseline,
        "jpeg-progressive": progressive,
        "jpeg-12mp": large,
        "png": decode(files["picture.png"]),
    }


# Ratio to Pillow or OpenCV that may not be passed.
BARS = {"fused-224": 0.25, "bicubic-853x640": 0.35, "jpeg-baseline-Turbo": 1.1, "jpeg-progressive-Turbo": 1.1, "jpeg-12mp-Turbo": 1.1,
        "letterbox-640": 2, "warp-112": 2}


def main():
    files = {}
    preview, large = picture(1440, 1080), picture(4000, 3000)
    for name, image, options in [
            ("baseline.jpg", preview, {"quality": 85}), ("progressive.jpg", preview, {"quality": 85, "progressive": True}),
            ("large.jpg", large, {"quality": 90}), ("picture.png", preview, {})]:
        data = io.BytesIO()
        image.save(data, name.split(".")[1].replace("jpg", "jpeg"), **options)
        files[name] = data.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        output = subprocess.run([sys.argv[1], "imaging", folder], check=True, capture_output=True, text=True).stdout
        ours = dict(line.split() for line in output.splitlines())
        theirs = {name: median(action) for name, action in reference(files).items()}
    print(f"| ms, median | Pillow / OpenCV | ours ({ours['path']}) | ratio | bar |\n|---|---|---|---|---|")
    missed = 0
    for name, figure in ours.items():
        base = next((value for known, value in theirs.items() if name == known or name.startswith(known + "-")), None)
        if base is None:
            continue
        ratio, bar = float(figure) / base, BARS.get(name)
        missed += bar is not None and ratio > bar
        print(f"| {name} | {base:.2f} | {figure} | {ratio:.2f} | {bar or ''} |")
    sys.exit(1 if missed else 0)


main()
