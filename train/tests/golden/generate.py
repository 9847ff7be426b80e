"""Writes losses.json, optimizers.json, schedules.json, metrics.json and fans.json: what PyTorch computes.

Usage: pip install -r ../../../tests/golden/requirements.txt && python generate.py

Everything is computed in float64 from numbers that float32 holds. Every random array has a seed of its own, its name,
so adding a case changes no other.
"""
import json
import pathlib
import zlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent


def rng(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def floats(array):
    return [float(x) for x in np.asarray(array).reshape(-1)]


def single(array):
    """Rounded to float32, as float64."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


# Losses. Networks give [pixels, channels], which is how PyTorch's losses take a batch of vectors: their mean over the
# batch is the mean over the pixels of one image.

HEADS = {
    "identity": lambda x: x,
    "softmax": lambda x: F.softmax(x, dim=1),
    "log_softmax": lambda x: F.log_softmax(x, dim=1),
    "sigmoid": torch.sigmoid,
}


def dice(p, t):
    return 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)


def loss_function(loss, head):
    """From logits and target to the loss; PyTorch's own fused functions where it has them."""
    apply = HEADS[head]
    # Binary cross-entropy and Dice read probabilities where the head gives logarithms.
    probability = HEADS["softmax"] if head == "log_softmax" else apply
    if loss == "sparse_categorical_crossentropy":
        if head == "softmax":
            return lambda x, t: F.cross_entropy(x, t.long())
        if head == "log_softmax":
            return lambda x, t: F.nll_loss(apply(x), t.long())
        return lambda x, t: F.nll_loss(apply(x).log(), t.long())
    if loss == "categorical_crossentropy":
        if head in ("softmax", "log_softmax"):
            return F.cross_entropy
        return lambda x, t: -(t * apply(x).log()).sum(dim=1).mean()
    if loss == "binary_crossentropy":
        if head == "sigmoid":
            return F.binary_cross_entropy_with_logits
        return lambda x, t: F.binary_cross_entropy(probability(x), t)
    if loss == "mean_squared_error":
        return lambda x, t: F.mse_loss(apply(x), t)
    if loss == "mean_absolute_error":
        return lambda x, t: F.l1_loss(apply(x), t)
    return lambda x, t: dice(probability(x), t)


def losses():
    cases = []
    names = ["sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy",
             "mean_squared_error", "mean_absolute_error", "dice"]
    for loss in names:
        for head in HEADS:
            for size, (h, w, c), spread in [("vector", (1, 1, 5), 2.0), ("map", (2, 3, 4), 1.0), ("far", (1, 2, 3), 30.0)]:
                fused = (head == "sigmoid" and loss == "binary_crossentropy"
                         or head in ("softmax", "log_softmax") and "categorical" in loss)
                smooth = loss in ("mean_squared_error", "mean_absolute_error")
                if spread > 10 and not (fused or smooth):
                    # Probabilities beyond the clip: another convention than PyTorch's.
                    continue
                name = f"{loss}/{head}/{size}"
                random = rng(name)
                x = single(random.normal(0, spread, (h * w, c)))
                if head == "identity" and not smooth:
                    x = single(random.uniform(0.05, 0.95, (h * w, c)))
                if loss == "sparse_categorical_crossentropy":
                    t = random.integers(0, c, h * w).astype(np.float64)
                elif loss == "categorical_crossentropy":
                    t = single(random.dirichlet(np.ones(c), h * w))
                elif smooth:
                    t = single(random.normal(0, 1, (h * w, c)))
                else:
                    t = random.integers(0, 2, (h * w, c)).astype(np.float64)
                    t.flat[0] = 0.25
                logits = torch.tensor(x, requires_grad=True)
                value = loss_function(loss, head)(logits, torch.tensor(t))
                value.backward()
                prediction = HEADS[head](logits).detach()
                cases.append({
                    "loss": loss, "head": head, "shape": [h, w, c], "output": floats(x), "target": floats(t),
                    "prediction": floats(prediction), "value": value.item(), "gradient": floats(logits.grad),
                })
    return cases


# Optimisers: a small vector, fixed gradients, 20 steps. The gradients of the later steps are a thousand times smaller,
# and one parameter's are always zero.

STEPS, PARAMETERS = 20, 9
OPTIMIZERS = [
    ("sgd", torch.optim.SGD, {}),
    ("sgd", torch.optim.SGD, {"weight_decay": 0.1}),
    ("sgd", torch.optim.SGD, {"momentum": 0.9}),
    ("sgd", torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    ("sgd", torch.optim.SGD, {"momentum": 0.8, "nesterov": True}),
    ("sgd", torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("adam", torch.optim.Adam, {}),
    ("adam", torch.optim.Adam, {"weight_decay": 0.1}),
    ("adam", torch.optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-3}),
    ("adamw", torch.optim.AdamW, {"weight_decay": 0.0}),
    ("adamw", torch.optim.AdamW, {"weight_decay": 0.3}),
    ("rmsprop", torch.optim.RMSprop, {"alpha": 0.9}),
    ("rmsprop", torch.optim.RMSprop, {"alpha": 0.99, "weight_decay": 0.1}),
    ("rmsprop", torch.optim.RMSprop, {"alpha": 0.9, "momentum": 0.9}),
    ("rmsprop", torch.optim.RMSprop, {"alpha": 0.95, "momentum": 0.5, "eps": 1e-4, "weight_decay": 0.2}),
]


def optimizers():
    random = rng("optimizers")
    start = single(random.normal(0, 1, PARAMETERS))
    gradients = single(random.normal(0, 1, (STEPS, PARAMETERS)))
    gradients[10:] = single(gradients[10:] * 1e-3)
    gradients[:, 3] = 0
    # Rates of a schedule: a step is not always the same.
    factors = [1.0, 0.5, 0.25, 1.0] * 5

    def trajectory(make, arguments, clip=None):
        parameter = nn.Parameter(torch.tensor(start))
        rate = arguments["lr"]
        optimizer = make([parameter], **arguments)
        rows = []
        for gradient, factor in zip(gradients, factors):
            parameter.grad = torch.tensor(gradient)
            if clip:
                clip(parameter)
            optimizer.param_groups[0]["lr"] = rate * factor
            optimizer.step()
            rows.append(floats(parameter.detach()))
        return rows

    cases = []
    for name, make, arguments in OPTIMIZERS:
        arguments = {"lr": 0.05, **({} if name == "sgd" else {"eps": 1e-7}), **arguments}
        cases.append({"name": name, "arguments": arguments, "trajectory": trajectory(make, arguments)})
    arguments = {"lr": 0.05, "momentum": 0.9}
    for key, clip in [("clip_norm", nn.utils.clip_grad_norm_), ("clip_value", nn.utils.clip_grad_value_)]:
        rows = trajectory(torch.optim.SGD, arguments, lambda parameter: clip([parameter], 0.7))
        cases.append({"name": "sgd", "arguments": {**arguments, key: 0.7}, "trajectory": rows})
    return {
        "start": floats(start), "gradients": [floats(g) for g in gradients], "factors": factors, "cases": cases,
    }


def schedules():
    schedulers = torch.optim.lr_scheduler

    def factors(make, steps):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = make(optimizer)
        rows = []
        for _ in range(steps):
            rows.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return rows

    def warm(optimizer, steps, after):
        rise = schedulers.LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)
        return schedulers.SequentialLR(optimizer, [rise, after(optimizer)], milestones=[steps])

    def step(optimizer):
        return schedulers.StepLR(optimizer, step_size=3, gamma=0.5)

    def cosine(optimizer):
        return schedulers.CosineAnnealingLR(optimizer, T_max=16, eta_min=0.1)

    def constant(optimizer):
        return schedulers.LambdaLR(optimizer, lambda _: 1.0)

    decays = {"constant": constant, "step": step, "cosine": cosine}
    cases = [{"decay": name, "warm_up": 0, "factors": factors(make, 17)} for name, make in decays.items()]
    for name, make in decays.items():
        rows = factors(lambda optimizer: warm(optimizer, 5, make), 21)
        cases.append({"decay": name, "warm_up": 5, "factors": rows})
    return cases


def metrics():
    random = rng("metrics")
    pixels, classes = 60, 6
    scores = single(random.normal(0, 1, (pixels, classes)))
    # Class 5 is never right and never said, so that it has no share in a mean.
    scores[:, 5] = -9
    target = random.integers(0, 5, pixels)
    x, t = torch.tensor(scores), torch.tensor(target)
    said = x.argmax(dim=1)
    matrix = torch.bincount(t * classes + said, minlength=classes * classes).reshape(classes, classes)
    ious = [((said == k) & (t == k)).sum().item() / ((said == k) | (t == k)).sum().item() for k in range(5)]
    mask_logits = single(random.normal(0, 2, pixels))
    mask = random.integers(0, 2, pixels).astype(np.float64)
    probability = torch.sigmoid(torch.tensor(mask_logits)).numpy()

    def iou(threshold):
        positive = probability > threshold
        return float((positive & (mask > 0)).sum() / (positive | (mask > 0)).sum())

    return {
        "classes": classes, "scores": floats(scores), "target": floats(target),
        "accuracy": (said == t).double().mean().item(),
        "top": [(x.topk(k, dim=1).indices == t[:, None]).any(dim=1).double().mean().item() for k in range(1, 6)],
        "confusion": matrix.tolist(), "mean_iou": sum(ious) / len(ious),
        "mask_logits": floats(mask_logits), "mask": floats(mask),
        "mask_accuracy": float(((probability > 0.5) == (mask > 0.5)).mean()),
        "thresholds": [0.3, 0.5, 0.8], "ious": [iou(t) for t in (0.3, 0.5, 0.8)],
    }


def fans():
    layers = [
        ("conv2d: {filters: 12, kernel_size: [3, 5]}", nn.Conv2d(8, 12, (3, 5))),
        ("conv2d: {filters: 12, kernel_size: 3, groups: 4}", nn.Conv2d(8, 12, 3, groups=4)),
        ("depthwise_conv2d: {kernel_size: 3}", nn.Conv2d(8, 8, 3, groups=8)),
        ("depthwise_conv2d: {kernel_size: 5, multiplier: 2}", nn.Conv2d(8, 16, 5, groups=8)),
        ("conv2d_transpose: {filters: 12, kernel_size: 2, stride: 2}", nn.ConvTranspose2d(8, 12, 2, stride=2)),
        ("conv2d_transpose: {filters: 12, kernel_size: 3, groups: 2}", nn.ConvTranspose2d(8, 12, 3, groups=2)),
        ("dense: {units: 12}", nn.Linear(8, 12)),
    ]
    calculate = nn.init._calculate_fan_in_and_fan_out
    return [
        {"layer": layer, "groups": getattr(module, "groups", 1), "fans": list(calculate(module.weight))}
        for layer, module in layers
    ]


if __name__ == "__main__":
    for make in (losses, optimizers, schedules, metrics, fans):
        text = json.dumps(make())
        (HERE / f"{make.__name__}.json").write_text(text + "\n")
