"""Make test/goldens/recurrent.safetensors: what PyTorch computes in float64 from float32 inputs, for every cell.

    python3 test/goldens/make_recurrent_goldens.py        (needs torch and numpy; writes beside this file)

The cases cover every pair of values of the factors below at least once (a greedy covering array). PyTorch has no GRU
with the reset gate before the product, so that one is written out here and differentiated by PyTorch's autograd.
"""
import itertools
import json
import pathlib
import random

import numpy as np
import torch

from safetensors_writer import write

torch.manual_seed(20261124)
torch.set_default_dtype(torch.float64)

FACTORS = {
    "cell": ["rnn-tanh", "rnn-relu", "lstm", "gru", "gru-before"],
    "layers": [1, 2, 3],
    "bidirectional": [False, True],
    "bias": [True, False],
    "projection": [0, 3],
    "lengths": ["none", "sorted", "unsorted"],
    "initial": [False, True],
    "batchFirst": [True, False],
    # T, B, I, H: one step, tails of every vector width, and a size beyond one panel of 32 columns
    "sizes": [(1, 1, 1, 4), (5, 3, 4, 6), (4, 7, 2, 5), (3, 2, 3, 34)],
}


def valid(case):
    if case["projection"] and case["cell"] != "lstm":
        return False
    # The large size is for tails: with all else on top it would only fill the file.
    return not (case["sizes"][3] > 30 and case["layers"] == 3)


def pairwise():
    """Greedy: of many random valid cases, take the one with the most pairs not seen yet."""
    rng = random.Random(7)
    names = list(FACTORS)

    def draw():
        while True:
            case = {name: rng.choice(FACTORS[name]) for name in names}
            if valid(case):
                return case

    def pairs(case):
        return {(a, str(case[a]), b, str(case[b])) for a, b in itertools.combinations(names, 2)}

    wanted = set().union(*(pairs(draw()) for _ in range(20000)))
    cases = []
    while wanted:
        best = max((draw() for _ in range(400)), key=lambda case: len(pairs(case) & wanted))
        if pairs(best) & wanted:
            wanted -= pairs(best)
            cases.append(best)
    return cases


class GRUBefore(torch.nn.Module):
    """n = tanh(W_in x + b_in + W_hn (r * h') + b_hn); parameters and everything else as torch.nn.GRU."""

    def __init__(self, inputs, hidden, layers, bias, batch_first, bidirectional):
        super().__init__()
        like = torch.nn.GRU(inputs, hidden, layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional)
        self.hidden, self.layers, self.bias, self.batch_first = hidden, layers, bias, batch_first
        self.directions = 2 if bidirectional else 1
        for name, parameter in like.named_parameters():
            setattr(self, name, torch.nn.Parameter(parameter.detach().clone()))

    def forward(self, x, h0, lengths):
        x = x.transpose(0, 1) if self.batch_first else x
        T, B = x.shape[:2]
        lengths = lengths if lengths is not None else [T] * B
        last = []
        for layer in range(self.layers):
            outputs = []
            for direction in range(self.directions):
                suffix = f"_l{layer}" + ("_reverse" if direction else "")
                W_i, W_h = getattr(self, f"weight_ih{suffix}"), getattr(self, f"weight_hh{suffix}")
                zero = torch.zeros(3 * self.hidden)
                b_i = getattr(self, f"bias_ih{suffix}") if self.bias else zero
                b_h = getattr(self, f"bias_hh{suffix}") if self.bias else zero
                rows, finals = [], []
                for b in range(B):
                    index = layer * self.directions + direction
                    h = h0[index, b] if h0 is not None else torch.zeros(self.hidden)
                    out = [torch.zeros(self.hidden)] * T
                    order = range(lengths[b])
                    for t in reversed(order) if direction else order:
                        i_r, i_z, i_n = (W_i @ x[t, b] + b_i).chunk(3)
                        h_r, h_z, _ = (W_h @ h + b_h).chunk(3)
                        r, z = torch.sigmoid(i_r + h_r), torch.sigmoid(i_z + h_z)
                        n = torch.tanh(i_n + W_h.chunk(3)[2] @ (r * h) + b_h.chunk(3)[2])
                        h = (1 - z) * n + z * h
                        out[t] = h
                    rows.append(torch.stack(out))
                    finals.append(h)
                outputs.append(torch.stack(rows, dim=1))
                last.append(torch.stack(finals))
            x = torch.cat(outputs, dim=-1)
        return (x.transpose(0, 1) if self.batch_first else x), torch.stack(last)


def f32(*shape):
    return torch.randn(*shape, dtype=torch.float32).double().requires_grad_()


def build(cell, I, H, layers, bias, batch_first, bidirectional, projection):
    options = dict(bias=bias, batch_first=batch_first, bidirectional=bidirectional)
    if cell == "lstm":
        return torch.nn.LSTM(I, H, layers, proj_size=projection, **options)
    if cell == "gru":
        return torch.nn.GRU(I, H, layers, **options)
    if cell == "gru-before":
        return GRUBefore(I, H, layers, bias, batch_first, bidirectional)
    return torch.nn.RNN(I, H, layers, nonlinearity=cell.split("-")[1], **options)


