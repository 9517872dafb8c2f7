"""Make test/goldens/numpy-files.json: small npy and npz files as NumPy writes them, and what NumPy reads from them.

    python3 test/goldens/make_numpy_goldens.py        (needs numpy; writes beside this file)
"""
import base64
import io
import json
import pathlib
import pickle

import numpy as np

rng = np.random.default_rng(20261127)
files: dict[str, dict] = {}


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version, allow_pickle=True)
    return out.getvalue()


def keep(name, data, array=None):
    entry = {"base64": base64.b64encode(data).decode()}
    if array is not None:
        flat = array.reshape(-1)
        values = [v.decode() if isinstance(v, bytes) else v for v in flat.tolist()]
        entry |= {"dtype": array.dtype.newbyteorder("=").name, "shape": list(array.shape), "values": values}
    files[name] = entry


for dtype in ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]:
    values = rng.integers(0, 2 if dtype == "bool" else 100, size=(2, 3)).astype(dtype)
    if dtype.startswith("int"):
        values[0, 0] = np.iinfo(dtype).min if dtype != "int64" else -(2**53 - 1)
    keep(dtype, npy(values), values)
    if dtype not in ("bool", "int8", "uint8"):
        keep(f"{dtype} big-endian", npy(values.astype(np.dtype(dtype).newbyteorder(">"))), values)
for dtype in ["float16", "float32", "float64"]:
    values = rng.normal(size=(3, 2)).astype(dtype)
    keep(dtype, npy(values), values)
    keep(f"{dtype} big-endian", npy(values.astype(np.dtype(dtype).newbyteorder(">"))), values)

cube = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
keep("fortran order", npy(np.asfortranarray(cube)), cube)
for version in [(1, 0), (2, 0), (3, 0)]:
    keep(f"version {version[0]}", npy(cube, version), cube)
keep("no axes", npy(np.float64(1.5).reshape(())), np.float64(1.5).reshape(()))
keep("no elements", npy(np.zeros((0, 5), np.float32)), np.zeros((0, 5), np.float32))
texts = np.array(["walk", "", "é 😀", "a\0b"])
keep("text", npy(texts), texts)
keep("text big-endian", npy(texts.astype(texts.dtype.newbyteorder(">"))), texts)
keep("text fortran order", npy(np.asfortranarray(texts.reshape(2, 2))), texts.reshape(2, 2))
keep("bytes", npy(np.array([b"up", b"down"])), np.array([b"up", b"down"]))

# What is refused.
keep("objects", npy(np.array([{"a": 1}, None], dtype=object)))
keep("records", npy(np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")])))
keep("complex", npy(np.zeros(2, np.complex64)))
keep("longdouble", npy(np.zeros(2, np.longdouble)))
keep("dates", npy(np.array(["2020-01-01"], dtype="datetime64[D]")))
keep("beyond 2^53", npy(np.array([2**60])))
keep("pickle", pickle.dumps([1, 2, 3]))

for name, save in {"npz": np.savez, "npz compressed": np.savez_compressed}.items():
    out = io.BytesIO()
    save(out, x=cube, y=np.array(["a", "b"]))
    keep(name, out.getvalue())
out = io.BytesIO()
np.savez(out, x=cube, meta=np.array({"a": 1}, dtype=object))
keep("npz with objects", out.getvalue())

path = pathlib.Path(__file__).parent / "numpy-files.json"
path.write_text(json.dumps(files, indent=0, ensure_ascii=True) + "\n")
print(path, len(files), "files, numpy", np.__version__)
