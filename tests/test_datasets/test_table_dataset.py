import pickle
import tracemalloc

import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset, ConcatDataset
from test_partial_label_dataset import names_of
from torch.utils.data import DataLoader

from mmda.datasets import LabelTable, PartialLabelDataset, TableDataset
from mmda.datasets.tables.label_table import encode_text

NUM_ROWS = 10


class Rows(TableDataset):
    """Ten images; class 'rare' in the first, class 'common' in all."""

    METAINFO = dict(classes=('rare', 'common', 'unknown'))
    LAYOUT = 'Download the rows.'
    times_read = 0

    def load_data_list(self):
        self.times_read += 1
        score = np.zeros((NUM_ROWS, 3), dtype=np.float32)
        score[0, 0] = score[:, 1] = 1
        score[:, 2] = np.nan
        return LabelTable(
            score,
            img_path=encode_text([f'{i}.png' for i in range(NUM_ROWS)]),
            row=np.arange(2, 2 + NUM_ROWS, dtype=np.int32),
        )


def rows(**kwargs):
    return Rows(**{'check_first': False, **kwargs})


def numbered(*numbers):
    return [f'{i}.png' for i in numbers]


def test_every_sample_has_the_same_fields():
    dataset = rows(data_root='root', data_prefix='images')
    info = dataset.get_data_info(3)
    np.testing.assert_array_equal(info.pop('gt_score'), [0, 1, np.nan])
    assert info == {
        'img_path': 'root/images/3.png',
        'patient_id': None,
        'sample_idx': 3,
    }
    assert dataset.get_data_info(-1)['sample_idx'] == NUM_ROWS - 1


def test_a_sample_is_fresh_at_every_call():
    dataset = rows()
    dataset.get_data_info(0)['gt_score'][:] = 7
    assert dataset.get_data_info(0)['gt_score'][0] == 1


def test_an_index_outside_of_the_dataset_is_an_error():
    with pytest.raises(IndexError):
        rows().get_data_info(NUM_ROWS)


@pytest.mark.parametrize(
    'indices, kept',
    [(3, (0, 1, 2)), (-2, (8, 9)), ([4, 4, 1], (4, 4, 1)), (range(2), (0, 1))],
)
def test_indices_choose_images(indices, kept):
    dataset = rows(indices=indices)
    assert names_of(dataset) == numbered(*kept)
    assert dataset.where(0) == f'Rows, line {2 + kept[0]}'
    assert names_of(rows().get_subset(indices)) == numbered(*kept)
    whole = rows()
    whole.get_subset_(indices)
    assert names_of(whole) == numbered(*kept)


def test_a_subset_leaves_the_dataset_alone():
    dataset = rows()
    subset = dataset.get_subset([1, 2])
    subset.data_list.gt_score[:] = 9
    assert len(dataset) == NUM_ROWS
    assert np.nanmax(dataset.get_gt_labels()) == 1


@pytest.mark.parametrize(
    'use',
    [
        len,
        lambda dataset: dataset.get_data_info(0),
        lambda dataset: dataset.get_cat_ids(0),
        lambda dataset: dataset.get_gt_labels(),
        lambda dataset: dataset.where(0),
        lambda dataset: dataset[0],
    ],
)
def test_a_lazy_dataset_is_read_once_at_first_use(use):
    dataset = rows(lazy_init=True)
    assert dataset.metainfo['classes'] == ('rare', 'common', 'unknown')
    assert dataset.times_read == 0
    use(dataset)
    use(dataset)
    assert dataset.times_read == 1


def test_positive_classes_are_those_above_a_half():
    dataset = rows()
    assert dataset.get_cat_ids(0) == [0, 1]
    assert dataset.get_cat_ids(1) == [1]
    dataset.data_list.gt_score[1] = [0.5, 0.51, np.nan]
    assert dataset.get_cat_ids(1) == [1]


def test_rare_classes_are_repeated_by_class_balanced_dataset():
    balanced = ClassBalancedDataset(rows(), oversample_thr=0.4)
    # 'rare' is in 1 of 10 images: ceil(sqrt(0.4 / 0.1)) = 2 copies.
    indices = [balanced.repeat_indices.count(i) for i in range(NUM_ROWS)]
    assert indices == [2] + [1] * 9


def test_equal_sources_are_concatenated():
    both = ConcatDataset([rows(indices=2), rows(indices=-1)])
    assert names_of(both) == numbered(0, 1, 9)


def test_workers_get_every_image_through_the_pipeline():
    dataset = rows(pipeline=[lambda info: info['sample_idx']])
    loader = DataLoader(dataset, batch_size=4, num_workers=2, collate_fn=list)
    assert sum(loader, []) == list(range(NUM_ROWS))


def test_pickling_keeps_the_annotations():
    dataset = pickle.loads(pickle.dumps(rows()))
    assert names_of(dataset) == numbered(*range(NUM_ROWS))
    assert dataset.times_read == 1


def test_nothing_is_serialised_even_where_asked_for():
    dataset = rows(serialize_data=True)
    assert isinstance(dataset.data_list, LabelTable)
    assert len(dataset.data_list) == NUM_ROWS


def test_metainfo_and_classes_choose_the_classes():
    chosen = rows(metainfo=dict(classes=['common']))
    assert chosen.metainfo['classes'] == ('common',)
    with pytest.raises(ValueError, match="unknown class 'commn'; nearest"):
        rows(metainfo=dict(classes=['commn']))


def test_the_first_image_is_looked_for_once_the_table_is_read(tmp_path):
    lazy = rows(check_first=True, data_root=str(tmp_path), lazy_init=True)
    with pytest.raises(
        FileNotFoundError,
        match=r'no image .*/0\.png, named in Rows, line 2\. Download the rows',
    ):
        lazy.full_init()
    (tmp_path / '0.png').touch()
    assert len(rows(check_first=True, data_root=str(tmp_path))) == NUM_ROWS


def test_a_source_without_images_is_an_error():
    empty = rows(lazy_init=True)
    empty.load_data_list = lambda: Rows.load_data_list(empty)[[]]
    with pytest.raises(ValueError, match='Rows: no image of .* is left'):
        empty.full_init()


def test_to_check_many_paths_takes_little_more_than_their_numbers():
    class ManyRows(Rows):
        def load_data_list(self):
            return table

    total = 200_000
    paths = np.arange(total).astype('S6')
    table = LabelTable(np.zeros((total, 3), np.float16), img_path=paths)
    dataset = ManyRows(check_first=False, lazy_init=True)
    tracemalloc.start()
    joint = PartialLabelDataset(dataset, dataset.METAINFO['classes'])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(joint) == total
    assert joint.get_data_info(7)['gt_score'].dtype == np.float32
    # Hashes and chosen rows. A bytes object for each path takes 40 bytes.
    assert peak < 40 * total
