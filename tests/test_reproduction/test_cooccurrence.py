import csv

import cv2
import numpy as np
import pytest
from mmseg.datasets import BaseSegDataset
from reproduction.class_counts import (
    count_cooccurrence,
    find_presence,
    write_cooccurrence,
)
from reproduction.cooccurrence import main

CLASSES = ('bus', 'road', 'wall', 'train')
MAPS = (
    [[0, 0, 1, 255]],  # bus, road
    [[0, 1, 2, 2]],  # bus, road, wall
    [[1, 1, 1, 1]],  # road
    [[255, 255, 255, 255]],
)


@pytest.fixture
def root(tmp_path):
    for folder in ('images', 'labels'):
        (tmp_path / folder).mkdir()
    for i, label in enumerate(MAPS):
        label = np.array(label, np.uint8)
        cv2.imwrite(str(tmp_path / 'labels' / f'{i}.png'), label)
        cv2.imwrite(str(tmp_path / 'images' / f'{i}.png'), label)
    return tmp_path


def settings(root):
    return dict(
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        img_suffix='.png',
        metainfo=dict(classes=CLASSES),
    )


def test_counts_equal_a_count_by_hand(root):
    presence = find_presence(BaseSegDataset(**settings(root)))
    counts = count_cooccurrence(presence)
    assert counts.occurrence.tolist() == [2, 3, 1, 0]
    # bus meets road, then road and wall; road meets bus, then bus and wall.
    assert counts.total.tolist() == [3, 3, 2, 0]
    np.testing.assert_allclose(counts.normalised, [1.5, 1, 2, np.nan])


def test_counts_equal_a_loop_on_random_presence():
    presence = np.random.default_rng(0).random((50, 6)) < 0.4
    counts = count_cooccurrence(presence)
    for c in range(6):
        images = [row for row in presence if row[c]]
        others = sum(int(row[k]) for row in images for k in range(6) if k != c)
        assert counts.occurrence[c] == len(images)
        assert counts.total[c] == others


def test_a_class_with_few_pixels_counts_as_absent(root):
    presence = find_presence(BaseSegDataset(**settings(root)), min_pixels=2)
    assert presence.tolist() == [
        [True, False, False, False],
        [False, False, True, False],
        [False, True, False, False],
        [False, False, False, False],
    ]


def test_an_id_that_is_no_class_is_an_error(root):
    bad = np.array([[0, 9, 1, 1]], np.uint8)
    cv2.imwrite(str(root / 'labels' / '1.png'), bad)
    with pytest.raises(ValueError, match=r'1\.png has ids \[9\]; expected 0'):
        find_presence(BaseSegDataset(**settings(root)))


def test_the_file_lists_the_class_that_meets_most_others_first(tmp_path):
    presence = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0]]) > 0
    path = tmp_path / 'new' / 'out.csv'
    write_cooccurrence(count_cooccurrence(presence), CLASSES, path)
    with path.open() as file:
        assert list(csv.reader(file)) == [
            ['class', 'occurrence', 'co_occurrence', 'normalised'],
            ['wall', '1', '2', '2.0000'],
            ['bus', '2', '3', '1.5000'],
            ['road', '3', '3', '1.0000'],
            ['train', '0', '0', ''],
        ]


def wrap(root, **kwargs):
    source = dict(type='BaseSegDataset', **settings(root))
    return dict(
        type='PartialLabelDataset',
        dataset=source,
        classes=('bus', 'road'),
        **kwargs,
    )


def write_config(root, wrapped=None):
    wrapped = wrapped or wrap(root)
    path = root / 'config.py'
    path.write_text(
        "default_scope = 'mmseg'\n"
        "custom_imports = dict(imports=['mmda'])\n"
        f'train_dataloader = dict(dataset={wrapped!r})\n'
    )
    return str(path)


def test_the_tool_counts_all_classes_of_the_source(root, tmp_path):
    out = tmp_path / 'out'
    main([write_config(root), '--highlight', 'bus', '--out-dir', str(out)])
    lines = (out / 'cooccurrence.csv').read_text().splitlines()
    assert lines[1:3] == ['wall,1,2,2.0000', 'bus,2,3,1.5000']
    picture = cv2.imread(str(out / 'cooccurrence.png'))
    assert picture.shape[1] > 1000 and picture.std() > 10
    assert (out / 'cooccurrence.pdf').stat().st_size > 1000


@pytest.fixture
def other_root(root):
    """A source of two images with classes and names of its own."""
    folder = root / 'other'
    for name in ('images', 'labels'):
        (folder / name).mkdir(parents=True)
    for i, label in enumerate(([[0, 1]], [[1, 1]])):  # coach, tree
        for name in ('images', 'labels'):
            path = folder / name / f'{i}.png'
            cv2.imwrite(str(path), np.array(label, np.uint8))
    return folder


def test_all_sources_are_counted_in_joint_names_each_image_once(
    root, other_root, tmp_path, capsys
):
    other = wrap(other_root, aliases={'coach': 'bus'})
    other['dataset']['metainfo'] = dict(classes=('coach', 'tree'))
    halves = [wrap(root, part=(k, 2), name=f'half {k}') for k in range(2)]
    joined = dict(type='ConcatDataset', datasets=[*halves, other])
    out = tmp_path / 'out'
    main([write_config(root, joined), '--out-dir', str(out)])
    lines = (out / 'cooccurrence.csv').read_text().splitlines()
    # To the four images above come one of bus and tree, and one of tree.
    assert lines[1:] == [
        'wall,1,2,2.0000',
        'bus,3,4,1.3333',
        'road,3,3,1.0000',
        'tree,2,1,0.5000',
        'train,0,0,',
    ]
    said = capsys.readouterr().out
    assert "['road', 'wall', 'train', 'tree']" in said


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--highlight', 'buss'], "no class 'buss'; nearest: 'bus'"),
        (['--split', 'val'], 'has no val_dataloader'),
    ],
)
def test_wrong_input_of_the_tool_ends_in_one_line(
    root, capsys, options, message
):
    with pytest.raises(SystemExit):
        main([write_config(root), *options])
    assert message in capsys.readouterr().err
