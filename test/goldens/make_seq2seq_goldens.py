"""Make test/goldens/seq2seq.safetensors: the loss of sequence-to-sequence models in PyTorch, float64 from float32 weights.

    python3 test/goldens/make_seq2seq_goldens.py        (needs torch and numpy; writes beside this file)

An nn.GRU or nn.LSTM over packed sources, and a loop over the steps of the target, as such models are usually written.
"""
import json
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from safetensors_writer import write

torch.manual_seed(20261127)
torch.set_default_dtype(torch.float64)
END, START, PADDING = 0, 1, -100
SOURCES, TARGETS, E, H, A, R = 9, 8, 3, 4, 5, 6
SOURCE_LENGTHS, TARGET_LENGTHS = [4, 2, 5], [3, 5, 0]
tensors: dict[str, np.ndarray] = {}
cases: list[dict] = []


class Decoder(nn.Module):
    def __init__(self, cell, layers, encoded, attention, readout, reads):
        super().__init__()
        self.attention_kind, self.reads = attention, reads
        self.embedding = nn.Embedding(TARGETS, E)
        self.rnn = cell(E + encoded, H, layers)
        if attention != "none":
            self.attention = nn.Module()
            self.attention.query = nn.Linear(H, A, bias=False)
            self.attention.keys = nn.Linear(encoded, A, bias=False)
            if attention == "additive":
                self.attention.v = nn.Parameter(torch.randn(A))
        features = H + E + (encoded if reads else 0)
        if readout:
            self.readout = nn.Linear(features, R)
        self.head = nn.Linear(R if readout else features, TARGETS)

    def context(self, h, c, memory, padding):
        if self.attention_kind == "none":
            return c
        query, keys = self.attention.query(h), self.attention.keys(memory)
        if self.attention_kind == "additive":
            scores = torch.tanh(query[:, None] + keys) @ self.attention.v
        else:
            scores = torch.einsum("ba,bsa->bs", query, keys)
        weights = functional.softmax(scores.masked_fill(padding, -torch.inf), dim=1)
        return torch.einsum("bs,bsm->bm", weights, memory)

    def forward(self, state, c, memory, padding, previous):
        logits = []
        for t in range(previous.shape[1]):
            h = state[0] if isinstance(state, tuple) else state
            context = self.context(h[-1], c, memory, padding)
            x = self.embedding(previous[:, t])
            output, state = self.rnn(torch.cat([x, context], dim=1)[None], state)
            y = torch.cat([output[0], x] + ([context] if self.reads else []), dim=1)
            logits.append(self.head(torch.tanh(self.readout(y)) if hasattr(self, "readout") else y))
        return torch.stack(logits, dim=1)


class Seq2Seq(nn.Module):
    def __init__(self, cell, layers, bidirectional, attention, readout, reads):
        super().__init__()
        encoded = H * (2 if bidirectional else 1)
        self.embedding = nn.Embedding(SOURCES, E)
        self.encoder = cell(E, H, layers, batch_first=True, bidirectional=bidirectional)
        self.bridge = nn.Linear(encoded, H * layers * (2 if cell is nn.LSTM else 1))
        self.sequenceDecoder = Decoder(cell, layers, encoded, attention, readout, reads)

    def forward(self, source, lengths, previous):
        packed = pack_padded_sequence(self.embedding(source), lengths, batch_first=True, enforce_sorted=False)
        output, state = self.encoder(packed)
        memory, _ = pad_packed_sequence(output, batch_first=True)
        h = state[0] if isinstance(state, tuple) else state
        c = torch.cat([h[-2], h[-1]], dim=1) if self.encoder.bidirectional else h[-1]
        first = torch.stack(torch.tanh(self.bridge(c)).split(H, dim=1))
        layers = self.encoder.num_layers
        start = (first[:layers], first[layers:]) if isinstance(state, tuple) else first
        padding = torch.arange(memory.shape[1])[None, :] >= lengths[:, None]
        return self.sequenceDecoder(start, c, memory, padding, previous)


def keep(prefix, name, value):
    tensors[f"{prefix}.{name}"] = value.detach().numpy().astype(np.float64)


def case(name, cell, layers, bidirectional, attention, readout, reads):
    model = Seq2Seq({"gru": nn.GRU, "lstm": nn.LSTM}[cell], layers, bidirectional, attention, readout, reads)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.float().double())
    batch = len(SOURCE_LENGTHS)
    source = torch.randint(SOURCES, (batch, max(SOURCE_LENGTHS)))
    target = torch.randint(TARGETS, (batch, max(TARGET_LENGTHS)))
    symbols = torch.tensor(TARGET_LENGTHS)[:, None]
    places = torch.arange(target.shape[1] + 1)[None, :]
    wanted = torch.where(places == symbols, END, functional.pad(target, (0, 1)))
    wanted = torch.where(places > symbols, PADDING, wanted)
    previous = functional.pad(target, (1, 0), value=START)
    logits = model(source, torch.tensor(SOURCE_LENGTHS), previous)
    loss = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=PADDING)
    loss.backward()
    keep(name, "in.source", source)
    keep(name, "in.target", target)
    keep(name, "out.loss", loss)
    for key, parameter in model.named_parameters():
        keep(f"{name}.param", key, parameter)
        keep(f"{name}.grad", key, parameter.grad)
    cases.append(
        dict(
            name=name, kind=attention, cell=cell, layers=layers, bidirectional=bidirectional,
            readout=R if readout else 0, contextToOutput=reads, embedding=E, hidden=H, attentionUnits=A,
            sourceVocabulary=SOURCES, targetVocabulary=TARGETS,
            sourceLengths=SOURCE_LENGTHS, targetLengths=TARGET_LENGTHS,
        )
    )


case("gru-lecture", "gru", 1, False, "none", False, False)
case("lstm-cho", "lstm", 2, True, "none", True, True)
case("gru-additive", "gru", 1, True, "additive", False, True)
case("lstm-additive", "lstm", 2, True, "additive", True, True)
case("gru-dot", "gru", 2, False, "dot", False, False)

path = pathlib.Path(__file__).with_name("seq2seq.safetensors")
size = write(path, tensors, {"torch": torch.__version__, "cases": json.dumps(cases)})
print(f"{path.name}: {len(cases)} cases, {size} bytes")
