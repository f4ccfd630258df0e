import copy
import re

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS, DefaultScope
from mmseg.datasets import BaseSegDataset
from PIL import Image

from mmda.datasets import PartialLabelDataset
from mmda.datasets.images.image_copier import ImageCopier
from mmda.report.source_labels import sources_of_datasets
from mmda.structures import PixelTarget

OWN = ('sky', 'road', 'car', 'bus')
JOINT = ('bus', 'road', 'tree')
# Ids of the source; 255 is void.
LABEL = np.array(
    [[0, 0, 1, 1], [0, 3, 3, 1], [2, 3, 3, 1], [2, 255, 1, 255]], np.uint8
)
LOAD = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


@pytest.fixture
def root(tmp_path):
    for folder in ('images', 'labels'):
        (tmp_path / folder).mkdir()
    for i in range(5):
        write(tmp_path, f'{i}', LABEL, color=i)
    return tmp_path


def write(root, name, label, color=0, size=None):
    image = np.full((*(size or label.shape), 3), color, np.uint8)
    cv2.imwrite(str(root / 'images' / f'{name}.png'), image)
    cv2.imwrite(str(root / 'labels' / f'{name}.png'), label)


def source(root, classes=OWN, pipeline=LOAD, **kwargs):
    return dict(
        type='BaseSegDataset',
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        img_suffix='.png',
        metainfo=dict(classes=classes),
        pipeline=pipeline,
        **kwargs,
    )


def wrap(root, classes=JOINT, name='A', dataset=None, **kwargs):
    return PartialLabelDataset(
        dataset or source(root), classes=classes, name=name, **kwargs
    )


def label_of(dataset, index=0):
    return dataset[index]['data_samples'].gt_sem_seg.data[0].tolist()


def relabelled(sky, road, car, bus):
    """LABEL with these values in the place of its ids; void stays void."""
    return np.array([sky, road, car, bus, *[255] * 252])[LABEL].tolist()


def test_the_label_map_is_in_joint_indices_matched_by_name(root):
    sample = wrap(root)[0]['data_samples']
    # sky and car are annotated by none of the joint classes: 254.
    assert sample.gt_sem_seg.data[0].tolist() == [
        [254, 254, 1, 1],
        [254, 0, 0, 1],
        [254, 0, 0, 1],
        [254, 255, 1, 255],
    ]
    assert sample.metainfo['annotated_classes'].tolist() == [True, True, False]
    assert sample.metainfo['exclusive'] is True
    assert sample.metainfo['source'] == 'A'
    assert sample.metainfo['sample_idx'] == 0


def test_labels_of_classes_that_are_not_used_become_background(root):
    dataset = wrap(root, labeled_classes=['bus'], exclusive=False)
    assert label_of(dataset) == relabelled(254, 254, 254, 0)
    meta = dataset[0]['data_samples'].metainfo
    assert meta['annotated_classes'].tolist() == [True, False, False]
    assert meta['exclusive'] is False


@pytest.mark.parametrize('rule', ['at_most_one', 'exactly_one'])
@pytest.mark.parametrize('labeled', [['bus'], ['bus', 'car'], OWN[:3], OWN])
def test_known_pixels_are_those_of_all_assignments_of_the_rules(
    root, rule, labeled
):
    dataset = wrap(
        root, OWN, labeled_classes=labeled, rules={rule: [list(OWN)]}
    )
    sample = dataset[0]['data_samples']
    found = PixelTarget.from_samples([sample], 4).dense()[0]
    # All assignments of four classes that satisfy the rule.
    possible = np.concatenate(
        [np.eye(4), np.zeros((int(rule == 'at_most_one'), 4))]
    )
    columns = [OWN.index(name) for name in labeled]
    for row, column in np.ndindex(LABEL.shape):
        own = LABEL[row, column]
        expected = np.full(4, np.nan)
        if own != 255:
            seen = np.eye(4)[own][columns]
            left = possible[(possible[:, columns] == seen).all(axis=1)]
            same = left.min(axis=0) == left.max(axis=0)
            expected[same] = left[0][same]
        np.testing.assert_array_equal(found[:, row, column], expected)


