import os
import re
import resource
import shutil
import signal
import time
from multiprocessing import get_context

import cv2
import numpy as np
import pytest
from mmengine.registry import DATASETS, init_default_scope

from mmda.commands.resize import main
from mmda.datasets.images.image_copier import ImageCopier

NUM = 12
IMAGES = [f'{i % 2}/{i:02d}.png' for i in range(NUM)]
SIZE = ('--size', 32, '--load', 'color_type=grayscale')
# A worker with the code of this process, which takes no time to import.
FORK = get_context('fork')


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / 'source'
    pixels = np.random.default_rng(0).integers(0, 256, (NUM, 80, 64), np.uint8)
    for name, image in zip(IMAGES, pixels, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), image)
    rows = [f'{name},1' for name in IMAGES]
    (folder / 'labels.csv').write_text('\n'.join(['path,Mass', *rows]))
    return folder


def resize(source, *options, jobs=1):
    words = [source, source.parent / 'small', '--jobs', jobs]
    main([str(word) for word in (*words, *(options or SIZE))])


def said(capsys):
    return capsys.readouterr().out


def check(folder):
    """Every copy is whole, and nothing unfinished is left."""
    source = folder.parent / 'source'
    copier = ImageCopier(source, folder, (32,), color_type='grayscale')
    assert not any(copier.copy(name) for name in IMAGES)
    assert not list(folder.rglob('.part-*'))


def test_a_dataset_reads_the_copies_with_one_option_changed(source, capsys):
    resize(source)
    folder = source.parent / 'small'
    assert f'{folder}: 12 copies written, 0 were there, 1 other' in said(
        capsys
    )
    check(folder)
    init_default_scope('mmpretrain')
    dataset = dict(
        type='CSVLabelDataset',
        ann_file='labels.csv',
        pipeline=[dict(type='LoadMedicalImage'), dict(type='PackInputs')],
    )
    before = DATASETS.build(dict(dataset, data_root=str(source)))
    after = DATASETS.build(dict(dataset, data_root=str(folder)))
    assert before[3]['inputs'].shape == (1, 80, 64)
    assert after[3]['inputs'].shape == (1, 40, 32)
    # An edited label counts without a second run.
    (source / 'labels.csv').write_text('path,Mass\n0/00.png,0')
    again = DATASETS.build(dict(dataset, data_root=str(folder)))
    assert again.get_gt_labels().tolist() == [[0]]


def test_a_second_run_writes_what_is_absent_or_changed(source, capsys):
    resize(source)
    (source.parent / 'small' / IMAGES[3]).unlink()
    os.utime(source / IMAGES[5], (0, 0))
    said(capsys)
    resize(source, jobs=0)
    assert '2 copies written, 10 were there' in said(capsys)
    check(source.parent / 'small')


def test_broken_images_are_listed_and_the_others_are_copied(source, capsys):
    for name in IMAGES[2:4]:
        (source / name).write_bytes((source / name).read_bytes()[:99])
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            resize(source)
        assert ended.value.code == 3
        text = said(capsys)
        assert '2 of 12 images cannot be read' in text
        for name in IMAGES[2:4]:
            assert len(re.findall(f'{source / name}: .*trunc', text)) == 1
    assert '0 copies written, 10 were there' in text


def test_folders_that_are_links_are_searched(source, capsys):
    elsewhere = source.parent / 'disk'
    (source / '1').rename(elsewhere)
    (source / '1').symlink_to(elsewhere)
    (elsewhere / 'loop').symlink_to(source)
    resize(source)
    assert '12 copies written' in said(capsys)
    assert not (source.parent / 'small/1').is_symlink()
    check(source.parent / 'small')


@pytest.mark.parametrize('jobs', [0, 1])
def test_no_link_in_the_target_leads_to_a_change_of_an_original(
    source, capsys, jobs
):
    elsewhere = source.parent / 'disk'
    (source / '1').rename(elsewhere)
    (source / '1').symlink_to(elsewhere)
    small = source.parent / 'small'
    resize(source)
    before = {name: (source / name).read_bytes() for name in IMAGES}
    (small / IMAGES[0]).unlink()
    (small / IMAGES[0]).symlink_to(source / IMAGES[0])
    resize(source, jobs=jobs)
    check(small)
    for folder, place in (('0', source / '0'), ('1', elsewhere)):
        shutil.rmtree(small / folder)
        (small / folder).symlink_to(source / folder)
        with pytest.raises(SystemExit) as ended:
            resize(source, jobs=jobs)
        assert ended.value.code == 2
        expected = f'{small / folder} is a link to {place}, where'
        assert expected in capsys.readouterr().err
        (small / folder).unlink()
    assert before == {name: (source / name).read_bytes() for name in IMAGES}


