"""min-char-rnn in numpy: the training step of Karpathy's program of 2015 as he formulated it, written anew. One
character a time step, a column vector each, products with numpy's BLAS; `backend` names the type of all numbers, f64
as in his program or f32. Speaks the protocol of bench/protocol.ts on stdin and stdout."""

import os
import time as clock

from ids import IdStream
from protocol import serve


class MinCharRnn:
    """Parameters in the order Wxh, Whh, Why, bh, by; biases are columns. All of one type."""

    def __init__(self, np, parameters, rate=0.1, limit=5):
        self.np = np
        self.parameters = parameters
        self.rate, self.limit = rate, limit
        self.memory = [np.zeros_like(parameter) for parameter in parameters]
        self.hidden = None
        self.reset()

    def reset(self):
        """What happens when a pass over the text ends."""
        self.hidden = self.np.zeros_like(self.parameters[3])

    def gradients(self, inputs, targets):
        """Loss summed over the steps and gradients of all parameters; the hidden state moves on."""
        np = self.np
        Wxh, Whh, Why, bh, by = self.parameters
        x, h, p = {}, {-1: self.hidden}, {}
        loss = 0.0
        for t, (char, target) in enumerate(zip(inputs, targets)):
            x[t] = np.zeros((Wxh.shape[1], 1), Wxh.dtype)
            x[t][char] = 1
            h[t] = np.tanh(np.dot(Wxh, x[t]) + np.dot(Whh, h[t - 1]) + bh)
            y = np.dot(Why, h[t]) + by
            p[t] = np.exp(y) / np.sum(np.exp(y))
            loss += -np.log(p[t][target, 0])
        dWxh, dWhh, dWhy, dbh, dby = [np.zeros_like(parameter) for parameter in self.parameters]
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
        self.hidden = h[len(inputs) - 1]
        return loss, [dWxh, dWhh, dWhy, dbh, dby]

    def iterate(self, inputs, targets):
        """One iteration with its update; the summed loss before it."""
        np = self.np
        loss, gradients = self.gradients(inputs, targets)
        for gradient in gradients:
            np.clip(gradient, -self.limit, self.limit, out=gradient)
        for parameter, gradient, total in zip(self.parameters, gradients, self.memory):
            total += gradient * gradient
            parameter += -self.rate * gradient / np.sqrt(total + 1e-8)
        return float(loss)


def build(request):
    os.environ["OPENBLAS_NUM_THREADS"] = str(request["threads"])
    import numpy as np

    kind = {"f32": np.float32, "f64": np.float64}[request["backend"]]
    V, H = request["vocab"], request["hidden"]
    draw = np.random.default_rng(request["seed"])
    weights = [(0.01 * draw.standard_normal(shape)).astype(kind) for shape in [(H, V), (H, H), (V, H)]]
    biases = [np.zeros((size, 1), kind) for size in [H, V]]
    model = MinCharRnn(np, [*weights, *biases], request["learningRate"], request["clip"])
    stream = IdStream(V, request["seed"])

    def step():
        """One iteration; its milliseconds and its mean loss."""
        [inputs], [targets] = stream.next_batch(1, request["time"])
        start = clock.perf_counter()
        loss = model.iterate(inputs, targets)
        return (clock.perf_counter() - start) * 1000, loss / len(inputs)

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    threads = request["threads"]
    settings = f"{blas['name']} {blas['version']}, {request['backend']}, {threads} thread{'s' if threads > 1 else ''}"
    return step, {"ready": True, "library": "numpy", "version": np.__version__, "settings": settings}


if __name__ == "__main__":
    serve(build)
