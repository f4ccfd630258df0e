"""The report on pixels against files that were written for it."""

import sys

import cv2
import numpy as np
import pytest
from hospital_files import write_dicom
from mmengine.config import Config

from mmda.commands import train
from mmda.commands.label_report import main
from mmda.datasets import CSVLabelDataset, PartialLabelDataset
from mmda.report.label_report import label_report
from mmda.report.label_report_files import report_text
from mmda.report.pixel_warnings import pixel_warnings
from mmda.report.pixels import look_at_pixels
from mmda.report.source_labels import sources_of_datasets

OURS = dict(type='LoadMedicalImage')
PILLOW = dict(type='LoadImageFromFile', imdecode_backend='pillow')
RAMP = np.linspace(0, 1, 64).reshape(8, 8)


def write(path, bits, high=1.0):
    """Write a ramp that ends at a share of the white of ``bits`` bits."""
    path.parent.mkdir(exist_ok=True)
    values = (RAMP * high * (2**bits - 1)).round()
    cv2.imwrite(str(path), values.astype(np.uint8 if bits == 8 else np.uint16))


def a_source(root, name, files, loader=OURS):
    rows = [f'{file},{i % 2}' for i, file in enumerate(files)]
    table = root / f'{name}.csv'
    table.write_text('\n'.join(['path,Mass', *rows]) + '\n')
    source = CSVLabelDataset(
        table.name, str(root), check_first=False, pipeline=[loader]
    )
    return PartialLabelDataset(source, ['Mass'], name=name)


def look(*datasets, **options):
    class Both:
        pass

    Both.datasets = datasets
    sources = sources_of_datasets({'train': Both})
    found = look_at_pixels(sources, **options)
    return found, label_report(sources, None, found)


def test_size_kind_depth_and_range_are_reported(tmp_path):
    for index in range(3):
        write(tmp_path / f'{index}.png', 12)
    write(tmp_path / '3.png', 8)
    write_dicom(tmp_path / 'd.dcm', (RAMP * 4095).astype(np.uint16))
    files = [*(f'{i}.png' for i in range(4)), 'd.dcm']
    found, report = look(a_source(tmp_path, 'A', files))
    entry = report['pixels']['train/A']
    assert entry['kinds'] == {
        'PNG I;16 of 12 bits': 3,
        'PNG L of 8 bits': 1,
        'DICOM MONOCHROME2 of 12 bits': 1,
    }
    assert entry['smallest'] == entry['largest'] == [8, 8]
    assert entry['black'] == pytest.approx(1 / 64)
    assert entry['white'] == pytest.approx(1 / 64)
    assert entry['range'] == pytest.approx([2.5, 252.5], abs=1)
    assert pixel_warnings(found) == []
    text = report_text(report)
    assert (
        'pixels of train/A: 5 of 5 images, 8 x 8 pixels, 3 PNG I;16 of 12 bits'
    ) in text
    assert '1.6% black and 1.6% white' in text


def test_a_loader_that_saturates_deep_images_is_named(tmp_path):
    for index in range(4):
        write(tmp_path / f'{index}.png', 16)
    files = [f'{i}.png' for i in range(4)]
    found, report = look(a_source(tmp_path, 'A', files, PILLOW))
    assert report['warnings'] == [
        'train/A: 4 of 4 images have more than 8 bits, which '
        'LoadImageFromFile cuts off: use LoadMedicalImage',
        'train/A: 98% of the pixels are white and 2% black, as a training '
        'sees them',
    ]
    assert not look(a_source(tmp_path, 'A', files))[1]['warnings']


