"""min-char-rnn in numpy: the training step of Karpathy's program of 2015 as he formulated it, written anew. One
character a time step, a column vector each, products with numpy's BLAS; `backend` names the type of all numbers, f64
as in his program or f32. Speaks the protocol of bench/protocol.ts on stdin and stdout."""

import os
import time as clock

from ids import IdStream
from protocol import serve


def build(request):
    os.environ["OPENBLAS_NUM_THREADS"] = str(request["threads"])
    import numpy as np

    kind = {"f32": np.float32, "f64": np.float64}[request["backend"]]
    vocab, hidden = request["vocab"], request["hidden"]
    rate, limit = kind(request["learningRate"]), request["clipValue"]
    draw = np.random.default_rng(request["seed"])

    def weights(*shape):
        return (0.01 * draw.standard_normal(shape)).astype(kind)

    Wxh, Whh, Why = weights(hidden, vocab), weights(hidden, hidden), weights(vocab, hidden)
    bh, by = np.zeros((hidden, 1), kind), np.zeros((vocab, 1), kind)
    parameters = [Wxh, Whh, Why, bh, by]
    memory = [np.zeros_like(parameter) for parameter in parameters]

    def gradients(inputs, targets, before):
        """Loss summed over the steps, gradients of all parameters, and the last hidden state."""
        x, h, p = {}, {-1: before}, {}
        loss = 0.0
        for t, (char, target) in enumerate(zip(inputs, targets)):
            x[t] = np.zeros((vocab, 1), kind)
            x[t][char] = 1
            h[t] = np.tanh(np.dot(Wxh, x[t]) + np.dot(Whh, h[t - 1]) + bh)
            y = np.dot(Why, h[t]) + by
            p[t] = np.exp(y) / np.sum(np.exp(y))
            loss += -np.log(p[t][target, 0])
        dWxh, dWhh, dWhy, dbh, dby = [np.zeros_like(parameter) for parameter in parameters]
        dh_after = np.zeros_like(h[0])
        for t in reversed(range(len(inputs))):
            dy = np.copy(p[t])
            dy[targets[t]] -= 1
            dWhy += np.dot(dy, h[t].T)
            dby += dy
            dh = np.dot(Why.T, dy) + dh_after
            dz = (1 - h[t] * h[t]) * dh
            dbh += dz
            dWxh += np.dot(dz, x[t].T)
            dWhh += np.dot(dz, h[t - 1].T)
            dh_after = np.dot(Whh.T, dz)
        every = [dWxh, dWhh, dWhy, dbh, dby]
        for gradient in every:
            np.clip(gradient, -limit, limit, out=gradient)
        return loss, every, h[len(inputs) - 1]

    stream = IdStream(vocab, request["seed"])
    state = {"hidden": np.zeros((hidden, 1), kind)}

    def step():
        """One iteration; its milliseconds and its mean loss."""
        [inputs], [targets] = stream.next_batch(1, request["time"])
        start = clock.perf_counter()
        loss, every, state["hidden"] = gradients(inputs, targets, state["hidden"])
        for parameter, gradient, total in zip(parameters, every, memory):
            total += gradient * gradient
            parameter += -rate * gradient / np.sqrt(total + kind(1e-8))
        value = float(loss) / len(inputs)
        return (clock.perf_counter() - start) * 1000, value

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    settings = f"{blas['name']} {blas['version']}, {request['backend']}, {request['threads']} thread"
    return step, {"ready": True, "library": "numpy", "version": np.__version__, "settings": settings}


serve(build)
