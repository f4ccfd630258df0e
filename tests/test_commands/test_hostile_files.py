"""No command runs code of a checkpoint or of a file of predictions."""

import contextlib
import os
import pickle
from importlib import import_module
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

from mmda.commands import fold

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / 'configs/da/digits.py')
SEGMENTOR = str(ROOT / 'configs/da/cityscapes_bus_5way_light.py')
INIT = 'model.backbone.init_cfg.'
TRAIN = [CONFIG, '--work-dir', '{folder}']
COMMANDS = {
    'test': ('test', [CONFIG, '{pth}', '--work-dir', '{folder}']),
    'predict': ('predict', [CONFIG, '{pth}', '{image}']),
    'fold': ('fold', ['{pth}', '{folder}/folded.pth']),
    'export': (
        'export',
        ['{pth}', '{folder}/x.pt', '--format', 'torchscript'],
    ),
    'class_relations': ('class_relations', [CONFIG, '{pth}']),
    'resume': ('train', [*TRAIN, '--resume', '{pth}']),
    'load_from': ('train', [*TRAIN, '--cfg-options', 'load_from={pth}']),
    'pretrained': (
        'train',
        [*TRAIN, '--cfg-options', f'{INIT}type=Pretrained']
        + [f'{INIT}checkpoint={{pth}}'],
    ),
    'compare_runs': ('compare_runs', ['{pkl}', '{pkl}']),
    'thresholds': ('thresholds', [CONFIG, '{pth}', '{pkl}']),
    'compare_segmentation': (
        'reproduction.compare_segmentation',
        [SEGMENTOR, '{pth}', SEGMENTOR, '{pth}'],
    ),
}


@pytest.fixture(autouse=True)
def scope_of_classification():
    """A command leaves its scope to its process: give it back."""
    yield
    init_default_scope('mmpretrain')


class MakesAFolder:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.usefixtures('quick_configs')
@pytest.mark.parametrize('case', COMMANDS)
def test_a_hostile_file_runs_only_with_the_flag(
    case, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    marker = tmp_path / 'it_ran'
    hostile = MakesAFolder(marker)
    names = dict(folder=tmp_path, image=ROOT / 'docs/figures/method_mnist.png')
    names |= dict(pth=tmp_path / 'x.pth', pkl=tmp_path / 'x.pkl')
    # Read in full, it has no weights: no training starts.
    torch.save(dict(meta={}, state_dict=hostile), names['pth'])
    names['pkl'].write_bytes(pickle.dumps([hostile]))
    module, argv = COMMANDS[case]
    module = module if '.' in module else f'mmda.commands.{module}'
    main = import_module(module).main
    argv = [word.format(**names) for word in argv]
    with pytest.raises(SystemExit) as exit_info:
        main(argv)
    assert exit_info.value.code == 2
    assert 'can run code' in capsys.readouterr().err
    assert not marker.exists()
    with contextlib.suppress(Exception, SystemExit):
        main([*argv, '--unsafe-load'])
    assert marker.exists()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("import os\nos.mkdir('{marker}')", 'line 1: found `import os`'),
        (
            "model = dict(type='os.mkdir', path='{marker}')",
            "model.type is 'os.mkdir'",
        ),
    ],
)
def test_the_config_of_a_checkpoint_is_not_executed(
    text, message, tmp_path, capsys
):
    marker = tmp_path / 'it_ran'
    meta = dict(cfg=text.format(marker=marker))
    torch.save(dict(meta=meta, state_dict={}), tmp_path / 'x.pth')
    with pytest.raises(SystemExit):
        fold.main([str(tmp_path / 'x.pth'), str(tmp_path / 'folded.pth')])
    assert message in capsys.readouterr().err
    assert not marker.exists()
