import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from mmengine.registry import DATASETS
from mmpretrain.datasets import CustomDataset
from test_partial_label_dataset import (
    PACK,
    infos_of,
    names_of,
    rows_of,
    write_source,
)

from mmda.datasets import ClassFilter, Digits, PartialLabelDataset

# Of write_source: [0], [0, 1], [], [2] of dog, cat, bee


@pytest.mark.parametrize(
    ('arguments', 'kept'),
    [
        (dict(keep=['dog']), [0, 1]),
        (dict(keep=['cat', 'bee']), [1, 3]),
        (dict(drop=['cat']), [0, 2, 3]),
        (dict(drop=['dog', 'bee']), [2]),
    ],
)
@pytest.mark.parametrize('built', [True, False])
def test_images_with_any_of_the_classes_are_kept_or_dropped(
    tmp_path, arguments, kept, built
):
    config = write_source(tmp_path)
    source = DATASETS.build(config) if built else config
    dataset = ClassFilter(source, **arguments)
    assert names_of(dataset) == [f'{index}.png' for index in kept]
    assert list(dataset.metainfo['classes']) == ['dog', 'cat', 'bee']
    indices = [info['sample_idx'] for info in infos_of(dataset)]
    assert indices == list(range(len(kept)))


def test_one_label_and_scores_with_gaps_are_understood(tmp_path):
    one = write_source(tmp_path / 'one', labels=[0, 1, 2, 1])
    assert len(ClassFilter(one, keep=['cat'])) == 2
    scores = [[np.nan, 1, 0], [1, np.nan, 0], [0, 0, np.nan]]
    gaps = write_source(tmp_path / 'gaps', labels=scores, field='gt_score')
    # A class that is not annotated is not there, as far as one knows.
    assert len(ClassFilter(gaps, keep=['dog', 'bee'])) == 1
    assert len(ClassFilter(gaps, drop=['dog', 'bee'])) == 2


def test_a_partial_label_dataset_goes_around_it_and_takes_its_pipeline(
    tmp_path,
):
    source = write_source(tmp_path)
    dataset = PartialLabelDataset(
        dict(type='ClassFilter', dataset=source, drop=['cat']),
        classes=('cat', 'dog'),
        name='few',
    )
    assert rows_of(dataset).tolist() == [[0, 1], [0, 0], [0, 0]]
    sample = dataset[1]['data_samples']
    assert (sample.source, sample.sample_idx) == ('few', 1)


def test_a_novel_class_is_held_out_of_training_and_is_in_the_test():
    classes = tuple('123456789')
    train = PartialLabelDataset(
        dict(type='ClassFilter', dataset=dict(type='Digits'), drop=['0']),
        classes=classes,
    )
    test = PartialLabelDataset(dict(type='Digits', split='test'), classes)
    assert rows_of(train).sum(axis=1).tolist() == [1.0] * 1080
    novel = (rows_of(test) == 0).all(axis=1)
    assert novel.sum() == Digits('test').get_gt_labels()[:, 0].sum()


def test_one_class_against_the_rest_needs_no_wrapper():
    dataset = PartialLabelDataset(dict(type='Digits'), classes=('0',))
    rows = rows_of(dataset)
    assert rows.shape == (1200, 1)
    assert (rows.sum(), np.isnan(rows).sum()) == (120, 0)


def test_filters_nest_and_concatenate():
    digits = dict(type='Digits')
    low = dict(type='ClassFilter', dataset=digits, keep=['1', '2', '3'])
    middle = dict(type='ClassFilter', dataset=low, drop=['2'])
    inner = ClassFilter(middle, keep=['1'])
    assert len(inner) == 120
    joined = ConcatDataset([low, dict(low, keep=['9'])])
    assert len(joined) == 480
    ones = np.flatnonzero(Digits().get_gt_labels()[:, 1])
    assert inner.where(3) == f'Digits, image {ones[3]}'


def test_an_item_runs_through_the_pipeline_of_the_source(tmp_path):
    dataset = ClassFilter(write_source(tmp_path), keep=['bee'])
    assert dataset[0]['inputs'].shape == (3, 8, 8)
    assert dataset.get_cat_ids(0) == [2]
    own = ClassFilter(write_source(tmp_path), keep=['bee'], pipeline=[])
    assert 'inputs' not in own[0]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(), 'keep=None and drop=None, expected exactly one'),
        (dict(keep=['dog'], drop=['cat']), 'expected exactly one'),
        (dict(keep='dog'), "keep='dog', expected a list"),
        (dict(drop=['catt']), "unknown class 'catt'; nearest: 'cat'"),
        (dict(keep=[]), 'leave no image of 4'),
    ],
)
def test_what_cannot_be_filtered_is_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        ClassFilter(write_source(tmp_path), **arguments)


def test_nothing_is_read_before_the_first_use(tmp_path):
    source = dict(write_source(tmp_path), ann_file='missing.json')
    dataset = ClassFilter(source, keep=['dog'], lazy_init=True)
    with pytest.raises(FileNotFoundError):
        len(dataset)


def test_the_classes_of_a_folder_are_known_before_it_is_filtered(tmp_path):
    for name in ('a', 'b'):
        write_source(tmp_path / name, labels=[0, 1])
    folders = CustomDataset(str(tmp_path), pipeline=[PACK])
    assert len(ClassFilter(folders, keep=['b'])) == 2
