"""Compares import and export with transformers, on models of random weights.

    python compare_transformers.py [--reelbert "npx reelbert"] [--small] [--seed N]

Saves a BERT and a CLIP vision tower (base size, or --small) by transformers in every layout it has, imports each with
`reelbert import`, compares what this library computes with what transformers does (at most 1e-4 apart), exports it
with `reelbert export`, compares all tensors byte by byte, and lets transformers load and run the exported folder. Prints
a table; exit status 1 if anything differs. Needs torch, transformers and safetensors, whatever their versions.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
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
    CLIPVisionConfig,
    CLIPVisionModel,
)

TOLERANCE = 1e-4
HERE = Path(__file__).resolve().parent
SMALL = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96)


def tensors_of(folder):
    """All tensors of a folder, from one file or from shards."""
    return {name: value for file in sorted(folder.glob("*.safetensors")) for name, value in load_file(file).items()}


def scattered(model):
    """Weights as they might have been learned: no bias is 0 and no norm 1."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() <= 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


class Checks:
    def __init__(self, reelbert, work):
        self.reelbert, self.work, self.failed = reelbert, work, False

    def run(self, *command):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")

    def row(self, name, what, fine, value):
        self.failed |= not fine
        print(f"{name:24} {what:34} {value:>12}  {'ok' if fine else 'DIFFERS'}", flush=True)

    def check(self, name, model, target, inputs, output, load, **saving):
        """output: of a model; load: a folder as a model of the class that export is for."""
        saved, imported, exported = (self.work / name / part for part in ("saved", "imported", "exported"))
        model.save_pretrained(saved, **saving)
        with torch.no_grad():
            expected = output(model.float())
        self.run(*self.reelbert, "import", "--from", saved, "--as", target, "--out", imported)
        save_file(inputs, self.work / name / "inputs.safetensors")
        outputs = self.work / name / "outputs.safetensors"
        self.run("node", HERE / "encode.mjs", imported, self.work / name / "inputs.safetensors", outputs)
        distance = (load_file(outputs)["output"] - expected).abs().max().item()
        self.row(name, "outputs, largest difference", distance <= TOLERANCE, f"{distance:.1e}")
        self.run(*self.reelbert, "export", imported, "--out", exported)
        ours, theirs = tensors_of(exported), tensors_of(saved)
        if target == "clip":  # of a whole CLIP, the vision tower
            theirs = {n: v for n, v in theirs.items() if not n.startswith(("text_", "logit_scale", "visual_projection"))}
        same = ours.keys() == theirs.keys() and all(
            ours[n].dtype == theirs[n].dtype and ours[n].numpy().tobytes() == theirs[n].numpy().tobytes() for n in ours
        )
        self.row(name, "exported tensors, byte by byte", same, f"{len(ours)} tensors")
        with torch.no_grad():
            distance = (output(load(exported).eval().float()) - expected).abs().max().item()
        self.row(name, "transformers on the export", distance <= 1e-6, f"{distance:.1e}")
        shutil.rmtree(self.work / name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reelbert", default="npx reelbert", help="the command [npx reelbert]")
    parser.add_argument("--small", action="store_true", help="small models instead of base size")
    parser.add_argument("--seed", type=int, default=802)
    parser.add_argument("--work", type=Path, help="folder for the files [a temporary one]")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, seed {arguments.seed}")
    transformers.logging.set_verbosity_error()
    sizes = SMALL if arguments.small else {}
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        checks = Checks(shlex.split(arguments.reelbert), Path(work))

        config = BertConfig(vocab_size=300 if arguments.small else 21128, **sizes)
        ids = torch.randint(1, config.vocab_size, (3, 40))
        mask = torch.ones_like(ids)
        mask[1, 25:] = 0
        mask[2, 1:] = 0
        texts = dict(ids=ids.int(), mask=mask.int())

        def states(model):
            return getattr(model, "bert", model)(ids, attention_mask=mask).last_hidden_state

        shard = "60KB" if arguments.small else "90MB"
        for name, model_class, saving in (
            ("BertModel", BertModel, {}),
            ("BertModel in shards", BertModel, dict(max_shard_size=shard)),
            ("BertForMaskedLM", BertForMaskedLM, {}),
            ("BertForPreTraining", BertForPreTraining, {}),
        ):
            model = scattered(model_class(config))
            checks.check(name, model, "bert", texts, states, model_class.from_pretrained, **saving)
        half = scattered(BertModel(config)).half()
        checks.check("BertModel, float16", half, "bert", texts, states, BertModel.from_pretrained)

        vision = CLIPVisionConfig(**sizes)
        pixels = torch.randn(2, 3, vision.image_size, vision.image_size)
        images = dict(pixels=pixels.permute(0, 2, 3, 1).contiguous())

        def pooled(model):
            return getattr(model, "vision_model", model)(pixels).pooler_output

        tower = scattered(CLIPVisionModel(vision))
        checks.check("CLIPVisionModel", tower, "clip", images, pooled, CLIPVisionModel.from_pretrained)
        both = scattered(CLIPModel(CLIPConfig(vision_config=vision.to_dict(), text_config=dict(SMALL, vocab_size=99))))
        load = CLIPVisionModel.from_pretrained
        checks.check("CLIPModel in shards", both, "clip", images, pooled, load, max_shard_size=shard)
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
