"""The safetensors format, as far as goldens need it."""
import json
import struct

import numpy as np

NAMES = {np.dtype("<f8"): "F64", np.dtype("<f4"): "F32"}


def write(path, tensors, metadata):
    """Tensors as they are (float32 or float64), in the order given. Returns the size of the file."""
    entries, data, offset = {}, [], 0
    for key, value in tensors.items():
        raw = np.ascontiguousarray(value).tobytes()
        entries[key] = {"dtype": NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
        data.append(raw)
        offset += len(raw)
    head = json.dumps({"__metadata__": metadata} | entries).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(data))
    return path.stat().st_size
