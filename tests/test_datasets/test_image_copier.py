import json
import os
import shutil
import time

import cv2
import numpy as np
import pytest
from hospital_files import write_dicom
from mmcv.transforms import LoadImageFromFile, Resize
from mmpretrain.datasets.transforms import ResizeEdge
from PIL import Image

from mmda.apis.images import list_images
from mmda.datasets import (
    CSVLabelDataset,
    LoadMedicalImage,
    PartialLabelDataset,
)
from mmda.datasets.broken_images import UnusableImageError, is_decode_error
from mmda.datasets.images.image_copier import BrokenSourceError, ImageCopier

COLOUR = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
DEEP = COLOUR[..., 0].astype(np.uint16) * 16 + 15
FILES = ('grey.jpg', 'colour.png', 'deep.png', 'scan.dcm', 'palette.gif')


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / 'source'
    folder.mkdir()
    cv2.imwrite(str(folder / 'grey.jpg'), COLOUR[..., 0])
    cv2.imwrite(str(folder / 'colour.png'), COLOUR)
    Image.fromarray(DEEP).save(folder / 'deep.png')
    write_dicom(folder / 'scan.dcm', DEEP, window=(2048, 1024))
    Image.fromarray(COLOUR).quantize(9).save(folder / 'palette.gif')
    return folder


def copier_of(source, size=(32,), target='target', **options):
    copier = ImageCopier(source, source.parent / target, size, **options)
    copier.claim()
    return copier


def load(path, **options):
    return LoadMedicalImage(**options)(dict(img_path=str(path)))['img']


@pytest.mark.parametrize('file', FILES)
@pytest.mark.parametrize(
    'size, resize',
    [
        ((32,), ResizeEdge(32)),
        ((24, 40), Resize((40, 24))),
        ((90, 60), Resize((60, 90))),
    ],
)
def test_a_copy_has_the_values_that_the_resize_of_a_pipeline_gives(
    source, file, size, resize
):
    copier = copier_of(source, size)
    assert copier.copy(file)
    copy, original = load(copier.target / file), load(source / file)
    np.testing.assert_array_equal(copy, resize(dict(img=original))['img'])
    assert copy.flags.writeable and original.flags.writeable
    for backend in ('cv2', 'pillow'):  # the hosts read it too
        stock = LoadImageFromFile(imdecode_backend=backend)
        seen = stock(dict(img_path=str(copier.target / file)))['img']
        expected = np.broadcast_to(
            copy.reshape(*copy.shape[:2], -1), seen.shape
        )
        np.testing.assert_array_equal(seen, expected)


def test_only_absent_changed_and_damaged_copies_are_written(source):
    copier = copier_of(source)
    copy = copier.target / 'grey.jpg'
    os.utime(source / 'grey.jpg', ns=(0, 1_700_000_000_123_456_789))
    assert copier.copy('grey.jpg') and not copier.copy('grey.jpg')
    whole = copy.read_bytes()
    state = (source / 'grey.jpg').stat()
    os.utime(source / 'grey.jpg', ns=(0, state.st_mtime_ns + 1))
    assert copier.copy('grey.jpg') and not copier.copy('grey.jpg')
    os.utime(source / 'grey.jpg', ns=(0, state.st_mtime_ns))
    foreign = Image.fromarray(COLOUR[..., 0])
    for damage in (
        lambda: copy.write_bytes(whole[:-1]),
        lambda: copy.write_bytes(whole + b'0'),
        lambda: copy.write_bytes(whole[:40]),
        lambda: copy.write_bytes(whole.replace(b'{', b'[')),
        lambda: copy.write_bytes(whole.replace(b'bilinear', b'area')),
        lambda: copy.write_bytes(whole.replace(b'# of ', b'# of 1')),
        lambda: foreign.save(copy, format='ppm'),
        copy.unlink,
        lambda: os.utime(copy),
    ):
        damage()
        if copy.exists() and copy.read_bytes() != whole:
            os.utime(copy, ns=(0, state.st_mtime_ns))
        assert copier.copy('grey.jpg')
        assert copy.read_bytes() == whole


