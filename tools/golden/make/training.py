"""Updates as the reference does them: its AdamW, parameter groups, schedules, averages, FGM and PGD."""

import math

import torch
from torch.nn import functional as F

TABLE = "bert.embeddings.word_embeddings"
NO_DECAY = ("bias", "LayerNorm.weight")


def gradients(loss, parameters):
    """Gradients by name; parameters that the loss doesn't depend on are left out."""
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True, retain_graph=True)
    return {name: gradient for name, gradient in zip(parameters, found) if gradient is not None}


def groups_of(names, rates, weight_decay):
    """Two groups a rate, with and without decay; names belong to the rate whose key is part of them, else to `others`."""
    keys = [key for key in rates if key != "others"]
    named = {key: [name for name in names if key in name] for key in keys}
    if "others" in rates:
        named["others"] = [name for name in names if not any(key in name for key in keys)]
    groups = []
    for key, rate in rates.items():
        spared = [name for name in named[key] if any(part in name for part in NO_DECAY)]
        decayed = [name for name in named[key] if name not in spared]
        groups.append({"key": key, "lr": rate, "weight_decay": weight_decay, "names": decayed})
        groups.append({"key": key, "lr": rate, "weight_decay": 0.0, "names": spared})
    return groups


def factor(kind, step, total, warmup):
    """The schedule's factor at an update, counted from 0."""
    if step < warmup:
        return step / max(1, warmup)
    progress = (step - warmup) / max(1, total - warmup)
    if kind == "linear":
        return max(0.0, 1 - progress)
    return max(0.0, 0.5 * (1 + math.cos(math.pi * progress)))


class ReferenceAdamW:
    """transformers' former AdamW: epsilon beside the uncorrected root, decay last, with the updated parameter."""

    def __init__(self, parameters, groups, betas, eps):
        self.parameters, self.groups, self.betas, self.eps = parameters, groups, betas, eps
        self.moments = {}
        self.steps = 0

    def step(self, gradients, scale):
        self.steps += 1
        (b1, b2), t = self.betas, self.steps
        correction = math.sqrt(1 - b2**t) / (1 - b1**t)
        for group in self.groups:
            rate = group["lr"] * scale
            for name in group["names"]:
                if name not in gradients:
                    continue
                p, g = self.parameters[name].data, gradients[name]
                m, v = self.moments.setdefault(name, (torch.zeros_like(p), torch.zeros_like(p)))
                m.mul_(b1).add_(g, alpha=1 - b1)
                v.mul_(b2).addcmul_(g, g, value=1 - b2)
                p.addcdiv_(m, v.sqrt().add_(self.eps), value=-rate * correction)
                if group["weight_decay"] > 0:
                    p.add_(p, alpha=-rate * group["weight_decay"])


def added(a, b):
    return {name: a[name] + b[name] if name in a and name in b else a.get(name, b.get(name)) for name in {**a, **b}}


def find_table(parameters):
    return next((name for name in parameters if TABLE in name), None)


def fgm(loss_of, parameters, clean, epsilon):
    """Fast gradient method: one pass at table + epsilon g / |g|. Accumulated gradients, adversarial losses."""
    table = find_table(parameters)
    kept = parameters[table].data.clone()
    parameters[table].data.add_(epsilon * clean[table] / clean[table].norm())
    loss = loss_of()
    other = gradients(loss, parameters)
    parameters[table].data.copy_(kept)
    return added(clean, other), [loss.item()]


def pgd(loss_of, parameters, clean, steps, epsilon, alpha):
    """Projected gradient descent: steps of length alpha; the last one's gradients are added to the clean ones."""
    table = find_table(parameters)
    kept = parameters[table].data.clone()
    last, losses = clean, []
    for _ in range(steps):
        gradient = last[table]
        parameters[table].data.add_(alpha * gradient / gradient.norm())
        moved = parameters[table].data - kept
        if moved.norm() > epsilon:
            parameters[table].data.copy_(kept + epsilon * moved / moved.norm())
        loss = loss_of()
        last = gradients(loss, parameters)
        losses.append(loss.item())
    parameters[table].data.copy_(kept)
    return added(clean, last), losses


def train(model, batches, losses_of, rates, optimizer, warmup, *, kind="cosine", attack=None, ema=None, rename=None):
    """
    Updates `model` in place, one a batch. `losses_of(batch)` gives losses by name, with the one to minimise as `loss`.
    Returns what each update reported, the moving averages, and the first update's gradients.
    """
    rename = rename or (lambda name: name)
    named = {rename(name): parameter for name, parameter in model.named_parameters()}
    groups = groups_of(named, rates, optimizer["weight_decay"])
    adam = ReferenceAdamW(named, groups, optimizer["betas"], optimizer["eps"])
    averages = {name: parameter.data.clone() for name, parameter in named.items()} if ema else {}
    reports, first = [], None
    for step, batch in enumerate(batches):
        losses = losses_of(batch)
        found = gradients(losses["loss"], named)
        report = {name: loss.item() for name, loss in losses.items()}
        if attack:
            found, adversarial = attack(lambda: losses_of(batch)["loss"], named, found)
            report["adversarial"] = adversarial
        first = first or found
        scale = factor(kind, step, optimizer["total_steps"], warmup)
        report["lr"] = [group["lr"] * scale for group in groups if group["names"]]
        adam.step(found, scale)
        for name, average in averages.items():
            average.mul_(ema).add_(named[name].data, alpha=1 - ema)
        reports.append(report)
    return {"reports": reports, "averages": averages, "gradients": first, "parameters": named}


def classification_loss(model):
    return lambda batch: {"loss": F.cross_entropy(model.logits(batch), batch["label"].flatten())}
