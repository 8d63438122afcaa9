"""The reference's models, put together from transformers' own classes, with its state-dict names."""

import math

import torch
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel, CLIPVisionConfig, CLIPVisionModel, LxmertConfig
from transformers.models.bert.modeling_bert import (
    BertEmbeddings,
    BertEncoder,
    BertLMPredictionHead,
    BertOnlyMLMHead,
    BertPooler,
)
from transformers.models.lxmert.modeling_lxmert import LxmertXLayer

LAYER_NORM_EPS = 1e-12


def additive(mask, dtype):
    """Additive attention mask on keys: -10000 where there is padding. [B, T] -> [B, 1, 1, T]"""
    return (1.0 - mask[:, None, None, :].to(dtype)) * -10000.0


def bert_config(sizes, layers, special, vocab=None):
    return BertConfig(
        vocab_size=vocab or sizes["vocab_size"],
        hidden_size=sizes["hidden_size"],
        num_hidden_layers=layers,
        num_attention_heads=sizes["num_attention_heads"],
        intermediate_size=sizes["intermediate_size"],
        max_position_embeddings=sizes["max_position_embeddings"],
        layer_norm_eps=LAYER_NORM_EPS,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=special["pad"],
        hidden_act="gelu",
        attn_implementation="eager",
    )


def encode(encoder, embedded, mask):
    """Last hidden states of an encoder, whichever version's."""
    output = encoder(embedded, attention_mask=additive(mask, embedded.dtype))
    return output[0]


def one_bias(head):
    """The reference's heads use one parameter as `bias` and `decoder.bias`; transformers ties them on loading."""
    if head.decoder.bias is None:
        raise RuntimeError("this version's prediction head has no bias in its decoder")
    head.decoder.bias = head.bias
    return head


class SingleBert(nn.Module):
    """Text and frames in one encoder."""

    def __init__(self, config, frame_dim):
        super().__init__()
        self.embeddings = BertEmbeddings(config)
        self.video_fc = nn.Linear(frame_dim, config.hidden_size)
        self.video_embeddings = BertEmbeddings(config)  # a second, complete set; its words are never used
        self.encoder = BertEncoder(config)
        self.pooler = BertPooler(config)  # never used here

    def forward(self, text, frames):
        """text (ids, mask), frames (features, mask) or None -> states [B, T + F, H], mask [B, T + F]"""
        embedded = [self.embeddings(input_ids=text[0])]
        masks = [text[1]]
        if frames is not None:
            embedded.append(self.video_embeddings(inputs_embeds=self.video_fc(frames[0])))
            masks.append(frames[1])
        mask = torch.cat(masks, 1)
        return encode(self.encoder, torch.cat(embedded, 1), mask), mask


class SingleBertForMaskedLM(nn.Module):
    def __init__(self, config, frame_dim):
        super().__init__()
        self.bert = SingleBert(config, frame_dim)
        self.cls = BertOnlyMLMHead(config)  # its decoder isn't tied to the word table
        one_bias(self.cls.predictions)


class FrameHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.predictions = one_bias(BertLMPredictionHead(config))


class SingleStream(nn.Module):
    """The single-stream model, for pretraining or with its classifier."""

    def __init__(self, sizes, special, classes=None, tower=None):
        super().__init__()
        config = bert_config(sizes, sizes["num_hidden_layers"], special)
        hidden, frame_dim = sizes["hidden_size"], sizes["frame_dim"]
        self.newfc_hidden = nn.Linear(frame_dim, sizes["vlad_hidden_size"])  # never used
        if classes is None:
            self.newfc_itm = nn.Linear(hidden, 2)
            head = bert_config(sizes, sizes["num_hidden_layers"], special, vocab=frame_dim)
            self.roberta_mvm_lm_header = FrameHead(head)
        else:
            self.newfc_tag = nn.Linear(hidden, classes)
        self.roberta = SingleBertForMaskedLM(config, frame_dim)
        if tower is not None:
            self.visual_backbone = tower

    def logits(self, batch):
        """Mean over all positions, padding too."""
        frames = batch["frame_input"]
        if frames.dim() == 5:
            shape = frames.shape[:2]
            frames = pooled(self.visual_backbone, frames.flatten(0, 1))[1].unflatten(0, shape)
        text = (batch["title_input"], batch["title_mask"])
        states, _ = self.roberta.bert(text, (frames, batch["frame_mask"]))
        return self.newfc_tag(states.mean(1))


class CrossEncoder(nn.Module):
    def __init__(self, config, layers):
        super().__init__()
        self.x_layers = nn.ModuleList(LxmertXLayer(config) for _ in range(layers))


