"""Write down how a run with the newest PyTorch went: ``record_newest.py passed``, or ``failed``.

``make newest`` calls it with the Python that ran the tests. The page "About this site" reads the
record, docs/still-works.json, when it is built the next time.
"""

import datetime
import json
import sys
from importlib.metadata import version
from pathlib import Path

FILE = Path(__file__).parents[1] / "docs" / "still-works.json"


def main(outcome: str, file: Path = FILE) -> int:
    """Write the record; return the exit status: 1 if the run failed."""
    if outcome not in ("passed", "failed"):
        print(f"say how it went, passed or failed, not {outcome!r}")
        return 2
    record = {
        "torch": version("torch").partition("+")[0],
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "passed": outcome == "passed",
    }
    file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"{outcome} with PyTorch {record['torch']}: written to {file.name}")
    return 0 if record["passed"] else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
