"""Look for what only a GPU says in the files of PyTorch's other builds, and keep where it stands.

``python benchmarks/gpu_messages.py WHEEL...`` reads wheels as pip downloads them (of CUDA, of the
CUDA runtime, of macOS) and writes ``benchmarks/gpu_messages.json``, which the page "When it goes
wrong" and its tests rely on. Nothing in the wheels is run.
"""

import datetime
import json
import sys
import zipfile
from pathlib import Path

KEPT = Path(__file__).with_suffix(".json")
#: What stands in the files as it is; between the bars, in a message, stands what differs each time.
MESSAGES = [
    "Expected all tensors to be on the same device, but got |mat1| is on |cpu|"
    ", different from other tensors on |cuda:0",
    "Expected all tensors to be on the same device, but found at least two devices, "
    "|cuda:0| and |cpu|!",
    "Input type (|torch.FloatTensor|) and weight type (|torch.cuda.FloatTensor|"
    ") should be the same",
    "Placeholder storage has not been allocated on MPS device!",
    "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support "
    "float64. Please use float32 instead.",
    "CUDA out of memory. Tried to allocate |20.00 MiB",
    "MPS backend out of memory (MPS allocated: |18.13 GB",
    "device-side assert triggered",
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
]


def fixed_parts() -> list[str]:
    """Return what of each message stands in a file, in words long enough to be looked for."""
    parts = (part for message in MESSAGES for part in message.split("|")[::2])
    return [part for part in dict.fromkeys(parts) if len(part) > 8]


def look(wheel: Path) -> dict[str, list[str]]:
    """Map each part to the libraries of a wheel that hold it."""
    found: dict[str, list[str]] = {}
    with zipfile.ZipFile(wheel) as content:
        for name in content.namelist():
            if ".so" in name or name.endswith(".dylib"):
                library = content.read(name)
                for part in fixed_parts():
                    if part.encode() in library:
                        found.setdefault(part, []).append(f"{wheel.name}: {name}")
    return found


def main(wheels: list[Path]) -> None:
    """Look into all wheels and write down where each part stands."""
    found: dict[str, list[str]] = {part: [] for part in fixed_parts()}
    for wheel in wheels:
        for part, places in look(wheel).items():
            found[part] += places
    kept = {"read": str(datetime.date.today()), "found": found}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
