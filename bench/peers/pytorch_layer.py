"""PyTorch's side of the layers benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

import time as clock

from protocol import serve
from pytorch import answer, begin, load


def build(request):
    torch, settings = begin(request)
    from torch import nn

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

    return step, answer(torch, f"torch.nn, {settings}")


serve(build, load)
