"""What all packages say of themselves, from Cargo.toml."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
_CARGO = (ROOT / "Cargo.toml").read_text()

# Another project has the name `firedrill` in Python's registry. The command keeps it.
PACKAGE = "firedrill-llm"


def _field(name):
    return re.search(rf'^{name} = "(.*)"$', _CARGO, re.MULTILINE)[1]


VERSION = _field("version")
SUMMARY = _field("description")
LICENCE = _field("license")


def licences():
    """The licences' files."""
    return sorted(ROOT.glob("LICENSE-*"))


def readme():
    """The README's first part: what it is. Its links lead into the repository."""
    return (ROOT / "README.md").read_text().split("\n## ")[0]
