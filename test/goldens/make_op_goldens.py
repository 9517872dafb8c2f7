"""Make test/goldens/ops.safetensors: ops as PyTorch computes them in float64 from float32 inputs.

    python3 test/goldens/make_op_goldens.py        (needs torch and numpy; writes beside this file)

A case is an op, its inputs, its options, the output, a weight for each element of the output and the gradients of
sum(output * weight). Our classes lie on the last axis, PyTorch's on the second: turned round here.
"""
import json
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(20261124)
torch.set_default_dtype(torch.float64)
tensors: dict[str, np.ndarray] = {}
cases: list[dict] = []
NAN, INF = float("nan"), float("inf")


def f32(*shape, scale=1.0):
    return (torch.randn(shape, dtype=torch.float32) * scale).double()


def exact(values, *shape):
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape or (len(values),))


def case(op, what, run, inputs, constants=None, **options):
    """inputs get gradients, constants none; both are stored."""
    name = f"{op}/{what}"
    leaves = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    output = run(**leaves, **(constants or {}))
    weight = f32(*output.shape)
    (output * weight).sum().backward()
    stored = {f"in.{key}": value for key, value in (inputs | (constants or {})).items()}
    stored |= {"out": output, "weight": weight}
    stored |= {f"grad.{key}": leaf.grad for key, leaf in leaves.items() if leaf.grad is not None}
    for key, value in stored.items():
        tensors[f"{name}.{key}"] = value.detach().numpy().astype(np.float64)
    cases.append({"name": name, "op": op, "inputs": list(inputs), "constants": list(constants or {}), "options": options})


# Cross-entropy: every combination of its options.
targets = torch.tensor([[1, 4, -100], [0, 4, 2]])
class_weights = exact([0.5, 2, 1, 0, 1.5])
for reduction in ("mean", "sum", "none"):
    for smoothing in (0.0, 0.1):
        for weighted in (False, True):
            for ignored, ids in ((None, targets.abs() % 5), (-100, targets), (4, targets.clamp(min=0))):
                constants = {"targets": ids} | ({"classWeights": class_weights} if weighted else {})
                torch_options = dict(reduction=reduction, label_smoothing=smoothing)
                if ignored is not None:
                    torch_options["ignore_index"] = ignored

                def run(x, targets, classWeights=None, torch_options=torch_options):
                    flat = F.cross_entropy(x.reshape(-1, 5), targets.reshape(-1), classWeights, **torch_options)
                    return flat.reshape(targets.shape) if torch_options["reduction"] == "none" else flat

                ours = dict(reduction=reduction, labelSmoothing=smoothing)
                if ignored is not None:
                    ours["ignoreIndex"] = ignored
                what = f"{reduction}, smoothing {smoothing}, {'weights' if weighted else 'no weights'}, ignore {ignored}"
                case("crossEntropy", what, run, dict(x=f32(2, 3, 5)), constants, **ours)
for reduction in ("mean", "sum"):
    everything = dict(targets=torch.tensor([-100, -100]))
    case("crossEntropy", f"{reduction} of ignored rows only", lambda x, targets, r=reduction: F.cross_entropy(x, targets, reduction=r),
         dict(x=f32(2, 4)), everything, reduction=reduction)
far = dict(x=exact([1000, -1000, 0, -INF, 3, 2, -80, 90, 0], 3, 3))
case("crossEntropy", "of far logits", lambda x, targets: F.cross_entropy(x, targets, reduction="none"), far,
     dict(targets=torch.tensor([0, 1, 1])), reduction="none")
for reduction in ("mean", "sum", "none"):
    def run(x, targets, classWeights, reduction=reduction):
        flat = F.nll_loss(x.reshape(-1, 5), targets.reshape(-1), classWeights, reduction=reduction)
        return flat.reshape(targets.shape) if reduction == "none" else flat
    case("nllLoss", reduction, run, dict(x=f32(2, 3, 5)), dict(targets=targets, classWeights=class_weights), reduction=reduction)
    for weighted in (False, True):
        extra = dict(weight=f32(2, 1).abs(), positiveWeight=f32(3).abs()) if weighted else {}
        case("binaryCrossEntropyWithLogits", f"{reduction}, {'weights' if weighted else 'no weights'}",
             lambda x, targets, weight=None, positiveWeight=None, r=reduction: F.binary_cross_entropy_with_logits(
                 x, targets, weight, pos_weight=positiveWeight, reduction=r),
             dict(x=f32(2, 3, scale=3), targets=exact([0, 1, 0.25, 1, 0, 0.5], 2, 3)), extra, reduction=reduction)
    case("mseLoss", reduction, lambda prediction, target, r=reduction: F.mse_loss(prediction, target, reduction=r),
         dict(prediction=f32(2, 3), target=f32(2, 3)), reduction=reduction)

# Rows and lines.
masked = exact([0.5, -INF, 1, -INF, -INF, 2, 50, 51, -60], 3, 3)
for op, f in (("softmax", torch.softmax), ("logSoftmax", torch.log_softmax)):
    for axis in (-1, 0, 1):
        case(op, f"axis {axis}", lambda x, f=f, axis=axis: f(x, axis), dict(x=f32(2, 3, 5, scale=4)), axis=axis)
