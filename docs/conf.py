"""Configuration of the documentation site, see CONTRIBUTING.md.

The source folder is the root of the repository, so that the README and the
other pages of a code host are pages of the site as they are.
"""

from mmda.version import __version__

project = 'mmda'
author = 'mmda contributors'
copyright = author  # noqa: A001  the name that Sphinx asks for
version = release = __version__

extensions = [
    'sphinx.ext.autodoc',
    'sphinx.ext.mathjax',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'sphinx_copybutton',
    'myst_nb',
]
root_doc = 'docs/index'
include_patterns = [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'configs/da/README.md',
    'docs/**',
]
# Folders that Sphinx must not search.
exclude_patterns = ['.*', 'build', 'data', 'mmda', 'tests', 'work_dirs']

# Anchors such as `reproduce.md#add-a-table`, as code hosts make them.
myst_heading_anchors = 3
myst_enable_extensions = ['colon_fence']
suppress_warnings = ['myst.header']

# The notebook runs when the site is built, and an error in it stops the build.
nb_execution_mode = 'force'
nb_execution_raise_on_error = True
nb_execution_timeout = 1200  # seconds of a cell, on a busy machine
nb_merge_streams = True

autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # the docstrings give types, shapes and units
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # an attribute of a dataclass has one entry

copybutton_prompt_text = r'>>> |\.\.\. |\$ '
copybutton_prompt_is_regexp = True

html_theme = 'furo'
html_title = f'mmda {release}'
html_static_path = ['_static']
html_css_files = ['site.css']
# The front page is docs/index.html; the root needs an index.html too.
html_extra_path = ['_extra']
