"""What ``import mmda`` registers, and what it leaves to the first use."""

import importlib
import os
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from mmengine.registry import MODELS as ROOT_MODELS

import mmda  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
# A library that registration does not need.
LATE = (
    *('kornia', 'matplotlib', 'pandas', 'scipy', 'sklearn'),
    *('mmseg.models', 'mmseg.datasets'),
)
NAMES = {
    'mmengine': dict(
        DATASETS=['PartialLabelDataset', 'CheXpert', 'MissingLabels'],
        METRICS=['PartialLabelAUC', 'PartialLabelIoU'],
        MODELS=['PartialBCEPseudoConsistLoss', 'DualViewImageClassifier'],
        HOOKS=['CheckFiniteHook', 'LabelReportHook', 'RunSummaryHook'],
    ),
    'mmpretrain': dict(
        MODELS=['DynamicAdapterHead', 'DualViewDataPreprocessor'],
        DATASETS=['PartialLabelDataset'],
    ),
    'mmseg': dict(
        MODELS=[
            *('DynamicAdapterHead', 'DualViewDataPreprocessor'),
            *('DualViewEncoderDecoder', 'DualViewCascadeEncoderDecoder'),
            *('PartialLabelSegTTAModel', 'EncoderDecoder'),
        ],
        METRICS=['PartialLabelIoU'],
    ),
}
FIND = f"""
import importlib
for scope, registries in {NAMES!r}.items():
    if scope not in SCOPES:
        continue
    module = importlib.import_module(scope + '.registry')
    for registry, names in registries.items():
        for name in names:
            found = getattr(module, registry).get(name)
            assert found is not None, (scope, registry, name)
models = importlib.import_module('mmpretrain.registry').MODELS
assert 'decode_heads' not in models.get('DynamicAdapterHead').__module__
"""


def run(program):
    done = subprocess.run(
        [sys.executable, '-c', program],
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_import_leaves_out_what_registration_does_not_need():
    run(
        'import sys, mmda\n'
        f'late = set({LATE}) & set(sys.modules)\n'
        'assert not late, late\n'
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    'first',
    [
        'import mmda',
        'import mmengine; import mmseg.registry; import mmda',
        'import mmseg.models; import mmda',
        # The registry has imported its own models already.
        'from mmseg.registry import MODELS\n'
        "MODELS.get('EncoderDecoder')\n"
        'import mmda',
        'from mmengine import Config\n'
        "Config(dict(custom_imports=dict(imports=['mmda'])))\n"
        'from mmengine.utils import import_modules_from_strings\n'
        "import_modules_from_strings(['mmda'])",
    ],
)
def test_bare_names_are_found_in_each_scope_in_any_order(first):
    run(f"{first}\nSCOPES = ('mmengine', 'mmpretrain', 'mmseg')\n{FIND}")


@pytest.mark.parametrize(
    ('scope', 'config', 'head', 'stock'),
    [
        ('mmpretrain', 'da/digits.py', 'head', 'ResNet_CIFAR'),
        (
            *('mmseg', 'da/cityscapes_bus_5way_light.py'),
            *('decode_head', 'ResNetV1c'),
        ),
    ],
)
def test_a_config_of_mmda_is_a_base_in_the_registries_of_a_host(
    scope, config, head, stock, tmp_path
):
    mine = tmp_path / 'mine.py'
    mine.write_text(f"_base_ = 'mmda::{config}'\n")
    cfg = Config.fromfile(mine)
    assert cfg.model._scope_ == 'mmda'  # what mmengine writes
    models = importlib.import_module(f'{scope}.registry').MODELS
    with DefaultScope.overwrite_default_scope(scope):
        model = models.build(cfg.model)
        named = models.get('mmda.DynamicAdapterHead')
        assert models.get('mmda.Nothing') is None
    assert type(getattr(model, head)) is named
    assert type(model.backbone).__name__ == stock
    assert type(model.backbone).__module__.startswith(scope)


def test_without_a_scope_mmda_finds_the_components_of_both_hosts(monkeypatch):
    # Other tests of this process set scopes.
    monkeypatch.setattr(DefaultScope, '_instance_dict', OrderedDict())
    with ROOT_MODELS.switch_scope_and_registry('mmda') as registry:
        assert registry.get('ImageClassifier').__module__[:6] == 'mmpret'
        assert registry.get('EncoderDecoder').__module__[:5] == 'mmseg'
    dataset = DATASETS.get('mmda.PartialLabelDataset')
    assert dataset.__module__ == 'mmda.datasets.partial_label_dataset'


@pytest.mark.slow
def test_a_stock_tool_finds_the_base_that_the_page_shows(tmp_path):
    page = (ROOT / 'docs/mixing.md').read_text()
    line = next(s for s in page.splitlines() if '__import__' in s)
    (tmp_path / 'mine.py').write_text(line)
    run(
        'import sys\n'
        'from mmengine.config import Config\n'
        "assert 'mmda' not in sys.modules\n"
        f'cfg = Config.fromfile({str(tmp_path / "mine.py")!r})\n'
        "assert cfg.default_scope == 'mmpretrain'\n"
    )


@pytest.mark.slow
def test_classification_works_without_mmseg():
    block = (
        'import sys, importlib.abc\n'
        'class Block(importlib.abc.MetaPathFinder):\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        "        if name.partition('.')[0] == 'mmseg':\n"
        '            raise ModuleNotFoundError(name=name)\n'
        'sys.meta_path.insert(0, Block())\n'
    )
    run(
        f"{block}import mmda\nSCOPES = ('mmengine', 'mmpretrain')\n{FIND}"
        'from mmda.apis.config import load_config\n'
        "cfg = load_config('mmda::da/digits.py')\n"
        'from mmengine.registry import MODELS, init_default_scope\n'
        "init_default_scope('mmpretrain')\n"
        'MODELS.build(cfg.model)\n'
        "assert 'mmseg' not in sys.modules\n"
    )
