"""What is no model: the metric, schedules, truncation, choice of frames, the ensemble, the image transform."""

import numpy as np
import torch
from PIL import Image

from training import factor

# How many level-2 classes each level-1 class of the challenge has.
CHILDREN = [9, 5, 9, 6, 6, 3, 3, 6, 6, 8, 4, 6, 6, 12, 4, 10, 11, 9, 7, 6, 16, 24, 24]
LEVEL1 = [parent for parent, count in enumerate(CHILDREN) for _ in range(count)]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def f1(labels, predictions):
    """Micro and macro F1; macro over the classes that occur in labels or predictions."""
    classes = sorted({*labels, *predictions})
    right = [sum(a == b == each for a, b in zip(labels, predictions)) for each in classes]
    each = [2 * r / (labels.count(k) + predictions.count(k)) for k, r in zip(classes, right)]
    return sum(right) / len(labels), sum(each) / len(classes)


def scores(labels, predictions):
    upper = [LEVEL1[k] for k in labels], [LEVEL1[k] for k in predictions]
    (micro1, macro1), (micro2, macro2) = f1(*upper), f1(labels, predictions)
    return {
        "lv1_acc": micro1,
        "lv2_acc": micro2,
        "lv1_f1_micro": micro1,
        "lv1_f1_macro": macro1,
        "lv2_f1_micro": micro2,
        "lv2_f1_macro": macro2,
        "mean_f1": (micro1 + macro1 + micro2 + macro2) / 4,
    }


def metric(draw):
    labels = draw.integers(0, 200, 60).tolist()
    other = draw.integers(0, 200, 60).tolist()
    few = draw.integers(0, 50, 80).tolist()
    many = draw.integers(0, 200, 300).tolist()
    noise, noise_many = draw.uniform(60).tolist(), draw.uniform(300).tolist()
    siblings = [k + 1 if k + 1 < 200 and LEVEL1[k + 1] == LEVEL1[k] else k - 1 for k in labels]
    cases = {
        "half_right": (labels, [a if u < 0.5 else b for a, b, u in zip(labels, other, noise)]),
        "large": (many, [k if u < 0.7 else (k + 37) % 200 for k, u in zip(many, noise_many)]),
        "predicted_classes_absent_from_labels": (few, [k if i % 2 else 100 + k for i, k in enumerate(few)]),
        "label_classes_never_predicted": (labels, [labels[0]] * len(labels)),
        "perfect": (labels, labels),
        "all_wrong": (labels, [(k + 100) % 200 for k in labels]),
        "right_level1_wrong_level2": (labels, siblings),
        "single_right": (labels[:1], labels[:1]),
        "single_wrong": (labels[:1], [(labels[0] + 100) % 200]),
    }
    return [
        {"case": name, "labels": a, "predictions": b, "expected": scores(list(a), list(b))}
        for name, (a, b) in cases.items()
    ]


def schedules():
    shapes = [(20, 2), (7, 0), (10, 1), (100, 33), (13, 5)]
    return [
        {"kind": kind, "total": n, "warmup": w, "factors": [factor(kind, step, n, w) for step in range(n)]}
        for kind in ("cosine", "linear")
        for n, w in shapes
    ]


def truncation(draw, count=60):
    """The longest text loses its last token until all fit: among equals ocr, then asr, then title."""
    cases = []
    for i in range(count):
        lengths = dict(zip(("title", "asr", "ocr"), draw.integers(0, 60 if i % 3 else 12, 3).tolist()))
        budget = draw.integer(0, 60 if i % 3 else 20)
        kept = dict(lengths)
        while sum(kept.values()) > budget:
            longest = max(kept.values())
            kept[next(name for name in ("ocr", "asr", "title") if kept[name] == longest)] -= 1
        cases.append({**lengths, "budget": budget, "kept": kept})
    return cases


def frame_sampling(frames):
    counts = [(1, 16), (15, 16), (16, 16), (17, 16), (31, 16), (32, 16), (33, 16), (48, 16), (100, 16), (9, 4)]
    counts += [(3 * frames + 1, frames), (2 * frames - 1, frames)]
    cases = []
    for n, most in counts:
        step = n // most
        indices = list(range(n)) if n <= most else list(range(0, n, step))[:most]
        cases.append({"num_frames": n, "max_frames": most, "indices": indices})
    return cases


def ensemble(draw, classes, rows=8):
    weights = [1, 1, 0.7, 1]
    logits = {f"model_{i + 1}": (draw.normal(rows, classes) * (1 + 0.7 * i)).float() for i in range(4)}
    probabilities = [values.double().softmax(-1) for values in logits.values()]

    def classes_of(parts, factors):
        return sum(weight * part for weight, part in zip(factors, parts)).argmax(-1)

    summed = sum(weight * part for weight, part in zip(weights, probabilities))
    tensors = {f"logits.{name}": values for name, values in logits.items()}
    tensors |= {"out.summed": summed, "out.argmax": summed.argmax(-1)}
    return tensors, {
        "weights": weights,
        "argmax": summed.argmax(-1).tolist(),
        "argmax_if_weight_3_were_1": classes_of(probabilities, [1] * 4).tolist(),
        "argmax_if_logits_were_averaged": classes_of([v.double() for v in logits.values()], weights).tolist(),
    }


def preprocess(draw, short=17, crop=12):
    """Pillow's bilinear to a short side, centre crop, ImageNet's mean and deviation, as torchvision does it."""
    shapes = {
        "landscape": (draw.integer(20, 34), draw.integer(36, 54)),
        "portrait": (draw.integer(36, 54), draw.integer(20, 34)),
        "upscaled": (draw.integer(9, 14), draw.integer(16, 24)),
    }
    tensors = {}
    for name, (height, width) in shapes.items():
        rough = draw.integers(0, 256, height, width, 3)
        ramp = torch.arange(width)[None, :, None] * 255 // width
        image = ((rough + ramp + torch.tensor([0, 40, 90])) % 256).to(torch.uint8).numpy()
        size = (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
        resized = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
        top, left = (int(round((extent - crop) / 2.0)) for extent in resized.shape[:2])
        pixels = torch.tensor(resized[top : top + crop, left : left + crop].copy()).permute(2, 0, 1)
        scaled = pixels.float().div(255)
        mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
        tensors[f"{name}.image"] = torch.tensor(image.copy())
        tensors[f"{name}.resized"] = torch.tensor(resized.copy())
        tensors[f"{name}.tensor"] = (scaled - mean) / std
    return tensors