@pytest.mark.parametrize(
    ('classes', 'options', 'text'),
    [
        (OWN, dict(rules=dict(implies=dict(bus=['car']))), 'other rules'),
        (OWN, dict(rules=dict(at_most_one=[['bus', 'car']])), 'other rules'),
        (
            OWN,
            dict(rules=dict(at_most_one=[OWN]), exclusive=False),
            'without exclusive=False',
        ),
        (JOINT, dict(rules=dict(exactly_one=[JOINT])), "pixel of 'sky'"),
    ],
)
def test_rules_that_no_label_map_can_follow_are_errors(
    root, classes, options, text
):
    with pytest.raises(ValueError, match=f'rules of A: .*{text}'):
        wrap(root, classes, **options)


def test_a_class_that_the_metainfo_leaves_out_is_none_of_exactly_one(root):
    data = source(root, ('road', 'car'), seg_map_suffix='.png')
    data['type'] = 'CityscapesDataset'  # of 19 classes; sidewalk has the id 1
    space = ['road', 'car', 'tree']
    rules = dict(exactly_one=[space])
    with pytest.raises(ValueError, match='rules of A: .*the id 1, .*at_most_'):
        wrap(root, space, dataset=data, rules=rules)


def test_the_report_counts_the_class_that_the_rules_tell(root):
    dataset = wrap(
        root,
        OWN,
        labeled_classes=['sky', 'road', 'car'],
        rules=dict(exactly_one=[OWN]),
    )
    (labels,) = sources_of_datasets(dict(train=dataset))
    assert labels.annotated == OWN


def test_background_classes_keep_an_index_after_the_joint_ones(root):
    dataset = wrap(root, background_classes=['car'])
    assert label_of(dataset) == relabelled(254, 1, 3, 0)
    assert dataset.metainfo['background_classes'] == ('car',)


def test_aliases_rename_the_classes_of_a_source(root):
    dataset = wrap(root, aliases={'car': 'tree'})
    assert label_of(dataset) == relabelled(254, 1, 2, 0)
    assert dataset.annotated_classes == ('road', 'tree', 'bus')


def test_a_source_that_reduces_its_zero_label_is_mapped_after_it(root):
    # In the file: 0 is "other" and becomes void, 1 is sky, ... 4 is bus.
    shifted = np.where(LABEL == 255, 0, LABEL + 1).astype(np.uint8)
    write(root, '0', shifted)
    dataset = wrap(root, dataset=source(root, reduce_zero_label=True))
    assert label_of(dataset) == label_of(wrap(root), 1)


def test_a_source_with_a_label_map_of_its_own_is_mapped_through_it(root):
    class Streets(BaseSegDataset):
        METAINFO = dict(classes=OWN, palette=[[i] * 3 for i in range(4)])

    dataset = Streets(
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        img_suffix='.png',
        metainfo=dict(classes=('bus', 'sky')),
        pipeline=LOAD,
    )
    assert dataset.label_map == {0: 1, 1: 255, 2: 255, 3: 0}
    found = wrap(root, dataset=dataset, classes=('sky', 'bus'))
    assert label_of(found) == relabelled(0, 254, 254, 1)


def test_padding_stays_unknown_and_background_survives_the_stock_transforms(
    root,
):
    pipeline = [
        *LOAD[:2],
        dict(type='Resize', scale=(8, 8)),
        dict(type='RandomFlip', prob=1.0),
        dict(type='Pad', size=(12, 12), pad_val=dict(img=0, seg=255)),
        dict(type='RandomCrop', crop_size=(10, 10)),
        dict(type='PackSegInputs'),
    ]
    np.random.seed(0)
    dataset = wrap(root, pipeline=pipeline)
    label = dataset[0]['data_samples'].gt_sem_seg.data[0]
    assert label.shape == (10, 10)
    assert set(label.unique().tolist()) <= {0, 1, 254, 255}
    assert (label == 254).any()
    # The image ends in the eighth row and column at the latest.
    assert (label[8:] == 255).all() and (label[:, 8:] == 255).all()