class TwoStream(nn.Module):
    """A BERT over text, one over frames, LXMERT's cross layers."""

    def __init__(self, sizes, special, classes):
        super().__init__()
        hidden = sizes["hidden_size"]
        text = bert_config(sizes, sizes["text_layers"], special)
        cross = LxmertConfig(
            hidden_size=hidden,
            num_attention_heads=sizes["num_attention_heads"],
            intermediate_size=sizes["intermediate_size"],
            hidden_act="gelu",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.cls_token = nn.Parameter(torch.zeros(1, 1, hidden))
        self.vision_encoder = BertModel(bert_config(sizes, sizes["video_layers"], special))
        self.roberta = BertModel(text)
        self.cross_bert = CrossEncoder(cross, sizes["cross_layers"])
        self.newfc_tag = nn.Linear(2 * hidden, classes)
        self.cls = BertOnlyMLMHead(text)
        one_bias(self.cls.predictions)

    def states(self, batch, ids=None):
        """Last states of language [B, T, H] and vision [B, 1 + F, H]."""
        frames, frame_mask = batch["frame_input"], batch["frame_mask"]
        first = self.cls_token.expand(len(frames), 1, -1)
        vision = self.vision_encoder.embeddings(inputs_embeds=torch.cat([first, frames], 1))
        vision_mask = torch.cat([torch.ones_like(frame_mask[:, :1]), frame_mask], 1)
        vision = encode(self.vision_encoder.encoder, vision, vision_mask)
        language = run_text(self.roberta, batch["title_input"] if ids is None else ids, batch["title_mask"])
        masks = additive(batch["title_mask"], vision.dtype), additive(vision_mask, vision.dtype)
        for layer in self.cross_bert.x_layers:
            language, vision = layer(language, masks[0], vision, masks[1])[:2]
        return language, vision

    def logits(self, batch):
        language, vision = self.states(batch)
        return self.newfc_tag(torch.cat([vision.mean(1), language.mean(1)], 1))

    def masked_language_loss(self, batch, ids, labels):
        language, _ = self.states(batch, ids)
        scores = self.cls(language)[:, 1:]
        return F.cross_entropy(scores.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)


def run_text(model, ids, mask):
    return encode(model.encoder, model.embeddings(input_ids=ids), mask)


def vision_tower(sizes):
    config = CLIPVisionConfig(
        hidden_size=sizes["hidden_size"],
        num_hidden_layers=sizes["num_hidden_layers"],
        num_attention_heads=sizes["num_attention_heads"],
        intermediate_size=sizes["intermediate_size"],
        image_size=sizes["image_size"],
        patch_size=sizes["patch_size"],
        layer_norm_eps=sizes["layer_norm_eps"],
        hidden_act=sizes["hidden_act"],
        attention_dropout=0.0,
        attn_implementation="eager",
    )
    return CLIPVisionModel(config)


def pooled(tower, images):
    """Last hidden states and pooled output for images [n, 3, S, S]."""
    output = tower(pixel_values=images)
    return output.last_hidden_state, output.pooler_output


def tower_name(name):
    """transformers 5 has no `vision_model.` in the names of CLIPVisionModel; the reference's checkpoints do."""
    return name if name.startswith("vision_model.") else f"vision_model.{name}"


class Contrast(nn.Module):
    """Video-text contrast: the tower, the two-stream model's text encoder, a learned scale."""

    def __init__(self, tower, text):
        super().__init__()
        self.model_image = tower
        self.model_text = text
        self.model_clip = nn.Module()
        self.model_clip.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def losses(self, batch):
        """The loss and its two directions: images among texts, texts among images."""
        frames = batch["frame_input"]
        image = pooled(self.model_image, frames.flatten(0, 1))[1].unflatten(0, frames.shape[:2]).mean(1)
        text = run_text(self.model_text, batch["title_input"], batch["title_mask"]).mean(1)
        image, text = F.normalize(image, dim=-1), F.normalize(text, dim=-1)
        logits = self.model_clip.logit_scale.exp() * image @ text.T
        own = torch.arange(len(logits))
        of_image, of_text = F.cross_entropy(logits, own), F.cross_entropy(logits.T, own)
        return (of_image + of_text) / 2, of_image, of_text


def contrast_name(name):
    """Names of `Contrast` as the reference's."""
    if name.startswith("model_image."):
        return f"model_image.{tower_name(name.removeprefix('model_image.'))}"
    return name


def randomise(model, generator):
    """Random values for every parameter, so that none is special: norms about 1, biases about 0, no zero row."""
    for name, parameter in model.named_parameters():
        if name.endswith("logit_scale"):
            continue
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        norm = "norm" in name.lower() or "layrnorm" in name
        if norm and name.endswith("weight"):
            value = 1 + 0.1 * noise
        elif name.endswith("bias"):
            value = 0.1 * noise
        elif "embedding" in name or name == "cls_token":
            value = 0.5 * noise
        else:
            value = noise / math.sqrt(parameter[0].numel())
        parameter.data.copy_(value)
    return model.eval()


def parameters(model, rename=lambda name: name):
    return {rename(name): parameter for name, parameter in model.named_parameters()}
