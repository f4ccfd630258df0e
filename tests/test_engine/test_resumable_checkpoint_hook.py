"""A training that was broken or killed ends as one that was not."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader, Dataset
from two_ranks import run_on_two_ranks

from mmda.engine.batch_seeds import BatchSeeds
from mmda.engine.random_state import get_random_state, set_random_state
from mmda.engine.whole_file_backend import WholeFileBackend

TESTS = Path(__file__).resolve().parents[1]
BATCHES = 3  # per epoch
ONE_EPOCH = dict(by_epoch=True, max_epochs=1)


def draws():
    """One number of each generator of a process."""
    return [random.random(), np.random.rand(), float(torch.rand(()))]


class Augmented(Dataset):
    """Images that are drawn anew whenever they are read."""

    metainfo = dict(classes=('a',))

    def __len__(self):
        return 2 * BATCHES

    def __getitem__(self, index):
        return dict(inputs=torch.tensor([index, *draws()]))


class Noisy(BaseModel):
    """Its loss takes numbers from all generators, and from its own."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)
        nn.init.ones_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)
        self.generator = torch.Generator().manual_seed(1)

    def forward(self, inputs, mode='tensor'):
        answers = self.layer(torch.stack(list(inputs)))
        if mode != 'loss':
            return [answers.detach()] * len(answers)
        own = float(torch.rand((), generator=self.generator))
        return dict(loss=(answers - sum(draws()) - own).square().mean())


class Random(BaseMetric):
    """A validation that takes random numbers, too."""

    def process(self, data_batch, data_samples):
        self.results.append(random.random())

    def compute_metrics(self, results):
        return dict(score=results[0])


class Break(Hook):
    def __init__(self, iteration):
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            raise KeyboardInterrupt


def make_runner(folder, loop='epoch', workers=0, hooks=(), **kwargs):
    def loader(sampler, workers=0, **options):
        return dict(
            batch_size=2,
            num_workers=workers,
            sampler=dict(type=sampler, shuffle=True),
            collate_fn=dict(type='pseudo_collate'),
            dataset=Augmented(),
            **options,
        )

    by_epoch = loop in ('epoch', 'new workers')
    finite = loop != 'iteration'
    checkpoint = dict(
        type='ResumableCheckpointHook',
        by_epoch=by_epoch,
        interval=1 if by_epoch else 2,
        max_keep_ckpts=1,
        save_best='score',
        rule='greater',
    )
    checkpoint.update(kwargs.pop('checkpoint', {}))
    train_cfg = dict(by_epoch=True, max_epochs=4)
    if not by_epoch:
        train_cfg = dict(by_epoch=False, max_iters=10, val_interval=4)
    return Runner(
        model=Noisy(),
        work_dir=str(folder),
        train_dataloader=loader(
            'DefaultSampler' if finite else 'InfiniteSampler',
            workers,
            persistent_workers=bool(workers) and 'new workers' not in loop,
        ),
        val_dataloader=loader('DefaultSampler'),
        val_evaluator=[kwargs.pop('metric', None) or Random()],
        train_cfg=kwargs.pop('train_cfg', train_cfg),
        val_cfg=dict(),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1)),
        default_hooks=dict(checkpoint=checkpoint),
        custom_hooks=[*hooks, dict(type='ValidateOnResumeHook')],
        experiment_name=uuid.uuid4().hex,
        **{'randomness': dict(seed=3), **kwargs},
    )


def weights_after(runner):
    runner.train()
    state = runner.model.state_dict()
    return torch.cat([value.flatten() for value in state.values()]).tolist()


@pytest.mark.parametrize(
    ('loop', 'workers'),
    [
        ('epoch', 0),
        ('epoch', 2),
        ('new workers', 2),
        ('iteration', 0),
        ('iteration', 2),
        ('passes, new workers', 2),
    ],
)
def test_a_broken_training_ends_with_the_weights_of_a_whole_one(
    tmp_path, loop, workers
):
    whole = weights_after(make_runner(tmp_path / 'whole', loop, workers))
    broken = tmp_path / 'broken'
    for iteration in (3, 7):
        hooks = [Break(iteration)]
        runner = make_runner(broken, loop, workers, hooks, resume=True)
        with pytest.raises(KeyboardInterrupt):
            runner.train()
    again = make_runner(broken, loop, workers, resume=True)
    assert weights_after(again) == whole


class BreakValidation(Hook):
    def before_val(self, runner):
        raise KeyboardInterrupt


