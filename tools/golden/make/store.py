"""Writing a set: tensor files, digests, JSON with eight digits."""

import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file


def array(tensor):
    """A tensor as it is stored: int32, uint8 or float32."""
    tensor = tensor.detach() if torch.is_tensor(tensor) else torch.as_tensor(tensor)
    if tensor.dtype in (torch.int64, torch.int32, torch.bool):
        return tensor.to(torch.int32).contiguous().numpy()
    if tensor.dtype == torch.uint8:
        return tensor.contiguous().numpy()
    return tensor.to(torch.float32).contiguous().numpy()


def digest(tensor):
    """[sum, l2 norm, first three values]"""
    flat = tensor.detach().double().flatten()
    return [flat.sum().item(), flat.norm().item(), *flat[:3].tolist()]


def digests(tensors):
    return {name: digest(tensor) for name, tensor in tensors.items()}


def norms(tensors):
    return {name: tensor.detach().double().norm().item() for name, tensor in tensors.items()}


def rounded(value):
    """Numbers with eight significant digits, however deep."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(inner) for inner in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a value that isn't finite: {value}")
        return float(f"{value:.8g}")
    return value


class GoldenFolder:
    """The files of a set. In size `small`, gradients and states are kept as digests."""

    def __init__(self, folder, size):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.size = size
        self.files = {}
        self.digests = {}
        self.manifest = {}

    def add(self, file, tensors, prefix=""):
        """Tensors that every size holds."""
        for name, tensor in tensors.items():
            whole = f"{prefix}{name}"
            self._put(file, whole, tensor)
            self.manifest.setdefault(file, {})[whole] = self._shape(self.files[file][whole])

    def add_states(self, file, kind, tensors, part=None):
        """Gradients (`grad`) or states (`after5`, ...) by parameter, which have their parameters' shapes."""
        if self.size == "tiny":
            for name, tensor in tensors.items():
                self._put(file, f"{kind}.{name}", tensor)
        else:
            self.digests[part or f"{file}.{kind}"] = digests(tensors)

    def _put(self, file, name, tensor):
        values = array(tensor)
        if values.dtype == np.float32 and not np.isfinite(values).all():
            raise ValueError(f"{file}: {name} isn't finite")
        self.files.setdefault(file, {})[name] = values

    def write(self, config, expected, readme):
        for file, tensors in self.files.items():
            save_file({name: tensors[name] for name in sorted(tensors)}, self.folder / f"{file}.safetensors")
        self._json("config.json", config, indent=1)
        self._json("manifest.json", {f"{file}.safetensors": named for file, named in self.manifest.items()}, indent=None)
        self._json("expected.json", {**rounded(expected), "digests": rounded(self.digests)}, indent=None)
        (self.folder / "README.md").write_text(readme)

    def _json(self, name, value, indent):
        (self.folder / name).write_text(json.dumps(value, indent=indent, separators=None if indent else (",", ":"), allow_nan=False) + "\n")

    @staticmethod
    def _shape(values):
        return [str(values.dtype), list(values.shape)]
