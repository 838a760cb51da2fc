"""The site: `make docs` builds it into build/site from the Markdown and the docstrings."""

project = "smallset"
copyright = "the authors of smallset, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["studies"]
html_theme = "furo"
html_title = "smallset"
myst_enable_extensions = ["html_image"]
myst_heading_anchors = 3
default_role = "code"  # docstrings are written with Markdown's single backticks
autodoc_typehints = "none"
