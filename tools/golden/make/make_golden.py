"""Makes a golden set: numbers of the reference's models, computed by PyTorch and transformers' own classes.

python make_golden.py --out DIR [--seed 7] [--size tiny|small] [--hidden 32 --heads 4 ...]
"""

import argparse
import copy
import platform

import PIL
import torch
import transformers
from torch.nn import functional as F

import models
import samples
import tables
from objectives import OBJECTIVES, pretraining, rows_without_columns
from store import GoldenFolder, digests, norms
from training import classification_loss, fgm, gradients, groups_of, pgd, train

SPECIAL = {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}
OPTIMIZER = {
    "kind": "transformers AdamW",
    "betas": [0.9, 0.999],
    "eps": 1e-6,
    "weight_decay": 0.1,
    "finetune_lr": {"others": 0.01, "roberta": 0.002},
    "pretrain_lr": {"others": 0.005, "roberta": 0.001},
    "contrastive_lr": {"model_text": 0.005, "model_image": 0.0005, "model_clip": 0.001},
    "two_stream_lr": {"others": 0.002, "newfc_tag": 0.01, "visual_backbone": 0.001},
    "total_steps": 20,
    "warmup_steps_in_5_step_runs": 2,
    "warmup_steps_in_1_step_runs": 0,
}
# The reference's own rates, for the tables of parameter groups.
RATES = {
    "finetune_single": {"others": 5e-4, "roberta": 5e-5, "visual_backbone": 1e-5},
    "pretrain_single": {"others": 5e-4, "roberta": 1e-4},
    "finetune_two": {"others": 5e-5, "newfc_tag": 5e-4, "visual_backbone": 5e-6},
    "contrastive": {"model_text": 5e-5, "model_image": 5e-6, "model_clip": 1e-5},
}
FGM = {"epsilon": 1.0}
PGD = {"K": 3, "epsilon": 1.0, "alpha": 0.3}
EMA = 0.9


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", choices=["tiny", "small"], default="tiny", help="small: digests of gradients and states")
    for name, default, what in [
        ("classes", 200, "classes of the classifiers"),
        ("hidden", 32, "single-stream: hidden size"),
        ("layers", 2, "its layers"),
        ("heads", 4, "its attention heads"),
        ("intermediate", 64, "its feed-forward width"),
        ("vocab", 100, "its vocabulary"),
        ("frame-dim", 20, "width of a frame's feature"),
        ("text-length", 20, "tokens of a text"),
        ("frames", 6, "frames of a video"),
        ("pretrain-batch", 16, "rows of a pretraining batch, at least 8"),
        ("batch", 4, "rows of the other batches, at least 2"),
        ("two-hidden", 20, "two-stream model and vision tower: hidden size; as --frame-dim for end_to_end"),
        ("text-layers", 2, "two-stream: layers over text"),
        ("video-layers", 2, "layers over frames"),
        ("cross-layers", 3, "cross layers"),
        ("two-heads", 4, "its attention heads, and the tower's"),
        ("two-intermediate", 40, "its feed-forward width, and the tower's"),
        ("two-vocab", 60, "its vocabulary"),
        ("two-text-length", 16, "tokens of a text"),
        ("two-frames", 5, "frames of a video"),
        ("clip-layers", 2, "vision tower: layers"),
        ("image-size", 16, "height and width of an image"),
        ("patch-size", 4, "of a patch"),
        ("clip-frames", 3, "frames of a video"),
    ]:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default %(default)s)")
    parser.add_argument("--mfm-probability", type=float, default=0.3, help="share of frames that are hidden (default %(default)s)")
    args = parser.parse_args()
    if args.pretrain_batch < 8:
        parser.error("--pretrain-batch: fewer than 8 rows leave an objective without rows, and the loss is no number")
    if args.batch < 2:
        parser.error("--batch: at least 2")
    if args.hidden % args.heads or args.two_hidden % args.two_heads:
        parser.error("heads must divide the hidden size")
    if args.image_size % args.patch_size:
        parser.error("--patch-size must divide --image-size")
    if min(args.text_length, args.two_text_length) < 6:
        parser.error("texts need at least 6 tokens")
    if args.vocab < args.two_vocab or args.text_length < args.two_text_length:
        args.end_to_end = False  # its texts are the two-stream model's
    else:
        args.end_to_end = args.frame_dim == args.two_hidden
    return args


