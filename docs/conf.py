"""How Sphinx builds all documents of this repository into one site: `make docs`, into build/docs.

Sphinx with MyST reads Markdown by the same rules as the places where these files are read anyway, and follows every
relative link and anchor, to files of code too; `-W` in the Makefile makes a wrong one an error.
"""

project = "Fanwire"
copyright = "the Fanwire authors"
root_doc = "README"
extensions = ["myst_parser"]
include_patterns = ["*.md", "docs/*.md", "deploy/*.md"]
exclude_patterns = ["build", "deploy/demo", "tasks", "tests", "translation", "var", "workers", ".*"]
myst_heading_anchors = 4
suppress_warnings = [
    "toc.not_included",  # the tables of README.md and docs/README.md lead everywhere
    "misc.highlighting_failure",  # no colours for CSV
]
html_theme = "alabaster"
html_sidebars = {"**": ["about.html", "localtoc.html", "searchbox.html"]}
