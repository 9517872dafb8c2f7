"""What both PyTorch contestants share."""


def load():
    """PyTorch as a training program has it, before it makes anything."""
    import torch
    import torch.nn.functional
    import torch.optim  # noqa: F401


def describe(torch):
    """Everything that its speed on a CPU depends on."""
    threads = torch.get_num_threads()
    return (
        f"f32, {threads} thread{'s' if threads > 1 else ''}, "
        f"oneDNN {'on' if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled else 'off'}, "
        f"MKL {'on' if torch.backends.mkl.is_available() else 'off'}, "
        f"float32_matmul_precision {torch.get_float32_matmul_precision()}, "
        f"{torch.backends.cpu.get_cpu_capability()}"
    )
