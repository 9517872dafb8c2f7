"""Beam search with a trained translator in PyTorch, for `npm run reproduce decoding`.

Reads from stdin one JSON object: `weights` (a checkpoint in the safetensors format), `sources` (ids of each sentence),
`beam`, `penalty`, `limits` (symbols of each target at most), `rows` (sentences of a batch), `rounds`. Prints one JSON object:
`seconds` of each round and `targets` (ids of each sentence). The search is that of this package: hypotheses are divided by
((5 + n) / 6) ^ penalty, sentences that are done leave the batch, and a sentence is done when no open hypothesis can win.
"""

import json
import math
import struct
import sys
import time as clock

import numpy
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

END, START, UNKNOWN = 0, 1, 2


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        values = numpy.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


class Translator(nn.Module):
    """An nn.GRU in both directions, additive attention, an nn.GRUCell, a tanh layer and the output matrix."""

    def __init__(self, tensors):
        super().__init__()
        source = tensors["embedding.weight"]
        target = tensors.get("sequenceDecoder.embedding.weight", source)
        self.source = nn.Embedding.from_pretrained(source)
        self.target = nn.Embedding.from_pretrained(target)
        hidden = tensors["encoder.weight_hh_l0"].shape[1]
        self.encoder = nn.GRU(source.shape[1], hidden, batch_first=True, bidirectional=True)
        for name, parameter in self.encoder.named_parameters():
            parameter.data = tensors[f"encoder.{name}"]
        self.cell = nn.GRUCell(tensors["sequenceDecoder.rnn.weight_ih_l0"].shape[1], hidden)
        for name, parameter in self.cell.named_parameters():
            parameter.data = tensors[f"sequenceDecoder.rnn.{name}_l0"]
        self.bridge = (tensors["bridge.weight"], tensors["bridge.bias"])
        self.query = tensors["sequenceDecoder.attention.query.weight"]
        self.keys = tensors["sequenceDecoder.attention.keys.weight"]
        self.v = tensors["sequenceDecoder.attention.v"]
        readout = tensors.get("sequenceDecoder.readout.weight")
        self.readout = None if readout is None else (readout, tensors["sequenceDecoder.readout.bias"])
        self.head = (tensors.get("sequenceDecoder.head.weight", target), tensors["sequenceDecoder.head.bias"])

    def encode(self, source, lengths):
        packed = pack_padded_sequence(self.source(source), lengths, batch_first=True, enforce_sorted=False)
        output, state = self.encoder(packed)
        memory, _ = pad_packed_sequence(output, batch_first=True)
        h = torch.tanh(functional.linear(torch.cat([state[0], state[1]], dim=1), *self.bridge))
        padding = torch.arange(memory.shape[1])[None, :] >= lengths[:, None]
        return h, memory, functional.linear(memory, self.keys), padding

    def step(self, symbols, h, memory, keys, padding):
        x = self.target(symbols)
        scores = torch.tanh(functional.linear(h, self.query)[:, None] + keys) @ self.v
        weights = functional.softmax(scores.masked_fill(padding, float("-inf")), dim=1)
        context = torch.bmm(weights[:, None], memory).squeeze(1)
        h = self.cell(torch.cat([x, context], dim=1), h)
        y = torch.cat([h, x, context], dim=1)
        if self.readout is not None:
            y = torch.tanh(functional.linear(y, *self.readout))
        return functional.linear(y, *self.head), h


def penalty_of(length, exponent):
    return ((5 + length) / 6) ** exponent


def search(model, sources, limit, beam, exponent):
    """The best target of each sentence of a batch."""
    lengths = torch.tensor([len(source) for source in sources])
    padded = torch.zeros(len(sources), int(lengths.max()), dtype=torch.long)
    for row, source in enumerate(sources):
        padded[row, : len(source)] = torch.tensor(source)
    h, memory, keys, padding = model.encode(padded, lengths)
    # Row (sentence, hypothesis); at first one hypothesis of each sentence.
    live = list(range(len(sources)))
    width = 1
    symbols = torch.full((len(sources),), START)
    scores = torch.zeros(len(sources), 1)
    written = torch.zeros(len(sources), 1, 0, dtype=torch.long)
    best = [(-math.inf, [])] * len(sources)
    finished = [[] for _ in sources]
    for length in range(1, limit + 1):
        logits, h = model.step(symbols, h, memory, keys, padding)
        logits[:, START] = logits[:, UNKNOWN] = float("-inf")
        logp = functional.log_softmax(logits, dim=1)
        vocabulary = logp.shape[1]
        total = (scores.reshape(-1, 1) + logp).reshape(len(live), -1)
        # Each hypothesis can end once, so twice the beam always holds enough that go on.
        top, places = total.topk(min(2 * beam, total.shape[1]), dim=1)
        origins, ids = places // vocabulary, places % vocabulary
        keep, kept_rows, kept_symbols, kept_scores, kept_written = [], [], [], [], []
        for row, sentence in enumerate(live):
            open_ones = []
            for score, origin, symbol in zip(top[row].tolist(), origins[row].tolist(), ids[row].tolist()):
                if symbol == END:
                    if len(open_ones) < beam:
                        value = score / penalty_of(length, exponent)
                        finished[sentence].append(value)
                        if value > best[sentence][0]:
                            best[sentence] = (value, written[row, origin].tolist())
                elif len(open_ones) < beam:
                    open_ones.append((score, origin, symbol))
            bound = open_ones[0][0] / penalty_of(limit, exponent) if open_ones else -math.inf
            if not open_ones or best[sentence][0] >= bound:
                continue
            keep.append(row)
            for score, origin, symbol in open_ones:
                kept_rows.append(row * width + origin)
                kept_symbols.append(symbol)
                kept_scores.append(score)
                kept_written.append(written[row, origin].tolist() + [symbol])
        if not keep:
            break
        first = width == 1
        rows = torch.tensor(kept_rows)
        h = h[rows]
        if first or len(keep) < len(live):
            memory, keys, padding = memory[rows], keys[rows], padding[rows]
        live = [live[row] for row in keep]
        width = beam
        symbols = torch.tensor(kept_symbols)
        scores = torch.tensor(kept_scores).reshape(len(live), beam)
        written = torch.tensor(kept_written).reshape(len(live), beam, -1)
    return [target for _, target in best]


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(1)
    model = Translator(read_safetensors(request["weights"]))
    sources, limits = request["sources"], request["limits"]
    order = sorted(range(len(sources)), key=lambda index: len(sources[index]))
    seconds = []
    with torch.inference_mode():
        for _ in range(request["rounds"]):
            targets = [None] * len(sources)
            start = clock.perf_counter()
            for at in range(0, len(order), request["rows"]):
                part = order[at : at + request["rows"]]
                limit = max(limits[index] for index in part)
                found = search(model, [sources[i] for i in part], limit, request["beam"], request["penalty"])
                for index, target in zip(part, found):
                    targets[index] = target
            seconds.append(clock.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "targets": targets, "version": torch.__version__}))


main()
