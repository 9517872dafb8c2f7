"""Make test/goldens/optim.safetensors: what torch.optim computes in float64 from float32 inputs.

    python3 test/goldens/make_optim_goldens.py        (needs torch and numpy; writes beside this file)

Each case starts from two parameters, weight [5, 7] and bias [3], and 20 given gradients of each. Kept are the
parameters after the first and after the last update, and the state after both. The case's `options` carry torch's
names; a list in `groups` means one parameter group each, for weight and bias.
"""
import json
import pathlib
import struct

import numpy as np
import torch

torch.manual_seed(20261124)
torch.set_default_dtype(torch.float64)
STEPS = 20
SHAPES = {"weight": (5, 7), "bias": (3,)}
tensors: dict[str, np.ndarray] = {}
cases: list[dict] = []


def f32(*shape):
    return torch.randn(*shape, dtype=torch.float32).double()


def keep(prefix, **named):
    for name, value in named.items():
        tensors[f"{prefix}.{name}"] = np.array(value.detach().numpy(), dtype=np.float64)


def start():
    return {name: torch.nn.Parameter(f32(*shape)) for name, shape in SHAPES.items()}


def keep_moment(prefix, parameters, optimizer):
    for name, parameter in parameters.items():
        keep(prefix, **{f"param.{name}": parameter})
        for slot, value in optimizer.state[parameter].items():
            if value is not None:
                keep(prefix, **{f"state.{slot}.{name}": value})


CLIPS = {
    "none": lambda parameters: None,
    "norm": lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 1.5),
    "value": lambda parameters: torch.nn.utils.clip_grad_value_(parameters, 0.4),
    "norm-1": lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 4.5, norm_type=1),
    "norm-3": lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 0.9, norm_type=3),
    "norm-infinity": lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 0.6, norm_type=float("inf")),
}


def curve(name, kind, groups=None, clip="none", **options):
    parameters = start()
    keep(f"{name}.start", **parameters)
    given = list(parameters.values())
    if groups is not None:
        given = [{"params": [parameter], **own} for parameter, own in zip(given, groups)]
    optimizer = getattr(torch.optim, kind)(given, **options)
    gradients = {key: torch.stack([f32(*shape) for _ in range(STEPS)]) for key, shape in SHAPES.items()}
    keep(f"{name}.gradients", **gradients)
    for step in range(STEPS):
        for key, parameter in parameters.items():
            parameter.grad = gradients[key][step].clone()
        norm = CLIPS[clip](list(parameters.values()))
        if step == 0 and norm is not None:
            keep(name, norm=norm)
        optimizer.step()
        if step in (0, STEPS - 1):
            keep_moment(f"{name}.{'first' if step == 0 else 'last'}", parameters, optimizer)
    cases.append(dict(name=name, kind=kind.lower(), clip=clip, groups=groups, options=options))


def schedule(name, make, steps=40):
    """Factors of the learning rate over the steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(f32(1))], lr=1.0)
    scheduler = make(optimizer)
    factors = []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    keep(name, factors=torch.tensor(factors))


def plateau(name, metrics, **options):
    """The factor of the learning rate after each metric."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(f32(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    factors = []
    for metric in metrics:
        scheduler.step(metric)
        factors.append(optimizer.param_groups[0]["lr"])
    keep(name, metrics=torch.tensor(metrics), factors=torch.tensor(factors))
    cases.append(dict(name=name, kind="plateau", options=options))


curve("sgd", "SGD", lr=0.05)
curve("sgd-decay", "SGD", lr=0.05, weight_decay=0.1)
curve("sgd-momentum", "SGD", lr=0.02, momentum=0.9)
curve("sgd-dampening", "SGD", lr=0.02, momentum=0.9, dampening=0.3, weight_decay=0.01)
curve("sgd-nesterov", "SGD", lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.05)
curve("rmsprop", "RMSprop")
curve("rmsprop-decay", "RMSprop", lr=0.005, alpha=0.9, eps=1e-6, weight_decay=0.1)
curve("rmsprop-momentum", "RMSprop", lr=0.005, momentum=0.9)
curve("rmsprop-centered", "RMSprop", lr=0.005, alpha=0.95, centered=True)
curve("rmsprop-all", "RMSprop", lr=0.002, alpha=0.9, eps=1e-4, momentum=0.5, centered=True, weight_decay=0.02)
curve("adagrad", "Adagrad")
curve("adagrad-decay", "Adagrad", lr=0.1, lr_decay=0.05, weight_decay=0.1)
curve("adagrad-accumulator", "Adagrad", lr=0.1, initial_accumulator_value=0.5, eps=1e-3)
curve("adam", "Adam")
curve("adam-l2", "Adam", lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)
curve("adam-no-mean", "Adam", lr=0.01, betas=(0.0, 0.99))
curve("adamw", "AdamW")
curve("adamw-strong", "AdamW", lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3)
curve("sgd-clip-norm", "SGD", lr=0.05, momentum=0.5, clip="norm")
curve("adam-clip-norm", "Adam", lr=0.01, clip="norm")
curve("adagrad-clip-value", "Adagrad", lr=0.1, clip="value")
curve("adam-groups", "Adam", lr=0.01, groups=[{"lr": 0.003, "weight_decay": 0.1}, {"betas": (0.5, 0.9)}])
curve("sgd-groups", "SGD", lr=0.01, momentum=0.9, groups=[{"momentum": 0, "lr": 0.1}, {"nesterov": True}])

