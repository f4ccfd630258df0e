"""The configs below ``configs/da``, each read once per session."""

import copy
import functools
from pathlib import Path

from mmda.apis.config import load_config
from mmda.apis.options import apply_options

DA = Path(__file__).resolve().parents[1] / 'configs' / 'da'
# my_csv.py reads tables of the user: see test_configs/test_my_csv.py.
PATHS = {
    path.stem: path
    for path in sorted(DA.rglob('*.py'))
    if path.stem != 'my_csv'
}


@functools.cache
def _read(name):
    return load_config(str(PATHS[name]))


def load(name, **options):
    """Return a config of one's own, with options as on the command line."""
    cfg = copy.deepcopy(_read(name))
    apply_options(cfg, options)
    return cfg
