"""Sphinx settings for both languages: ``sphinx-build -c . -t zh docs/zh build/html/zh``."""

import os
import sys
from pathlib import Path

from mnist_tut import __version__

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "docs" / "_ext"))
LANG = "zh" if tags.has("zh") else "en"

project = {"en": "What torch.nn really is", "zh": "torch.nn 到底是什么"}[LANG]
author = {"en": "The mnist_tut authors", "zh": "mnist_tut 作者"}[LANG]
copyright = f"2026, {author}"
release = version = __version__
language = {"en": "en", "zh": "zh_CN"}[LANG]
locale_dirs = ["../locale"]  # words that Sphinx's own Chinese catalogue lacks

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # ours, one concern each
    "alive",
    "anchors",
    "chinese_search",
    "data_notice",
    "docstring_language",
    "exercise_boxes",
    "figure_text",
    "first_use",
    "folded_outputs",
    "gallery_chinese",
    "lengths",
    "light_pages",
    "local_inventories",
    "loops",
    "mathml",
    "page_head",
    "picture_sizes",
    "reading_aids",
    "run_once",
    "search_excerpts",
    "shown_imports",
    "source_names",
    "standalone",
    "term_pairs",
    "test_pages",
    "tested_source",
    "where_used",
]
nitpicky = True
nitpick_ignore_regex = [("py:class", r"(?!mnist_tut|torch|numpy).*")]  # said in words
exclude_patterns = ["tutorials/*.ipynb", "tutorials/*.py"]
templates_path = ["docs/_templates"]
smartquotes = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["docs/_static"]
html_css_files = ["site.css"]
html_favicon = "docs/_static/favicon.svg"
html_show_sourcelink = html_copy_source = False
html_use_index = html_domain_indices = False  # the API page is one list already
html_additional_pages = {"404": "404.html"}
site_url = os.environ.get("MNIST_TUT_SITE", "")  # where published, if it is
html_theme_options = {
    "logo": {"text": project},
    "navbar_start": ["navbar-logo"],
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button", "language-switch"],  # on a phone too
    "search_bar_text": {"en": "Search these pages", "zh": "搜索全站"}[LANG],
    "header_dropdown_text": {"en": "More", "zh": "更多"}[LANG],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["data-source", "copyright"],
    "footer_end": ["sphinx-version"],
}
html_sidebars = {"**": []}  # the contents list on the right is enough
html_math_renderer = "mathml"
html_context = {"default_mode": "auto"}

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more: shapes and dtypes
napoleon_use_rtype = napoleon_use_param = False  # types are prose here, not links
napoleon_use_ivar = True
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div:not(.sphx-glr-script-out) > div.highlight > pre"

sphinx_gallery_conf = {
    "examples_dirs": [f"../../gallery/{LANG}"],
    "gallery_dirs": ["tutorials"],
    "filename_pattern": r"\.py$",  # run them all, not only plot_*.py
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "write_computation_times": False,
    "inspect_global_variables": False,  # link names, not every variable
    "image_srcset": ["2x"],
    "remove_config_comments": True,
    "capture_repr": (),  # what a cell wants to show it prints
    "reset_modules": ("matplotlib", "figure_style.use"),
    "doc_module": ("mnist_tut",),
    "backreferences_dir": "tutorials/backreferences",
}
