"""The label report at the start of a training."""

import json
import logging
import subprocess
import sys
import threading
from concurrent.futures import wait
from types import SimpleNamespace
from unittest import mock

import cv2
import numpy as np
import pytest
import torch
from digits_run import short_config, train_digits
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.runner import Runner

from mmda.apis.fold_checkpoint import fold_checkpoint
from mmda.apis.inference_model import find_sampled
from mmda.datasets import CSVLabelDataset
from mmda.report.hooks import LabelReportHook


def test_a_training_leaves_the_report_in_log_and_work_folder():
    folder = train_digits()
    report = json.loads(
        (folder / 'label_report/label_report.json').read_text()
    )
    assert set(report['splits']) == {'train', 'val', 'test'}
    assert report['splits']['train']['labels'] == 96 * 5 + 96 * 4
    assert (folder / 'label_report/label_availability.png').is_file()
    log = next(folder.glob('*/*.log')).read_text()
    assert f'train: {96 * 9} labels of 192 images' in log
    assert "! train, class '7': not annotated in any of 192" in log


def test_the_checkpoint_says_which_sources_trained_a_class():
    folder = train_digits()
    content = torch.load(folder / 'epoch_2.pth', weights_only=False)
    info = content['message_hub']['runtime_info']['positives_per_source']
    report = json.loads(
        (folder / 'label_report/label_report.json').read_text()
    )
    sources = report['splits']['train']['sources']
    for name in '1234567':
        for source, positives in info[name].items():
            count = sources[source]['classes'][name]
            assert count['positives'] == positives
    assert set(info['4']) == {'D0', 'D1'} and info['7'] == {}


@pytest.mark.slow
def test_what_trained_the_old_model_stays_in_the_new_checkpoint(tmp_path):
    old = torch.load(train_digits() / 'epoch_2.pth', weights_only=False)
    info = old['message_hub']['runtime_info']
    info['sampled_sources'] = ['D0']
    torch.save(old, tmp_path / 'old.pth')
    cfg = short_config(tmp_path)
    first, second = cfg.train_dataloader.dataset.datasets
    first.num_samples = second.num_samples = 32
    first.labeled_classes = second.labeled_classes = ['7']
    cfg.train_cfg.max_epochs = 1
    cfg.load_from = str(tmp_path / 'old.pth')
    cfg.default_hooks.pop('run_report')
    cfg.default_hooks.keep_old = dict(type='KeepOldClassesHook')
    cfg.default_hooks.label_report = dict(type='LabelReportHook')
    Runner.from_cfg(cfg).train()
    path = tmp_path / 'epoch_1.pth'
    new = torch.load(path, weights_only=False)['message_hub']['runtime_info']
    before = info['positives_per_source']
    for name in '123456':
        assert new['positives_per_source'][name] == before[name]
    assert set(new['positives_per_source']['7']) == {'D0', 'D1'}
    assert new['sampled_sources'] == ['D0']
    _, folded = fold_checkpoint(torch.load(path, weights_only=False))
    assert folded['meta']['sampled_sources'] == ['D0']
    assert find_sampled(folded, 'a.pth') == ['D0']


def image_folder(root, seeds):
    """A CSV data set of images that differ by their seed."""
    root.mkdir()
    for seed in seeds:
        pixels = np.random.default_rng(seed).integers(0, 255, (8, 8), 'uint8')
        cv2.imwrite(str(root / f'{root.name}{seed}.png'), pixels)
    lines = [f'{root.name}{seed}.png,{seed % 2}' for seed in seeds]
    (root / 'labels.csv').write_text('\n'.join(['path,a', *lines]))
    return dict(type='CSVLabelDataset', data_root=str(root))


def report_at_the_start(root, train, test):
    """Call the hook as a runner does, and return its report."""
    options = {k: v for k, v in train.items() if k != 'type'}
    dataset = CSVLabelDataset(**options, ann_file='labels.csv')
    test = dict(test, ann_file='labels.csv')
    runner = SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset=dataset),
        val_loop=None,
        cfg=Config(dict(test_dataloader=dict(dataset=test))),
        logger=logging.getLogger('hook'),
        work_dir=str(root),
        message_hub=MessageHub.get_instance('hook'),
        hooks=[],
    )
    hook = LabelReportHook(figure=False)
    hook.before_train(runner)
    hook.after_train(runner)
    return json.loads((root / 'label_report/label_report.json').read_text())


