"""The label report at the start of a training."""

import json
import logging
from types import SimpleNamespace

import cv2
import numpy as np
import torch
from digits_run import train_digits
from mmengine.config import Config
from mmengine.logging import MessageHub

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
    )
    LabelReportHook(figure=False).before_train(runner)
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
