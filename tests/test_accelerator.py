"""A training step compiled, in half precision, over ranks, on each device.

``pytest -m gpu`` runs what needs an accelerator. The same tests run on the
CPU, with another compiler backend and number format.
"""

import copy
import functools

import pytest
import torch
import torch.distributed as dist
from mmengine.logging import MessageHub
from mmengine.model import (
    MMDistributedDataParallel,
    MMFullyShardedDataParallel,
    convert_sync_batchnorm,
)
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch._dynamo.testing import CompileCounterWithBackend

from mmda.apis.fold import fold_model_config, fold_state_dict
from mmda.engine import ChannelsLastHook
from mmda.engine.random_state import get_random_state, set_random_state
from mmda.structures import PartialScore, as_partial

NAN = float('nan')
STEPS = 3
# Sums run in another order on another path.
NEAR = dict(rtol=1e-3, atol=1e-4)
needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason='no CUDA device'
)


def on_cuda(*values):
    """A parameter of a test that needs an accelerator."""
    return pytest.param(*values, marks=[pytest.mark.gpu, needs_cuda])


each_device = pytest.mark.parametrize('device', ['cpu', on_cuda('cuda')])
each_half = pytest.mark.parametrize(
    ('device', 'dtype'),
    [
        ('cpu', 'bfloat16'),
        on_cuda('cuda', 'bfloat16'),
        on_cuda('cuda', 'float16'),
    ],
)


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Let a device compute alike in each run, with all digits."""
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', False)
    monkeypatch.setattr(torch.backends.cudnn, 'deterministic', True)
    torch.manual_seed(0)


@pytest.fixture
def hub():
    """The progress of a training, as the runner tells it."""
    hub = MessageHub.get_current_instance()
    before = dict(hub.runtime_info)
    hub.update_info('max_iters', 10)
    yield hub
    hub._runtime_info.clear()
    hub._runtime_info.update(before)


def make_config(with_cp=False):
    return dict(
        type='DualViewImageClassifier',
        _scope_='mmpretrain',
        backbone=dict(
            type='ResNet_CIFAR',
            depth=18,
            num_stages=1,
            strides=(1,),
            dilations=(1,),
            out_indices=(0,),
            stem_channels=8,
            base_channels=8,
            with_cp=with_cp,
        ),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='DynamicAdapterHead',
            classes=['a', 'b', 'c'],
            in_channels=8,
            loss=dict(
                type='PartialBCEPseudoConsistLoss', strong_bce_weight=1.0
            ),
        ),
        data_preprocessor=dict(
            type='DualViewDataPreprocessor',
            mean=[127.5] * 3,
            std=[60.0] * 3,
            strong_view=[dict(type='RandomHorizontalFlip', p=1.0)],
        ),
    )


def make_model(device, **kwargs):
    torch.manual_seed(0)
    return MODELS.build(make_config(**kwargs)).to(device).train()


def make_batch(seed=0, rows=4):
    generator = torch.Generator().manual_seed(seed)
    shape = (rows, 3, 16, 16)
    images = torch.randint(0, 256, shape, generator=generator)
    scores = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.0, NAN]])
    samples = [
        DataSample().set_gt_score(score)
        for score in scores.repeat(rows // 2, 1)
    ]
    return dict(inputs=images.byte(), data_samples=samples)


def make_partial_batch():
    """A batch as ``PartialLabelDataset`` gives it."""
    batch = make_batch()
    for sample in batch['data_samples']:
        sample.set_gt_score(as_partial(sample.gt_score))
    return batch


def train(model, run=None, hub=None, optimizer=OptimWrapper):
    """Take some steps; return the terms of each, and the weights."""
    run = model if run is None else run
    optimizer = optimizer(optimizer=torch.optim.SGD(run.parameters(), 0.05))
    logs = []
    for step in range(STEPS):
        if hub is not None:
            hub.update_info('iter', 3 * step)
        with optimizer.optim_context(model):
            data = model.data_preprocessor(make_batch(step), True)
            losses = run(**data, mode='loss')
        optimizer.update_params(model.parse_losses(losses)[0])
        logs.append({k: v.detach().cpu() for k, v in losses.items()})
    state = {k: v.detach().cpu() for k, v in model.state_dict().items()}
    return logs, state


def half_precision(device, dtype):
    """An optimizer in mixed precision: the host's has none for the CPU."""
    if device == 'cuda':
        # A dynamic scale would leave out steps, until it is small enough.
        return functools.partial(
            AmpOptimWrapper, dtype=dtype, loss_scale=128.0
        )

    class OnCPU(OptimWrapper):
        def optim_context(self, model):
            return torch.autocast('cpu', dtype=getattr(torch, dtype))

    return OnCPU


@each_device
@pytest.mark.slow
@pytest.mark.parametrize('with_cp', [False, True])
def test_a_compiled_model_takes_the_steps_of_a_plain_one(device, with_cp, hub):
    # One graph for all steps, although the weight of two terms grows.
    torch._dynamo.reset()
    backend = 'aot_eager' if device == 'cpu' else 'inductor'
    counter = CompileCounterWithBackend(backend)
    plain = train(make_model(device, with_cp=with_cp), hub=hub)
    model = make_model(device, with_cp=with_cp)
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    found = train(model, compiled, hub)
    assert counter.frame_count == 1
    torch.testing.assert_close(found, plain, **NEAR)
    pseudo = [float(terms['loss_pseudo']) for terms in found[0]]
    assert pseudo[0] == 0 < pseudo[1] < pseudo[2]


