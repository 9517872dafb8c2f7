"""PyTorch's side of the word language model benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

import ctypes
import time as clock

from ids import IdStream
from protocol import serve

WEIGHTS = 0.1

# Of glibc's malloc.h. Without them every step asks the system for its logits again, which costs PyTorch half its speed.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT = {M_TRIM_THRESHOLD: 2**30, M_MMAP_THRESHOLD: 2**25}


def keep_memory():
    """Whether the C library's allocator could be told to keep what is freed."""
    try:
        return all(ctypes.CDLL(None).mallopt(what, size) == 1 for what, size in KEPT.items())
    except AttributeError:
        return False


def build(request):
    import torch
    from torch import nn
    from torch.nn import functional

    kept = ", memory kept by mallopt" if keep_memory() else ""
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

    threads = torch.get_num_threads()
    settings = f"nn.Embedding, nn.LSTM, nn.Linear, f32, {threads} thread{'s' if threads > 1 else ''}{kept}"
    return step, {"ready": True, "library": "PyTorch", "version": torch.__version__, "settings": settings}


serve(build)
