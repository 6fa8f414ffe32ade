"""Every page names parts of the package that exist."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def exists(name):
    try:
        import_module(name)
    except ImportError:
        module, _, part = name.rpartition(".")
        return hasattr(import_module(module), part)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_part_of_the_package_that_a_page_names_exists(page):
    missing = [name for name in re.findall(r"`(longanimation(?:\.\w+)+)", page.read_text()) if not exists(name)]
    assert not missing
