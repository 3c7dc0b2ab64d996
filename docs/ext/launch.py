"""Ways to run a page elsewhere: ``.. launch::`` on a page of the gallery.

Where a repository is named (``repository = "owner/name"``), a line of links opens the page's
notebook at Colab or Kaggle and says how to get a checkout; without one there is no line. The
notebooks lie in a branch of their own, under names that never change; ``make notebooks``
puts them together.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective

BRANCH = "notebooks"
#: Where a notebook of a public repository can be run.
HOSTS = {
    "Colab": "https://colab.research.google.com/github/{}",
    "Kaggle": "https://kaggle.com/kernels/welcome?src=https://github.com/{}",
}


def address(host: str, repository: str, folder: str, stem: str) -> str:
    """Return the address that opens a page's notebook at a host."""
    return HOSTS[host].format(f"{repository}/blob/{BRANCH}/{folder}/{stem}.ipynb")


class Launch(SphinxDirective):
    """The ``launch`` directive."""

    def run(self) -> list[nodes.Node]:
        """Return the line, or nothing."""
        repository = self.config.repository
        if not repository:
            return []
        folder, stem = Path(self.env.srcdir).name, Path(self.env.docname).name
        links = {
            host: f"`{host} <{address(host, repository, folder, stem)}>`__"
            for host in HOSTS
        }
        line = _(  # in Chinese, what a reader in mainland China can reach comes first
            "**Nothing to install:** open the notebook in {Colab} or {Kaggle}. **Everything,** "
            "with its tests: ``git clone {checkout}``"
        )
        text = line.format(checkout=f"https://github.com/{repository}", **links)
        content, messages = self.parse_inline(text)
        return [nodes.paragraph("", "", *content, classes=["launch"]), *messages]


def check_repository(app: Sphinx, config: Config) -> None:
    """See that the repository is named as expected."""
    if config.repository and not re.fullmatch(
        r"[\w.-]+/[\w.-]+", config.repository, re.ASCII
    ):
        raise ConfigError(
            f"MNIST_TUT_REPO must be a GitHub repository, such as owner/name, "
            f"not {config.repository!r}"
        )
