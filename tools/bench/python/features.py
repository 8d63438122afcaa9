"""Frame features of CLIP's vision tower: from tensors, and from zipped JPEGs; by torch or by onnxruntime."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import torch
from PIL import Image

import models
from work import Work

MEAN = numpy.array([0.485, 0.456, 0.406], dtype=numpy.float32)
DEVIATION = numpy.array([0.229, 0.224, 0.225], dtype=numpy.float32)


def encoder(plan, attention):
    """pixels [n, 3, S, S] -> features [n, dim]"""
    tower = models.tower(plan["sizes"], attention).eval()
    if plan["side"] == "onnxruntime":
        return onnx_encoder(tower, plan)
    return torch.inference_mode()(lambda pixels: tower(pixel_values=pixels).pooler_output)


class Pooled(torch.nn.Module):
    def __init__(self, tower):
        super().__init__()
        self.tower = tower

    def forward(self, pixels):
        return self.tower(pixel_values=pixels).pooler_output


def onnx_encoder(tower, plan):
    import onnxruntime

    size = plan["sizes"]["imageSize"]
    file = io.BytesIO()
    torch.onnx.export(
        Pooled(tower),
        (torch.zeros(2, 3, size, size),),
        file,
        input_names=["pixels"],
        output_names=["features"],
        dynamic_axes={"pixels": {0: "images"}, "features": {0: "images"}},
        dynamo=False,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = plan["threads"]
    options.add_session_config_entry("session.force_spinning_stop", "1")  # idle between runs
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"pixels": pixels.numpy()})[0]


def of_tensors(plan, attention):
    size = plan["sizes"]["imageSize"]
    inputs = [torch.randn(len(batch), 3, size, size) for batch in plan["batches"]]
    return Work(encoder(plan, attention), inputs)


def read_video(file, crop):
    """[frames, 3, crop, crop]: short side to 8/7 of the crop, its centre, ImageNet's mean and deviation"""
    with zipfile.ZipFile(file) as archive:
        images = [Image.open(io.BytesIO(archive.read(name))).convert("RGB") for name in sorted(archive.namelist())]
    return torch.from_numpy(numpy.stack([transform(image, crop) for image in images]))


def transform(image, crop):
    short = round(crop * 8 / 7)
    width, height = image.size
    factor = short / min(width, height)
    size = (short, int(height * factor)) if width <= height else (int(width * factor), short)
    image = image.resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - crop) / 2), round((size[1] - crop) / 2)
    pixels = numpy.asarray(image.crop((left, top, left + crop, top + crop)), dtype=numpy.float32) / 255
    return ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)


class JpegWork:
    """The original's way: one video after the other; or videos read ahead by threads and encoded 64 images at a time."""

    def __init__(self, encode, files, crop, ahead):
        self.encode, self.files, self.crop, self.ahead = encode, files, crop, ahead

    def round(self):
        if self.ahead == 0:
            for file in self.files:
                self.encode(read_video(file, self.crop))
            return
        waiting = []
        with ThreadPoolExecutor(self.ahead) as pool:
            for pixels in pool.map(lambda file: read_video(file, self.crop), self.files):
                waiting.append(pixels)
                if sum(map(len, waiting)) >= 64:
                    self.encode(torch.cat(waiting))
                    waiting = []
        if waiting:
            self.encode(torch.cat(waiting))

    warm_up = round


def of_jpegs(plan, attention):
    files = sorted(Path(plan["frames"]).glob("*/*.zip"))[: len(plan["batches"])]
    ahead = 0 if plan["side"] == "reference" else plan["threads"]
    return JpegWork(encoder(plan, attention), files, plan["sizes"]["imageSize"], ahead)
