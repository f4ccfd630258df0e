"""Two processes that divide a model train it as one process does."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from digits_run import short_config
from mmengine.hooks import Hook
from two_ranks import run_on_two_ranks

from mmda.apis.runner import build_runner
from mmda.engine.checkpoint import load_checkpoint
from mmda.engine.hooks.check_weights_hook import load_weights

FSDP = dict(
    runner_type='FlexibleRunner',
    strategy=dict(type='ResumableFSDPStrategy'),
)


class Break(Hook):
    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            raise KeyboardInterrupt


def make_runner(folder, batch_size, launcher='none', **options):
    cfg = short_config(folder)
    cfg.launcher = launcher
    cfg.experiment_name = folder.name
    cfg.train_dataloader.batch_size = batch_size
    for source in cfg.train_dataloader.dataset.datasets:
        source.num_samples = 32
        source.dataset.pipeline = cfg.test_pipeline
    # No random crop, no strong view and no batch statistics, so that a sample
    # does not depend on its process. SGD does not enlarge a rounding error.
    cfg.model.data_preprocessor.strong_view = None
    cfg.model.backbone.norm_eval = True
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.05, momentum=0.9)
    if folder.name != 'whole':
        hooks = 'label_report', 'run_report', 'run_summary'
        cfg.default_hooks.update(dict.fromkeys(hooks))
    cfg.merge_from_dict(options)
    return build_runner(cfg)


def train_on_rank(rank, folder):
    os.environ['LOCAL_RANK'] = str(rank)  # mmengine reads it
    folder = Path(folder)
    make_runner(folder / 'whole', 8, 'pytorch', **FSDP).train()
    broken = dict(FSDP, custom_hooks=[dict(type=Break)])
    try:
        make_runner(folder / 'broken', 8, 'pytorch', **broken).train()
    except KeyboardInterrupt:
        pass
    again = make_runner(folder / 'broken', 8, 'pytorch', resume=True, **FSDP)
    again.train()
    with pytest.raises(ValueError, match='a part of the weights') as raised:
        load_weights(again.model, {}, 'x.pth')
    return str(raised.value)


@pytest.mark.slow
def test_a_divided_model_trains_and_resumes_as_a_whole_one(tmp_path, mm_log):
    messages = run_on_two_ranks(train_on_rank, str(tmp_path))
    assert all('mmda test' in message for message in messages)
    alone = make_runner(tmp_path / 'alone', 16)
    alone.train()
    expected = alone.model.state_dict()
    last = [
        load_checkpoint(str(tmp_path / name / 'epoch_2.pth'))
        for name in ('whole', 'broken')
    ]
    for checkpoint in last:
        assert load_weights(alone.model, checkpoint, 'epoch_2.pth') == ()
    counts = last[0]['message_hub']['runtime_info']['positives_per_source']
    assert set(counts['4']) == {'D0', 'D1'}
    whole, resumed = (checkpoint['state_dict'] for checkpoint in last)
    start = load_checkpoint(str(tmp_path / 'whole' / 'epoch_1.pth'))
    for name, weight in whole.items():
        assert torch.equal(resumed[name], weight), name
        np.testing.assert_allclose(
            weight, expected[name], rtol=1e-3, atol=1e-5, err_msg=name
        )
    kernel = 'head.classifier.kernel'
    assert not torch.equal(whole[kernel], start['state_dict'][kernel])
    page = (tmp_path / 'whole' / 'report.html').read_text()
    assert 'mmda test' in page and 'AUC' in page
