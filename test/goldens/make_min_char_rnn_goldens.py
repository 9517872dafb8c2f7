"""Make test/goldens/min-char-rnn.safetensors: the first 100 losses of min-char-rnn in float64 numpy, from given weights.

    python3 test/goldens/make_min_char_rnn_goldens.py        (needs numpy; writes beside this file)

The early updates of the program are chaotic: every weight moves by about 0.1 at once, and a difference of 1e-15 in one
weight is one of several nats some 20 iterations later, in numpy against itself. Which of two programs is right can
therefore be seen to 1e-6 only where the run is a stable one. Texts of few letters have such runs; the first draw of
text and weights is taken whose losses stay the same when the recurrent weights are disturbed.

The text is short enough for passes over it to end among the 100 iterations. Weights are drawn in float32 and widened.
"""
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "../../bench/peers")]

from min_char_rnn import MinCharRnn  # noqa: E402
from safetensors_writer import write  # noqa: E402

ITERATIONS, STEPS, HIDDEN, CHARACTERS = 100, 25, 100, 1100
LETTERS = "acgt"
# Which letter follows which, so that there is something to learn.
FOLLOWS = np.array([[4, 3, 2, 1], [1, 4, 3, 2], [2, 1, 4, 3], [3, 2, 1, 4]]) / 10

DISTURBANCE, STABLE = 1e-14, 1e-9


def draw_text(draw):
    ids = [0]
    while len(ids) < CHARACTERS:
        ids.append(int(draw.choice(len(LETTERS), p=FOLLOWS[ids[-1]])))
    return ids


def train(ids, weights):
    """All losses; how often a pass began."""
    biases = [np.zeros((size, 1)) for size in [HIDDEN, len(LETTERS)]]
    model = MinCharRnn(np, [*(value.copy() for value in weights), *biases])
    losses, position, passes = [], 0, 0
    for n in range(ITERATIONS):
        if n == 0 or position + STEPS + 1 >= len(ids):
            model.reset()
            position, passes = 0, passes + 1
        end = position + STEPS
        losses.append(model.iterate(ids[position:end], ids[position + 1 : end + 1]))
        position = end
    return np.array(losses), passes


def is_stable(ids, weights, losses):
    for seed in range(3):
        noise = np.random.default_rng(seed).standard_normal(weights[1].shape)
        disturbed, _ = train(ids, [weights[0], weights[1] * (1 + DISTURBANCE * noise), weights[2]])
        if np.abs(disturbed - losses).max() > STABLE:
            return False
    return True


seed = 0
while True:
    seed += 1
    draw = np.random.default_rng(seed)
    ids = draw_text(draw)
    V = len(LETTERS)
    shapes = {"Wxh": (HIDDEN, V), "Whh": (HIDDEN, HIDDEN), "Why": (V, HIDDEN)}
    kept = {name: (0.01 * draw.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}
    weights = [value.astype(np.float64) for value in kept.values()]
    losses, passes = train(ids, weights)
    if is_stable(ids, weights, losses):
        break

smooth, average = [], -np.log(1 / V) * STEPS
for loss in losses:
    average = 0.999 * average + 0.001 * loss
    smooth.append(average)

path = HERE / "min-char-rnn.safetensors"
size = write(path, kept | {"losses": losses, "smooth": np.array(smooth)}, {"text": "".join(LETTERS[i] for i in ids)})
print(f"{path.name}: {size} bytes, draw {seed}, {passes} passes, losses {losses.min():.3f} to {losses.max():.3f}")
