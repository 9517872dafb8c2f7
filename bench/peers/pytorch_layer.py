"""PyTorch's side of the layers benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

import time as clock

from protocol import serve
from pytorch import describe, keep_memory, load


def build(request):
    import torch
    from torch import nn

    kept = keep_memory()
    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    T, B, H = request["time"], request["batch"], request["hidden"]
    layer = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[request["cell"]](H, H)
    train = request["mode"] == "train"
    x = torch.randn(T, B, H, requires_grad=train)
    weights = torch.randn(T, B, H)

    def step():
        """Forward and backward with the input's gradient, or forward alone; its milliseconds."""
        start = clock.perf_counter()
        if train:
            layer.zero_grad()
            x.grad = None
            loss = (layer(x)[0] * weights).sum()
            loss.backward()
            value = loss.item()
        else:
            with torch.inference_mode():
                value = layer(x)[0][0, 0, 0].item()
        return (clock.perf_counter() - start) * 1000, value

    settings = f"torch.nn, {describe(torch)}{kept}"
    return step, {"ready": True, "library": "PyTorch", "version": torch.__version__, "settings": settings}


serve(build, load)
