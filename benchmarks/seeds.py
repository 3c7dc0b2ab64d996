"""How much the CNN's result depends on the seed, with and without the ReLU before the average.

"About this site" quotes these figures; a test holds its prose against ``seeds.json``. Run it again
with ``python benchmarks/seeds.py`` (about three minutes) after a change to the CNN.
"""

import contextlib
import io
import json
import platform
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import TensorDataset

from mnist_tut.by_hand import accuracy
from mnist_tut.loaders import WrappedDataLoader, get_data, preprocess
from mnist_tut.mnist import load_mnist
from mnist_tut.models import cnn_any_size
from mnist_tut.training import evaluate, fit

SEEDS = range(12)
RESULT = Path(__file__).with_suffix(".json")


def final_accuracy(seed, data, last_relu):
    """Train as the tutorial does and return the accuracy on the validation set."""
    torch.manual_seed(seed)
    layers = list(cnn_any_size())
    if not last_relu:
        del layers[5]
    model = nn.Sequential(*layers)
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loaders = get_data(TensorDataset(*data[:2]), TensorDataset(*data[2:4]), 64)
    train_dl, valid_dl = (WrappedDataLoader(dl, preprocess) for dl in loaders)
    with contextlib.redirect_stdout(io.StringIO()):
        fit(2, model, F.cross_entropy, opt, train_dl, valid_dl)
    return round(evaluate(model, accuracy, valid_dl), 4)


def main():
    """Train every seed both ways and write the result."""
    torch.set_num_threads(1)
    data = load_mnist()
    result = {"torch": torch.__version__, "machine": platform.machine()}
    for name, last_relu in [("with_relu", True), ("without_relu", False)]:
        result[name] = {seed: final_accuracy(seed, data, last_relu) for seed in SEEDS}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