tensors, cases = {}, []


def keep(prefix, dtype, **named):
    for name, value in named.items():
        if value is not None:
            tensors[f"{prefix}.{name}"] = value.detach().numpy().astype(dtype)


def run(name, case):
    (T, B, I, H), cell, layers = case["sizes"], case["cell"], case["layers"]
    first, directions = case["batchFirst"], 2 if case["bidirectional"] else 1
    module = build(cell, I, H, layers, case["bias"], first, case["bidirectional"], case["projection"])
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.float().double())
    x = f32(B, T, I) if first else f32(T, B, I)
    S = case["projection"] or H
    h0 = f32(layers * directions, B, S) if case["initial"] else None
    c0 = f32(layers * directions, B, H) if case["initial"] and cell == "lstm" else None
    lengths = None
    if case["lengths"] != "none":
        lengths = [1 + (3 * b + T // 2) % T for b in range(B)]
        lengths[0] = T  # PyTorch cuts the output at the longest
        lengths = sorted(lengths, reverse=True) if case["lengths"] == "sorted" else lengths[::-1]
    if cell == "gru-before":
        output, hn = module(x, h0, lengths)
        cn = None
    else:
        state = (h0, c0) if cell == "lstm" and h0 is not None else h0
        given = x
        if lengths is not None:
            given = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False)
        output, last = module(given, state)
        if lengths is not None:
            output, _ = torch.nn.utils.rnn.pad_packed_sequence(output, batch_first=first, total_length=T)
        hn, cn = last if cell == "lstm" else (last, None)
    results = {"output": output, "hn": hn} | ({"cn": cn} if cn is not None else {})
    weights = {f"weight_{key}": f32(*value.shape) for key, value in results.items()}
    loss = sum((value * weights[f"weight_{key}"]).sum() for key, value in results.items())
    loss.backward()
    keep(f"{name}.in", np.float32, x=x, h0=h0, c0=c0, **weights)
    keep(f"{name}.out", np.float64, loss=loss, **results)
    keep(f"{name}.grad", np.float64, x=x.grad, h0=None if h0 is None else h0.grad, c0=None if c0 is None else c0.grad)
    for key, parameter in module.named_parameters():
        keep(f"{name}.param", np.float32, **{key: parameter})
        keep(f"{name}.grad", np.float64, **{key: parameter.grad})
    described = {key: value for key, value in case.items() if key not in ("sizes", "lengths")}
    cases.append(dict(name=name, kind="layer", T=T, B=B, I=I, H=H, lengths=lengths, **described))


def cell_case(name, cell, bias):
    """A single cell over three steps, each state fed back: torch.nn.LSTMCell and its like."""
    B, I, H = 3, 4, 6
    make = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell, "rnn-tanh": torch.nn.RNNCell}
    module = make.get(cell, lambda *a, **k: torch.nn.RNNCell(*a, nonlinearity="relu", **k))(I, H, bias=bias)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.float().double())
    x, h0, weight = f32(3, B, I), f32(B, H), f32(B, H)
    c0 = f32(B, H) if cell == "lstm" else None
    state = (h0, c0) if cell == "lstm" else h0
    loss = 0
    for t in range(3):
        state = module(x[t], state)
        h = state[0] if cell == "lstm" else state
        loss = loss + (h * weight).sum() * (t + 1)
    loss.backward()
    keep(f"{name}.in", np.float32, x=x, h0=h0, c0=c0, weight=weight)
    keep(f"{name}.out", np.float64, h=h, c=state[1] if cell == "lstm" else None, loss=loss)
    keep(f"{name}.grad", np.float64, x=x.grad, h0=h0.grad, c0=None if c0 is None else c0.grad)
    for key, parameter in module.named_parameters():
        keep(f"{name}.param", np.float32, **{key: parameter})
        keep(f"{name}.grad", np.float64, **{key: parameter.grad})
    cases.append(dict(name=name, kind="cell", cell=cell, bias=bias, B=B, I=I, H=H))


for index, case in enumerate(pairwise()):
    run(f"{index:02d}-{case['cell']}", case)
for cell in ("rnn-tanh", "rnn-relu", "lstm", "gru"):
    for bias in (True, False):
        cell_case(f"cell-{cell}-{'bias' if bias else 'plain'}", cell, bias)

metadata = {"cases": json.dumps(cases), "torch": torch.__version__.split("+")[0]}
size = write(pathlib.Path(__file__).with_name("recurrent.safetensors"), tensors, metadata)
layers = sum(case["kind"] == "layer" for case in cases)
print(f"{layers} layers in a pairwise matrix, {len(cases) - layers} cells, {len(tensors)} tensors, {size} bytes")
