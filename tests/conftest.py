import os
from pathlib import Path

import pytest

# A second thread does not make tiny models faster. Threads of several
# processes wait for each other, which can take many times as long. torch reads
# the variable when it loads.
os.environ.setdefault('OMP_NUM_THREADS', '1')

import make_toy  # noqa: E402
from mmengine.logging import MMLogger  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / 'shared' / 'data'
# The files of tests that pass with the original builds of OpenMMLab too. The
# models of mmseg are not there without mmcv's compiled operators.
OFFICIAL = {
    'test_datasets/test_csv_label_dataset.py',
    'test_datasets/test_sklearn_digits.py',
    'test_datasets/test_partial_label_dataset.py',
    'test_engine/test_checkpoint.py',
    'test_evaluation/test_partial_label_auc.py',
    'test_hosts.py',
    'test_models/test_dual_view_data_preprocessor.py',
    'test_models/test_dual_view_image_classifier.py',
    'test_models/test_dynamic_adapter.py',
    'test_models/test_dynamic_adapter_head.py',
    'test_models/test_partial_bce_pseudo_consist_loss.py',
    'test_official.py',
    'test_structures/test_label_space.py',
    'test_structures/test_partial_label.py',
}


def _is_official(path):
    folder = Path(__file__).parent
    return path in {folder / name for name in OFFICIAL}


def pytest_ignore_collect(collection_path, config):
    """Do not even import what needs the models of mmseg."""
    if config.option.markexpr == 'official' and collection_path.is_file():
        return not _is_official(collection_path) or None
    return None


def pytest_collection_modifyitems(items):
    for item in items:
        if _is_official(item.path):
            item.add_marker('official')


@pytest.fixture
def shared_data():
    """Folder with small samples of the real data sets, if it is there."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f'no samples of the real data sets in {SHARED_DATA}')
    return SHARED_DATA


@pytest.fixture
def mm_log(caplog, monkeypatch):
    """What mmengine's loggers say, also those made later, as ``caplog``."""
    call_handlers = MMLogger.callHandlers

    def keep_and_call(logger, record):
        caplog.handler.handle(record)
        call_handlers(logger, record)

    monkeypatch.setattr(MMLogger, 'callHandlers', keep_and_call)
    return caplog


@pytest.fixture(scope='session')
def toy_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('toy')
    arguments = ['chestxray_chexpert', str(folder)]
    make_toy.main([*arguments, '--images', '40', '--size', '48'])
    return folder


@pytest.fixture
def quick_configs(monkeypatch):
    """Do not lay out a config for the log: it takes longer than to read."""
    monkeypatch.setattr(
        'yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, True)
    )
