"""Pretraining of the single-stream model: what follows from the choices, and the losses, quirks included."""

import torch
from torch.nn import functional as F

from samples import shuffle_index

PENALTY = -1e8
OBJECTIVES = ("mlm", "itm", "mfm", "cap_l_full", "cap_v", "ict")


def derive(batch, choices, special):
    """The masked batch and its labels. The first quarter of the rows is mask-one-modality's."""
    ids, frame_mask = batch["title_input"], batch["frame_mask"]
    rows, frames = frame_mask.shape
    masked = rows // 4
    frameless = masked // 2
    selected = choices["mlm_selected"] == 1
    left = ids[masked:]
    index = shuffle_index(rows - masked)
    flat = torch.arange((rows - masked) * frames).reshape(-1, frames)
    none = torch.full_like(flat, -100)
    hidden = torch.where(ids[:masked] == special["pad"], ids[:masked], torch.full_like(ids[:masked], special["mask"]))
    hidden[:frameless] = ids[:frameless]
    whole = ids[frameless:masked]
    video = torch.arange(frameless * frames).reshape(frameless, frames)
    return {
        "mlm_input_ids": torch.where(selected, choices["mlm_replacement"], left),
        "mlm_labels": torch.where(selected, left, torch.full_like(left, -100)),
        "mfm_labels": torch.where(choices["mfm_selected"] == 1, flat, none),
        "shuffle_index": index,
        "itm_labels": (index == torch.arange(len(index))).long(),
        "shuffled_frame_mask": frame_mask[masked:][index],
        "mmm_input_ids": hidden,
        "mmm_text_labels": torch.where(whole == special["pad"], torch.full_like(whole, -100), whole),
        "mmm_video_labels": torch.where(frame_mask[:frameless] == 1, video, torch.full_like(video, -100)),
    }


def masked_inputs(batch, choices, derived):
    """What the encoder sees: ids, text mask, frames, frame mask."""
    frames, frame_mask = batch["frame_input"], batch["frame_mask"]
    masked = len(frames) // 4
    frameless = masked // 2
    shown = torch.where((choices["mfm_selected"] == 1)[..., None], torch.zeros_like(frames[masked:]), frames[masked:])
    first = frames[:masked].clone()
    first[:frameless] = 0
    ids = torch.cat([derived["mmm_input_ids"], derived["mlm_input_ids"]])
    frames = torch.cat([first, shown[derived["shuffle_index"]]])
    return ids, batch["title_mask"], frames, torch.cat([frame_mask[:masked], derived["shuffled_frame_mask"]])


def frame_loss(head, states, targets, mask, labels):
    """Each chosen frame's prediction against all frames of the sub-batch, invalid ones pushed away by addition."""
    predicted = head(states).flatten(0, 1)
    products = predicted @ targets.flatten(0, 1).T
    valid = mask.flatten().to(products.dtype)
    scores = products + (1 - valid[:, None] * valid[None]) * PENALTY
    return F.cross_entropy(scores, labels.flatten(), ignore_index=-100)


def masked_mean(states, mask):
    weights = mask[..., None].to(states.dtype)
    return (states * weights).sum(1) / (weights.sum(1) + 1e-10)


def pretraining(model, batch, choices, special):
    """Losses by name, as they are added, and the outputs that a set holds."""
    derived = derive(batch, choices, special)
    ids, text_mask, frames, frame_mask = masked_inputs(batch, choices, derived)
    rows, length = ids.shape
    masked = rows // 4
    frameless = masked // 2
    states, _ = model.roberta.bert((ids, text_mask), (frames, frame_mask))
    of_text, of_frames = states[:, :length], states[:, length:]
    head, frame_head = model.roberta.cls, model.roberta_mvm_lm_header.predictions

    def language(part, labels):
        return F.cross_entropy(head(part).flatten(0, 1), labels.flatten(), ignore_index=-100)

    scores = model.newfc_itm(states[masked:, 0])
    original = batch["frame_input"]
    title, _ = model.roberta.bert((batch["title_input"], batch["title_mask"]), None)
    body, body_mask = model.roberta.bert(
        (batch["asr_ocr_input_ids"], batch["asr_ocr_mask"]), (original, batch["frame_mask"])
    )
    a = F.normalize(masked_mean(title, batch["title_mask"]), dim=-1)
    c = F.normalize(masked_mean(body, body_mask), dim=-1)
    similarity, own = c @ a.T, torch.arange(rows)
    losses = {
        "mlm": language(of_text[masked:], derived["mlm_labels"]),
        "itm": F.cross_entropy(scores, derived["itm_labels"]),
        "mfm": frame_loss(
            frame_head, of_frames[masked:], original[masked:], frame_mask[masked:], derived["mfm_labels"]
        )
        / 2,
        "cap_l_full": language(of_text[frameless:masked], derived["mmm_text_labels"]),
        "cap_v": frame_loss(
            frame_head, of_frames[:frameless], original[:frameless], frame_mask[:frameless], derived["mmm_video_labels"]
        )
        / 2,
        "ict": F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own),
    }
    losses["total"] = sum(losses[name] for name in OBJECTIVES)
    losses["cap_l_reported"] = losses["cap_l_full"] / 2
    outputs = {
        "features_first6": states[:6],
        "itm_logits": scores,
        "ict_title_embedding": a,
        "ict_asr_ocr_embedding": c,
    }
    return losses, outputs, derived


def rows_without_columns(batch, choices):
    """Chosen frames whose row of the shuffled mask is 0 (quirk Q8)."""
    mask = batch["frame_mask"][len(batch["frame_mask"]) // 4 :]
    shuffled = mask[shuffle_index(len(mask))]
    return int(((choices["mfm_selected"] == 1) & (shuffled == 0)).sum())
