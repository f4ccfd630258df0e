"""The page that a training and a test write, on the digits."""

import json
import re
import shutil

import pytest
import torch
from digits_run import train_digits
from mmengine.config import Config
from mmengine.runner import Runner

from mmda.report.hooks import RunReportHook


def runner_of(folder, work_dir, **changes):
    cfg = Config.fromfile(folder / 'config.py')
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = work_dir.name
    cfg.default_hooks.run_summary.figures = False
    cfg.default_hooks.run_report = dict(type='RunReportHook', **changes)
    cfg.default_hooks.pop('early_stopping')
    return cfg


@pytest.fixture(scope='module')
def tested(tmp_path_factory):
    """Work folder and metrics of a test, with thresholds at the weights."""
    folder = tmp_path_factory.mktemp('tested')
    for name in ('epoch_2.pth', 'config.py'):
        shutil.copy(train_digits() / name, folder)
    shutil.copytree(train_digits() / 'label_report', folder / 'label_report')
    thresholds = dict(classes={'3': dict(threshold=0.0)})
    path = folder / 'epoch_2.thresholds.json'
    path.write_text(json.dumps(thresholds))
    cfg = runner_of(folder, folder / 'run', num_classes=1, num_images=1)
    cfg.load_from = str(folder / 'epoch_2.pth')
    return folder / 'run', Runner.from_cfg(cfg).test()


def test_the_page_of_a_test_has_the_metrics_and_the_training(tested):
    folder, metrics = tested
    page = (folder / 'report.html').read_text()
    assert f'mean AUC {metrics["auc/mean"]:.2f} % (test)' in page
    assert '(best validation)' in page  # from the checkpoint
    for figure in ('labels', 'training', 'results', 'relations'):
        section = page.split(f'<section id="{figure}">')[1]
        assert 'src="data:image' in section.split('</section>')[0], figure
    assert re.search(r'<td>\d+\.\d\d \[\d+\.\d\d, \d+\.\d\d\]</td>', page)


def test_a_best_checkpoint_holds_the_metrics_of_its_own_validation(tmp_path):
    shutil.copy(train_digits() / 'config.py', tmp_path)
    cfg = runner_of(tmp_path, tmp_path / 'run')
    cfg.default_hooks.pop('run_report')
    runner = Runner.from_cfg(cfg)
    runner.train()
    hub = runner.message_hub
    saved = torch.load(hub.get_info('best_ckpt'), weights_only=False)
    info = saved['message_hub']['runtime_info']
    assert info['best_metrics']['auc/mean'] == hub.get_info('best_score')


def test_the_page_of_a_test_on_validation_images_says_so(tmp_path):
    shutil.copy(train_digits() / 'config.py', tmp_path)
    cfg = runner_of(tmp_path, tmp_path / 'run', num_classes=1, num_images=1)
    cfg.load_from = str(train_digits() / 'epoch_2.pth')
    cfg.test_dataloader = cfg.val_dataloader
    Runner.from_cfg(cfg).test()
    for name in ('report.html', 'model_card.md'):
        text = (tmp_path / 'run' / name).read_text()
        assert '% (validation images)' in text and '% (test)' not in text


def test_page_and_card_name_the_class_that_nobody_annotates(tested):
    for name in ('report.html', 'model_card.md'):
        assert '7: no source annotates it' in (tested[0] / name).read_text()


def test_the_thresholds_beside_the_checkpoint_meet_the_test_images(tested):
    card = (tested[0] / 'model_card.md').read_text()
    # From 0 on, every answer is a yes.
    assert re.search(r'\| 3 \| 0\.000 \| 1\.000 \| 0\.000 \|', card)
    assert re.search(r'\| 4 \| - \| - \| - \|', card)


def test_a_training_shows_the_checkpoint_it_keeps_and_leaves_its_model(
    tmp_path, monkeypatch
):
    shutil.copy(train_digits() / 'config.py', tmp_path)
    cfg = runner_of(tmp_path, tmp_path / 'run', num_classes=1, num_images=1)
    # The checkpoint, and not this metric, says which validation is shown.
    cfg.default_hooks.run_report.monitor = 'auc/no_such_metric'
    for source in cfg.train_dataloader.dataset.datasets:
        source.num_samples = 32
    # The first epoch is the best: the second one forgets all.
    cfg.param_scheduler = dict(
        type='MultiStepLR', milestones=[1], gamma=1e6, by_epoch=True
    )
    cfg.default_hooks.pop('check_finite')
    shown = []
    write = RunReportHook._write

    def note(self, runner, facts, *args):
        shown.append(runner.model.head.classifier.kernel.detach().clone())
        write(self, runner, facts, *args)
        shown.append((facts, runner.model.head.classifier.kernel.detach()))

    monkeypatch.setattr(RunReportHook, '_write', note)
    runner = Runner.from_cfg(cfg)
    runner.train()
    before, (facts, after) = shown
    torch.testing.assert_close(before, after, equal_nan=True)
    best = runner.message_hub.get_info('best_ckpt')
    assert best.endswith('epoch_1.pth') and facts.when.endswith('epoch 1')
    assert facts.about['checkpoint'] == 'best_auc_mean_epoch_1.pth'
    assert len(facts.predictions) == facts.num_images == 140
    text = (tmp_path / 'run/report.html').read_text()
    assert 'validation, epoch 1' in text
