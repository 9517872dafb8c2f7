"""PyTorch's side of the character-LSTM benchmark; speaks the protocol of bench/protocol.ts on stdin and stdout."""

from protocol import serve
from pytorch import answer, begin, load, training_step


def build(request):
    torch, settings = begin(request, keep=request.get("backend") != "plain")
    from torch import nn
    from torch.nn import functional

    vocab, hidden = request["vocab"], request["hidden"]
    rnn = nn.LSTM(vocab, hidden, batch_first=True)
    head = nn.Linear(hidden, vocab)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=request["learningRate"])

    def loss(inputs, targets):
        output, _ = rnn(functional.one_hot(inputs, vocab).float())
        return functional.cross_entropy(head(output).flatten(0, 1), targets.flatten())

    step = training_step(request, parameters, optimizer, loss)
    return step, answer(torch, f"nn.LSTM on one-hot inputs, {settings}")


serve(build, load)
