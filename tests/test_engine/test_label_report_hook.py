"""The label report at the start of a training."""

import json

import torch
from digits_run import train_digits


def test_a_training_leaves_the_report_in_log_and_work_folder():
    folder = train_digits()
    report = json.loads(
        (folder / 'label_report/label_report.json').read_text()
    )
    assert set(report['splits']) == {'train', 'val'}
    assert report['splits']['train']['labels'] == 96 * 5 + 96 * 4
    assert (folder / 'label_report/label_availability.png').is_file()
    log = next(folder.glob('*/*.log')).read_text()
    assert f'train: {96 * 9} labels of 192 images' in log
    assert "! train: '7' is not annotated by any source" in log


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