FLIPS = [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)]


@pytest.mark.parametrize(
    ('pipeline', 'num_samples'),
    [
        ([*LOAD[:2], dict(type='PackSegInputs', meta_keys=())], 1),
        (
            [LOAD[0], dict(type='TestTimeAug', transforms=[FLIPS, LOAD[2:]])],
            2,
        ),
    ],
    ids=['one', 'test-time augmentation'],
)
def test_what_is_annotated_travels_without_any_meta_key(
    root, pipeline, num_samples
):
    samples = wrap(root, pipeline=copy.deepcopy(pipeline))[3]['data_samples']
    samples = samples if isinstance(samples, list) else [samples]
    assert len(samples) == num_samples
    for sample in samples:
        meta = sample.metainfo
        assert (meta['source'], meta['sample_idx']) == ('A', 3)
        assert meta['patient_id'] is None
        assert meta['exclusive'] is True
        assert meta['annotated_classes'].tolist() == [True, True, False]


def test_sources_join_and_parts_are_disjoint(root):
    parts = [
        dict(
            type='PartialLabelDataset',
            dataset=source(root),
            classes=JOINT,
            labeled_classes=[name],
            part=(k, 2),
            name=name,
        )
        for k, name in enumerate(('bus', 'road'))
    ]
    joined = DATASETS.build(dict(type='ConcatDataset', datasets=parts))
    paths = [joined.get_data_info(i)['img_path'] for i in range(len(joined))]
    assert len(paths) == len(set(paths)) == 5
    annotated = [
        joined[i]['data_samples'].metainfo['annotated_classes'].tolist()
        for i in (0, 4)
    ]
    assert annotated == [[True, False, False], [False, True, False]]
    assert joined.metainfo['palette'] == wrap(root).metainfo['palette']


@pytest.mark.parametrize('part', [(2, 2), (-1, 2), (0, 6), (0,)])
def test_a_part_that_does_not_exist_is_an_error(root, part):
    with pytest.raises(ValueError, match=r'part=.* of A: expected \(k, n\)'):
        wrap(root, part=part)


@pytest.mark.parametrize(
    ('classes', 'bad'),
    [
        # 2 would be a class of the joint space.
        *((('bus', 'road'), bad) for bad in (2, 5, 253, 254)),
        # road is 0 in the file and 1 in the joint space.
        (('road',), 1),
    ],
)
def test_an_id_outside_of_the_sources_classes_is_an_error(root, classes, bad):
    ids = list(range(len(classes)))
    write(root, 'z', np.array([[*ids, bad, 255]] * 2, np.uint8))
    dataset = wrap(root, dataset=source(root, classes=classes))
    message = f'z.png of A has ids outside of the label space: [{bad}]; '
    message = re.escape(f'{message}expected {ids} or 255')
    with pytest.raises(ValueError, match=message):
        dataset[5]


def test_ids_that_a_byte_cannot_hold_are_an_error_not_another_class(root):
    # 257 would be read as 1, which is a class.
    write(root, 'z', np.array([[0, 257], [1, 256]], np.uint16))
    with pytest.raises(ValueError, match=r'z\.png of A.*ids \[256, 257\]'):
        wrap(root)[5]


@pytest.mark.parametrize(
    ('ids', 'message'),
    [
        (np.array([[0, 1, 7, 7]] * 4, np.uint8), r'label space: \[7\]'),
        (np.array([[0, 257]] * 2, np.uint16), r'ids \[257\]'),
    ],
)
def test_test_time_augmentation_checks_the_ids_too(root, ids, message):
    write(root, 'z', ids)
    load, annotations, pack = LOAD[0], LOAD[1], LOAD[-1]
    flips = [dict(type='RandomFlip', prob=prob) for prob in (0.0, 1.0)]
    twice = dict(type='TestTimeAug', transforms=[flips, [annotations], [pack]])
    dataset = wrap(root, pipeline=[load, twice], test_mode=True)
    assert len(dataset[0]['data_samples']) == 2
    with pytest.raises(ValueError, match=rf'z\.png of A.*{message}'):
        dataset[5]


