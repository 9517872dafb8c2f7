"""PyTorch's side of the character-LSTM benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

import time as clock

from ids import IdStream
from protocol import serve
from pytorch import describe, keep_memory, load


def build(request):
    import torch
    from torch import nn
    from torch.nn import functional

    # Where memory is measured it is left as it is: keeping it costs some.
    kept = "" if request.get("backend") == "plain" else keep_memory()
    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    vocab, hidden = request["vocab"], request["hidden"]
    rnn = nn.LSTM(vocab, hidden, batch_first=True)
    head = nn.Linear(hidden, vocab)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=request["learningRate"])
    stream = IdStream(vocab, request["seed"])

    def step():
        """One training step; its milliseconds and its loss."""
        inputs, targets = stream.next_batch(request["batch"], request["time"])
        inputs, targets = torch.tensor(inputs), torch.tensor(targets)
        start = clock.perf_counter()
        optimizer.zero_grad()
        output, _ = rnn(functional.one_hot(inputs, vocab).float())
        loss = functional.cross_entropy(head(output).flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, request["clip"])
        optimizer.step()
        value = loss.item()
        return (clock.perf_counter() - start) * 1000, value

    settings = f"nn.LSTM on one-hot inputs, {describe(torch)}{kept}"
    return step, {"ready": True, "library": "PyTorch", "version": torch.__version__, "settings": settings}


serve(build, load)
