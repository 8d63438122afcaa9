"""Random inputs: token ids, frame features, images, and what pretraining hides."""

import torch


class Draw:
    """Random numbers of a set."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def integers(self, low, high, *shape):
        return torch.randint(low, high, shape, generator=self.generator)

    def integer(self, low, high):
        return int(self.integers(low, high, 1))

    def normal(self, *shape):
        return torch.randn(shape, generator=self.generator, dtype=torch.float64)

    def uniform(self, *shape):
        return torch.rand(shape, generator=self.generator, dtype=torch.float64)


def texts(draw, rows, length, vocab, special, segments):
    """ids and mask [rows, length]: [CLS], then that many segments of any length, each with a [SEP]; padded."""
    ids = torch.full((rows, length), special["pad"], dtype=torch.int64)
    mask = torch.zeros_like(ids)
    first = max(special.values()) + 1
    for row in range(rows):
        room = length - 1 - segments
        # One row is full, one has no token at all but the special ones.
        total = room if row == 0 else 0 if row == 1 else draw.integer(1, room + 1)
        cuts = sorted(draw.integer(0, total + 1) for _ in range(segments - 1))
        tokens = draw.integers(first, vocab, total).tolist()
        if total > 2 and row % 5 == 2:
            tokens[total // 2] = special["unk"]
        line = [special["cls"]]
        for start, end in zip([0, *cuts], [*cuts, total]):
            line += [*tokens[start:end], special["sep"]]
        ids[row, : len(line)] = torch.tensor(line)
        mask[row, : len(line)] = 1
    return ids, mask


def frame_masks(draw, rows, frames):
    """Prefixes of different lengths; the first row is full, the second has a single frame."""
    mask = torch.zeros(rows, frames, dtype=torch.int64)
    for row in range(rows):
        count = frames if row == 0 else 1 if row == 1 else draw.integer(1, frames + 1)
        mask[row, :count] = 1
    return mask


def videos(draw, rows, sizes, special, pixels=None):
    """A batch for classification; with `pixels`, images [rows, frames, 3, S, S] in place of features."""
    ids, mask = texts(draw, rows, sizes["text_length"], sizes["vocab_size"], special, 3)
    frame_mask = frame_masks(draw, rows, sizes["frames"])
    inner = (sizes["frame_dim"],) if pixels is None else (3, pixels, pixels)
    values = draw.normal(rows, sizes["frames"], *inner) * (0.5 if pixels is None else 1.0)
    real = frame_mask.reshape(*frame_mask.shape, *[1] * len(inner))
    return {
        "title_input": ids,
        "title_mask": mask,
        "frame_input": torch.where(real == 1, values, torch.zeros_like(values)).float(),
        "frame_mask": frame_mask,
        "label": draw.integers(0, sizes["classes"], rows, 1),
    }


def pretraining_videos(draw, rows, sizes, special):
    batch = videos(draw, rows, {**sizes, "classes": 1}, special)
    del batch["label"]
    ids, mask = texts(draw, rows, sizes["text_length"], sizes["vocab_size"], special, 1)
    return {**batch, "asr_ocr_input_ids": ids, "asr_ocr_mask": mask}


def hidden_tokens(draw, ids, vocab, special, probability):
    """What masked language modelling draws: chosen tokens, and ids after replacement (80% [MASK], 10% any, 10% kept)."""
    ordinary = torch.ones_like(ids, dtype=torch.bool)
    for each in special.values():
        ordinary &= ids != each
    while True:
        selected = (draw.uniform(*ids.shape) < probability) & ordinary
        if selected.any():
            break
    kind = draw.uniform(*ids.shape)
    anything = draw.integers(0, vocab, *ids.shape)
    replaced = torch.where(kind < 0.8, torch.full_like(ids, special["mask"]), torch.where(kind < 0.9, anything, ids))
    return selected.long(), torch.where(selected, replaced, torch.zeros_like(ids))


def choices(draw, batch, sizes, special, probability):
    """The draws for the rows that mask-one-modality leaves. At least one chosen frame is hit by quirk Q8, if any can."""
    rows = len(batch["title_input"])
    left = slice(rows // 4, rows)
    selected, replacement = hidden_tokens(draw, batch["title_input"][left], sizes["vocab_size"], special, 0.3)
    mask = batch["frame_mask"][left]
    for _ in range(1000):
        frames = ((draw.uniform(*mask.shape) < probability) & (mask == 1)).long()
        hit = (frames == 1) & (mask[shuffle_index(len(mask))] == 0)
        if frames.any() and hit.any():
            break
    if not frames.any():
        raise RuntimeError("no frame was ever chosen")
    return {"mlm_selected": selected, "mlm_replacement": replacement, "mfm_selected": frames}


def shuffle_index(count):
    """Matching: the first half keeps its video, the others get theirs in reverse order."""
    half = count // 2
    return torch.cat([torch.arange(half), torch.arange(half, count).flip(0)])
