"""Run what the pages show of TensorBoard, ONNX, Accelerate and Lightning; note day and versions.

Together they would add half a minute to the build of each language, so builds do without them. The
pages quote ``more.json``; tests hold their prose against it. Run it again with ``make more``.
"""

import datetime
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

RESULT = Path(__file__).with_suffix(".json")
PACKAGES = ["torch", "tensorboard", "onnx", "onnxscript", "accelerate", "lightning"]
PAGES = ["tests/pages/test_your_own_project.py", "tests/pages/test_many_page.py"]


def main():
    """Run the tests that need the extra ``more``; if all pass, write the file anew."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    chosen = "tensorboard or onnx or accelerate or lightning"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-k", chosen, *PAGES]
    subprocess.run(command, check=True, cwd=RESULT.parent.parent)
    found = {"day": datetime.date.today().isoformat(), "versions": versions}
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