def test_a_disk_that_keeps_times_less_exactly_keeps_its_copies(source):
    copier = copier_of(source)
    time = 1_700_000_001_123_456_789
    os.utime(source / 'grey.jpg', ns=(0, time))
    copier.copy('grey.jpg')
    copy = copier.target / 'grey.jpg'
    for kept in (100, 10**3, 10**7, 10**9, 2 * 10**9):
        os.utime(copy, ns=(0, time - time % kept))
        assert not copier.copy('grey.jpg')
        os.utime(copy, ns=(0, time - time % kept + 1))
        assert copier.copy('grey.jpg')


@pytest.mark.parametrize(
    'damage, expected',
    [
        (lambda whole: whole[:-1], 'found 4607 bytes of pixels'),
        (lambda whole: whole.replace(b'{', b'['), 'damaged head of a copy'),
    ],
)
def test_a_damaged_copy_is_a_broken_image(source, damage, expected):
    copier = copier_of(source)
    copier.copy('colour.png')
    copy = copier.target / 'colour.png'
    copy.write_bytes(damage(copy.read_bytes()))
    with pytest.raises(OSError, match=expected) as caught:
        load(copy)
    assert is_decode_error(caught.value)


def test_a_broken_image_stays_one_for_a_training(source):
    copier = copier_of(source)
    for name in ('grey.jpg', 'colour.png', 'scan.dcm'):
        copier.copy(name)
    cut = (source / 'grey.jpg').read_bytes()[:900]
    (source / 'grey.jpg').write_bytes(cut)
    (source / 'colour.png').unlink()
    write_dicom(source / 'scan.dcm', COLOUR[..., 0], NumberOfFrames=3)
    for name, reason in (
        ('grey.jpg', 'truncated'),
        ('colour.png', '^No such file or directory$'),
        ('scan.dcm', '^found 3 frames, expected one$'),
    ):
        with pytest.raises(BrokenSourceError, match=reason):
            copier.copy(name)
    assert (copier.target / 'grey.jpg').read_bytes() == cut
    assert (copier.target / 'colour.png').read_bytes() == b''
    copier.copy('deep.png')
    (copier.target / 'labels.csv').write_text(
        'path,Mass\ngrey.jpg,1\ncolour.png,1\ndeep.png,0\n'
    )
    dataset = PartialLabelDataset(
        CSVLabelDataset(
            'labels.csv',
            str(copier.target),
            pipeline=[dict(type='LoadMedicalImage')],
        ),
        classes=['Mass'],
    )
    assert {dataset[i]['img_path'][-8:] for i in range(3)} == {'deep.png'}
    assert len(dataset.broken_images()) == 2


def test_a_loader_of_another_range_refuses_a_copy(source):
    options = dict(pixel_range=(0, 1000))
    copier = copier_of(source, **options)
    for name in ('deep.png', 'scan.dcm'):
        copier.copy(name)
        expected = ResizeEdge(32)(dict(img=load(source / name, **options)))
        copy = copier.target / name
        # The range is mapped once, not again.
        np.testing.assert_array_equal(load(copy, **options), expected['img'])
        with pytest.raises(UnusableImageError, match='wrote with .*1000') as e:
            load(copy)
        assert str(copy) in str(e.value)


def test_grey_copies_of_colour_have_one_channel(source):
    copier = copier_of(source, color_type='grayscale', interpolation='area')
    copier.copy('colour.png')
    grey = cv2.cvtColor(COLOUR, cv2.COLOR_BGR2GRAY)
    expected = cv2.resize(grey, (48, 32), interpolation=cv2.INTER_AREA)
    copy = load(copier.target / 'colour.png')
    np.testing.assert_array_equal(copy, expected)


