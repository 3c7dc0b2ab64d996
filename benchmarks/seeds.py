"""How much the CNN's result depends on the seed, with and without the ReLU before the average.

The tutorial quotes these figures; a test holds its prose against ``seeds.json``. Run it again
with ``python benchmarks/seeds.py`` (about three minutes) after a change to the CNN.
"""

import json
import platform
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import TensorDataset

from mnist_tut.data import data_source, load_mnist
from mnist_tut.loaders import WrappedDataLoader, get_data, preprocess
from mnist_tut.models import cnn_any_size
from mnist_tut.training import fit

SEEDS = range(12)
RESULT = Path(__file__).with_suffix(".json")


def final_accuracy(seed: int, data: tuple[torch.Tensor, ...], last_relu: bool) -> float:
    """Train as the tutorial does and return the accuracy on the validation set."""
    torch.manual_seed(seed)
    layers = list(cnn_any_size())
    if not last_relu:
        del layers[5]
    model = nn.Sequential(*layers)
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loaders = get_data(TensorDataset(*data[:2]), TensorDataset(*data[2:4]), 64)
    train_dl, valid_dl = (WrappedDataLoader(dl, preprocess) for dl in loaders)
    history = fit(2, model, F.cross_entropy, opt, train_dl, valid_dl)
    return round(history[-1].valid_metric, 4)


def main() -> None:
    """Train every seed both ways and write the result."""
    torch.set_num_threads(1)
    data = load_mnist()
    result = {
        "data": data_source(data),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "with_relu": {
            seed: final_accuracy(seed, data, last_relu=True) for seed in SEEDS
        },
        "without_relu": {
            seed: final_accuracy(seed, data, last_relu=False) for seed in SEEDS
        },
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
