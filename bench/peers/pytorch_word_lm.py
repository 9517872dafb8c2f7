"""PyTorch's side of the word language model benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

from protocol import serve
from pytorch import answer, begin, load, training_step

WEIGHTS = 0.1


def build(request):
    torch, settings = begin(request)
    from torch import nn
    from torch.nn import functional

    vocab, hidden = request["vocab"], request["hidden"]
    embedding = nn.Embedding(vocab, hidden)
    rnn = nn.LSTM(hidden, hidden, num_layers=2)
    head = nn.Linear(hidden, vocab)
    parameters = [*embedding.parameters(), *rnn.parameters(), *head.parameters()]
    for parameter in parameters:
        nn.init.uniform_(parameter, -WEIGHTS, WEIGHTS)
    optimizer = torch.optim.SGD(parameters, lr=request["learningRate"])
    state = None

    def loss(inputs, targets):
        nonlocal state
        output, (h, c) = rnn(embedding(inputs.t()), state)
        state = h.detach(), c.detach()
        return functional.cross_entropy(head(output).flatten(0, 1), targets.t().flatten())

    step = training_step(request, parameters, optimizer, loss)
    return step, answer(torch, f"nn.Embedding, nn.LSTM, nn.Linear, {settings}")


serve(build, load)