def test_an_image_of_the_test_in_the_training_is_seen_at_the_start(
    tmp_path, mm_log
):
    train = image_folder(tmp_path / 'train', range(4))
    test = image_folder(tmp_path / 'test', range(3, 6))
    report = report_at_the_start(tmp_path, train, test)
    leak = [w for w in report['warnings'] if 'equal content' in w]
    assert len(leak) == 1 and ': 1 pairs' in leak[0]
    assert 'train3.png' in leak[0] and 'test3.png' in leak[0]
    assert report['content'] == '7 of 7 image files compared'
    gone = dict(test, data_root=str(tmp_path / 'none'))
    for missing in (gone, dict(gone, lazy_init=True)):
        mm_log.clear()
        report = report_at_the_start(tmp_path, train, missing)
        assert set(report['splits']) == {'train'}
        assert 'leaves out the test data: ' in mm_log.text


def test_a_report_that_cannot_be_written_is_in_the_log(tmp_path, caplog):
    train = image_folder(tmp_path / 'train', range(4))
    (tmp_path / 'label_report').write_text('no folder')
    with caplog.at_level(logging.INFO), pytest.raises(OSError):
        report_at_the_start(tmp_path, train, train)
    assert 'train: 4 labels of 4 images' in caplog.text


def slow_report(monkeypatch, outcome):
    """Let the report wait for an event, and then return or raise this."""
    go_on = threading.Event()

    def wait_and_answer(*_):
        assert go_on.wait(20)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(LabelReportHook, '_write', wait_and_answer)
    return go_on


def started_hook():
    """Call the hook as a runner does up to the first iteration."""
    hook, runner = LabelReportHook(), mock.MagicMock()
    runner.train_dataloader.__len__.return_value = 4  # batches
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    return hook, runner


def test_the_iterations_do_not_wait_for_the_report_but_the_checkpoint_does(
    monkeypatch,
):
    report = dict(classes=['a'], splits={})
    go_on = slow_report(monkeypatch, report)
    hook, runner = started_hook()
    for batch in range(3):
        hook.before_train_iter(runner, batch)
    assert hook.report is None
    threading.Timer(0.05, go_on.set).start()
    hub = MessageHub.get_instance('slow')
    runner.message_hub = hub
    checkpoint = dict(message_hub=hub.state_dict())
    hook.before_save_checkpoint(runner, checkpoint)
    assert hook.report is report
    other = MessageHub.get_instance('resumed')
    other.load_state_dict(checkpoint['message_hub'])
    for one in (hub, other):
        assert one.get_info('positives_per_source') == {'a': {}}


@pytest.mark.parametrize(
    'point, args',
    [
        ('before_val_epoch', ()),
        ('before_train_epoch', ()),
        ('before_train_iter', (7,)),  # the last batch of the second time
        ('after_train', ()),
    ],
)
def test_no_worker_starts_and_no_training_ends_before_the_report(
    point, args, monkeypatch
):
    go_on = slow_report(monkeypatch, None)
    hook, runner = started_hook()
    threading.Timer(0.05, go_on.set).start()
    getattr(hook, point)(runner, *args)
    assert go_on.is_set() and hook._work is None


def test_a_report_that_cannot_be_written_ends_the_training_at_once(
    monkeypatch,
):
    slow_report(monkeypatch, OSError('full disk')).set()
    with pytest.raises(OSError, match='full disk'):
        hook, runner = started_hook()
        wait([hook._work])
        hook.before_train_iter(runner, 1)


def test_a_program_that_is_interrupted_leaves_the_whole_report(tmp_path):
    program = (
        'import sys, time\n'
        'from unittest import mock\n'
        'from pathlib import Path\n'
        'from mmda.report.hooks import LabelReportHook\n'
        'class Slow(LabelReportHook):\n'
        '    def _write(self, *_):\n'
        '        time.sleep(0.5)\n'
        '        Path(sys.argv[1]).touch()\n'
        'hook = Slow()\n'
        'runner = mock.MagicMock()\n'
        'runner.train_dataloader.__len__.return_value = 9\n'
        'hook.before_train(runner)\n'
        'hook.before_train_iter(runner, 0)\n'
        'raise KeyboardInterrupt\n'
    )
    path = tmp_path / 'report'
    done = subprocess.run([sys.executable, '-c', program, str(path)])
    assert done.returncode != 0
    assert path.exists()
