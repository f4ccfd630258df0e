"""Two processes train and test a segmentor as one process does."""

import copy

import numpy as np
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import METRICS
from small_segmentors import (
    ASPP,
    FCN,
    NUM_CLASSES,
    PREPROCESSOR,
    adapted,
    batch,
    build,
    model_config,
)
from torch.nn.modules.batchnorm import _BatchNorm
from two_ranks import run_on_two_ranks

# Nothing random, so that a sample does not depend on those beside it.
CONFIG = model_config(
    adapted(dict(ASPP, dropout_ratio=0), thr=0.5),
    adapted(dict(FCN, dropout_ratio=0)),
    data_preprocessor=dict(
        PREPROCESSOR, strong_view=[dict(type='RandomInvert', p=1.0)]
    ),
)
ANNOTATED = ([1, 1, 0, 1, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 1])


def make_batch(rows):
    """Samples that annotate different numbers of pixels and classes."""
    single = [
        batch(1, np.array(annotated, dtype=bool), seed=seed)
        for seed, annotated in enumerate(ANNOTATED)
    ]
    single[2]['data_samples'][0].gt_sem_seg.data[:, 4:] = 255
    return {key: [single[i][key][0] for i in rows] for key in single[0]}


def run(rows, test_rows, wrap=lambda model: model):
    """Train one step and test; return the weights and the values."""
    model = build(CONFIG)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eval()  # a batch's statistics are those of its rank
    wrapped = wrap(model)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    wrapped.train_step(make_batch(rows), optimizer)
    model.eval()
    metric = METRICS.build(dict(type='PartialLabelIoU', class_of_interest='b'))
    metric.dataset_meta = dict(classes=tuple('abcde'))
    with torch.no_grad():
        for i in test_rows:
            (sample,) = model.test_step(copy.deepcopy(make_batch([i])))
            metric.process({}, [sample.to_dict()])
    weights = {k: v.numpy() for k, v in model.state_dict().items()}
    return weights, metric.evaluate(len(ANNOTATED))


def run_on_rank(rank):
    # Every second image; in the test the sampler fills up from the start.
    rows = [[0, 2], [1]][rank]
    test_rows = [[0, 2], [1, 0]][rank]
    return run(rows, test_rows, MMDistributedDataParallel)


def test_two_ranks_train_and_test_a_segmentor_as_one_process_does():
    start = build(CONFIG).state_dict()
    weights, values = run([0, 1, 2], [0, 1, 2])
    assert NUM_CLASSES == 5 and 'confusion/b/lost_to/none' in values
    key = 'decode_head.head.conv_seg.kernel'
    assert not np.allclose(weights[key], start[key].numpy(), atol=1e-4)
    for found, shown in run_on_two_ranks(run_on_rank, seconds=120):
        for name, value in weights.items():
            np.testing.assert_allclose(
                found[name], value, rtol=1e-4, atol=1e-5, err_msg=name
            )
        assert shown.keys() == values.keys()
        for name, value in values.items():
            np.testing.assert_allclose(shown[name], value, err_msg=name)