def test_a_label_map_of_16_bits_with_small_ids_is_read_like_any_other(root):
    write(root, 'z', LABEL.astype(np.uint16))
    assert label_of(wrap(root), 5) == label_of(wrap(root), 0)


def test_the_message_names_the_ids_of_a_file_with_a_palette(root):
    write(root, 'z', LABEL)
    image = Image.fromarray(np.array([[0, 1, 7, 7]] * 4, np.uint8))
    image.putpalette([90, 100, 50] * 256)
    image.save(root / 'labels' / 'z.png')
    with pytest.raises(ValueError, match=r'label space: \[7\]; expected'):
        wrap(root)[5]


def test_an_annotation_of_another_size_is_an_error(root):
    write(root, 'z', LABEL, size=(4, 6))
    resize = dict(type='Resize', scale=(8, 8))
    dataset = wrap(root, pipeline=[LOAD[0], resize, *LOAD[1:]])
    assert dataset[0] is not None
    with pytest.raises(ValueError, match=r'z\.png.*\(4, 4\).*\(4, 6\)'):
        dataset[5]


def test_a_missing_annotation_is_an_error(root):
    (root / 'labels' / '2.png').unlink()
    with pytest.raises(FileNotFoundError, match='2.png of A or its annot'):
        wrap(root)[2]


def test_a_broken_image_is_skipped_in_training_alone(root):
    (root / 'images' / '1.png').write_bytes(b'no image')
    dataset = wrap(root)
    assert dataset[1] is not None and dataset.num_skipped >= 1
    with pytest.raises(OSError, match='1.png of A'):
        wrap(root, test_mode=True)[1]


@pytest.mark.parametrize(
    ('name', 'hint'), [('cars', "nearest: 'car'"), ('bus', 'bus')]
)
def test_wrong_background_classes_are_an_error(root, name, hint):
    message = f'background_classes of A.*{hint}'
    with pytest.raises(ValueError, match=message):
        wrap(root, background_classes=[name])


def test_too_many_classes_for_a_label_map_are_an_error(root):
    many = [*JOINT, *(f'c{i}' for i in range(251))]
    with pytest.raises(ValueError, match='254 classes do not fit'):
        wrap(root, classes=many)


def test_an_image_without_annotated_pixels_is_a_sample_like_any_other(root):
    write(root, '0', np.full((4, 4), 255, np.uint8))
    label = wrap(root)[0]['data_samples'].gt_sem_seg.data
    assert label.dtype == torch.int64
    assert label.tolist() == [[[255] * 4] * 4]


def test_a_sampler_by_class_is_refused(root):
    with pytest.raises(TypeError, match='A has pixel labels'):
        wrap(root).get_cat_ids(0)


def test_a_real_frame_is_read_in_joint_indices(shared_data):
    dataset = wrap(
        None,
        dataset=dict(
            type='CityscapesDataset',
            data_root=str(shared_data / 'cityscapes'),
            data_prefix=dict(
                img_path='leftImg8bit/val', seg_map_path='gtFine/val'
            ),
            pipeline=LOAD,
        ),
        classes=('bus', 'road', 'sidewalk', 'building', 'wall'),
    )
    raw = cv2.imread(
        dataset.get_data_info(0)['seg_map_path'], cv2.IMREAD_UNCHANGED
    )
    label = dataset[0]['data_samples'].gt_sem_seg.data[0].numpy()
    expected = {15: 0, 0: 1, 1: 2, 2: 3, 3: 4, 255: 255}
    assert len(np.unique(raw)) > 8
    for value in np.unique(raw):
        assert set(label[raw == value]) == {expected.get(int(value), 254)}


def test_a_label_map_that_was_resized_as_an_image_is_an_error(root):
    copier = ImageCopier(root, root.parent / 'small', (8,))
    copier.claim()
    for name in ('images/0.png', 'labels/0.png'):
        copier.copy(name)
    dataset = PartialLabelDataset(source(copier.target), JOINT, name='A')
    with pytest.raises(ValueError, match='labels/0.png of A is a copy of mmd'):
        dataset[0]
