"""PyTorch's side of the word language model benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

import time as clock

from ids import IdStream
from protocol import serve
from pytorch import describe, keep_memory

WEIGHTS = 0.1


def build(request):
    import torch
    from torch import nn
    from torch.nn import functional

    kept = keep_memory()
    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    vocab, hidden = request["vocab"], request["hidden"]
    embedding = nn.Embedding(vocab, hidden)
    rnn = nn.LSTM(hidden, hidden, num_layers=2)
    head = nn.Linear(hidden, vocab)
    parameters = [*embedding.parameters(), *rnn.parameters(), *head.parameters()]
    for parameter in parameters:
        nn.init.uniform_(parameter, -WEIGHTS, WEIGHTS)
    optimizer = torch.optim.SGD(parameters, lr=request["learningRate"])
    stream = IdStream(vocab, request["seed"])
    state = None

    def step():
        """One training step; its milliseconds and its loss."""
        nonlocal state
        inputs, targets = stream.next_batch(request["batch"], request["time"])
        start = clock.perf_counter()
        inputs, targets = torch.tensor(inputs).t(), torch.tensor(targets).t()
        optimizer.zero_grad()
        output, (h, c) = rnn(embedding(inputs), state)
        state = h.detach(), c.detach()
        loss = functional.cross_entropy(head(output).flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, request["clip"])
        optimizer.step()
        value = loss.item()
        return (clock.perf_counter() - start) * 1000, value

    settings = f"nn.Embedding, nn.LSTM, nn.Linear, {describe(torch)}{kept}"
    return step, {"ready": True, "library": "PyTorch", "version": torch.__version__, "settings": settings}


serve(build)
