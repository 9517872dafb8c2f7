"""PyTorch's side of the character-LSTM benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

import json
import sys
import time as clock
import traceback

LEXICON_WORDS = 200
SHORTEST_WORD = 2
WORD_LENGTHS = 7


class IdStream:
    """The same ids as bench/ids.ts."""

    def __init__(self, vocab, seed):
        self.state = seed & 0xFFFFFFFF
        self.lexicon = []
        for _ in range(LEXICON_WORDS):
            length = SHORTEST_WORD + self.below(WORD_LENGTHS)
            self.lexicon.append([1 + min(self.below(vocab - 1), self.below(vocab - 1)) for _ in range(length)])
        self.pending = []

    def below(self, bound):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 16) % bound

    def next(self):
        if not self.pending:
            word = min(self.below(LEXICON_WORDS) for _ in range(3))
            self.pending = [0, *self.lexicon[word]][::-1]
        return self.pending.pop()

    def next_batch(self, batch, time):
        rows = []
        for _ in range(batch):
            rows.append([self.next() for _ in range(time + 1)])
        return [row[:-1] for row in rows], [row[1:] for row in rows]


def build(request):
    import torch
    from torch import nn
    from torch.nn import functional

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
        nn.utils.clip_grad_norm_(parameters, request["clipNorm"])
        optimizer.step()
        value = loss.item()
        return (clock.perf_counter() - start) * 1000, value

    threads = torch.get_num_threads()
    settings = f"nn.LSTM on one-hot inputs, f32, {threads} thread{'s' if threads > 1 else ''}"
    return step, {"ready": True, "library": "PyTorch", "version": torch.__version__, "settings": settings}


def main():
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["cmd"] == "init":
                step, reply = build(request)
            else:
                timed = [step() for _ in range(request["n"])]
                reply = {"ms": [ms for ms, _ in timed], "losses": [loss for _, loss in timed]}
        except ModuleNotFoundError as error:
            reply = {"missing": str(error)}
        except Exception as error:
            traceback.print_exc()
            reply = {"error": str(error)}
        print(json.dumps(reply), flush=True)


main()
