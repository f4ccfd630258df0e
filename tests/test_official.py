"""One training from end to end, with the builds of OpenMMLab that are there.

`make test-official` runs this file with the original builds.
"""

import pytest
import torch

import mmda_cli

OPTIONS = [
    *('train_dataloader.dataset.datasets.0.num_samples=64',),
    *('train_dataloader.dataset.datasets.1.num_samples=64',),
    *('default_hooks.label_report=None', 'default_hooks.run_summary=None'),
]


def train(folder, epochs, *argv):
    words = ['mmda::da/digits.py', '--work-dir', str(folder), *argv]
    options = [*OPTIONS, f'train_cfg.max_epochs={epochs}']
    mmda_cli.main('train', [*words, '--cfg-options', *options])


@pytest.mark.slow
def test_a_training_resumes_and_its_model_folds_and_leaves(tmp_path):
    work = tmp_path / 'work'
    train(work, 1)
    train(work, 2, '--resume')
    checkpoint, folded = str(work / 'epoch_2.pth'), str(tmp_path / 'f.pth')
    mmda_cli.main('test', ['mmda::da/digits.py', checkpoint])
    mmda_cli.main('fold', [checkpoint, folded])
    state = torch.load(folded, weights_only=True)['state_dict']
    assert state['head.fc.weight'].shape[0] == 7
    script = tmp_path / 'f.pt'
    words = [checkpoint, str(script), '--format', 'torchscript']
    mmda_cli.main('export', words)
    answers = torch.jit.load(script)(torch.zeros(3, 3, 32, 32))
    assert answers.shape == (3, 7)
