"""Links to other projects' pages without asking the network for their inventories.

``docs/inventories/<project>.txt`` lists the few names our pages use, in the plain form that
``sphobjinv`` reads, below a first line with the address of the project's pages. They are packed
beside the pages of each language and given to intersphinx. To link one more name, add its line.
"""

from pathlib import Path

import sphobjinv
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from ext.order import connect

FOLDER = Path(__file__).parents[2] / "inventories"


def pack(text: str, target: Path) -> str:
    """Write an intersphinx inventory from its listing, and return the address it belongs to."""
    address, _, listing = text.partition("\n")
    if not address.startswith("https://"):
        raise ConfigError(
            f"{target.stem}.txt must begin with an address, not {address!r}"
        )
    inventory = sphobjinv.Inventory(plaintext=listing.encode())
    packed = sphobjinv.compress(inventory.data_file())
    if not target.exists() or target.read_bytes() != packed:
        target.write_bytes(packed)
    return address


def configure(app: Sphinx, config: Config) -> None:
    """Pack every listing and tell intersphinx where it lies."""
    built = Path(app.outdir).parent / f".inventories-{Path(app.outdir).name}"
    built.mkdir(parents=True, exist_ok=True)
    for listing in sorted(FOLDER.glob("*.txt")):
        target = built / f"{listing.stem}.inv"
        address = pack(listing.read_text(encoding="utf-8"), target)
        config.intersphinx_mapping[listing.stem] = (address, (str(target),))


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before intersphinx checks its settings (priority 800)."""
    connect(app, "config-inited", configure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
