"""Batches of made-up samples with the plan's lengths; the ids are those of the other side (made-up-data.ts)."""

import torch

PAD, UNK, CLS, SEP, MASK = range(5)
FIRST = 5


def text(length, sample, vocabulary):
    inner = [FIRST + (i * 7919 + sample * 104729) % (vocabulary - FIRST) for i in range(length - 2)]
    return [CLS, *inner, SEP]


def width(lengths, sizes, bucketed):
    """The bucket of the longest, or the most there is."""
    most, bucket = sizes["textLength"], sizes["bucketWidth"]
    return min(-(-max(lengths) // bucket) * bucket, most) if bucketed else most


def padded(texts, sizes, bucketed):
    """ids and mask, both [batch, tokens]"""
    tokens = width([len(ids) for ids in texts], sizes, bucketed)
    ids = torch.tensor([row + [PAD] * (tokens - len(row)) for row in texts])
    return ids, (ids != PAD).long()


def classification(samples, index, sizes, bucketed, pixels):
    """text, text_mask [batch, tokens]; frames [batch, frames, dim] or [batch, frames, 3, S, S]; frame_mask; labels"""
    numbers = [index * len(samples) + row for row in range(len(samples))]
    texts = [text(sample["text"], number, sizes["vocabSize"]) for sample, number in zip(samples, numbers)]
    ids, mask = padded(texts, sizes, bucketed)
    frame = (3, sizes["imageSize"], sizes["imageSize"]) if pixels else (sizes["frameDim"],)
    return {
        "text": ids,
        "text_mask": mask,
        "frames": torch.randn(len(samples), sizes["frames"], *frame),
        "frame_mask": torch.ones(len(samples), sizes["frames"], dtype=torch.long),
        "labels": torch.tensor([number % sizes["classes"] for number in numbers]),
    }