def test_a_first_validation_after_a_resume_is_saved_like_any_other(tmp_path):
    hooks = [BreakValidation()]
    with pytest.raises(KeyboardInterrupt):
        make_runner(tmp_path, hooks=hooks, train_cfg=ONE_EPOCH).train()
    last = tmp_path / 'epoch_1.pth'
    assert not torch.load(last, weights_only=False)['validated']
    make_runner(tmp_path, train_cfg=ONE_EPOCH, resume=True).train()
    assert torch.load(last, weights_only=False)['validated']


def test_a_training_without_a_seed_goes_on_with_its_order_of_images(tmp_path):
    no_seed = dict(randomness=dict(seed=None), hooks=[Break(4)])
    first = make_runner(tmp_path, **no_seed)
    with pytest.raises(KeyboardInterrupt):
        first.train()
    second = make_runner(tmp_path, **no_seed, resume=True)
    with pytest.raises(KeyboardInterrupt):
        second.train()
    seeds = [r.train_dataloader.sampler.seed for r in (first, second)]
    assert seeds[0] == seeds[1]


def train_two_ranks(rank, folder):
    os.environ.setdefault('LOCAL_RANK', str(rank))  # mmengine reads it

    def make(name, **kwargs):
        return make_runner(
            Path(folder, name),
            launcher='pytorch',
            cfg=dict(
                model_wrapper_cfg=dict(
                    type='MMDistributedDataParallel', device_ids=None
                )
            ),
            randomness=dict(seed=3),  # alike for both ranks
            **kwargs,
        )

    whole = weights_after(make('whole')) + draws()
    try:
        make('broken', hooks=[Break(4)]).train()
    except KeyboardInterrupt:
        pass
    return whole, weights_after(make('broken', resume=True)) + draws()


def test_each_rank_goes_on_with_its_own_random_numbers(tmp_path):
    first, second = run_on_two_ranks(train_two_ranks, str(tmp_path))
    for whole, resumed in (first, second):
        assert resumed == whole
    assert first[0][:-3] == second[0][:-3]  # one model,
    assert first[0][-3:] != second[0][-3:]  # two streams of numbers


