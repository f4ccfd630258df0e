"""Two processes with padded samples give the values of one."""

import tracemalloc
from itertools import chain, zip_longest

import numpy as np
import pytest
import torch
from mmengine.registry import METRICS
from two_ranks import run_on_two_ranks

from mmda.evaluation.metrics.gather import gather_batches

NAMES = ('a', 'b', 'c')
CONFIGS = (
    dict(type='PartialLabelAUC', intervals=True, bootstrap=50),
    dict(type='PartialLabelAP', classes_of_interest=['b']),
    dict(type='NovelClassAUC', novel_classes=['c']),
)


def make_samples():
    """25 images, an odd number, so that one of two ranks is padded."""
    generator = np.random.default_rng(0)
    target = (generator.random((25, 3)) < 0.4).astype(np.float32)
    score = np.round(generator.random((25, 3)) + 0.3 * target, 1)
    target[::3, 0] = np.nan
    return [
        dict(
            pred_score=torch.tensor(score[i], dtype=torch.float32),
            gt_score=torch.tensor(target[i]),
            source='AB'[i % 2],
            patient_id=i // 3,
        )
        for i in range(25)
    ]


def evaluate(rows):
    import mmda  # noqa: F401  registers the metrics in a fresh process

    samples = make_samples()
    found = {}
    for config in CONFIGS:
        metric = METRICS.build(config)
        metric.dataset_meta = dict(classes=NAMES)
        for start in range(0, len(rows), 4):
            batch = rows[start : start + 4]
            metric.process({}, [samples[i] for i in batch])
        found.update(metric.evaluate(25))
    return found


def evaluate_share(rank):
    # As the sampler does: every second image, from the start again at the end.
    return evaluate([i % 25 for i in range(rank, 26, 2)])


def test_two_ranks_with_a_padded_sample_give_the_values_of_one_process():
    expected = evaluate(range(25))
    assert {'auc/a/delong_low', 'auc/mean/bootstrap_high', 'ap/b'} <= set(
        expected
    )
    for found in run_on_two_ranks(evaluate_share):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_equal(found[key], value, key)


def gather_share(rank, total, batch):
    """Gather numbers: rank 0 has ``total[0]`` of them, rank 1 the others."""
    number = 2 * np.arange(total[rank], dtype=np.float64) + rank
    batches = [
        (number[i : i + batch], np.tile(number[i : i + batch, None], (1, 99)))
        for i in range(0, len(number), batch)
    ]
    tracemalloc.start()
    found = gather_batches(batches, sum(total) - 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [column[..., -1].tolist() for column in found[1:]], peak


@pytest.mark.parametrize('total', [(9, 9), (9, 5), (0, 3)])
def test_ranks_give_their_images_in_turns(total):
    shares = [range(rank, 2 * n + rank, 2) for rank, n in enumerate(total)]
    turns = chain.from_iterable(zip_longest(*shares))
    expected = [number for number in turns if number is not None]
    (found, _), (nothing, _) = run_on_two_ranks(gather_share, total, 4)
    assert nothing == []
    assert found == [expected[:-1]]


def test_rank_0_holds_each_image_once_after_the_ranks_have_met():
    total = (16_000, 16_000)
    (_, peak), (_, other) = run_on_two_ranks(gather_share, total, 50)
    payload = sum(total) * 100 * 8
    assert payload < peak < 1.4 * payload
    assert other < 0.3 * payload


def test_no_image_at_all_is_an_error():
    with pytest.raises(ValueError, match='no image was evaluated'):
        METRICS.build(CONFIGS[0]).evaluate(3)
