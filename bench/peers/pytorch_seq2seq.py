"""PyTorch's side of the seq2seq benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout.

The model of Bahdanau et al. (2015) as it is usually written: an nn.GRU over packed sources in both directions, keys once
for each sentence, a loop over the steps of the target with attention and one step of an nn.GRUCell, and the output layer
and the loss for all steps at once. Batches are cut to their longest pair.
"""

import time as clock

from ids import IdStream
from pair_lengths import LengthStream
from protocol import serve
from pytorch import answer, begin, load

END, START, PADDING = 0, 1, -100


def build(request):
    torch, settings = begin(request)
    from torch import nn
    from torch.nn import functional
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    vocab, hidden, readout = request["vocab"], request["hidden"], request.get("readout", 0)
    embedding = hidden // 2
    encoded = 2 * hidden
    features = hidden + embedding + encoded

    class Seq2Seq(nn.Module):
        def __init__(self):
            super().__init__()
            self.source = nn.Embedding(vocab, embedding)
            self.target = nn.Embedding(vocab, embedding)
            self.encoder = nn.GRU(embedding, hidden, batch_first=True, bidirectional=True)
            self.bridge = nn.Linear(encoded, hidden)
            self.query = nn.Linear(hidden, hidden, bias=False)
            self.keys = nn.Linear(encoded, hidden, bias=False)
            self.v = nn.Linear(hidden, 1, bias=False)
            self.cell = nn.GRUCell(embedding + encoded, hidden)
            self.readout = nn.Linear(features, readout) if readout else None
            self.head = nn.Linear(readout or features, vocab)

        def forward(self, source, lengths, previous):
            packed = pack_padded_sequence(self.source(source), lengths, batch_first=True, enforce_sorted=False)
            output, state = self.encoder(packed)
            memory, _ = pad_packed_sequence(output, batch_first=True)
            h = torch.tanh(self.bridge(torch.cat([state[0], state[1]], dim=1)))
            keys = self.keys(memory)
            padding = torch.arange(memory.shape[1])[None, :] >= lengths[:, None]
            vectors = self.target(previous)
            read = []
            for t in range(previous.shape[1]):
                scores = self.v(torch.tanh(self.query(h)[:, None] + keys)).squeeze(2)
                weights = functional.softmax(scores.masked_fill(padding, float("-inf")), dim=1)
                context = torch.bmm(weights[:, None], memory).squeeze(1)
                x = vectors[:, t]
                h = self.cell(torch.cat([x, context], dim=1), h)
                read.append(torch.cat([h, x, context], dim=1))
            y = torch.stack(read, dim=1)
            if self.readout is not None:
                y = torch.tanh(self.readout(y))
            return self.head(y)

    model = Seq2Seq()
    optimizer = torch.optim.Adam(model.parameters(), lr=request["learningRate"])
    stream = IdStream(vocab, request["seed"])
    lengths = LengthStream(request["seed"])
    batch, time = request["batch"], request["time"]

    def step():
        """One training step; its milliseconds and its loss."""
        inputs, targets = map(torch.tensor, stream.next_batch(batch, time))
        sources, symbols = map(torch.tensor, lengths.next(batch, time))
        start = clock.perf_counter()
        longest = int(symbols.max())
        places = torch.arange(longest + 1)[None, :]
        wanted = functional.pad(targets[:, :longest], (0, 1))
        wanted = torch.where(places == symbols[:, None], END, wanted)
        wanted = torch.where(places > symbols[:, None], PADDING, wanted)
        previous = functional.pad(targets[:, :longest], (1, 0), value=START)
        optimizer.zero_grad()
        logits = model(inputs[:, : int(sources.max())], sources, previous)
        loss = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=PADDING)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), request["clip"])
        optimizer.step()
        value = loss.item()
        return (clock.perf_counter() - start) * 1000, value

    return step, answer(torch, f"nn.GRU, nn.GRUCell and a loop, {settings}")


serve(build, load)
