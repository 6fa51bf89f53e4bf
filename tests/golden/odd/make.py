#!/usr/bin/python3
"""Writes the JPEG files that the tests damage, with libjpeg-turbo's cjpeg from pictures of the formulas."""
import os
import subprocess
import sys
import tempfile

from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "resample"))
from make import picture  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {
    "s420": ("gradient", 43, 37, ["-sample", "2x2"]),
    "s422": ("gradient", 40, 31, ["-sample", "2x1", "-optimize"]),
    "s444": ("gradient", 33, 26, ["-sample", "1x1"]),
    "gray": ("gradient", 50, 41, ["-grayscale", "-optimize"]),
    "noise": ("noise", 96, 80, ["-quality", "85"]),
    "restart": ("gradient", 60, 52, ["-restart", "2B"]),
    "restart_rows": ("noise", 40, 48, ["-restart", "1", "-sample", "1x1", "-quality", "30"]),
    "progressive": ("gradient", 43, 37, ["-progressive"]),
    "progressive_restart": ("gradient", 43, 37, ["-progressive", "-restart", "2B"]),
    "scans": ("gradient", 43, 37, ["-scans", "SCANS"]),
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "SCANS"), "w", encoding="ascii") as out:
            out.write("0;\n1;\n2;\n")
        for name, (kind, width, height, options) in CASES.items():
            picture(kind, width, height).save(os.path.join(folder, "in.ppm"))
            subprocess.run(
                ["cjpeg", *options, "-outfile", os.path.join(HERE, name + ".jpg"), "in.ppm"], cwd=folder, check=True)
        Image.new("RGB", (1200, 800), (128, 128, 128)).save(os.path.join(folder, "in.ppm"))
        os.makedirs(os.path.join(HERE, "flat"), exist_ok=True)
        for name, options in {"flat": ["-optimize"], "flat_progressive": ["-progressive"]}.items():
            subprocess.run(
                ["cjpeg", *options, "-outfile", os.path.join(HERE, "flat", name + ".jpg"), "in.ppm"], cwd=folder, check=True)
