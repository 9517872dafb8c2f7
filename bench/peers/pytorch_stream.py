"""PyTorch's side of the streaming benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

import time as clock

from ids import IdStream
from protocol import serve


def build(request):
    import torch
    from torch import nn

    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    T, V, H = request["time"], request["vocab"], request["hidden"]
    head = nn.Linear(H, V)
    zeros = lambda *shape: (torch.zeros(*shape, H), torch.zeros(*shape, H))

    if request["backend"] == "layer":
        what = "torch.nn.LSTM, traced and frozen"
        lstm = nn.LSTM(V, H)
        rows = torch.eye(V).reshape(V, 1, 1, V)

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm, self.head = lstm, head

            def forward(self, x, h, c):
                y, (h, c) = self.lstm(x, (h, c))
                return self.head(y), h, c

        traced = torch.jit.freeze(torch.jit.trace(Model().eval(), (rows[0], *zeros(1, 1))))
        state = zeros(1, 1)

        def advance(row, state):
            y, h, c = traced(row, *state)
            return y, (h, c)
    elif request["backend"] == "cell":
        what = "torch.nn.LSTMCell"
        cell = nn.LSTMCell(V, H)
        rows = torch.eye(V).reshape(V, 1, V)
        state = zeros(1)

        def advance(row, state):
            state = cell(row, state)
            return head(state[0]), state
    else:
        what = "by hand: a row of a table, and one product for all gates"
        lstm = nn.LSTMCell(V, H)
        with torch.no_grad():
            rows = (lstm.weight_ih.t() + lstm.bias_ih + lstm.bias_hh).contiguous().reshape(V, 1, 4 * H)
            recurrent, out = lstm.weight_hh.t().contiguous(), head.weight.t().contiguous()
        state = zeros(1)

        def advance(row, state):
            i, f, g, o = torch.addmm(row, state[0], recurrent).chunk(4, 1)
            c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            return torch.addmm(head.bias, h, out), (h, c)

    rows = list(rows)
    stream = IdStream(V, request["seed"])

    def step():
        """T steps, each one call; their milliseconds."""
        nonlocal state
        inputs = [stream.next() for _ in range(T)]
        start = clock.perf_counter()
        with torch.inference_mode():
            for symbol in inputs:
                y, state = advance(rows[symbol], state)
        value = y.flatten()[0].item()
        return (clock.perf_counter() - start) * 1000, value

    threads = torch.get_num_threads()
    settings = (
        f"{what}, f32, {threads} thread{'s' if threads > 1 else ''}, inference_mode, "
        f"oneDNN {'on' if torch.backends.mkldnn.is_available() else 'off'}"
    )
    return step, {"ready": True, "library": "PyTorch", "version": torch.__version__, "settings": settings}


serve(build)