@pytest.mark.parametrize(
    ('kills', 'workers'),
    [
        (1, (0, 2)),
        pytest.param(20, (0,), marks=pytest.mark.slow),
        pytest.param(20, (2,), marks=pytest.mark.slow),
    ],
)
def test_a_killed_training_ends_with_the_weights_of_a_whole_one(
    tmp_path, kills, workers
):
    # The dual view of kornia, Adam, plateaus, early stopping.
    cases = [
        dict(loop=loop, workers=number, kills=kills, seed=kills)
        for number in workers
        for loop in (('epoch', 'iteration') if kills > 1 else ('epoch',))
    ]
    if kills > 1:
        for case in cases:
            case['kills'] = kills // 2
    script = [sys.executable, TESTS / 'killed_run.py', tmp_path]
    done = subprocess.run(
        [*script, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for end in json.loads(done.stdout.splitlines()[-1]):
        assert [run for run in end['runs'] if run['differences']] == []


def test_the_random_states_are_read_back_as_plain_data(tmp_path):
    model = Noisy()
    draws()
    random.gauss(0, 1), np.random.randn()  # both keep a number for later
    torch.save(get_random_state(model), tmp_path / 'state.pth')

    def numbers():
        own = float(torch.rand((), generator=model.generator))
        return [own, *draws(), random.gauss(0, 1), np.random.randn()]

    expected = numbers()
    assert numbers() != expected
    state = torch.load(tmp_path / 'state.pth', weights_only=True)
    set_random_state(state, model)
    assert numbers() == expected


def test_a_batch_has_the_same_numbers_from_any_number_of_workers():
    def epochs(workers, persistent=True, skip=0):
        loader = DataLoader(
            Augmented(),
            batch_size=2,
            num_workers=workers,
            persistent_workers=persistent,
        )
        seeds = BatchSeeds(loader, seed=5, rank=0, endless=False)
        found = []
        for epoch in range(skip, 3):
            seeds.start = (epoch, 0)
            found.append([batch['inputs'].tolist() for batch in loader])
        return found

    expected = epochs(1)
    assert epochs(2) == epochs(2, persistent=False) == expected
    assert epochs(5) == expected  # two of them have nothing to do
    assert epochs(2, skip=1) == expected[1:]
    first, second = np.array(expected[0]), np.array(expected[1])
    assert (first[..., 1:] != second[..., 1:]).all()


def test_each_pass_of_a_loop_over_iterations_has_its_own_numbers(tmp_path):
    seen = {}
    for loop in ('passes', 'passes, new workers'):
        seen[loop] = []

        class Note(Hook):
            def before_train_iter(self, runner, batch_idx, data_batch=None):
                rows = torch.stack(list(data_batch['inputs']))
                seen[loop].append(rows[:, 1:].tolist())  # noqa: B023

        make_runner(tmp_path / loop, loop, 2, [Note()]).train()
    kept, new = seen.values()
    assert kept == new and len({str(rows) for rows in new}) == 10


def test_a_full_disk_leaves_the_last_and_the_best_checkpoint(
    tmp_path, monkeypatch
):
    put = WholeFileBackend.put

    def full(self, obj, filepath):
        if 'epoch_2' in str(filepath):
            raise OSError(errno.ENOSPC, 'No space left', str(filepath))
        put(self, obj, filepath)

    monkeypatch.setattr(WholeFileBackend, 'put', full)
    with pytest.raises(OSError, match='No space left'):
        make_runner(tmp_path).train()
    left = {path.name for path in tmp_path.glob('*.pth')}
    assert left == {'epoch_1.pth', 'best_score_epoch_1.pth'}
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_1.pth')


def test_old_checkpoints_go_when_a_new_one_is_whole(tmp_path):
    (tmp_path / '.part-1-0.pth').write_text('of a killed run')
    runner = make_runner(tmp_path)
    runner.train()
    names = {path.name for path in tmp_path.glob('*.pth')}
    best = Path(runner.message_hub.get_info('best_ckpt')).name
    assert names == {'epoch_4.pth', best}
    saved = torch.load(tmp_path / 'epoch_4.pth', weights_only=False)
    assert Path(saved['message_hub']['runtime_info']['best_ckpt']).name == best
    assert 'random_state' in saved
    weights = torch.load(tmp_path / best, weights_only=False)
    assert 'random_state' not in weights  # it has no optimizer either


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (lambda saved: saved.pop('random_state'), 'has no random states'),
        (
            lambda saved: saved['random_state']['ranks'].append({}),
            'is of 2 processes, and there are 1',
        ),
        (
            lambda saved: saved['random_state']['ranks'][0]['model'].pop(),
            'do not fit (ValueError, zip',
        ),
        (
            lambda saved: saved['random_state']['ranks'][0].pop('torch'),
            "do not fit (KeyError, 'torch')",
        ),
        (lambda saved: None, 'lies within an epoch, after 1 iterations'),
    ],
)
def test_what_cannot_go_on_exactly_is_said(tmp_path, mm_log, change, said):
    within = dict(checkpoint=dict(by_epoch=False, interval=BATCHES + 1))
    with pytest.raises(KeyboardInterrupt):
        make_runner(tmp_path, hooks=[Break(5)], **within).train()
    path = tmp_path / f'iter_{BATCHES + 1}.pth'
    saved = torch.load(path, weights_only=False)
    change(saved)
    torch.save(saved, path)
    make_runner(tmp_path, resume=True, **within).train()
    assert any(said in message for message in mm_log.messages)


class Better(BaseMetric):
    """A validation that is better each time."""

    count = 0

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        Better.count += 1
        return dict(score=Better.count)


def test_a_resume_elsewhere_leaves_the_best_checkpoint_of_the_first_run(
    tmp_path,
):
    first, second = tmp_path / 'first', tmp_path / 'second'
    make_runner(first, train_cfg=ONE_EPOCH, metric=Better()).train()
    outside = tmp_path / 'precious'
    outside.mkdir()
    for stored in (str(first / 'best_score_epoch_1.pth'), str(outside)):
        saved = torch.load(first / 'epoch_1.pth', weights_only=False)
        saved['message_hub']['runtime_info']['best_ckpt'] = stored
        torch.save(saved, tmp_path / 'given.pth')
        two = dict(ONE_EPOCH, max_epochs=2)
        make_runner(
            second,
            train_cfg=two,
            metric=Better(),
            load_from=str(tmp_path / 'given.pth'),
            resume=True,
        ).train()
        assert (first / 'best_score_epoch_1.pth').is_file()
        assert outside.is_dir()
        assert (second / 'best_score_epoch_2.pth').is_file()


def test_a_copied_work_directory_keeps_one_best_checkpoint(tmp_path):
    first, copy = tmp_path / 'first', tmp_path / 'copy'
    make_runner(first, train_cfg=ONE_EPOCH, metric=Better()).train()
    shutil.copytree(first, copy)
    two = dict(ONE_EPOCH, max_epochs=2)
    make_runner(copy, train_cfg=two, metric=Better(), resume=True).train()
    assert [p.name for p in copy.glob('best*')] == ['best_score_epoch_2.pth']
    assert [p.name for p in first.glob('best*')] == ['best_score_epoch_1.pth']
