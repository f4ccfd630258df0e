"""Two processes with padded samples give the values of one."""

import numpy as np
import torch
from mmengine.registry import METRICS
from two_ranks import run_on_two_ranks

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
        metric.process({}, [samples[i] for i in rows])
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
