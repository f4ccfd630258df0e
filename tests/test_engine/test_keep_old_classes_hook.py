"""A model learns new classes, and keeps what it knows about the old ones."""

import uuid
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from mmseg.registry import MODELS as SEG_MODELS
from torch.utils.data import Dataset
from two_ranks import run_on_two_ranks

from mmda.engine import KeepOldClassesHook
from mmda.models.adapters import NamedClasses, encode_names

OLD = ('cat', 'dog', 'owl')
NEW = ('fox', 'owl', 'cat', 'elk', 'dog')  # the old ones in another order
NAN = float('nan')
LINEAR, ADAPTER = 'PartialLabelLinearHead', 'DynamicAdapterHead'
HEADS = (LINEAR, ADAPTER, 'DoDNetHead')


class Images(Dataset):
    """Random images of a source that annotates the classes of ``labels``."""

    def __init__(self, labels=(1.0, NAN, NAN, 0.0, NAN), classes=NEW):
        self.metainfo = dict(classes=classes)
        generator = torch.Generator().manual_seed(1)
        self.images = torch.randint(
            0, 256, (8, 3, 8, 8), dtype=torch.uint8, generator=generator
        )
        self.labels = torch.tensor(labels)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        sample = DataSample().set_gt_score(self.labels)
        return dict(inputs=self.images[index], data_samples=sample)


def build(classes, head=ADAPTER, seed=0, **loss):
    torch.manual_seed(seed)
    loss = dict(type='PartialBCEPseudoConsistLoss', **loss)
    flip = dict(type='RandomHorizontalFlip', p=1.0)
    config = dict(
        type='DualViewImageClassifier',
        backbone=dict(
            type='ResNet_CIFAR',
            depth=18,
            stem_channels=2,
            base_channels=2,
            out_indices=(3,),
        ),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type=head, classes=classes, in_channels=16, loss=loss),
        data_preprocessor=dict(
            type='DualViewDataPreprocessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            strong_view=[flip],
        ),
    )
    with MODELS.switch_scope_and_registry('mmpretrain') as registry:
        return registry.build(config)


@pytest.fixture
def old(tmp_path):
    """Make an old model whose weights are not those of a fresh one."""

    def make(head=ADAPTER, classes=OLD, path='old.pth'):
        model = build(classes, head).train()
        for _ in range(2):  # statistics of the normalisation
            model.backbone(torch.rand(4, 3, 8, 8) * 3)
        with torch.no_grad():
            for parameter in model.head.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
        file = tmp_path / path
        torch.save(dict(state_dict=model.state_dict(), meta={}), file)
        return model.eval(), str(file)

    return make


def make_runner(folder, model, path, iters=3, dataset=None, **hook):
    adam = dict(type='AdamW', lr=0.1, weight_decay=0.5)
    return Runner(
        model=model,
        work_dir=str(folder),
        train_dataloader=dict(
            batch_size=4,
            num_workers=0,
            dataset=dataset or Images(),
            sampler=dict(type='InfiniteSampler'),
            collate_fn=dict(type='pseudo_collate'),
        ),
        train_cfg=dict(by_epoch=False, max_iters=iters),
        optim_wrapper=dict(optimizer=adam),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=2, by_epoch=False)
        ),
        custom_hooks=[dict(type='KeepOldClassesHook', **hook)],
        load_from=path,
        default_scope='mmpretrain',
        log_level='ERROR',
        experiment_name=uuid.uuid4().hex,
    )


@torch.no_grad()
def answers(model, names=OLD):
    """Answers to fixed images for some classes, by name."""
    images = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    columns = [model.head.classes.index(name) for name in names]
    return model.eval()(images)[:, columns]


