"""The models, put together from transformers' own classes as the original's are; random weights, dropout 0.1."""

import torch
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, CLIPVisionConfig, CLIPVisionModel, LxmertConfig
from transformers.models.bert.modeling_bert import BertEmbeddings, BertEncoder, BertLMPredictionHead
from transformers.models.lxmert.modeling_lxmert import LxmertAttention, LxmertXLayer


def bert_config(sizes, attention, layers=None, vocabulary=None):
    return BertConfig(
        vocab_size=vocabulary or sizes["vocabSize"],
        hidden_size=sizes["hiddenSize"],
        num_hidden_layers=sizes["layers"] if layers is None else layers,
        num_attention_heads=sizes["heads"],
        intermediate_size=sizes["intermediateSize"],
        pad_token_id=0,
        attn_implementation=attention,
    )


def encoder(sizes, attention, layers=None):
    return BertEncoder(bert_config(sizes, attention, layers))


def tower(sizes, attention):
    config = CLIPVisionConfig(
        hidden_size=sizes["frameDim"],
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"],
        intermediate_size=sizes["intermediateSize"],
        image_size=sizes["imageSize"],
        patch_size=sizes["patchSize"],
        hidden_act="quick_gelu",
        attn_implementation=attention,
    )
    return CLIPVisionModel(config)


def additive(mask):
    """[batch, keys] -> [batch, 1, 1, keys]: -10000 where there is padding"""
    return (1.0 - mask[:, None, None, :].float()) * -10000.0


def mean(states, mask, masked):
    """Over real positions, or over all as the original does."""
    if not masked:
        return states.mean(1)
    weights = mask[..., None].float()
    return (states * weights).sum(1) / weights.sum(1)


class TextAndFrames(nn.Module):
    """Text and frames in one encoder."""

    def __init__(self, sizes, attention):
        super().__init__()
        config = bert_config(sizes, attention)
        self.embeddings = BertEmbeddings(config)
        self.video_fc = nn.Linear(sizes["frameDim"], sizes["hiddenSize"])
        self.video_embeddings = BertEmbeddings(config)
        self.video_embeddings.word_embeddings.requires_grad_(False)  # never used
        self.encoder = BertEncoder(config)

    def forward(self, ids, mask, frames=None, frame_mask=None):
        """states [batch, tokens + frames, hidden] and their mask"""
        embedded = self.embeddings(input_ids=ids)
        if frames is not None:
            video = self.video_embeddings(inputs_embeds=self.video_fc(frames))
            embedded, mask = torch.cat([embedded, video], 1), torch.cat([mask, frame_mask], 1)
        return self.encoder(embedded, attention_mask=additive(mask))[0], mask


class SingleStream(nn.Module):
    """The single-stream model with its pretraining heads."""

    def __init__(self, sizes, attention, tied):
        super().__init__()
        self.bert = TextAndFrames(sizes, attention)
        self.language = BertLMPredictionHead(bert_config(sizes, attention))
        self.frames = BertLMPredictionHead(bert_config(sizes, attention, vocabulary=sizes["frameDim"]))
        self.matching = nn.Linear(sizes["hiddenSize"], 2)
        for head in (self.language, self.frames):
            head.decoder.bias = head.bias
        if tied:
            self.language.decoder.weight = self.bert.embeddings.word_embeddings.weight


class Classifier(nn.Module):
    """The single-stream classifier; frames as features, or as pixels through a tower."""

    def __init__(self, sizes, attention, masked, tower=None):
        super().__init__()
        self.masked, self.tower = masked, tower
        self.bert = TextAndFrames(sizes, attention)
        self.head = nn.Linear(sizes["hiddenSize"], sizes["classes"])

    def forward(self, batch):
        frames = batch["frames"]
        if self.tower is not None:
            frames = self.tower(pixel_values=frames.flatten(0, 1)).pooler_output.unflatten(0, frames.shape[:2])
        states, mask = self.bert(batch["text"], batch["text_mask"], frames, batch["frame_mask"])
        return self.head(mean(states, mask, self.masked))


class FusedLxmertAttention(LxmertAttention):
    """LXMERT's attention through scaled_dot_product_attention, which transformers hasn't given it."""

    def forward(self, hidden_states, context, attention_mask=None, output_attentions=False):
        split = lambda states: states.unflatten(-1, (-1, self.attention_head_size)).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(
            split(self.query(hidden_states)),
            split(self.key(context)),
            split(self.value(context)),
            attn_mask=attention_mask,
            dropout_p=self.dropout.p if self.training else 0.0,
        )
        return (mixed.transpose(1, 2).flatten(2),)


class TwoStreamClassifier(nn.Module):
    """A BERT over text, one over frames, LXMERT's cross layers."""

    def __init__(self, sizes, attention, masked, tower=None):
        super().__init__()
        self.masked = masked
        hidden = sizes["hiddenSize"]
        config = bert_config(sizes, attention)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, hidden))
        self.text_embeddings, self.video_embeddings = BertEmbeddings(config), BertEmbeddings(config)
        self.video_embeddings.word_embeddings.requires_grad_(False)  # never used
        self.text_encoder = BertEncoder(config)
        self.video_encoder = encoder(sizes, attention, sizes["visualLayers"])
        cross = LxmertConfig(
            hidden_size=hidden, num_attention_heads=sizes["heads"], intermediate_size=sizes["intermediateSize"]
        )
        self.cross = nn.ModuleList(LxmertXLayer(cross) for _ in range(sizes["crossLayers"]))
        self.head = nn.Linear(2 * hidden, sizes["classes"])
        if attention == "sdpa":
            for module in self.cross.modules():
                if type(module) is LxmertAttention:
                    module.__class__ = FusedLxmertAttention

    def forward(self, batch):
        frames, text_mask = batch["frames"], batch["text_mask"]
        vision = self.video_embeddings(inputs_embeds=torch.cat([self.cls_token.expand(len(frames), 1, -1), frames], 1))
        vision_mask = F.pad(batch["frame_mask"], (1, 0), value=1)
        masks = additive(text_mask), additive(vision_mask)
        vision = self.video_encoder(vision, attention_mask=masks[1])[0]
        language = self.text_encoder(self.text_embeddings(input_ids=batch["text"]), attention_mask=masks[0])[0]
        for layer in self.cross:
            language, vision = layer(language, masks[0], vision, masks[1])[:2]
        pooled = mean(vision, vision_mask, self.masked), mean(language, text_mask, self.masked)
        return self.head(torch.cat(pooled, 1))
