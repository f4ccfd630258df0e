"""What `--cfg-options` moves, and which entries it proposes."""

import pytest
from mmengine.config import Config

from mmda.apis.options import apply_options


def config(root, *folders):
    datasets = [dict(type='A', data_root=folder) for folder in folders]
    loader = dict(
        batch_size=32,
        dataset=dict(
            datasets=datasets, pipeline=[dict(type='Resize', scale=32)]
        ),
    )
    return Config(
        dict(data_root=root, batch_size=32, size=32, train_dataloader=loader)
    )


@pytest.mark.parametrize(
    ('root', 'before', 'after'),
    [
        ('data/', ['data/NIH', 'data', '/own'], ['/mnt/NIH', '/mnt/', '/own']),
        (
            '',
            ['NIH', '/own/x', 's3://own'],
            ['/mnt/NIH', '/own/x', 's3://own'],
        ),
        ('.', ['NIH', '/own/x'], ['/mnt/NIH', '/own/x']),
        (
            'data',
            ['data2/NIH', '/own/data/x', 'data/y/'],
            ['data2/NIH', '/own/data/x', '/mnt/y/'],
        ),
        ('./data/', ['data/NIH', './data/x'], ['/mnt/NIH', '/mnt/x']),
    ],
)
def test_data_root_leaves_a_folder_of_ones_own_where_it_is(
    root, before, after
):
    cfg = config(root, *before)
    apply_options(cfg, dict(data_root='/mnt'))
    datasets = cfg.train_dataloader.dataset.datasets
    assert [dataset.data_root for dataset in datasets] == after


def test_a_data_root_that_moves_no_dataset_is_an_error():
    found = 'found train.*datasets.0.data_root=/own/N'
    with pytest.raises(ValueError, match=found):
        apply_options(config('data/', '/own/NIH'), dict(data_root='/mnt'))


def test_tables_that_were_read_cannot_be_moved():
    cfg = config('data/', 'data/x')
    cfg.tables = dict(A=dict(train='a.csv'))
    with pytest.raises(ValueError, match="in 'data/' already. Edit data_root"):
        apply_options(cfg, dict(data_root='/mnt'))


def test_a_variable_gets_the_entries_of_its_name_as_a_hint():
    with pytest.raises(ValueError) as info:
        apply_options(config('data/', 'data/x'), dict(batch_size=8))
    assert str(info.value).endswith('variable: train_dataloader.batch_size=8')


def test_a_variable_of_another_name_gets_equal_values_as_a_hint():
    with pytest.raises(ValueError) as info:
        apply_options(config('data/', 'data/x'), dict(size=8))
    assert str(info.value).endswith('dataset.pipeline.0.scale=8')
    assert 'batch_size' not in str(info.value)
