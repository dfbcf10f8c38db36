"""Plug-ins installed for one process: no network, and nothing of the environment is touched."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

__all__ = ["install_plugin"]


def install_plugin(project: Path, site: Path) -> None:
    """Put into a folder, meant for PYTHONPATH, what pip would put into site-packages."""
    described = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(project / "src", site, dirs_exist_ok=True)
    name, version = described["name"], described["version"]
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    groups = "".join(
        f"[{group}]\n" + "".join(f"{entry} = {value}\n" for entry, value in entries.items())
        for group, entries in described["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(groups, encoding="utf-8")