def test_missing_broken_and_unread_files_are_named_with_their_line(tmp_path):
    write(tmp_path / 'a.png', 8)
    whole = (tmp_path / 'a.png').read_bytes()
    (tmp_path / 'half.png').write_bytes(whole[: len(whole) // 2])
    for name in ('b.nii.gz', 'c.nii.gz'):
        (tmp_path / name).write_bytes(b'any')
    files = ['a.png', 'gone.png', 'half.png', 'b.nii.gz', 'c.nii.gz']
    _, report = look(a_source(tmp_path, 'A', files))
    missing, broken, unread = report['warnings']
    table = f'({tmp_path}/A.csv, line'
    assert missing == (
        f'train/A: 1 of 5 images are missing, such as {tmp_path}/gone.png '
        f'{table} 3)'
    )
    assert f'1 of 5 images are broken, such as {tmp_path}/half.png' in broken
    assert f'{table} 4): ' in broken
    assert unread.startswith(
        f'train/A: 2 of 5 images cannot be used, such as {tmp_path}/b.nii.gz '
        f'{table} 5): there is no reader for .nii.gz'
    )


@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_a_loader_that_does_not_read_a_format_is_named(tmp_path, backend):
    write_dicom(tmp_path / 'a.dcm', (RAMP * 4095).astype(np.uint16))
    loader = dict(type='LoadImageFromFile', imdecode_backend=backend)
    _, report = look(a_source(tmp_path, 'A', ['a.dcm'], loader))
    assert report['warnings'][-1] == (
        'train/A: 1 of 1 images cannot be used, such as '
        f'{tmp_path}/a.dcm ({tmp_path}/A.csv, line 2): LoadImageFromFile '
        'does not read DICOM MONOCHROME2: use LoadMedicalImage'
    )


def test_what_dicom_needs_is_said_once_for_all_sources(tmp_path, monkeypatch):
    values = (RAMP * 4095).astype(np.uint16)
    names = [f'{i}.dcm' for i in range(5)]
    for name in names:
        write_dicom(tmp_path / name, values)
    sources = [a_source(tmp_path, name, names) for name in 'AB']
    monkeypatch.setitem(sys.modules, 'pydicom', None)
    _, report = look(*sources)
    shared, line = report['warnings']
    assert 'share image files' in shared
    assert line == (
        '10 images: DICOM files need pydicom: pip install pydicom python-gdcm'
    )


def test_several_depths_and_far_ranges_are_warned_of(tmp_path):
    for index in range(4):
        write(tmp_path / f'a/{index}.png', 12)
        write(tmp_path / f'b/{index}.png', 12, 0.2 if index < 3 else 0.6)
    first, second = (
        a_source(tmp_path, name, [f'{name}/{i}.png' for i in range(4)])
        for name in 'ab'
    )
    _, report = look(first, second)
    assert (
        'train/b: images of several depths: 10 bits (3), 12 bits (1). If all '
        'come from one device, set bits=12 of LoadMedicalImage'
    ) in report['warnings']
    second.dataset.pipeline.transforms[0].bits = 12
    _, report = look(first, second)
    assert report['warnings'] == [
        'the bright end of the pixels is 50 in train/b and 252 in train/a, of '
        '255: check pixel_range'
    ]


def test_a_sample_is_spread_and_the_time_is_limited(tmp_path):
    for index in range(50):
        write(tmp_path / f'{index}.png', 8)
    (tmp_path / '49.png').unlink()
    dataset = a_source(tmp_path, 'A', [f'{i}.png' for i in range(50)])
    (found,), _ = look(dataset, num=3)
    assert found.looked == 3 and found.problems['missing']
    (found,), _ = look(dataset, num=None)
    assert found.looked == 50 and not found.stopped
    (found,), report = look(dataset, num=None, seconds=0.0)
    assert found.looked == 1 and found.stopped
    assert '1 of 50 images in the time for a sample' in report_text(report)


def test_the_command_looks_at_a_sample_or_at_all_images(tmp_path, capsys):
    for index in range(40):
        write(tmp_path / f'{index}.png', 8)
    rows = [f'{i}.png,{i % 2}' for i in range(40)]
    (tmp_path / 'a.csv').write_text('\n'.join(['path,Mass', *rows]))
    cfg = dict(
        type='CSVLabelDataset',
        ann_file='a.csv',
        data_root=str(tmp_path),
        pipeline=[OURS],
    )
    wrapped = dict(type='PartialLabelDataset', classes=['Mass'], dataset=cfg)
    config = Config(
        dict(
            model=dict(type='ImageClassifier'),
            train_dataloader=dict(dataset=wrapped),
        )
    )
    config.dump(tmp_path / 'config.py')
    base = [str(tmp_path / 'config.py'), '--out-dir', str(tmp_path / 'out')]
    for options, number in ([], 32), (['--all-images'], 40):
        main([*base, *options])
        said = capsys.readouterr().out
        assert f'{number} of 40 images, 8 x 8 pixels' in said
    work_dir = ['--work-dir', str(tmp_path / 'work')]
    train.main([base[0], '--dry-run', *work_dir])
    assert '32 of 40 images, 8 x 8 pixels' in capsys.readouterr().out