noisy = [1 / (1 + 0.3 * k) + 0.2 * abs(np.sin(3.7 * k)) for k in range(30)]
flat = [1.0] * 25 + [0.5] * 5
schedule("step", lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=7, gamma=0.3))
schedule("exponential", lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.9))
schedule("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=40, eta_min=0.1))
plateau("plateau", noisy, patience=2)
plateau("plateau-flat", flat, patience=3, factor=0.5, cooldown=4)
plateau("plateau-max", [-value for value in noisy], mode="max", patience=1, factor=0.7, threshold=0.05,
        threshold_mode="abs")
plateau("plateau-floor", flat, patience=0, factor=0.5, min_lr=0.01, threshold=0.1)
plateau("plateau-nan", [1.0, float("nan"), float("nan"), 0.5, float("inf"), 0.4], patience=1)

# Behind all others, whose random numbers stay as they were.
curve("adam-amsgrad", "Adam", amsgrad=True, betas=(0.8, 0.9), lr=0.01)
curve("adam-amsgrad-l2", "Adam", amsgrad=True, betas=(0.7, 0.8), lr=0.02, eps=1e-3, weight_decay=0.1)
curve("adamw-amsgrad", "AdamW", amsgrad=True, betas=(0.9, 0.9), lr=0.02, weight_decay=0.3)
curve("adam-amsgrad-clip-norm", "Adam", amsgrad=True, betas=(0.8, 0.9), lr=0.01, clip="norm")
curve("adadelta", "Adadelta")
curve("adadelta-decay", "Adadelta", lr=0.3, rho=0.8, eps=1e-4, weight_decay=0.1)
curve("adamax", "Adamax")
curve("adamax-l2", "Adamax", lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1)
curve("adamax-clip-value", "Adamax", lr=0.02, clip="value")
curve("adadelta-groups", "Adadelta", groups=[{"lr": 0.3, "weight_decay": 0.1}, {"rho": 0.5}])
curve("sgd-clip-norm-1", "SGD", lr=0.05, clip="norm-1")
curve("sgd-clip-norm-3", "SGD", lr=0.05, momentum=0.5, clip="norm-3")
curve("sgd-clip-norm-infinity", "SGD", lr=0.05, clip="norm-infinity")
schedule("multi-step", lambda o: torch.optim.lr_scheduler.MultiStepLR(o, milestones=[3, 10, 11, 30], gamma=0.5))
schedule("linear", lambda o: torch.optim.lr_scheduler.LinearLR(o))
schedule("linear-down", lambda o: torch.optim.lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=25))
schedule("one-cycle", lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=41))
schedule("one-cycle-linear", lambda o: torch.optim.lr_scheduler.OneCycleLR(
    o, max_lr=1.0, total_steps=41, pct_start=0.25, anneal_strategy="linear", div_factor=10, final_div_factor=100))
schedule("one-cycle-three-phases", lambda o: torch.optim.lr_scheduler.OneCycleLR(
    o, max_lr=1.0, total_steps=41, pct_start=0.4, three_phase=True))

entries, data, offset = {}, [], 0
for key, value in tensors.items():
    raw = np.ascontiguousarray(value, dtype="<f8").tobytes()
    entries[key] = {"dtype": "F64", "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
    data.append(raw)
    offset += len(raw)
head = json.dumps({"__metadata__": {"cases": json.dumps(cases), "torch": torch.__version__.split("+")[0]}} | entries)
head = head.encode()
head += b" " * (-len(head) % 8)
target = pathlib.Path(__file__).with_name("optim.safetensors")
target.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(data))
print(f"{len(cases)} cases, {len(tensors)} tensors, {target.stat().st_size} bytes")