def far_apart(found, expected):
    return ((found - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.parametrize('head', HEADS)
def test_frozen_old_classes_answer_as_before_the_training(old, head, tmp_path):
    before, path = old(head)
    model = build(NEW, head, seed=5, strong_bce_weight=1.0)
    new = [name for name in NEW if name not in OLD]
    KeepOldClassesHook().load_old(model, torch.load(path), path)
    assert far_apart(answers(model), answers(before)) <= 1e-6
    start = answers(model, new)
    make_runner(tmp_path, model, path, freeze=True).train()
    assert far_apart(answers(model), answers(before)) <= 1e-6
    assert far_apart(answers(model, new), start) > 0.1
    for key, value in before.backbone.state_dict().items():
        assert torch.equal(model.backbone.state_dict()[key], value), key


def test_positives_of_the_old_training_are_remembered(old, tmp_path):
    _, path = old()
    content = torch.load(path)
    first, *_ = OLD
    counts = {first: {'A': 21}}
    info = dict(positives_per_source=counts, sampled_sources=['A'])
    hub = dict(runtime_info=info)
    torch.save(dict(content, message_hub=hub), path)
    model = build([first.upper(), *[n for n in NEW if n != first]])
    hook = dict(freeze=True, aliases={first: first.upper()})
    runner = make_runner(tmp_path, model, path, **hook)
    runner.train()
    last = torch.load(tmp_path / 'iter_3.pth', weights_only=False)
    meta = last['meta']['old_classes']
    counts_now = {first.upper(): {'A': 21}}
    assert meta['positives'] == counts_now
    assert meta['sampled'] == ['A']
    (resumed,) = [h for h in runner.hooks if isinstance(h, KeepOldClassesHook)]
    resumed.positives, resumed.sampled = {}, []
    runner._resume = True
    resumed.after_load_checkpoint(runner, last)
    assert (resumed.positives, resumed.sampled) == (counts_now, ['A'])


def test_old_classes_change_without_the_freeze(old, tmp_path):
    before, path = old()
    model = build(NEW)
    make_runner(tmp_path, model, path).train()
    assert far_apart(answers(model), answers(before)) > 0.1


def _train_frozen(rank):
    before, model = build(OLD), build(NEW, seed=5)
    wrapped = MMDistributedDataParallel(model, find_unused_parameters=True)
    hook = KeepOldClassesHook(freeze=True)
    checkpoint = dict(state_dict=before.state_dict())
    hook.old = hook.load_old(wrapped, checkpoint, 'old.pth')
    runner = SimpleNamespace(model=wrapped, distributed=True, _resume=False)
    hook.before_train(runner)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    data = Images()
    batch = [data[2 * rank], data[2 * rank + 1]]
    for _ in range(2):
        wrapped.train()
        hook.before_train_iter(runner, 0)
        wrapped.train_step(pseudo_collate(batch), optimizer)
        hook.after_train_iter(runner, 0)
    found = answers(model, NEW)
    return far_apart(answers(model), answers(before)), found.tolist()


def test_frozen_old_classes_stay_on_two_ranks_too():
    (change, found), (_, other) = run_on_two_ranks(_train_frozen)
    assert change <= 1e-6
    assert found == other


def test_a_test_of_the_grown_model_needs_no_old_one(old, tmp_path):
    hook = KeepOldClassesHook()
    runner = SimpleNamespace(_train_loop=dict(max_iters=1))
    hook.after_load_checkpoint(runner, dict(state_dict={}))
    assert hook.old is None


def seg_model(classes):
    torch.manual_seed(1)
    config = dict(
        type='DualViewEncoderDecoder',
        backbone=dict(
            type='ResNetV1c', depth=18, base_channels=4, stem_channels=4
        ),
        decode_head=dict(
            type='DynamicAdapterHead',
            classes=classes,
            head=dict(
                type='FCNHead',
                in_channels=32,
                in_index=3,
                channels=4,
                norm_cfg=dict(type='BN'),
            ),
        ),
    )
    with SEG_MODELS.switch_scope_and_registry('mmseg') as registry:
        return registry.build(config)


def test_the_shared_layers_of_a_decode_head_are_frozen_too(old):
    before, model = seg_model(OLD), seg_model(NEW)
    hook = KeepOldClassesHook(freeze=True)
    hook.old = hook.load_old(
        model, dict(state_dict=before.state_dict()), 'x.pth'
    )
    runner = SimpleNamespace(model=model, distributed=False, _resume=False)
    hook.before_train(runner)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)
    images = torch.rand(2, 3, 32, 32)
    columns = [NEW.index(name) for name in OLD]
    expected = before.eval()._forward(images)
    for _ in range(2):
        model.train()
        hook.before_train_iter(runner, 0)
        start = model._forward(images)
        start.square().sum().backward()
        optimizer.step()
        hook.after_train_iter(runner, 0)
    found = model.eval()._forward(images)
    assert far_apart(found[:, columns], expected) <= 1e-6
    assert far_apart(found[:, NEW.index('elk')], start[:, 3]) > 1e-3


def test_the_old_model_teaches_what_is_not_annotated(old, tmp_path):
    before, path = old()
    distances = []
    for weight in (0.0, 20.0):
        model = build(NEW, teacher_weight=weight, ramp_up=0.0)
        runner = make_runner(tmp_path, model, path, iters=12)
        runner.train()
        change = answers(model).sigmoid() - answers(before).sigmoid()
        distances.append(change.abs().mean().item())
    assert distances[1] < 0.6 * distances[0]
    images = torch.rand(2, 3, 8, 8)
    taught = model.teacher(images)
    columns = [NEW.index(name) for name in OLD]
    torch.testing.assert_close(taught[:, columns], before(images).sigmoid())
    assert taught[:, [NEW.index('fox'), NEW.index('elk')]].isnan().all()
    # The teacher is no part of the model.
    assert not any('teacher' in key for key in model.state_dict())


def test_a_resumed_training_keeps_the_same_old_model(old, tmp_path):
    before, path = old()
    hook = dict(freeze=True)
    runner = make_runner(tmp_path, build(NEW), path, **hook)
    runner.train()
    saved = str(tmp_path / 'iter_2.pth')
    model = build(NEW, teacher_weight=1.0)
    runner = make_runner(tmp_path / 'b', model, saved, iters=5, **hook)
    runner._resume = True
    runner.train()
    assert far_apart(answers(model), answers(before)) <= 1e-6
    images = torch.rand(2, 3, 8, 8)
    columns = [NEW.index(name) for name in OLD]
    torch.testing.assert_close(
        model.teacher(images)[:, columns], before(images).sigmoid()
    )


def test_a_training_without_the_hook_cannot_be_resumed_with_it(old, tmp_path):
    _, path = old(classes=NEW)
    runner = make_runner(tmp_path, build(NEW), path)
    runner._resume = True
    with pytest.raises(ValueError, match='old.pth comes from a training with'):
        runner.train()


def test_a_class_can_get_another_name_or_be_dropped(old):
    before, path = old()
    model = build(('elk', 'puma', 'dog'))
    hook = KeepOldClassesHook(
        aliases={'cat': 'puma', 'hen': 'x'}, drop=['owl']
    )
    checkpoint = torch.load(path)
    assert hook.load_old(model, checkpoint, path) == ('puma', 'dog')
    found = answers(model, ['puma', 'dog'])
    assert far_apart(found, answers(before, ['cat', 'dog'])) <= 1e-6


def without_names(state):
    return {k: v for k, v in state.items() if 'class_names' not in k}


def other_backbone(state):
    return {k.replace('layer1', 'stage1'): v for k, v in state.items()}


REFUSED = {
    'lost': (
        dict(),
        ('cat', 'dogs', 'elk'),
        dict,
        r"old.pth has the classes \['dog', 'owl'\], which the head lacks; "
        "nearest: 'dogs'.*drop",
    ),
    'unknown drop': (
        dict(drop=['owls']),
        NEW,
        dict,
        "drop=.*old.pth has no class 'owls'; nearest: 'owl'",
    ),
    'joined': (
        dict(aliases={'cat': 'dog'}),
        NEW,
        dict,
        "duplicate class 'dog' after aliasing: both 'cat' and 'dog'",
    ),
    'no names': (dict(), NEW, without_names, 'old.pth has no class names'),
    'stock layer': (
        dict(),
        NEW,
        lambda state: {'head.fc.weight': torch.zeros(3, 16)},
        'old.pth has no class names',
    ),
    'empty names': (
        dict(),
        NEW,
        lambda state: {
            **state,
            'head.classifier.class_names': encode_names(None),
        },
        'old.pth has no class names',
    ),
    'other backbone': (
        dict(),
        NEW,
        other_backbone,
        'old.pth does not fit the model of the config.*layer1',
    ),
    'nothing in common': (dict(), ('x', 'y'), dict, 'none of the 2 classes'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_a_checkpoint_that_would_lose_something_is_refused(case, old):
    arguments, classes, change, message = REFUSED[case]
    model, _ = old()
    checkpoint = dict(state_dict=change(model.state_dict()))
    hook = KeepOldClassesHook(**arguments)
    with pytest.raises(ValueError, match=f'(?s){message}'):
        hook.load_old(build(classes), checkpoint, 'old.pth')


def test_what_cannot_be_frozen_or_taught_is_refused(old, tmp_path):
    hook = KeepOldClassesHook(freeze=True)
    model = build(NEW)
    runner = SimpleNamespace(model=model, distributed=True, _resume=False)
    with pytest.raises(ValueError, match='no old model: expected load_from'):
        hook.before_train(runner)
    hook.old = OLD
    with pytest.raises(ValueError, match='find_unused_parameters=True'):
        hook.before_train(runner)
    runner.distributed, hook.old = False, NEW
    with pytest.raises(ValueError, match='knows all classes of the head'):
        hook.before_train(runner)
    with pytest.raises(ValueError, match='NamedClasses cannot freeze a part'):
        NamedClasses().weights_of(OLD)
    dodnet = build(NEW, 'DoDNetHead', teacher_weight=1.0)
    hook = KeepOldClassesHook()
    hook.old = OLD
    runner = SimpleNamespace(model=dodnet, distributed=False, _resume=False)
    with pytest.raises(ValueError, match='found .* with DoDNetHead'):
        hook.before_train(runner)
