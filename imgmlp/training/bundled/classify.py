"""Read pictures with the network that lies beside this file: python classify.py FILE...

Needs torch, safetensors and Pillow. preprocess.py is the very file with which the app that trained the network
prepares a picture, so that the probabilities are the app's.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from preprocess import PictureError, open_picture, prepare
from safetensors.torch import load_file

HERE = Path(__file__).parent
config = SimpleNamespace(**json.loads((HERE / "config.json").read_text()))
weights = load_file(HERE / "model.safetensors")


def probabilities(file: str) -> dict[str, float]:
    """The probability of each class for a picture file; raises PictureError."""
    image = prepare(open_picture(file), config).image  # (C, H, W) float32 in 0..1
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (config.mean, config.std))
    activations = ((image - mean) / std).flatten()
    layers = sorted({name.rpartition(".")[0] for name in weights})  # in order of depth
    for layer in layers:
        activations = weights[f"{layer}.weight"] @ activations + weights[f"{layer}.bias"]
        if layer != layers[-1]:
            activations = activations.relu()
    return dict(zip(config.classes, activations.softmax(0).tolist()))


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("Usage: python classify.py FILE...")
    for file in sys.argv[1:]:
        try:
            found = probabilities(file)
        except PictureError as error:
            sys.exit(f"{file}: {error}")
        print(json.dumps({"file": file, "label": max(found, key=found.get), "probabilities": found}))
