"""The table of ``benchmarks/table.py`` has the figures of the page."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def load_table():
    path = ROOT / 'benchmarks' / 'table.py'
    spec = importlib.util.spec_from_file_location('table', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_each_command_of_the_table():
    page = (ROOT / 'docs' / 'benchmarks.md').read_text()
    commands = {
        part.partition('`')[0]
        for part in ' '.join(page.split()).split('python benchmarks/')[1:]
    }
    assert set(load_table().FIGURES) <= commands