case("softmax", "masked", lambda x: torch.softmax(x, -1), dict(x=masked), axis=-1)
case("softmax", "of nothing but -inf", lambda x: torch.softmax(x, -1), dict(x=exact([-INF, -INF, 1, 2], 2, 2)), axis=-1)
case("softmax", "with NaN and inf", lambda x: torch.softmax(x, -1), dict(x=exact([NAN, 1, INF, 2, 1, 2], 3, 2)), axis=-1)
for epsilon in (1e-5, 0.1):
    for affine in (True, False):
        extra = dict(gain=f32(7), bias=f32(7)) if affine else {}
        case("layerNorm", f"epsilon {epsilon}, {'affine' if affine else 'plain'}",
             lambda x, gain=None, bias=None, e=epsilon: F.layer_norm(x, (7,), gain, bias, e),
             dict(x=f32(2, 3, 7, scale=3)) | extra, epsilon=epsilon)
case("layerNorm", "of equal numbers", lambda x: F.layer_norm(x, (4,)), dict(x=exact([3, 3, 3, 3], 1, 4)), epsilon=1e-5)
case("layerNorm", "around a large mean", lambda x: F.layer_norm(x, (4,)), dict(x=exact([1000, 1001, 1002, 1004], 1, 4)),
     epsilon=1e-5)

# Images.
for stride, padding in ((1, 0), (2, 1), ([1, 3], [2, 0])):
    for biased in (True, False):
        case("conv2d", f"stride {stride}, padding {padding}, {'bias' if biased else 'no bias'}",
             lambda x, weight, bias=None, s=stride, p=padding: F.conv2d(x, weight, bias, s, p),
             dict(x=f32(2, 3, 5, 6), weight=f32(4, 3, 3, 2)) | (dict(bias=f32(4)) if biased else {}),
             stride=stride, padding=padding)
for op, f in (("maxPool2d", F.max_pool2d), ("avgPool2d", F.avg_pool2d)):
    for kernel, stride, padding in ((2, 2, 0), ([3, 2], [2, 1], 1), (3, 1, [1, 0])):
        case(op, f"kernel {kernel}, stride {stride}, padding {padding}",
             lambda x, f=f, k=kernel, s=stride, p=padding: f(x, k, s, p), dict(x=f32(2, 2, 5, 6)),
             kernel=kernel, stride=stride, padding=padding)
ties = exact([1, 1, NAN, 2, 1, 1, 2, NAN, -INF, -INF, 3, 3, -INF, -INF, 3, INF], 1, 1, 4, 4)
case("maxPool2d", "of equals, NaN and infinities", lambda x: F.max_pool2d(x, 2), dict(x=ties), kernel=2, stride=2, padding=0)

# What NaN, infinities and equal numbers do, in values and gradients.
special = exact([NAN, INF, -INF, 0.0, -0.0, 1.5, -2.25, 1.0, -1.0])
unary = dict(neg=torch.neg, exp=torch.exp, log=torch.log, sqrt=torch.sqrt, abs=torch.abs, relu=torch.relu,
             sigmoid=torch.sigmoid, tanh=torch.tanh, softplus=F.softplus, square=torch.square)
for op, f in unary.items():
    case(op, "special", lambda x, f=f: f(x), dict(x=special))
case("clamp", "special", lambda x: torch.clamp(x, -1, 1), dict(x=special), arguments=[-1, 1])
for exponent in (2, 3, -1, 0.5, 2.5, -1.5, 0):
    case("pow", f"special {exponent}", lambda x, e=exponent: x ** e, dict(x=special), arguments=[exponent])
left, right = (side.flatten() for side in torch.meshgrid(special[:7], special[:7], indexing="ij"))
for op, f in dict(add=torch.add, sub=torch.sub, mul=torch.mul, div=torch.div, maximum=torch.maximum,
                  minimum=torch.minimum).items():
    case(op, "special", lambda a, b, f=f: f(a, b), dict(a=left, b=right))
for op, f in dict(sum=torch.sum, mean=torch.mean, max=torch.amax).items():
    lines = exact([NAN, 1, 2, INF, 1, 2, INF, -INF, 0, 3, 3, 1, -INF, -INF, -INF], 5, 3)
    case(op, "special", lambda x, f=f: f(x, -1), dict(x=lines), axes=[-1])
case("where", "special", lambda a, b, mask: torch.where(mask != 0, a, b), dict(a=left, b=right),
     dict(mask=torch.arange(left.numel()) % 2))

entries, data, offset = {}, [], 0
for key, value in tensors.items():
    raw = np.ascontiguousarray(value, dtype="<f8").tobytes()
    entries[key] = {"dtype": "F64", "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
    data.append(raw)
    offset += len(raw)
header = {"__metadata__": {"cases": json.dumps(cases), "torch": torch.__version__.split("+")[0]}} | entries
head = json.dumps(header, separators=(",", ":")).encode()
head += b" " * (-len(head) % 8)
target = pathlib.Path(__file__).with_name("ops.safetensors")
target.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(data))
print(f"{len(cases)} cases, {len(tensors)} tensors, {target.stat().st_size} bytes")
