"""What is timed, by name: a function a batch, and the plan's batches."""

import torch
from torch.nn import functional as F

import batches
import features
import models
import pretraining
from work import Work

LEARNING_RATE = 1e-5


def make(plan):
    sizes = plan["sizes"]
    name, best = plan["work"], plan["side"] != "reference"
    attention = "sdpa" if best else "eager"
    if name == "products":
        return products(sizes, plan["batches"])
    if name == "encoder":
        return encoder(sizes, plan["batches"], attention)
    if name == "features":
        return features.of_tensors(plan, attention)
    if name == "jpeg-features":
        return features.of_jpegs(plan, attention)
    if name.endswith("pretraining"):
        return pretraining_steps(plan, attention, best)
    return classification(plan, attention, best)


def products(sizes, rounds):
    hidden, inner = sizes["hiddenSize"], sizes["intermediateSize"]
    rows = 8 * (sizes["textLength"] + sizes["frames"])
    shapes = [(rows, hidden, inner), (rows, inner, hidden), (rows, hidden, hidden)]
    pairs = [(torch.randn(r, m), torch.randn(m, n)) for r, m, n in shapes]

    def step(_):
        for left, right in pairs:
            torch.mm(left, right)

    return Work(torch.no_grad()(step), rounds)


def encoder(sizes, plan, attention):
    layers = models.encoder(sizes, attention).train()
    shape = sizes["textLength"] + sizes["frames"], sizes["hiddenSize"]
    inputs = [torch.randn(len(batch), *shape) for batch in plan]

    def step(states):
        layers.zero_grad(set_to_none=True)
        layers(states, attention_mask=None)[0].square().mean().backward()

    return Work(step, inputs)


def adamw(model, best):
    """torch's plain loop over parameters, as the original's optimizer was one; or its fused kernel."""
    used = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(used, lr=LEARNING_RATE, weight_decay=0.01, foreach=False, fused=best)


def training(model, best, loss_of, inputs, shape_of):
    optimizer = adamw(model.train(), best)

    def step(batch):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(batch)
        loss.backward()
        optimizer.step()
        loss.item()

    return Work(step, inputs, shape_of)


def pretraining_steps(plan, attention, best):
    model = models.SingleStream(plan["sizes"], attention, tied=best)
    inputs = [pretraining.batch(samples, i, plan["sizes"], best) for i, samples in enumerate(plan["batches"])]
    losses = pretraining.best_loss if best else pretraining.reference_loss
    return training(
        model, best, lambda batch: losses(model, batch), inputs, lambda batch: (batch["text"].shape, batch["title"].shape, batch["body"].shape)
    )


def classification(plan, attention, best):
    sizes, name = plan["sizes"], plan["work"]
    pixels = name == "end-to-end"
    inputs = [batches.classification(samples, i, sizes, best, pixels) for i, samples in enumerate(plan["batches"])]
    tower = models.tower(sizes, attention) if pixels else None
    kind = models.TwoStreamClassifier if name == "two-stream" else models.Classifier
    model = kind(sizes, attention, masked=best, tower=tower)
    shape_of = lambda batch: batch["text"].shape
    if name == "inference":
        return Work(torch.inference_mode()(model.eval()), inputs, shape_of)
    return training(model, best, lambda batch: F.cross_entropy(model(batch), batch["labels"]), inputs, shape_of)