@pytest.mark.parametrize(
    'options, expected',
    [
        (['--size', '1', '2', '3'], 'expected one or two'),
        (['--size', '32', '--load', 'colour=grey'], '--load: found colour, '),
        (['--size', '32', '--load', 'bits=99'], 'bits of LoadMedicalImage'),
        (['--size', '32', '--load', 'bits=ten'], "found 'ten', expected 8"),
        (['--size', '0'], 'expected a whole number'),
    ],
)
def test_a_wrong_option_is_one_line(source, capsys, options, expected):
    with pytest.raises(SystemExit) as ended:
        resize(source, *options)
    assert ended.value.code == 2
    assert expected in capsys.readouterr().err
    assert not (source.parent / 'small').exists()


def test_the_source_must_be_a_folder_with_images(source, capsys):
    empty = source.parent / 'empty'
    empty.mkdir()
    for folder, expected in (
        (source / 'none', 'there is no folder'),
        (empty, 'no image in'),
    ):
        with pytest.raises(SystemExit) as ended:
            main([str(folder), str(source.parent / 'small'), '--size', '32'])
        assert ended.value.code == 2
        assert expected in capsys.readouterr().err
        assert not (source.parent / 'small').exists()


def test_other_files_are_links_so_that_nothing_is_lost(source, capsys):
    (source / 'scan.xyz').write_text('an image for another reader')
    (source / 'gone.csv').symlink_to('nowhere')
    small = source.parent / 'small'
    resize(source)
    assert '2 other files linked' in said(capsys)
    assert (small / 'scan.xyz').samefile(source / 'scan.xyz')
    # A link to an old place is replaced, a file of the user stays.
    (small / 'scan.xyz').unlink()
    (small / 'scan.xyz').symlink_to('nowhere')
    (small / 'labels.csv').unlink()
    (small / 'labels.csv').write_text('mine')
    resize(source)
    text = said(capsys)
    assert '1 other files linked' in text
    assert f'1 files are no links to the originals, such as {small}' in text
    assert 'labels.csv: File exists' in text
    assert (small / 'scan.xyz').samefile(source / 'scan.xyz')
    assert (small / 'labels.csv').read_text() == 'mine'


def test_a_target_on_a_disk_without_links_gets_all_copies(
    source, capsys, monkeypatch
):
    def refuse(path, to):
        raise PermissionError(1, 'Operation not permitted', str(path))

    monkeypatch.setattr('pathlib.Path.symlink_to', refuse)
    resize(source)
    text = said(capsys)
    assert '12 copies written, 0 were there, 0 other files linked' in text
    assert 'small/labels.csv: Operation not permitted' in text


@pytest.mark.parametrize('jobs', [0, 2])
def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(
    source, capsys, jobs
):
    large = np.random.default_rng(0).integers(0, 256, (32, 900), np.uint8)
    cv2.imwrite(str(source / IMAGES[4]), large)
    # A limit on the size of a file fails as a full disk does.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, before[1]))
    try:
        with pytest.raises(SystemExit) as ended:
            resize(source, jobs=jobs)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    copy = source.parent / 'small' / IMAGES[4]
    assert ended.value.code == 2
    text = capsys.readouterr()
    assert f'{copy}: File too large' in text.err
    assert text.out.endswith('\n')  # the bar and the error share no line
    assert not copy.exists()
    said(capsys)
    resize(source, jobs=jobs)
    assert 2 <= int(re.search(r'(\d+) were there', said(capsys))[1]) < NUM
    check(source.parent / 'small')


def test_a_killed_run_is_gone_on_with(source, capsys, monkeypatch):
    killed = FORK.Process(target=resize, args=(source,))
    killed.start()
    folder = source.parent / 'small'
    while not (folder / IMAGES[2]).exists():
        time.sleep(0.001)
        assert killed.is_alive()
    killed.kill()
    killed.join()
    said(capsys)
    resize(source)
    written = int(re.search(r'(\d+) copies written', said(capsys))[1])
    assert written < NUM
    monkeypatch.setattr('mmda.datasets.images.image_copier._OLD', 0)
    resize(source)
    check(folder)


def test_two_runs_at_once_write_the_same(source):
    runs = [FORK.Process(target=resize, args=(source,)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
        assert run.exitcode == 0
    check(source.parent / 'small')
