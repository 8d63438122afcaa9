"""Pretraining's batches and losses: all objectives, as the original computes them, and with the least work."""

import torch
from torch.nn import functional as F

from batches import MASK, padded, text

MLM, MFM = 0.3, 0.9 * 0.15
IGNORED = -100


def batch(samples, index, sizes, bucketed):
    """
    text, text_mask, shown [batch, tokens]: the text and what the encoder sees of it; token_labels; title, title_mask,
    body, body_mask: contrast's; frames, shown_frames [batch, frames, dim]; frame_mask; frame_labels flat among the frames of its rows; order: whose
    video a row gets in matching. The first quarter of the rows is mask-one-modality's, its first half without frames.
    """
    generator = torch.Generator().manual_seed(index)
    draw = lambda *shape: torch.rand(*shape, generator=generator)
    rows, vocabulary = len(samples), sizes["vocabSize"]
    numbers = [index * rows + row for row in range(rows)]

    def texts(kind, shift):
        rows = [text(sample[kind], number + shift, vocabulary) for sample, number in zip(samples, numbers)]
        return padded(rows, sizes, bucketed)

    ids, mask = texts("text", 0)
    title, title_mask = texts("title", 0)
    body, body_mask = texts("body", 1)
    masked, frameless = rows // 4, rows // 8

    chosen = (draw(*ids.shape) < MLM) & (ids > MASK)
    chosen[:masked] = False
    chosen[frameless:masked] = mask[frameless:masked] == 1
    fate = draw(*ids.shape)
    fate[:masked] = 0
    others = torch.randint(vocabulary, ids.shape, generator=generator)
    replaced = torch.where(fate < 0.8, MASK, torch.where(fate < 0.9, others, ids))

    frames = torch.randn(rows, sizes["frames"], sizes["frameDim"], generator=generator)
    hidden = draw(rows, sizes["frames"]) < MFM
    hidden[:frameless], hidden[frameless:masked] = True, False
    kept = (rows - masked) // 2
    order = torch.cat([torch.arange(masked + kept), torch.arange(masked + kept, rows).flip(0)])
    return {
        "text": ids,
        "text_mask": mask,
        "shown": torch.where(chosen, replaced, ids),
        "token_labels": torch.where(chosen, ids, IGNORED),
        "title": title,
        "title_mask": title_mask,
        "body": body,
        "body_mask": body_mask,
        "frames": frames,
        "shown_frames": torch.where(hidden[..., None], 0.0, frames)[order],
        "frame_mask": torch.ones(rows, sizes["frames"], dtype=torch.long),
        "hidden_frames": hidden,
        "order": order,
    }


def sections(given):
    """Where the frameless rows and the mask-one-modality rows end."""
    rows = len(given["text"])
    return rows // 8, rows // 4


def contrast(model, given):
    """Two passes that see nothing masked, cosines at temperature 1, both directions."""
    title, mask = model.bert(given["title"], given["title_mask"])
    body, body_mask = model.bert(given["body"], given["body_mask"], given["frames"], given["frame_mask"])
    similarity = embedding(body, body_mask) @ embedding(title, mask).T
    own = torch.arange(len(similarity))
    return F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)


def embedding(states, mask):
    weights = mask[..., None].float()
    return F.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)


def matching(model, given, states):
    _, masked = sections(given)
    labels = (given["order"] == torch.arange(len(states))).long()[masked:]
    return F.cross_entropy(model.matching(states[masked:, 0]), labels)


def reference_loss(model, given):
    """Every head at every position; the loss picks what was hidden."""
    frameless, masked = sections(given)
    states, _ = model.bert(given["shown"], given["text_mask"], given["shown_frames"], given["frame_mask"])
    tokens = given["text"].shape[1]
    of_text, of_frames = states[:, :tokens], states[:, tokens:]

    def language(rows):
        scores = model.language(of_text[rows]).flatten(0, 1)
        return F.cross_entropy(scores, given["token_labels"][rows].flatten(), ignore_index=IGNORED)

    def frames(rows):
        targets = given["frames"][rows].flatten(0, 1)
        valid = given["frame_mask"][rows].flatten().float()
        scores = model.frames(of_frames[rows]).flatten(0, 1) @ targets.T
        scores = scores + (1 - valid[:, None] * valid) * -1e8
        hidden = given["hidden_frames"][rows].flatten()
        return F.cross_entropy(scores, torch.where(hidden, torch.arange(len(hidden)), IGNORED), ignore_index=IGNORED)

    left, first, second = slice(masked, None), slice(0, frameless), slice(frameless, masked)
    losses = language(left) + language(second) + frames(left) / 2 + frames(first) / 2
    return losses + matching(model, given, states) + contrast(model, given)


def best_loss(model, given):
    """The heads where something was hidden, and nowhere else."""
    frameless, masked = sections(given)
    states, _ = model.bert(given["shown"], given["text_mask"], given["shown_frames"], given["frame_mask"])
    tokens = given["text"].shape[1]
    of_text, of_frames = states[:, :tokens], states[:, tokens:]
    chosen = given["token_labels"] != IGNORED
    each = F.cross_entropy(model.language(of_text[chosen]), given["token_labels"][chosen], reduction="none")
    row = chosen.nonzero()[:, 0]

    def frames(rows):
        hidden = given["hidden_frames"][rows]
        scores = model.frames(of_frames[rows][hidden]) @ given["frames"][rows].flatten(0, 1).T
        return F.cross_entropy(scores, hidden.flatten().nonzero()[:, 0])

    losses = each[row >= masked].mean() + each[row < masked].mean()
    losses = losses + frames(slice(masked, None)) / 2 + frames(slice(0, frameless)) / 2
    return losses + matching(model, given, states) + contrast(model, given)