def config_of(args):
    single = {
        "hidden_size": args.hidden,
        "num_hidden_layers": args.layers,
        "num_attention_heads": args.heads,
        "intermediate_size": args.intermediate,
        "vocab_size": args.vocab,
        "max_position_embeddings": max(args.text_length, args.frames) + 12,
        "frame_dim": args.frame_dim,
        "vlad_hidden_size": args.hidden,
        "text_length": args.text_length,
        "frames": args.frames,
        "pretrain_batch": args.pretrain_batch,
        "finetune_batch": args.batch,
    }
    two = {
        "hidden_size": args.two_hidden,
        "text_layers": args.text_layers,
        "video_layers": args.video_layers,
        "cross_layers": args.cross_layers,
        "num_attention_heads": args.two_heads,
        "intermediate_size": args.two_intermediate,
        "vocab_size": args.two_vocab,
        "max_position_embeddings": max(args.two_text_length, args.two_frames + 1) + 8,
        "text_length": args.two_text_length,
        "frames": args.two_frames,
        "batch": args.batch,
    }
    clip = {
        "hidden_size": args.two_hidden,
        "num_hidden_layers": args.clip_layers,
        "num_attention_heads": args.two_heads,
        "intermediate_size": args.two_intermediate,
        "image_size": args.image_size,
        "patch_size": args.patch_size,
        "layer_norm_eps": 1e-5,
        "frames": args.clip_frames,
        "hidden_act": "quick_gelu",
    }
    return {
        "seed": args.seed,
        "size": args.size,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "pillow": PIL.__version__,
        "python": platform.python_version(),
        "special_ids": SPECIAL,
        "layer_norm_eps": models.LAYER_NORM_EPS,
        "num_classes": args.classes,
        "single": single,
        "two": two,
        "clip": clip,
        "optimizer": OPTIMIZER,
        "fgm": FGM,
        "pgd": PGD,
        "ema_decay": EMA,
    }


def doubled(value):
    """A model or a batch in float64."""
    if isinstance(value, torch.nn.Module):
        return copy.deepcopy(value).double()
    return {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in value.items()}


def distance(a, b):
    return (a.detach().double() - b.detach().double()).abs().max().item()


def with_gradient(run):
    return {name: parameter.data for name, parameter in run["parameters"].items() if name in run["gradients"]}


def renamed(tensors, rename):
    return {rename(name): tensor for name, tensor in tensors.items()}


def second_names(model):
    """Tensors of the state dict under all of their names, as a checkpoint holds them."""
    return {name: tensor for name, tensor in model.state_dict().items() if not name.endswith("position_ids")}


def make_pretraining(folder, draw, config, probability):
    """Pretraining: one batch in full, then five updates."""
    sizes = config["single"]
    model = models.randomise(models.SingleStream(sizes, SPECIAL), draw.generator)
    batches = []
    for _ in range(5):
        batch = samples.pretraining_videos(draw, sizes["pretrain_batch"], sizes, SPECIAL)
        batches.append((batch, samples.choices(draw, batch, sizes, SPECIAL, probability)))
    batch, choices = batches[0]
    losses, outputs, derived = pretraining(model, batch, choices, SPECIAL)
    named = models.parameters(model)
    found = gradients(losses["total"], named)
    expected = {
        "losses": {name: loss.item() for name, loss in losses.items()},
        "rows_hit_by_quirk_Q8": rows_without_columns(batch, choices),
        "parameters_without_gradient": [name for name in named if name not in found],
        "gradient_l2_by_objective": {name: norms(gradients(losses[name], named)) for name in OBJECTIVES},
    }
    file = "single.pretrain"
    folder.add(file, batch, "in.")
    folder.add(file, choices, "choice.")
    folder.add(file, derived, "derived.")
    folder.add(file, outputs, "out.")
    folder.add(file, losses, "loss.")
    folder.add_states(file, "grad", found)

    def run(of, pairs):
        def losses_of(pair):
            losses = pretraining(of, *pair, SPECIAL)[0]
            return {"loss": losses["total"], **losses}

        return train(of, pairs, losses_of, OPTIMIZER["pretrain_lr"], OPTIMIZER, OPTIMIZER["warmup_steps_in_5_step_runs"])

    weights = second_names(model)
    for i, (batch, choices) in enumerate(batches[1:], 1):
        folder.add("single.pretrain_steps", batch, f"in.{i}.")
        folder.add("single.pretrain_steps", choices, f"choice.{i}.")
    trained = run(copy.deepcopy(model), batches)
    folder.add_states("single.pretrain_steps", "after5", with_gradient(trained))
    expected["steps"] = [
        {"losses": {name: report[name] for name in losses}, "lr": report["lr"]} for report in trained["reports"]
    ]
    groups = groups_of(named, RATES["pretrain_single"], 0.01)
    return weights, expected, groups


