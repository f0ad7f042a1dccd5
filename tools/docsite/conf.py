# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Sphinx configuration of the documentation site, which is built from the generated reference and the guides."""

from __future__ import annotations

project = "apinizer.apiops"
project_copyright = "2026, apinizer.apiops contributors"
html_title = "apinizer.apiops"

extensions = ["sphinx_antsibull_ext"]
highlight_language = "YAML+Jinja"

html_theme = "furo"
html_theme_options = {
    # The system font, and the colors of the buttons and links: nothing is loaded from elsewhere.
    "light_css_variables": {
        "color-brand-primary": "#1d4fa8",
        "color-brand-content": "#1d4fa8",
        "color-brand-visited": "#6b3fa0",
    },
    "dark_css_variables": {
        "color-brand-primary": "#9cc1ff",
        "color-brand-content": "#9cc1ff",
        "color-brand-visited": "#c9a6f5",
    },
    "source_repository": "https://github.com/apinizer-apiops/apinizer.apiops/",
}
# The site follows the color scheme of the system, and the tables of options do so as well.
antsibull_ext_color_scheme = "default-autodark"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "github-dark-high-contrast"
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
