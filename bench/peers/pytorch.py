"""What the PyTorch contestants share."""

import ctypes
import os
import time as clock

from ids import IdStream

# Of glibc's malloc.h. By default large tensors go back to the system when they are freed, and every step asks for them
# again: an LSTM of 512 units is then several times slower. So: no mappings of their own, no trimming, growth in large
# steps.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT = {M_TRIM_THRESHOLD: -1, M_TOP_PAD: 2**28, M_MMAP_MAX: 0}


def keep_memory():
    """Tell the C library's allocator to keep what is freed; words for the settings, none where it cannot be told."""
    try:
        kept = all(ctypes.CDLL(None).mallopt(what, size) == 1 for what, size in KEPT.items())
    except AttributeError:
        return ""
    return ", memory kept by mallopt" if kept else ""


def load():
    """PyTorch as a training program has it, before it makes anything."""
    import torch
    import torch.nn.functional
    import torch.optim  # noqa: F401


def describe(torch):
    """Everything that its speed on a CPU depends on."""
    threads = torch.get_num_threads()
    waiting = os.environ.get("OMP_WAIT_POLICY", "default").lower()
    return (
        f"f32, {threads} thread{f's (OpenMP wait policy {waiting})' if threads > 1 else ''}, "
        f"oneDNN {'on' if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled else 'off'}, "
        f"MKL {'on' if torch.backends.mkl.is_available() else 'off'}, "
        f"float32_matmul_precision {torch.get_float32_matmul_precision()}, "
        f"{torch.backends.cpu.get_cpu_capability()}"
    )


def begin(request, keep=True):
    """PyTorch with the threads and the seed of `request`, and its settings in words.

    Where memory is measured it is left as it is (`keep` false): an allocator that keeps it makes the peak larger.
    """
    import torch

    kept = keep_memory() if keep else ""
    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    return torch, f"{describe(torch)}{kept}"


def answer(torch, settings):
    """The answer to `init`."""
    return {"ready": True, "library": "PyTorch", "version": torch.__version__, "settings": settings}


def training_step(request, parameters, optimizer, loss):
    """What `serve` calls to train a language model once; `loss` takes inputs and targets, ids [batch, time]."""
    import torch

    stream = IdStream(request["vocab"], request["seed"])

    def step():
        """One training step; its milliseconds and its loss."""
        inputs, targets = map(torch.tensor, stream.next_batch(request["batch"], request["time"]))
        start = clock.perf_counter()
        optimizer.zero_grad()
        batch_loss = loss(inputs, targets)
        batch_loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, request["clip"])
        optimizer.step()
        value = batch_loss.item()
        return (clock.perf_counter() - start) * 1000, value

    return step
