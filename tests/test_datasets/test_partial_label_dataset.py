import copy
import json
import math
import pickle
import zlib
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError, URLError

import cv2
import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset, ConcatDataset
from mmengine.registry import DATASETS
from mmpretrain.datasets import KFoldDataset
from PIL import Image
from torch.utils.data import DataLoader

from mmda.datasets import ClassFilter, MissingLabels, PartialLabelDataset
from mmda.datasets.parts import draw_samples

N = math.nan
SPACE = ('cat', 'dog', 'owl', 'fox')
# The source names dog, cat, bee; bee is not in the label space.
OWN = ('dog', 'cat', 'bee')
LABELS = ([0], [0, 1], [], [2])
ROWS = [[0, 1, N, N], [1, 1, N, N], [0, 0, N, N], [0, 0, N, N]]
LOAD = dict(type='LoadImageFromFile', imdecode_backend='pillow')
PACK = dict(type='mmpretrain.PackInputs')


def write_image(path, value=100, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(value)
    pixels = generator.integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def write_table(folder, *rows):
    """A source whose labels are a table of cat and dog."""
    lines = ['path,patient,cat,dog', *rows]
    (folder / 'labels.csv').write_text('\n'.join(lines))
    return dict(
        type='CSVLabelDataset',
        data_root=str(folder),
        ann_file='labels.csv',
        patient_column='patient',
        pipeline=[LOAD, PACK],
    )


def write_source(folder, classes=OWN, labels=LABELS, field='gt_label'):
    """A stock multi-label source: a JSON file and images."""
    rows = []
    for index, label in enumerate(labels):
        write_image(folder / f'{index}.png', index)
        rows.append({'img_path': f'{index}.png', field: label})
    metainfo = {} if classes is None else {'classes': list(classes)}
    text = json.dumps({'metainfo': metainfo, 'data_list': rows})
    (folder / 'labels.json').write_text(text)
    return dict(
        type='mmpretrain.MultiLabelDataset',
        data_root=str(folder),
        ann_file='labels.json',
        pipeline=[LOAD, PACK],
        serialize_data=False,  # takes a while at each of many small sources
    )


@pytest.fixture
def source(tmp_path):
    return write_source(tmp_path)


@pytest.fixture
def many(tmp_path):
    """A source of 10 images; image i has class i of 10."""
    classes = [f'c{i}' for i in range(10)]
    config = write_source(tmp_path, classes, [[i] for i in range(10)])
    return dict(dataset=config, classes=classes)


def infos_of(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def rows_of(dataset):
    return np.stack([info['gt_score'] for info in infos_of(dataset)])


def names_of(dataset):
    """Names of the image files, without their folders."""
    return [info['img_path'].split('/')[-1] for info in infos_of(dataset)]


def assert_rows(dataset, expected):
    np.testing.assert_array_equal(rows_of(dataset), expected)


def drawn(dataset):
    """Which of the images of ``many`` a dataset has."""
    return rows_of(dataset).argmax(axis=1).tolist()


def test_a_list_of_labels_becomes_the_rows_written_here(source):
    dataset = PartialLabelDataset(source, SPACE)
    rows = rows_of(dataset)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, ROWS)
    assert dataset.metainfo == dict(classes=SPACE)
    assert dataset.annotated_classes == ('dog', 'cat')


def test_one_label_per_image_becomes_the_rows_written_here(tmp_path):
    for name in ('fox/0.png', 'hound/0.png', 'hound/1.png'):
        write_image(tmp_path / name)
    config = dict(type='mmpretrain.CustomDataset', data_root=str(tmp_path))
    dataset = PartialLabelDataset(config, SPACE, aliases={'hound': 'dog'})
    assert_rows(dataset, [[N, 0, N, 1], [N, 1, N, 0], [N, 1, N, 0]])


def test_scores_of_the_source_keep_their_values_and_gaps(tmp_path):
    scores = [[0.25, N, 1.0], [N, N, N], [1.0, 0.0, 0.0]]
    config = write_source(tmp_path, OWN, scores, field='gt_score')
    dataset = PartialLabelDataset(config, SPACE)
    assert_rows(dataset, [[N, 0.25, N, N], [N, N, N, N], [0, 1, N, N]])


@pytest.mark.parametrize('serialize', [True, False])
def test_dict_and_instance_give_the_same(source, serialize):
    source['serialize_data'] = serialize
    built = DATASETS.build(source)
    before = built.get_data_info(1)
    from_dict = PartialLabelDataset(source, SPACE)
    from_instance = PartialLabelDataset(built, SPACE)
    assert_rows(from_dict, rows_of(from_instance))
    for index in range(4):
        one = from_dict.get_data_info(index)
        other = from_instance.get_data_info(index)
        assert {**one, 'gt_score': 0} == {**other, 'gt_score': 0}
    # The source itself is left as it was.
    assert built.get_data_info(1) == before
    assert 'gt_label' in before


def test_every_sample_carries_the_same_fields(source, tmp_path):
    dataset = PartialLabelDataset(source, SPACE, name='zoo')
    for index in (0, 3, -1):
        info = dataset.get_data_info(index)
        assert info['source'] == 'zoo'
        assert info['patient_id'] is None
        assert info['sample_idx'] == index % 4
        assert info['img_path'] == str(tmp_path / f'{index % 4}.png')
    unnamed = PartialLabelDataset(source, SPACE)
    assert unnamed.get_data_info(0)['source'] == 'MultiLabelDataset'


def test_a_sample_is_fresh_every_time(source):
    dataset = PartialLabelDataset(source, SPACE)
    first = dataset.get_data_info(0)
    first['gt_score'][:] = 9
    first['img_path'] = 'elsewhere'
    again = dataset.get_data_info(0)
    np.testing.assert_array_equal(again['gt_score'], ROWS[0])
    assert again['img_path'] != 'elsewhere'


def test_an_item_comes_out_of_the_pipeline_with_its_gaps(source):
    item = PartialLabelDataset(source, SPACE, name='zoo')[1]
    assert item['inputs'].shape == (3, 8, 8)
    sample = item['data_samples']
    np.testing.assert_array_equal(sample.gt_score.numpy(), ROWS[1])
    assert (sample.source, sample.sample_idx) == ('zoo', 1)
    assert sample.gt_label.tolist() == [0, 1]


FLIPS = [dict(type='mmpretrain.RandomFlip', prob=p) for p in (0.0, 1.0)]
VIEWS = dict(num_views=[1, 1], transforms=[FLIPS[1:], []])


@pytest.mark.parametrize(
    ('pipeline', 'num_samples'),
    [
        ([LOAD, PACK], 1),
        ([LOAD, dict(PACK, meta_keys=())], 1),
        ([LOAD, dict(type='mmpretrain.MultiView', **VIEWS), PACK], 1),
        ([LOAD, dict(type='TestTimeAug', transforms=[FLIPS, [PACK]])], 2),
    ],
    ids=['plain', 'no keys', 'two views', 'test-time augmentation'],
)
@pytest.mark.parametrize('around', [False, True])
def test_packed_samples_say_where_they_come_from_without_meta_keys(
    source, tmp_path, pipeline, num_samples, around
):
    table = write_table(tmp_path, '0.png,p1,1,0', '1.png,p2,0,1')
    dataset = PartialLabelDataset(
        table, ('cat', 'dog'), name='zoo', pipeline=copy.deepcopy(pipeline)
    )
    if around:
        dataset = ClassFilter(dataset, keep=['dog'])
    samples = dataset[len(dataset) - 1]['data_samples']
    samples = samples if isinstance(samples, list) else [samples]
    assert len(samples) == num_samples
    for sample in samples:
        assert sample.metainfo['source'] == 'zoo'
        assert sample.metainfo['patient_id'] == 'p2'
        assert sample.metainfo['sample_idx'] == len(dataset) - 1
        assert 'annotated_classes' not in sample


def test_a_pipeline_of_its_own_takes_the_place_of_the_sources(source):
    resize = dict(type='mmpretrain.Resize', scale=5)
    dataset = PartialLabelDataset(source, SPACE, pipeline=[LOAD, resize, PACK])
    assert dataset[0]['inputs'].shape == (3, 5, 5)


def test_aliases_and_labeled_classes_in_either_spelling(tmp_path):
    config = write_source(
        tmp_path, ('hound', 'kitten', 'fox'), ([0], [0, 1], [2])
    )
    aliases = {'hound': 'dog', 'kitten': 'cat', 'unused': 'owl'}
    for labeled in (['dog', 'fox'], ['hound', 'fox'], ['fox', 'dog']):
        dataset = PartialLabelDataset(
            config, SPACE, labeled_classes=labeled, aliases=aliases
        )
        assert_rows(dataset, [[N, 1, N, 0], [N, 1, N, 0], [N, 0, N, 1]])
        assert set(dataset.annotated_classes) == {'dog', 'fox'}
    dataset = PartialLabelDataset(config, SPACE, aliases=aliases)
    assert_rows(dataset, [[0, 1, N, 0], [1, 1, N, 0], [0, 0, N, 1]])


def test_an_alias_may_be_the_name_of_another_class_of_the_source(tmp_path):
    config = write_source(tmp_path, ('cat', 'dog'), ([0], [1]))
    aliases = {'cat': 'dog', 'dog': 'fox'}
    dataset = PartialLabelDataset(config, SPACE, aliases=aliases)
    assert_rows(dataset, [[N, 1, N, 0], [N, 0, N, 1]])


def test_a_class_kept_apart_is_one_of_this_source_alone(tmp_path):
    config = write_source(tmp_path, ('dog', 'cat'), ([0], [1]))
    space = ('dog (A)', 'cat', 'dog (B)')
    rows = {
        name: rows_of(
            PartialLabelDataset(config, space, name=name, keep_apart=['dog'])
        )
        for name in 'AB'
    }
    np.testing.assert_array_equal(rows['A'], [[1, 0, N], [0, 1, N]])
    np.testing.assert_array_equal(rows['B'], [[N, 0, 1], [N, 1, 0]])
    by_own_name = PartialLabelDataset(
        config, space, ['dog'], name='B', keep_apart=['dog']
    )
    assert_rows(by_own_name, [[N, N, 1], [N, N, 0]])


def test_classes_outside_of_the_space_are_left_out_and_logged(source, mm_log):
    PartialLabelDataset(source, SPACE, name='zoo')
    assert any('zoo' in m and "['bee']" in m for m in mm_log.messages)


def test_a_draw_is_the_same_for_a_seed_and_has_no_image_twice(many):
    draws = {}
    for seed in (None, 0, 1, 2):
        np.random.seed(3)  # must not matter
        dataset = PartialLabelDataset(**many, num_samples=4, seed=seed)
        draws[seed] = drawn(dataset)
        np.random.seed(4)
        again = PartialLabelDataset(**many, num_samples=4, seed=seed)
        assert drawn(again) == draws[seed]
        assert len(set(draws[seed])) == len(dataset) == 4
        assert draws[seed] == sorted(draws[seed])
    assert draws[None] == draws[0]
    assert len({tuple(draw) for draw in draws.values()}) == 3
    # np.sort(np.random.default_rng(1).choice(10, 4, replace=False))
    assert draws[1] == [3, 4, 6, 9]


def test_a_draw_of_all_images_is_the_source(many):
    dataset = PartialLabelDataset(**many, num_samples=10)
    assert drawn(dataset) == list(range(10))


def test_parts_of_patients_have_whole_patients_in_nested_wrappers_too(
    read_csv,
):
    lines = [f'{i}.png,p{i % 7},{i % 2}' for i in range(30)]
    table = read_csv(
        'path,patient,cat\n' + '\n'.join(lines), patient_column='patient'
    )
    patients = dict(classes=['cat'], part_of='patients')
    held_out = PartialLabelDataset(table, **patients, part=(2, 3))
    rest = PartialLabelDataset(table, **patients, part=([0, 1], 3))
    halves = [
        PartialLabelDataset(rest, **patients, part=(k, 2), seed=4)
        for k in (0, 1)
    ]
    found = [
        {d.get_data_info(i)['patient_id'] for i in range(len(d))}
        for d in (held_out, *halves)
    ]
    assert sum(map(len, (held_out, *halves))) == 30
    assert sum(map(len, found)) == len(set.union(*found)) == 7


@pytest.mark.parametrize('kind', ['S5', 'U5', object])
def test_a_part_does_not_depend_on_how_a_reader_writes_the_patients(kind):
    numbers = np.array([9, 10, 100, 9, 8, 77])
    text = numbers.astype(str).astype(kind)
    for part in ((0, 3), (1, 3), ([0, 2], 3)):
        rows, same = (
            draw_samples(6, part, None, 0, 'zoo', patients).tolist()
            for patients in (numbers, text)
        )
        assert rows == same


def test_the_parts_of_a_source_are_disjoint_and_make_the_whole(many):
    parts = [
        drawn(PartialLabelDataset(**many, part=(k, 3), seed=5))
        for k in range(3)
    ]
    assert sorted(map(len, parts)) == [3, 3, 4]
    assert sorted(sum(parts, [])) == list(range(10))
    two = PartialLabelDataset(**many, part=([0, 2], 3), seed=5)
    assert drawn(two) == sorted(parts[0] + parts[2])
    few = PartialLabelDataset(**many, part=(1, 3), seed=5, num_samples=2)
    assert len(few) == 2
    assert set(drawn(few)) < set(parts[1])


def test_indices_of_a_source_with_missing_images_are_an_error():
    dataset = dict(type='Digits', digits=range(10), indices=[0, 99_999])
    with pytest.raises(ValueError, match='source A: its `indices` reach bey'):
        PartialLabelDataset(dataset, classes=['1'], name='A')


def test_indices_apply_after_the_draw(many):
    everything = drawn(PartialLabelDataset(**many, num_samples=5, seed=1))
    for indices, expected in (
        (2, everything[:2]),
        (-2, everything[-2:]),
        ([4, 0, 0], [everything[4], everything[0], everything[0]]),
    ):
        dataset = PartialLabelDataset(
            **many, num_samples=5, seed=1, indices=indices
        )
        assert len(dataset) == len(expected)
        assert drawn(dataset) == expected


@pytest.mark.parametrize('value', [-1, 2, float('inf')])
def test_a_score_outside_of_0_to_1_names_image_and_source(tmp_path, value):
    scores = ([0, N, 1], [0, value, 0])
    config = write_source(tmp_path, labels=scores, field='gt_score')
    dataset = PartialLabelDataset(config, SPACE, name='mine')
    assert_rows(dataset.get_subset(1), [[N, 0, N, N]])
    with pytest.raises(ValueError, match=r'1\.png of mine: .* in \[0, 1\]'):
        dataset.get_data_info(1)


def test_a_class_that_looks_like_one_of_the_space_is_warned_of(
    tmp_path, mm_log
):
    config = write_source(tmp_path, ('dog', 'Cats'), ([0], [1]))
    PartialLabelDataset(config, SPACE)
    warnings = [r for r in mm_log.records if r.levelname == 'WARNING']
    said = [r.getMessage() for r in warnings]
    assert any("'Cats'" in m and "nearest: 'cat'" in m for m in said)


def test_a_subset_is_a_view_and_leaves_the_dataset_alone(many):
    dataset = PartialLabelDataset(**many)
    subset = dataset.get_subset([7, 2])
    assert drawn(subset) == [7, 2]
    assert subset.get_data_info(1)['sample_idx'] == 1
    assert subset.dataset is dataset.dataset
    assert drawn(subset.get_subset(1)) == [7]
    assert drawn(dataset) == list(range(10))
    dataset.get_subset_(-3)
    assert drawn(dataset) == [7, 8, 9]


def test_nothing_is_read_before_the_first_use(tmp_path):
    config = write_source(tmp_path)
    labels = tmp_path / 'labels.json'
    labels.rename(tmp_path / 'away')
    arguments = dict(dataset=config, classes=SPACE, lazy_init=True, indices=2)
    lazy = [PartialLabelDataset(**arguments) for _ in range(4)]
    assert lazy[0].metainfo == dict(classes=SPACE)
    with pytest.raises(FileNotFoundError, match=r'labels\.json'):
        lazy[0].full_init()
    (tmp_path / 'away').rename(labels)
    assert len(lazy[0]) == 2
    assert_rows(lazy[1], ROWS[:2])
    assert lazy[2].annotated_classes == ('dog', 'cat')
    assert lazy[3].get_cat_ids(1) == [0, 1]


def test_concatenated_sources_keep_their_labels_and_names(tmp_path):
    parts = []
    for name, classes in (('A', ('dog', 'cat')), ('B', ('owl', 'dog'))):
        config = write_source(tmp_path / name, classes, ([0], [1]))
        wrapper = dict(type='PartialLabelDataset', name=name, classes=SPACE)
        parts.append({**wrapper, 'dataset': config})
    dataset = DATASETS.build(dict(type='ConcatDataset', datasets=parts))
    assert dataset.metainfo == dict(classes=SPACE)
    rows = [[0, 1, N, N], [1, 0, N, N], [N, 0, 1, N], [N, 1, 0, N]]
    assert_rows(dataset, rows)
    sources = [dataset[i]['data_samples'].source for i in range(4)]
    assert sources == ['A', 'A', 'B', 'B']


def test_sources_of_different_spaces_are_not_concatenated(source):
    spaces = (SPACE, SPACE[::-1])
    with pytest.raises(ValueError, match='meta'):
        ConcatDataset([PartialLabelDataset(source, s) for s in spaces])


def test_class_balancing_repeats_images_of_rare_annotated_classes(source):
    # cat is on 1 of 4 images, dog on 2: sqrt(0.5 / 0.25) = 1.4 -> twice.
    wrapped = dict(type='PartialLabelDataset', classes=SPACE, dataset=source)
    for dataset in (wrapped, PartialLabelDataset(source, SPACE)):
        balanced = ClassBalancedDataset(dataset, oversample_thr=0.5)
        assert_rows(balanced, [ROWS[i] for i in (0, 1, 1, 2, 3)])


def test_folds_part_the_images(many):
    config = dict(type=PartialLabelDataset, **many)
    settings = dict(fold=1, num_splits=5, seed=0)
    train = KFoldDataset(copy.deepcopy(config), **settings)
    val = KFoldDataset(copy.deepcopy(config), test_mode=True, **settings)
    assert (len(train), len(val)) == (8, 2)
    assert sorted(drawn(train) + drawn(val)) == list(range(10))
    assert train.metainfo == dict(classes=tuple(many['classes']))
    assert train[0]['inputs'].shape == (3, 8, 8)


@pytest.mark.parametrize(
    ('wrapper', 'length'),
    [
        (dict(type='mmpretrain.KFoldDataset', num_splits=2), 5),
        (dict(type='RepeatDataset', times=3), 30),
        (dict(type='ClassBalancedDataset', oversample_thr=0.4), 20),
    ],
)
def test_a_wrapped_source_is_a_source_too(many, wrapper, length):
    config = {**wrapper, 'dataset': many['dataset']}
    dataset = PartialLabelDataset(config, many['classes'])
    assert len(dataset) == length
    item = dataset[length - 1]
    assert item['inputs'].shape == (3, 8, 8)
    assert item['data_samples'].gt_score[9] == 1


def test_a_dataset_survives_pickling(source):
    dataset = PartialLabelDataset(source, SPACE, num_samples=3, seed=1)
    again = pickle.loads(pickle.dumps(dataset))
    assert_rows(again, rows_of(dataset))
    assert again[0]['inputs'].equal(dataset[0]['inputs'])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (
            dict(labeled_classes=['dgo']),
            "labeled_classes of zoo: unknown class 'dgo'; nearest: 'dog'",
        ),
        (
            dict(labeled_classes=['bee']),
            "labeled_classes of zoo: 'bee' is not in the label space",
        ),
        (dict(labeled_classes=['dog', 'dog']), "zoo: 'dog' .*twice"),
        (
            dict(labeled_classes=['dog', 'hound'], aliases={'dog': 'hound'}),
            "zoo: 'hound' .*twice",
        ),
        (dict(labeled_classes=[]), 'zoo annotates no class'),
        (dict(classes=('owl', 'fox')), r"zoo annotates no.*'owl', 'fox'.*dog"),
        (
            dict(aliases={'bee': 'dog'}),
            "'dog' after aliasing: both 'dog' and 'bee' of zoo",
        ),
        (dict(classes=('dog', 'cat', 'dog')), r"twice.*\['dog'\]"),
        (dict(classes=()), 'at least one class'),
        (dict(classes=None), 'at least one class'),
        (dict(classes='dog'), "classes of .*'dog', expected a list of class"),
        (dict(num_samples=5), 'num_samples=5 of zoo: expected 1 to 4'),
        (dict(num_samples=0), 'num_samples=0 of zoo: expected 1 to 4'),
        (dict(aliases={'cat': 'ctaa'}), "turn 'cat' into 'ctaa'"),
        (dict(aliases={'cat': 'weasel'}), "turn 'cat' into 'weasel'"),
        (dict(keep_apart=['dgo']), "no class 'dgo'; nearest: 'dog'"),
        (dict(keep_apart=['dog']), r"turn 'dog' into 'dog \(zoo\)'"),
        (dict(indices=0), 'indices=0 of zoo leave no image of 4'),
        (dict(part=(2, 2)), r'part=\(2, 2\) of the images of zoo: expected'),
        (dict(part=(0, 5)), r'part=\(0, 5\) of the images of zoo: expected'),
        (dict(part=([0, 0], 2)), r'part=\(\[0, 0\], 2\) .* different k'),
        (dict(part=3), r'part=3 of the images of zoo: expected \(k, n\)'),
        (dict(part=(0.5, 2)), r'part=\(0.5, 2\) of the images of zoo: expec'),
        (dict(part=('0', 2)), r"part=\('0', 2\) of the images of zoo: expec"),
        (dict(part=(0, 2.0)), r'part=\(0, 2.0\) of the images of zoo: expec'),
        (dict(part_of='rows'), "part_of of zoo: found 'rows', expected"),
        (
            dict(part=(0, 2), part_of='patients'),
            "part_of='patients' of zoo: image 0 has no `patient_id`",
        ),
        (
            dict(part=(0, 2), num_samples=3),
            r'expected 1 to 2, the number of its images in part \(0, 2\)',
        ),
    ],
)
def test_what_cannot_be_matched_is_refused(source, arguments, message):
    settings = dict(classes=(*SPACE, 'hound'), name='zoo')
    with pytest.raises(ValueError, match=message):
        PartialLabelDataset(source, **{**settings, **arguments})


