"""Make test/goldens/models.safetensors: what PyTorch computes in float64 from float32 inputs.

    python3 test/goldens/make_goldens.py        (needs torch and numpy; writes beside this file)

Every input is drawn in float32 and then widened, so that our float32 backends start from the same numbers.
"""
import json
import pathlib

import numpy as np
import torch

from safetensors_writer import write

torch.manual_seed(20261123)
torch.set_default_dtype(torch.float64)
tensors: dict[str, np.ndarray] = {}
cases: list[dict] = []


def f32(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=torch.float32) * scale).double().requires_grad_()


def keep(prefix, **named):
    for name, value in named.items():
        if value is not None:
            tensors[f"{prefix}.{name}"] = value.detach().numpy().astype(np.float64)


def float32_parameters(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.float().double())
    return module


def model_case(name, T, B, V, E, H, layers):
    """Character model: an embedding (E > 0) or one-hot input, LSTM with carried state, linear, cross-entropy."""
    embedding = float32_parameters(torch.nn.Embedding(V, E)) if E else None
    rnn = float32_parameters(torch.nn.LSTM(E or V, H, layers, batch_first=True))
    head = float32_parameters(torch.nn.Linear(H, V))
    ids, targets = torch.randint(V, (B, T)), torch.randint(V, (B, T))
    h0, c0 = f32(layers, B, H, scale=0.5), f32(layers, B, H, scale=0.5)
    x = embedding(ids) if E else torch.nn.functional.one_hot(ids, V).double()
    output, (hn, cn) = rnn(x, (h0, c0))
    logits = head(output)
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1))
    loss.backward()
    keep(f"{name}.in", ids=ids, targets=targets, h0=h0, c0=c0)
    keep(f"{name}.out", logits=logits, hn=hn, cn=cn, loss=loss)
    modules = {"rnn": rnn, "head": head} | ({"embedding": embedding} if E else {})
    for prefix, module in modules.items():
        for key, parameter in module.named_parameters():
            keep(f"{name}.param", **{f"{prefix}.{key}": parameter})
            keep(f"{name}.grad", **{f"{prefix}.{key}": parameter.grad})
    keep(f"{name}.grad", h0=h0.grad, c0=c0.grad)
    cases.append(dict(name=name, kind="model", T=T, B=B, V=V, E=E, H=H, layers=layers))


def adam_case(name, n, steps, **options):
    """A curve of Adam on the gradients g_t, and the clipping of one of them."""
    p = torch.nn.Parameter(f32(n).detach())
    start = p.detach().clone()
    optimizer = torch.optim.Adam([p], **options)
    gradients = [f32(n).detach() for _ in range(steps)]
    for gradient in gradients:
        p.grad = gradient.clone()
        optimizer.step()
    keep(name, start=start, gradients=torch.stack(gradients), end=p, exp_avg=optimizer.state[p]["exp_avg"],
         exp_avg_sq=optimizer.state[p]["exp_avg_sq"])
    for label, clip in {"norm": lambda: torch.nn.utils.clip_grad_norm_([p], 0.7),
                        "value": lambda: torch.nn.utils.clip_grad_value_([p], 0.7)}.items():
        p.grad = gradients[0].clone()
        norm = clip()
        keep(name, **{f"clip_{label}": p.grad})
        if norm is not None:
            keep(name, norm=norm)
    cases.append(dict(name=name, kind="adam", n=n, steps=steps, **options))


model_case("one-hot-model", T=9, B=4, V=11, E=0, H=16, layers=1)
model_case("stacked-model", T=8, B=5, V=13, E=0, H=12, layers=2)
model_case("embedding-model", T=6, B=3, V=10, E=7, H=12, layers=2)
adam_case("adam", n=37, steps=20, lr=0.01)
adam_case("adam-l2", n=37, steps=20, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)

metadata = {"cases": json.dumps(cases), "torch": torch.__version__.split("+")[0]}
size = write(pathlib.Path(__file__).with_name("models.safetensors"), tensors, metadata)
print(f"{len(cases)} cases, {len(tensors)} tensors, {size} bytes")
