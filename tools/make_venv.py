# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create .venv with uv in it. It needs only Python; make installs everything else with that uv."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

MINIMUM = (3, 11)


def main() -> None:
    if sys.version_info < MINIMUM:
        sys.exit(
            "error: {} is Python {}.{}, but Python {}.{} or newer is needed: install one and run"
            " 'make PYTHON=/path/to/python3 ...'".format(sys.executable, *sys.version_info[:2], *MINIMUM)
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            sys.exit(
                f"error: {sys.executable} lacks the module '{module}', which is needed to create .venv:"
                " install it (Debian and Ubuntu: apt install python3-venv) and try again"
            )
    import venv  # noqa: PLC0415  missing if the message above is shown

    folder = sys.argv[1]
    venv.create(folder, clear=True, with_pip=True, symlinks=os.name != "nt")
    subprocess.run(
        [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--requirement", os.path.join("requirements", "uv.txt")],
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
