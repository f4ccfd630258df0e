from pathlib import Path

import cv2
import make_toy
import numpy as np
import pytest
from mmseg.datasets import CityscapesDataset


@pytest.fixture
def toy(tmp_path):
    make_toy.main(
        ['cityscapes', str(tmp_path), '--images', '24', '--size', '64']
    )
    return tmp_path / 'cityscapes'


def dataset(root, split):
    return CityscapesDataset(
        data_root=str(root),
        data_prefix=dict(
            img_path=f'leftImg8bit/{split}', seg_map_path=f'gtFine/{split}'
        ),
    )


def test_the_stock_reader_finds_every_frame_with_its_annotation(toy):
    for split, number in (('train', 24), ('val', 12)):
        frames = dataset(toy, split)
        assert len(frames) == number
        for i in range(number):
            info = frames.get_data_info(i)
            image = cv2.imread(info['img_path'])
            label = cv2.imread(info['seg_map_path'], cv2.IMREAD_UNCHANGED)
            assert image.shape == (64, 128, 3) and image.std() > 20
            assert label.shape == (64, 128) and label.dtype == np.uint8


def test_all_19_classes_and_void_are_drawn(toy):
    frames = dataset(toy, 'train')
    found = set()
    for i in range(len(frames)):
        path = frames.get_data_info(i)['seg_map_path']
        found |= set(np.unique(cv2.imread(path, cv2.IMREAD_UNCHANGED)))
    assert found == {*range(19), 255}


def full_ids(root):
    """The full id that goes with each training id, by most pixels."""
    counts = np.zeros((256, 256), dtype=int)
    for path in Path(root).rglob('*_gtFine_labelTrainIds.png'):
        ids = str(path).replace('labelTrainIds', 'labelIds')
        pair = [cv2.imread(p, cv2.IMREAD_UNCHANGED) for p in (str(path), ids)]
        np.add.at(counts, tuple(pair), 1)
    found = np.flatnonzero(counts[:255].sum(axis=1))
    return {int(i): int(counts[i].argmax()) for i in found}


def test_the_encoding_is_that_of_a_real_frame(toy, shared_data):
    drawn, real = full_ids(toy), full_ids(shared_data / 'cityscapes')
    assert len(drawn) == 19
    assert len(real) >= 8
    assert real.items() <= drawn.items()


def test_the_seed_decides_what_is_drawn(tmp_path):
    frames = []
    for folder, seed in (('a', 0), ('b', 0), ('c', 1)):
        root = tmp_path / folder
        options = ['--images', '2', '--size', '32', '--seed', str(seed)]
        make_toy.main(['cityscapes', str(root), *options])
        info = dataset(root / 'cityscapes', 'val').get_data_info(0)
        frames.append(cv2.imread(info['img_path']))
    assert np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[0], frames[2])


def test_an_existing_folder_is_left_alone(tmp_path, capsys):
    (tmp_path / 'cityscapes').mkdir()
    with pytest.raises(SystemExit, match='2'):
        make_toy.main(['cityscapes', str(tmp_path)])
    assert 'may hold real images' in capsys.readouterr().err
