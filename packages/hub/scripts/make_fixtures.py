"""Makes the folders of tests/fixtures: tiny models saved by transformers, and what they compute.

    python make_fixtures.py ../tests/fixtures            with transformers 5
    python make_fixtures.py ../tests/fixtures --only 4   with transformers 4: adds clip-vision-4

Needs torch, transformers and safetensors. Outputs lie in expected.safetensors, `NAME/output`.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertModel,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    CLIPVisionModel,
)

vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"短视频分类笑脸abc", "##a", "##b", "##c", "!", "1", "2"]
bert = dict(
    vocab_size=len(vocabulary),
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=12,
    max_position_embeddings=16,
    initializer_range=0.5,
)
vision = dict(
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=12,
    image_size=8,
    patch_size=4,
    initializer_factor=2.0,
)


def build(model_class, config):
    torch.manual_seed(802)
    model = model_class(config).eval()
    with torch.no_grad():  # biases and norms that do something
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def save(model, folder, **options):
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **options)
    if model.config.model_type == "bert":
        (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf8")


def old_names(model, folder):
    """The layout of checkpoints that came from TensorFlow: gamma and beta, position ids, a decoder of its own."""
    tensors = {}
    for name, value in model.state_dict().items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        tensors[name] = value.clone()
    tensors["bert.embeddings.position_ids"] = torch.arange(bert["max_position_embeddings"])[None]
    save(model, folder)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=["4"])
    arguments = parser.parse_args()
    out = arguments.folder
    out.mkdir(parents=True, exist_ok=True)
    expected = {}
    if (out / "expected.safetensors").exists():
        expected = load_file(out / "expected.safetensors")

    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, len(vocabulary), (3, 10), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    mask[2, 1:] = 0
    ids[mask == 0] = 0
    pixels = torch.randn(3, 3, vision["image_size"], vision["image_size"], generator=generator)
    pixels = pixels.permute(0, 2, 3, 1).contiguous()  # channels last
    expected.update(ids=ids.int(), mask=mask.int(), pixels=pixels)

    def add(name, output):
        expected[f"{name}/output"] = output.detach().contiguous()

    def states(model):
        return getattr(model, "bert", model)(ids, attention_mask=mask).last_hidden_state

    def pooled(model):
        return getattr(model, "vision_model", model)(pixels.permute(0, 3, 1, 2)).pooler_output

    tower = build(CLIPVisionModel, CLIPVisionConfig(**vision))
    if arguments.only == "4":
        assert transformers.__version__.startswith("4."), transformers.__version__
        save(tower, out / "clip-vision-4")
        add("clip-vision-4", pooled(tower))
    else:
        assert transformers.__version__.startswith("5."), transformers.__version__
        save(tower, out / "clip-vision-5")
        add("clip-vision-5", pooled(tower))
        text = CLIPTextConfig(**{**bert, "num_hidden_layers": 1}, bos_token_id=1, eos_token_id=2).to_dict()
        both = build(CLIPModel, CLIPConfig(vision_config=vision, text_config=text, projection_dim=4))
        save(both, out / "clip-both", max_shard_size="3KB")
        add("clip-both", pooled(both))
        for name, model_class in {"bert-model": BertModel, "bert-mlm": BertForMaskedLM}.items():
            model = build(model_class, BertConfig(**bert))
            save(model, out / name)
            add(name, states(model))
        shards = build(BertModel, BertConfig(**bert))
        save(shards, out / "bert-shards", max_shard_size="3KB")
        add("bert-shards", states(shards))
        half = build(BertModel, BertConfig(**bert)).half()
        save(half, out / "bert-half")
        add("bert-half", states(half.float()))
        old = build(BertForPreTraining, BertConfig(**bert))
        old_names(old, out / "bert-old")
        add("bert-old", states(old))
    save_file(dict(sorted(expected.items())), out / "expected.safetensors")
    made = {folder.name: json.loads((folder / "config.json").read_text())["transformers_version"]
            for folder in sorted(out.iterdir()) if (folder / "config.json").exists()}
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