@each_device
def test_adapter_and_loss_are_one_graph(device, hub):
    torch._dynamo.reset()
    head = make_model(device).head
    compiled = torch.compile(head.loss, backend='eager', fullgraph=True)
    samples = make_batch()['data_samples']
    samples = [sample.to(device) for sample in samples]
    feats = torch.randn(8, 8, device=device, requires_grad=True)
    for iteration in (0, 5):
        hub.update_info('iter', iteration)
        torch.testing.assert_close(
            compiled((feats,), samples), head.loss((feats,), samples)
        )


def test_a_compiled_preprocessor_leaves_the_images_to_kornia():
    # And the labels are plain: a graph cannot take labels with a check.
    model = make_model('cpu')
    counter = CompileCounterWithBackend('eager')
    compiled = torch.compile(model.data_preprocessor, backend=counter)
    found = compiled(make_partial_batch(), True)
    expected = model.data_preprocessor(make_partial_batch(), True)
    assert torch.equal(found['inputs'], expected['inputs'])
    assert counter.frame_count == 0
    kinds = [
        {type(sample.gt_score) for sample in data['data_samples']}
        for data in (found, expected)
    ]
    assert kinds == [{torch.Tensor}, {PartialScore}]


@each_device
@pytest.mark.slow
def test_the_host_compiles_a_step_with_partial_labels(device):
    # `compile=dict(...)` of a config does this.
    torch._dynamo.reset()
    backend = 'aot_eager' if device == 'cpu' else 'inductor'
    logs = []
    for compiles in (False, True):
        model = make_model(device)
        step = model.train_step
        if compiles:
            step = torch.compile(step, backend=backend)
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        wrapper = OptimWrapper(optimizer)
        logs.append([step(make_partial_batch(), wrapper) for _ in range(2)])
    torch.testing.assert_close(*logs, **NEAR)


@each_half
def test_mixed_precision_learns_as_full_precision_does(device, dtype):
    logs, state = train(make_model(device))
    half_logs, half_state = train(
        make_model(device), optimizer=half_precision(device, dtype)
    )
    for full, half in zip(logs, half_logs, strict=True):
        for key, value in half.items():
            assert value.dtype == torch.float32, key
        torch.testing.assert_close(half, full, rtol=0.05, atol=0.01)
    for key, value in half_state.items():
        assert value.dtype == state[key].dtype, key
    start = make_model(device).state_dict()
    key = 'head.classifier.task_encoding'
    assert not torch.equal(half_state[key], start[key].cpu())


@each_half
def test_checkpoints_in_mixed_precision_keep_the_statistics(device, dtype):
    half = half_precision(device, dtype)
    plain = train(make_model(device), optimizer=half)
    saving = train(make_model(device, with_cp=True), optimizer=half)
    torch.testing.assert_close(saving, plain, **NEAR)
    assert saving[1]['backbone.bn1.num_batches_tracked'] == STEPS


class _Runner:
    """What a hook sees of a runner."""

    def __init__(self, model):
        self.model = model


@each_device
def test_channels_last_takes_the_same_steps(device):
    model = make_model(device)
    ChannelsLastHook().before_run(_Runner(model))
    found = train(model)
    torch.testing.assert_close(found, train(make_model(device)), **NEAR)


@each_device
def test_a_folded_model_answers_as_the_trained_one(device):
    model = make_model(device)
    _, state = train(model)
    folded = MODELS.build(
        dict(fold_model_config(make_config()), _scope_='mmpretrain')
    )
    folded.load_state_dict(fold_state_dict(state))
    folded.to(device).eval()
    model.eval()
    data = model.data_preprocessor(make_batch(), False)['inputs']
    with torch.no_grad():
        torch.testing.assert_close(folded(data), model(data), **NEAR)


def wrap(model, kind, device):
    if kind == 'FSDP':
        return MMFullyShardedDataParallel(model, device_id=device)
    if kind == 'SyncBN':
        model = convert_sync_batchnorm(model)
    ids = None if device == 'cpu' else [0]
    return MMDistributedDataParallel(model, device_ids=ids)


@pytest.mark.parametrize(
    ('kind', 'device', 'backend'),
    [
        ('DDP', 'cpu', 'gloo'),
        ('FSDP', 'cpu', 'gloo'),
        on_cuda('DDP', 'cuda:0', 'nccl'),
        on_cuda('FSDP', 'cuda:0', 'nccl'),
        on_cuda('SyncBN', 'cuda:0', 'nccl'),  # torch has none for the CPU
    ],
)
def test_one_rank_takes_the_steps_of_a_process_alone(
    kind, device, backend, tmp_path
):
    alone = train(make_model(device))
    dist.init_process_group(
        backend, init_method=f'file://{tmp_path}/meet', rank=0, world_size=1
    )
    try:
        model = make_model(device)
        found = train(model, wrap(model, kind, device))
    finally:
        dist.destroy_process_group()
    if kind == 'FSDP':  # the weights of the inner model are flat
        found, alone = found[0], alone[0]
    torch.testing.assert_close(found, alone, **NEAR)


@pytest.mark.gpu
@needs_cuda
def test_a_step_does_not_wait_for_the_device():
    model = make_model('cuda')
    data = model.data_preprocessor(make_batch(), True)
    sum(model(**data, mode='loss').values()).backward()  # warms up
    torch.cuda.set_sync_debug_mode('error')
    try:
        losses = model(**data, mode='loss')
        model.parse_losses(losses)[0].backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')


@pytest.mark.gpu
@needs_cuda
def test_the_random_numbers_of_the_device_are_restored():
    state = copy.deepcopy(get_random_state(make_model('cuda')))
    first = torch.rand(3, device='cuda')
    set_random_state(state, make_model('cuda'))
    assert torch.equal(torch.rand(3, device='cuda'), first)