def test_copies_of_other_settings_or_images_are_refused(source, tmp_path):
    copier = copier_of(source, color_type='grayscale')
    copier_of(source, color_type='grayscale')  # the same: no error
    other = tmp_path / 'other'
    other.mkdir()
    for change, named in (
        (dict(size=(48,)), 'size'),
        (dict(size=(32, 32)), 'size'),
        (dict(color_type='color'), 'color_type'),
        (dict(interpolation='area'), 'interpolation'),
        (dict(bits=12), 'range'),
        (dict(source=other), 'source'),
    ):
        given = dict(source=source, color_type='grayscale') | change
        with pytest.raises(ValueError, match=f'resize.json: .* of {named}'):
            copier_of(**given)
    (copier.target / 'resize.json').write_text('{"size": ')
    with pytest.raises(ValueError, match='resize.json'):
        copier_of(source, color_type='grayscale')
    (copier.target / 'resize.json').write_text('[]')
    with pytest.raises(ValueError, match='resize.json'):
        copier_of(source, color_type='grayscale')


@pytest.mark.parametrize('target', ['source', 'source/copies', '.', 'link'])
def test_a_target_must_not_hold_or_lie_in_the_source(source, target):
    (source.parent / 'link').symlink_to(source)
    before = sorted(source.parent.rglob('*'))
    with pytest.raises(ValueError, match='expected two folders'):
        copier_of(source, target=target)
    assert sorted(source.parent.rglob('*')) == before


def test_a_target_with_other_files_is_refused(source):
    target = source.parent / 'target'
    target.mkdir()
    (target / 'grey.jpg').write_bytes(b'mine')
    with pytest.raises(ValueError, match=r'has grey.jpg, but no resize.json'):
        copier_of(source)
    assert [path.name for path in target.iterdir()] == ['grey.jpg']


def test_what_a_killed_run_left_goes_and_what_a_live_one_writes_stays(
    source, monkeypatch
):
    target = copier_of(source).target
    (target / 'a').mkdir()
    part = target / 'a' / '.part-1-0.png'
    part.write_bytes(b'half')
    os.utime(part, (1, 1))  # the time of its original
    copier_of(source)
    assert part.exists()
    now = time.time()
    monkeypatch.setattr(time, 'time', lambda: now + 90)
    copier_of(source)
    assert not part.exists()


def test_a_source_that_changes_while_it_is_read_is_copied_again(
    source, monkeypatch
):
    copier = copier_of(source)
    read = copier.load.transform

    def read_and_change(results):
        found = read(results)
        os.utime(source / 'grey.jpg', (1, 1))
        return found

    monkeypatch.setattr(copier.load, 'transform', read_and_change)
    assert copier.copy('grey.jpg')
    monkeypatch.undo()
    assert copier.copy('grey.jpg') and not copier.copy('grey.jpg')


def test_a_copy_of_a_dicom_file_without_a_suffix_is_found(source):
    (source / 'scan.dcm').rename(source / 'IM0001')
    copier = copier_of(source)
    copier.copy('IM0001')
    assert list_images(copier.target) == [str(copier.target / 'IM0001')]


def test_float_copies_are_refused(source):
    with pytest.raises(ValueError, match='to_float32'):
        ImageCopier(source, source.parent / 'target', (8,), to_float32=True)


def test_the_settings_are_written_beside_the_copies(source):
    copier = copier_of(source, (24, 40), percentiles=(1, 99))
    found = json.loads((copier.target / 'resize.json').read_text())
    assert found['source'] == str(source)
    assert found['size'] == [24, 40]
    assert found['color_type'] == 'unchanged'
    assert found['range'] == dict(pixel_range='dicom_window', bits=None)
    assert {'interpolation', 'mmda', 'format'} <= found.keys()


def test_copies_of_equal_images_are_equal_so_that_a_report_finds_them(source):
    copier = copier_of(source)
    shutil.copyfile(source / 'grey.jpg', source / 'again.jpg')
    os.utime(source / 'again.jpg', (1, 1))
    found = []
    for name in ('grey.jpg', 'again.jpg'):
        copier.copy(name)
        found.append((copier.target / name).read_bytes())
    assert found[0] == found[1]
