# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Sphinx configuration of the documentation site, which is built from the generated reference and the guides."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

project = "apinizer.apiops"
project_copyright = "2026, apinizer.apiops contributors"
html_title = "Ansible collection apinizer.apiops"
html_short_title = "apinizer.apiops"

extensions = ["sphinx_antsibull_ext"]
highlight_language = "YAML+Jinja"
pygments_style = "ansible"

html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "display_version": False,
    # The default links of the theme lead to Ansible's own site, and one of them is called "Documentation".
    "topbar_links": {},
}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_use_index = False
html_copy_source = False

# A broken reference is an error.
nitpicky = True
# These pages belong to Ansible's own documentation. The site is built without network access, so Sphinx cannot find them.
nitpick_ignore = [
    ("std:ref", "action_plugins"),
    ("std:ref", "ansible_collections.ansible.builtin.constructed_inventory"),
    ("std:ref", "ansible_collections.ansible.builtin.set_stats_module"),
    ("std:ref", "ansible_configuration_settings"),
    ("std:ref", "common_return_values"),
]
# Ansible's settings for the cache of inventory plugins.
nitpick_ignore_regex = [("std:envvar", r"ANSIBLE_CACHE_PLUGIN(_[A-Z]+)?")]


def setup(app: Sphinx) -> None:
    """Register the event handlers. Sphinx calls this function."""
    app.connect("html-page-context", _link_home)


def _link_home(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Link the logo to the start page of the site, with a path that works in any folder of any server."""
    context["theme_documentation_home_url"] = context["pathto"](context["root_doc"])