def make_finetuning(folder, draw, config, pretrained):
    """Fine-tuning: one batch in full, then runs of one and of five updates."""
    sizes, classes = {**config["single"], "classes": config["num_classes"]}, config["num_classes"]
    model = models.SingleStream(sizes, SPECIAL, classes=classes)
    models.randomise(model, draw.generator)
    model.load_state_dict({k: v for k, v in pretrained.items() if k in model.state_dict()}, strict=False)
    batches = [samples.videos(draw, sizes["finetune_batch"], sizes, SPECIAL) for _ in range(5)]
    batch = batches[0]
    logits = model.logits(batch)
    loss = F.cross_entropy(logits, batch["label"].flatten())
    named = models.parameters(model)
    found = gradients(loss, named)
    right = (logits.argmax(-1) == batch["label"].flatten()).float().mean()
    file = "single.finetune"
    for i, each in enumerate(batches):
        folder.add(file, each, f"in.{i}.")
    folder.add(file, {"logits": logits, "loss": loss, "accuracy": right, "argmax": logits.argmax(-1)}, "out.")
    folder.add_states(file, "grad", found)

    exact = doubled(model)
    exact_logits = exact.logits(doubled(batch))
    exact_loss = F.cross_entropy(exact_logits, batch["label"].flatten())
    exact_found = gradients(exact_loss, models.parameters(exact))
    noise = {
        "finetune_logits": distance(logits, exact_logits),
        "finetune_loss": distance(loss, exact_loss),
        "finetune_grad_max": max(distance(found[name], exact_found[name]) for name in found),
    }
    expected = {
        "loss": loss.item(),
        "parameters_without_gradient": [name for name in named if name not in found],
        **make_finetuning_runs(folder, model, batches),
    }
    return model, expected, groups_of(named, RATES["finetune_single"], 0.01), noise


def make_finetuning_runs(folder, model, batches):
    file, expected = "single.finetune_steps", {}

    def run(count, **settings):
        warmup = OPTIMIZER["warmup_steps_in_1_step_runs" if count == 1 else "warmup_steps_in_5_step_runs"]
        warmup = settings.pop("warmup", warmup)
        start = copy.deepcopy(model)
        return train(start, batches[:count], classification_loss(start), OPTIMIZER["finetune_lr"], OPTIMIZER, warmup, **settings)

    def reports(found):
        steps = []
        for i, report in enumerate(found["reports"]):
            step = {"loss": report["loss"], "lr": report["lr"]}
            adversarial = report.get("adversarial")
            if adversarial:
                step |= {"adv_loss": adversarial[0]} if len(adversarial) == 1 else {"adv_losses": adversarial}
            if i == 0 and (len(found["reports"]) == 1 or adversarial):
                step["gradient_l2"] = norms(found["gradients"])
            steps.append(step)
        return steps

    def some(states):
        kept = ("layer.0.attention.self.query", "layer.0.attention.self.key", "layer.0.attention.self.value")
        return {
            name: tensor
            for name, tensor in states.items()
            if name != "newfc_tag.weight" and (".encoder." not in name or any(part in name for part in kept))
        }

    def accumulated(found):
        kept = ["newfc_tag.bias", "roberta.bert.embeddings.word_embeddings.weight", "roberta.bert.video_fc.weight"]
        return {name: found["gradients"][name] for name in kept}

    attacks = {
        "fgm": lambda loss_of, named, clean: fgm(loss_of, named, clean, FGM["epsilon"]),
        "pgd": lambda loss_of, named, clean: pgd(loss_of, named, clean, PGD["K"], PGD["epsilon"], PGD["alpha"]),
    }
    after1 = run(1)
    folder.add_states(file, "after1", with_gradient(after1))
    expected["after1"] = {"steps": reports(after1)}
    still = run(1, warmup=OPTIMIZER["warmup_steps_in_5_step_runs"])
    before = dict(model.named_parameters())
    expected["step1_with_warmup_changes_nothing"] = all(
        torch.equal(value, before[name]) for name, value in still["parameters"].items()
    )
    after5 = run(5, ema=EMA)
    folder.add_states(file, "after5", with_gradient(after5))
    expected["after5"] = {"steps": reports(after5)}
    averages = {name: after5["averages"][name] for name in with_gradient(after5)}
    expected["ema5_digest"] = digests(averages)
    if folder.size == "tiny":
        folder.add_states(file, "ema5", some(averages))
    for name in ("fgm1", "pgd1"):
        found = run(1, attack=attacks[name[:3]])
        states = with_gradient(found)
        expected[name] = {"steps": reports(found), "digest": digests(states)}
        folder.add_states(file, f"{name}_grad", accumulated(found))
        if folder.size == "tiny":
            folder.add_states(file, name, some(states))
    for name, settings in (("after5_linear", {"kind": "linear"}), ("fgm5", {"attack": attacks["fgm"]})):
        found = run(5, **settings)
        expected[name] = {"steps": reports(found), "digest": digests(with_gradient(found))}
        if name == "fgm5":
            folder.add_states(file, f"{name}_grad", accumulated(found))
    return expected