def test_an_empty_source_is_refused(tmp_path):
    config = write_source(tmp_path, labels=())
    for serialize in (True, False):
        dataset = {**config, 'serialize_data': serialize}
        with pytest.raises(ValueError, match='source zoo is empty'):
            PartialLabelDataset(dataset, SPACE, name='zoo')


def test_a_source_without_class_names_is_refused(tmp_path):
    config = write_source(tmp_path, classes=None)
    with pytest.raises(ValueError, match='zoo has no `classes`.*metainfo'):
        PartialLabelDataset(config, SPACE, name='zoo')
    named = PartialLabelDataset({**config, 'classes': OWN}, SPACE)
    assert_rows(named, ROWS)


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('gt_label', [7], r'label \[7\] lies outside the 3 classes'),
        ('gt_score', [0.0, 1.0], '2 entries.*3 classes'),
        ('unknown', [0], 'neither gt_score nor gt_label'),
    ],
)
def test_labels_that_do_not_fit_the_source_are_refused(
    tmp_path, field, value, message
):
    config = write_source(tmp_path, labels=[value], field=field)
    dataset = PartialLabelDataset(config, SPACE)
    with pytest.raises(ValueError, match=message):
        dataset.get_data_info(0)


def broken_file(kind):
    """Bytes of an image file that is no whole image."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    suffix = '.jpg' if 'JPEG' in kind else '.png'
    whole = cv2.imencode(suffix, pixels)[1].tobytes()
    if 'half' in kind:
        return whole[: len(whole) // 2]
    if 'start' in kind:
        return whole[:20]
    if 'large' in kind:  # 40,000 x 40,000 pixels
        side = (40_000).to_bytes(4, 'big')
        header = b'IHDR' + side + side + whole[24:29]
        check = zlib.crc32(header).to_bytes(4, 'big')
        return whole[:12] + header + check + whole[33:]
    return b'' if kind == 'empty' else b'<html>Not found</html>' * 10


@pytest.mark.parametrize(
    ('kind', 'backend'),
    [
        ('half a JPEG', 'pillow'),
        ('half a PNG', 'pillow'),
        ('start of a JPEG', 'pillow'),
        ('start of a PNG', 'pillow'),
        ('empty', 'pillow'),
        ('no image', 'pillow'),
        ('empty', 'cv2'),
        ('no image', 'cv2'),
        ('start of a PNG', 'cv2'),
        ('too large', 'cv2'),
        ('too large', 'pillow'),
    ],
)
def test_a_broken_image_is_skipped_in_training_and_an_error_in_test_mode(
    source, tmp_path, kind, backend, mm_log
):
    (tmp_path / '2.png').write_bytes(broken_file(kind))
    source['pipeline'] = [{**LOAD, 'imdecode_backend': backend}, PACK]
    dataset = PartialLabelDataset(source, SPACE, name='zoo')
    samples = [dataset[i]['data_samples'] for i in range(4)]
    assert [samples[i].sample_idx for i in (0, 1, 3)] == [0, 1, 3]
    assert samples[2].sample_idx != 2
    times = dataset.num_skipped
    assert times >= 1
    said = [m for m in mm_log.messages if f'{tmp_path}/2.png of zoo' in m]
    assert len(said) == 1 and 'another image takes its place' in said[0]
    assert dataset.broken_images() == [
        f'{tmp_path}/2.png of zoo (image 2 of MultiLabelDataset)'
    ]

    dataset = PartialLabelDataset({**source, 'test_mode': True}, SPACE)
    assert dataset[1]['data_samples'].sample_idx == 1
    with pytest.raises(OSError, match=r'2\.png of Multi.*cannot be decoded'):
        dataset[2]
    assert dataset.num_skipped == 0


@pytest.mark.parametrize(
    'wrap',
    [
        lambda dataset: ClassFilter(dataset, drop=['owl']),
        lambda dataset: MissingLabels(dataset, 'random', fraction=0.0),
    ],
)
def test_a_wrapper_around_it_skips_broken_images_too(source, tmp_path, wrap):
    dataset = wrap(PartialLabelDataset(source, SPACE, name='zoo'))
    last = len(dataset) - 1
    broken = dataset.get_data_info(last)['img_path']
    Path(broken).write_bytes(b'no image')
    assert dataset[last]['data_samples'].sample_idx != last
    assert dataset.num_skipped >= 1
    (line,) = dataset.broken_images()
    assert line.startswith(f'{broken} of {type(dataset).__name__} of zoo (')


@pytest.mark.parametrize(
    'error',
    [
        HTTPError('http://hospital/1.png', 404, 'Not Found', Message(), None),
        URLError('timed out'),
        TimeoutError('timed out'),
        ConnectionError('reset by peer'),
    ],
)
def test_an_error_of_the_network_is_no_broken_image(source, error):
    def fail(results):
        raise error

    dataset = PartialLabelDataset(source, SPACE, pipeline=[fail])
    with pytest.raises(type(error)):
        dataset[0]
    assert dataset.num_skipped == 0


def test_test_mode_of_the_wrapper_goes_first(source):
    tested = {**source, 'test_mode': True}
    assert PartialLabelDataset(tested, SPACE).test_mode
    assert not PartialLabelDataset(tested, SPACE, test_mode=False).test_mode
    assert PartialLabelDataset(source, SPACE, test_mode=True).test_mode


def test_skipped_images_of_all_workers_are_counted(source, tmp_path):
    for index in (1, 2):
        (tmp_path / f'{index}.png').write_bytes(b'no image')
    dataset = PartialLabelDataset(source, SPACE)
    loader = DataLoader(dataset, num_workers=2, collate_fn=list)
    assert len(list(loader)) == 4
    assert dataset.num_skipped >= 2


def test_a_source_of_broken_images_gives_up(source, tmp_path):
    for index in range(4):
        (tmp_path / f'{index}.png').write_bytes(b'no image')
    dataset = PartialLabelDataset(source, SPACE, max_refetch=3)
    with pytest.raises(ValueError, match=r'4 tries in turn.*such as.*\.png'):
        dataset[0]
    assert dataset.num_skipped == 4


@pytest.mark.parametrize('mode', [True, False])
def test_a_missing_image_is_an_error_that_names_it(source, tmp_path, mode):
    (tmp_path / '2.png').unlink()
    dataset = PartialLabelDataset(source, SPACE, name='zoo', test_mode=mode)
    with pytest.raises(FileNotFoundError, match=r'2\.png of zoo is missing'):
        dataset[2]
    assert dataset.num_skipped == 0


def test_the_line_of_the_table_is_named_too(source, tmp_path):
    rows = ['0.png,a,1,0', '1.png,a,,1', '2.png,a,0,', '3.png,a,1,1']
    table = write_table(tmp_path, *rows)
    dataset = PartialLabelDataset(table, SPACE, indices=[1, 2])
    assert_rows(dataset, [[N, 1, N, N], [0, N, N, N]])
    (tmp_path / '2.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'2\.png .*csv, line 4'):
        dataset[1]


def test_a_path_that_is_no_file_is_an_error_not_a_broken_image(
    source, tmp_path
):
    (tmp_path / '2.png').unlink()
    (tmp_path / '2.png').mkdir()
    dataset = PartialLabelDataset(source, SPACE)
    with pytest.raises(OSError, match=r'2\.png'):
        dataset[2]
    assert dataset.num_skipped == 0


@pytest.mark.parametrize('error', [ValueError, AssertionError, KeyError])
def test_a_fault_in_the_pipeline_is_an_error_not_a_broken_image(source, error):
    def fail(results):
        raise error('a fault')

    dataset = PartialLabelDataset(source, SPACE, pipeline=[LOAD, fail])
    with pytest.raises(error, match='a fault'):
        dataset[0]
    assert dataset.num_skipped == 0


def test_a_fault_in_opencv_after_decoding_is_no_broken_image(source):
    def shrink(results):
        return {'img': cv2.resize(results['img'], (0, 0))}

    dataset = PartialLabelDataset(source, SPACE, pipeline=[LOAD, shrink])
    with pytest.raises(cv2.error):
        dataset[0]
    assert dataset.num_skipped == 0


def test_positive_classes_are_joint_indices_of_annotated_entries(source):
    dataset = PartialLabelDataset(source, SPACE)
    assert [dataset.get_cat_ids(i) for i in range(4)] == [[1], [0, 1], [], []]
    partly = PartialLabelDataset(source, SPACE, labeled_classes=['cat'])
    assert [partly.get_cat_ids(i) for i in range(4)] == [[], [0], [], []]


def test_images_that_are_in_memory_need_no_path():
    dataset = PartialLabelDataset(
        dict(type='Digits', digits=(3, 5), pipeline=[PACK]),
        classes=('5', '7', '3'),
    )
    item = dataset[0]
    assert item['inputs'].shape == (3, 8, 8)
    score = item['data_samples'].gt_score.numpy()
    assert np.isnan(score).tolist() == [False, True, False]
    assert np.nansum(score) == 1
    assert isinstance(dataset.dataset.get_data_info(0), dict)


def test_labels_that_contradict_each_other_count_as_not_annotated(
    read_csv, mm_log
):
    source = read_csv(
        'path,Mass,Edema\na.png,1,0\nb.png,1,1\n./a.png,0,0\nx//a.png,0,0\n'
        'x/a.png,,0\nb.png,1,\n'
    )
    space = ('Edema', 'Mass')
    dataset = PartialLabelDataset(source, space, name='A', num_samples=5)
    found = {
        index: dataset.get_data_info(position)['gt_score']
        for position, index in enumerate(dataset.selected.tolist())
    }
    expected = [[0, N], [1, 1], [0, N], [0, 0], [0, N], [N, 1]]
    for index, score in found.items():
        np.testing.assert_array_equal(score, expected[index])
    assert (
        'A: 1 image occurs twice with labels that differ: a.png (Mass). The '
        'first is in '
    ) in mm_log.text
    assert 'labels.csv, line 2 and ' in mm_log.text
    # Only classes that are used count.
    PartialLabelDataset(source, ('Edema',), contradictions='error')
    with pytest.raises(ValueError, match=r'differ: a\.png \(Mass\)\. The fi'):
        PartialLabelDataset(source, space, contradictions='error')
    with pytest.raises(ValueError, match="found 'no', expected 'ignore' or"):
        PartialLabelDataset(source, space, contradictions='no')


RULES = dict(
    implies={'Pneumonia': ['Opacity']}, excludes={'None': ['Opacity']}
)


def test_rules_fill_entries_and_drop_labels_that_break_them(read_csv, mm_log):
    source = read_csv(
        'path,Pneumonia,Opacity,None\na.png,1,,\nb.png,,1,1\nc.png,,,1\n'
    )
    space = ('None', 'Opacity', 'Pneumonia')
    dataset = PartialLabelDataset(source, space, name='A', rules=RULES)
    found = [dataset.get_data_info(i)['gt_score'] for i in range(3)]
    np.testing.assert_array_equal(found, [[0, 1, 1], [N, N, N], [1, 0, 0]])
    assert (
        'A: labels break the rules: None = 1, Opacity = 1 (1 images). The '
        'first is in '
    ) in mm_log.text
    assert 'labels.csv, line 3. These labels count as not' in mm_log.text
    with pytest.raises(ValueError, match='break the rules.*line 3'):
        PartialLabelDataset(source, space, rules=RULES, contradictions='error')


def test_rules_of_classes_that_the_source_lacks_fill_these_classes(source):
    dataset = PartialLabelDataset(
        source, [*SPACE, 'animal'], rules=dict(implies={'cat': ['animal']})
    )
    plain = PartialLabelDataset(source, SPACE)
    cat = SPACE.index('cat')
    for index in range(len(dataset)):
        score = dataset.get_data_info(index)['gt_score']
        expected = plain.get_data_info(index)['gt_score']
        np.testing.assert_array_equal(score[:-1], expected)
        assert (score[-1] == 1) == (expected[cat] == 1)
        assert np.isnan(score[-1]) == (expected[cat] != 1)


def test_labels_of_a_stock_dataset_may_contradict_each_other(tmp_path):
    (tmp_path / 'a.txt').write_text('x.png 0\ny.png 1\nx.png 1\nx.png 1\n')
    source = dict(
        type='mmpretrain.CustomDataset',
        ann_file=str(tmp_path / 'a.txt'),
        classes=['cat', 'dog'],
    )
    dataset = PartialLabelDataset(source, ('cat', 'dog'))
    scores = [dataset.get_data_info(i)['gt_score'] for i in range(4)]
    np.testing.assert_array_equal(scores, [[N, N], [0, 1], [N, N], [N, N]])


@pytest.mark.parametrize(
    'option, value',
    [
        ('labeled_classes', 'Mass'),
        ('labeled_classes', [1]),
        ('keep_apart', 'Mass'),
        ('aliases', ['Mass']),
        ('num_samples', '1'),
        ('num_samples', True),
        ('seed', 0.5),
    ],
)
def test_an_option_of_a_wrong_type_is_named(read_csv, option, value):
    message = f'{option} of PartialLabelDataset: found .*, expected'
    with pytest.raises(ValueError, match=message):
        PartialLabelDataset(
            read_csv('path,Mass\na,1\n'), ['Mass'], **{option: value}
        )
