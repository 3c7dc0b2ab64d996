"""Sphinx settings for both languages: ``sphinx-build -c . -t zh docs/zh build/html/zh``."""

import os
import sys
from pathlib import Path

from mnist_tut import __version__

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "docs"))
from ext.languages import LANGUAGES  # noqa: E402

LANG = next((name for name in LANGUAGES if tags.has(name)), "en")

project = LANGUAGES[LANG].title
release = version = __version__
language = LANGUAGES[LANG].sphinx
locale_dirs = ["../locale"]  # our own words, and what Sphinx's catalogues lack
gettext_compact = "docstrings"  # one catalogue for the API's

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "ext",  # ours
]
nitpicky = True
nitpick_ignore_regex = [("py:class", r"(?!mnist_tut|torch|numpy).*")]  # said in words
exclude_patterns = ["tutorials/*.ipynb", "tutorials/*.py", "tutorials/index.rst"]
suppress_warnings = ["sphinx_gallery.space_in_filename"]  # it means whole paths
templates_path = ["docs/_templates"]
smartquotes = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["docs/_static"]
html_css_files = ["exercises.css", "shrink.css", "site.css", "home.css"]
html_js_files = [
    (f"{name}.js", {"defer": "defer"})
    for name in [
        "progress",
        "shrink",
        "terms",
        "header",
        "code",
        "contents",
        "place",
        "find",
    ]
]
html_favicon = "docs/_static/favicon.svg"
html_show_sourcelink = html_copy_source = False
html_use_index = html_domain_indices = False  # the API page is one list already
html_additional_pages = {"404": "404.html"}
site_url = os.environ.get("MNIST_TUT_SITE", "")  # where published, if it is
repository = os.environ.get("MNIST_TUT_REPO", "")  # and where the source is, on GitHub
html_theme_options = {
    "logo": {"text": project},
    "navbar_start": ["navbar-logo"],
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button", "language-switch"],  # on a phone too
    "article_header_end": ["launch"] if repository else [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["report", "data-source"],
    "footer_end": ["sphinx-version"],
}
html_sidebars = {"**": []}  # the contents list on the right is enough
html_math_renderer = "mathml"
html_context = {
    "default_mode": "light",  # until a script has asked the system
    "languages": LANGUAGES,
    "folder": LANG,
    "site_url": site_url,
    "repository": repository,
}

INVENTORIES = {  # the names of theirs that our pages use: no network is asked
    "matplotlib": "https://matplotlib.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "python": "https://docs.python.org/3/",
    "requests": "https://requests.readthedocs.io/en/latest/",
    "torch": "https://docs.pytorch.org/docs/stable/",
}
intersphinx_mapping = {
    name: (address, str(ROOT / "docs" / "inventories" / f"{name}.txt"))
    for name, address in INVENTORIES.items()
}

linkcheck_timeout = 30
linkcheck_anchors = False  # many are made by scripts

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more: shapes and dtypes
napoleon_use_rtype = napoleon_use_param = False  # types are prose here, not links
napoleon_use_ivar = True
add_module_names = False  # headings name the modules
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div:not(.sphx-glr-script-out) > div.highlight > pre"

ORDERS = ["FileNameSortKey", "ext.run_once.FromTheEnd"]  # see there
sphinx_gallery_conf = {
    "examples_dirs": [f"../../gallery/{LANG}"],
    "gallery_dirs": ["tutorials"],
    "filename_pattern": r"\.py$",  # run them all, not only plot_*.py
    "within_subsection_order": ORDERS[[*LANGUAGES].index(LANG) % 2],
    "abort_on_example_error": True,
    "download_all_examples": False,
    "write_computation_times": False,
    "inspect_global_variables": False,  # link names, not every variable
    "image_srcset": ["2x"],
    "remove_config_comments": True,
    "capture_repr": (),  # what a cell wants to show it prints
    "reset_modules": ("matplotlib", "ext.surroundings.prepare"),
    "reset_modules_order": "both",
    "doc_module": ("mnist_tut",),
    "backreferences_dir": "tutorials/backreferences",
}

if page := os.environ.get("MNIST_TUT_PAGE"):  # alone: links to others lead nowhere
    root_doc = f"tutorials/{page}"
    include_patterns = [f"{root_doc}.rst"]
    sphinx_gallery_conf["ignore_pattern"] = rf"(^|/)(?!{page}\.py$)[^/]+\.py$"
    nitpicky = False
    suppress_warnings += ["ref", "toc", "docutils"]