def make_two_stream(folder, draw, config):
    """The two-stream model: one batch in full, one update, masked language modelling."""
    sizes = {**config["two"], "frame_dim": config["two"]["hidden_size"], "classes": config["num_classes"]}
    model = models.randomise(models.TwoStream(sizes, SPECIAL, config["num_classes"]), draw.generator)
    batch = samples.videos(draw, sizes["batch"], sizes, SPECIAL)
    language, vision = model.states(batch)
    logits = model.logits(batch)
    loss = F.cross_entropy(logits, batch["label"].flatten())
    named = models.parameters(model)
    found = gradients(loss, named)
    ids = batch["title_input"]
    selected, replaced = samples.hidden_tokens(draw, ids, sizes["vocab_size"], SPECIAL, 0.15)
    hidden = torch.where(selected == 1, replaced, ids)
    labels = torch.where(selected == 1, ids, torch.full_like(ids, -100))
    masked_loss = model.masked_language_loss(batch, hidden, labels)
    file = "two.finetune"
    folder.add("two.weights", second_names(model))
    folder.add(file, batch, "in.")
    right = (logits.argmax(-1) == batch["label"].flatten()).float().mean()
    outputs = {"logits": logits, "loss": loss, "accuracy": right, "language_states": language, "vision_states": vision}
    folder.add(file, outputs, "out.")
    folder.add(file, {"mlm_input_ids": hidden, "mlm_labels": labels, "mlm_loss": masked_loss}, "pretrain.")
    folder.add_states(file, "grad", found)

    exact_logits = doubled(model).logits(doubled(batch))
    start = copy.deepcopy(model)
    trained = train(start, [batch], classification_loss(start), OPTIMIZER["two_stream_lr"], OPTIMIZER, 0)
    expected = {
        "loss": loss.item(),
        "fgm_matches": [name for name in named if "bert.embeddings.word_embeddings" in name],
        "parameters_without_gradient": [name for name in named if name not in found],
        "after1_digest": digests(with_gradient(trained)),
        "pretrain_gradient_l2": norms(gradients(masked_loss, named)),
    }
    noise = {"two_stream_logits": distance(logits, exact_logits)}
    return model, expected, groups_of(named, RATES["finetune_two"], 0.01), noise


