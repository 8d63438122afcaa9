"""Pillow's side of bench:frames. Makes the images; then, for each line "NAME REPEATS" on standard input, decodes and
transforms that image so often and answers a line of JSON: CPU seconds, and a digest of the cropped pixels."""

import hashlib
import io
import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
SIZES = {"640x360": (640, 360), "1920x1080": (1920, 1080)}


def make(folder: Path) -> None:
    """Smooth shapes with some noise: photographs to a JPEG decoder, of about 2.5 bits a pixel."""
    rng = np.random.default_rng(0)
    for name, (width, height) in SIZES.items():
        coarse = rng.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC)).astype(int)
        noisy = (smooth + rng.integers(-12, 13, (height, width, 3))).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{name}.jpg", quality=88)


def crop(encoded: bytes, short: int, size: int) -> Image.Image:
    """torchvision's Resize and CenterCrop."""
    image = Image.open(io.BytesIO(encoded)).convert("RGB")
    width, height = image.size
    resized = (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
    image = image.resize(resized, Image.BILINEAR)
    left, top = round((image.width - size) / 2), round((image.height - size) / 2)
    return image.crop((left, top, left + size, top + size))


def normalise(image: Image.Image) -> np.ndarray:
    return (np.asarray(image).astype(np.float32) / 255 - MEAN) / STD


def main() -> None:
    folder, short, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    make(folder)
    print(json.dumps(list(SIZES)), flush=True)
    for line in sys.stdin:
        name, repeats = line.split()
        encoded = (folder / f"{name}.jpg").read_bytes()
        started = time.process_time()
        for _ in range(int(repeats)):
            image = crop(encoded, short, size)
            normalise(image)
        seconds = time.process_time() - started
        print(json.dumps({"seconds": seconds, "digest": hashlib.sha256(image.tobytes()).hexdigest()}), flush=True)


main()