def make_contrast(folder, draw, config, text):
    """Vision tower and video-text contrast: outputs, gradients, one update."""
    clip, two = config["clip"], config["two"]
    tower = models.randomise(models.vision_tower(clip), draw.generator)
    model = models.Contrast(tower, copy.deepcopy(text)).eval()
    sizes = {**two, "frames": clip["frames"], "classes": config["num_classes"]}
    batch = samples.videos(draw, two["batch"], sizes, SPECIAL, pixels=clip["image_size"])
    images = batch["frame_input"].flatten(0, 1)
    states, pooled = models.pooled(tower, images)
    loss, of_image, of_text = model.losses(batch)
    named = models.parameters(model, models.contrast_name)
    found = gradients(loss, named)
    file = "clip.contrastive"
    weights = renamed(second_names(tower), models.tower_name)
    folder.add("clip.weights", {**weights, "logit_scale": model.model_clip.logit_scale})
    folder.add(file, batch, "in.")
    outputs = {"last_hidden_state": states, "pooled": pooled, "loss": loss, "loss_image": of_image, "loss_text": of_text}
    folder.add(file, outputs, "out.")
    of_text_model = {name.removeprefix("model_text."): g for name, g in found.items() if name.startswith("model_text.")}
    embeddings = {f"model_text.{name}": g for name, g in of_text_model.items() if name.startswith("embeddings.")}
    of_tower = {name: g for name, g in found.items() if name.startswith("model_image.")}
    if folder.size == "tiny":
        folder.add_states(file, "grad", {**of_tower, **embeddings})
    else:
        folder.digests["contrastive.image"] = digests(renamed(of_tower, lambda name: name.removeprefix("model_image.")))
    folder.digests["contrastive.text"] = digests(of_text_model)
    folder.add(file, {"model_clip.logit_scale": found["model_clip.logit_scale"]}, "grad.")

    exact = doubled(tower)
    exact_pooled = models.pooled(exact, images.double())[1]
    start = copy.deepcopy(model)

    def losses_of(given):
        return {"loss": start.losses(given)[0]}

    trained = train(
        start, [batch], losses_of, OPTIMIZER["contrastive_lr"], OPTIMIZER, 0, rename=models.contrast_name
    )
    states = with_gradient(trained)
    expected = {
        "loss": loss.item(),
        "loss_image": of_image.item(),
        "loss_text": of_text.item(),
        "logit_scale_after1": states["model_clip.logit_scale"].item(),
        "after1_digest": digests(states),
    }
    noise = {"clip_pooled": distance(pooled, exact_pooled)}
    groups = [group for group in groups_of(named, RATES["contrastive"], 0.01) if group["names"]]
    return tower, batch, expected, groups, noise


def make_end_to_end(folder, config, classifier, tower, batch):
    """The single-stream classifier with the tower in the graph."""
    model = models.SingleStream(config["single"], SPECIAL, classes=config["num_classes"], tower=copy.deepcopy(tower)).eval()
    model.load_state_dict(classifier.state_dict(), strict=False)
    logits = model.logits(batch)
    loss = F.cross_entropy(logits, batch["label"].flatten())
    folder.add("clip.contrastive", {"logits": logits, "loss": loss}, "end_to_end.")
    found = gradients(loss, models.parameters(model.visual_backbone, models.tower_name))
    return {"loss": loss.item(), "visual_backbone_gradient_l2": norms(found)}


def main():
    args = options()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    config, draw = config_of(args), samples.Draw(args.seed)
    folder = GoldenFolder(args.out, args.size)
    expected = {"noise_float32_vs_float64": {}, "param_groups": {}}

    def note(groups_name, groups, noise):
        expected["param_groups"][groups_name] = groups
        expected["noise_float32_vs_float64"] |= noise

    weights, expected["pretrain"], groups = make_pretraining(folder, draw, config, args.mfm_probability)
    note("pretrain_single", groups, {})
    classifier, expected["finetune"], groups, noise = make_finetuning(folder, draw, config, weights)
    note("finetune_single", groups, noise)
    folder.add("single.weights", {**second_names(classifier), **weights})
    two, expected["two_stream"], groups, noise = make_two_stream(folder, draw, config)
    note("finetune_two", groups, noise)
    tower, batch, expected["contrastive"], groups, noise = make_contrast(folder, draw, config, two.roberta)
    note("contrastive", groups, noise)
    if args.end_to_end:
        expected["end_to_end"] = make_end_to_end(folder, config, classifier, tower, batch)
    tensors, expected["ensemble"] = tables.ensemble(draw, config["num_classes"])
    folder.add("ensemble", tensors)
    folder.add("preprocess", tables.preprocess(draw))
    expected["metric"] = tables.metric(draw)
    expected["schedules"] = tables.schedules()
    expected["truncation"] = tables.truncation(draw)
    expected["frame_sampling"] = tables.frame_sampling(args.frames)
    readme = f"Golden set, seed {args.seed}, size {args.size}, made by tools/golden/make/make_golden.py with torch {torch.__version__}, transformers {transformers.__version__}.\n"
    folder.write(config, expected, readme)
    print(f"{args.out}: seed {args.seed}, size {args.size}, torch {torch.__version__}, transformers {transformers.__version__}")


if __name__ == "__main__":
    main()
