"""The hooks inside of a real Runner; a toy model scripts its own scores."""

import errno
import math
import uuid
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from digits_run import train_digits
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

from mmda.engine import (
    CheckFiniteHook,
    CheckLabelSpaceHook,
    PersistentEarlyStoppingHook,
)
from mmda.models.losses import UnannotatedAsNegativeLoss

CLASSES = ('a', 'b')
ITERS = 2  # per epoch
# auc/mean after each epoch; early stopping (patience 4) ends it after 10.
SCORES = (0, 50, 60, 60, 59, 60, 61, 61, 60, 60, 60, 60, 60)


class Points(Dataset):
    def __init__(self, classes=CLASSES):
        self.metainfo = dict(classes=classes)

    def __len__(self):
        return 2 * ITERS

    def __getitem__(self, index):
        return dict(inputs=torch.tensor([1.0, index]))


class Toy(BaseModel):
    """A linear model that counts its training steps."""

    def __init__(self, classes=CLASSES, nan_at=None, bad=float('nan')):
        super().__init__()
        self.head = nn.Linear(2, 2)
        nn.init.ones_(self.head.weight)
        nn.init.ones_(self.head.bias)
        if classes is not None:
            self.head.classes = classes
        self.nan_at, self.bad = nan_at, bad
        self.register_buffer('steps', torch.zeros((), dtype=torch.long))

    def forward(self, inputs, mode='tensor'):
        answers = self.head(torch.stack(list(inputs)))
        if mode != 'loss':
            return [int(self.steps)] * len(answers)
        self.steps += 1
        loss = answers.square().mean()
        if self.steps == self.nan_at:
            loss = loss * self.bad
        return dict(loss_bce=loss, watched=loss.detach() * float('nan'))


class Scripted(BaseMetric):
    default_prefix = 'auc'

    def __init__(self, scores=SCORES):
        super().__init__()
        self.scores = scores

    def process(self, data_batch, data_samples):
        self.results += data_samples

    def compute_metrics(self, results):
        mean = float(self.scores[results[0] // ITERS])
        return {
            'mean': mean,
            'num_classes': 2,
            'a': mean + 5,
            'b': mean - 5,
            'A/mean': mean + 5,
            'A/a': mean + 5,
            'B/mean': mean - 5,
            'B/b': mean - 5,
        }


class Watch(Hook):
    """Count validations; break the run like Ctrl-C at one place."""

    priority = 'VERY_HIGH'

    def __init__(self, place=None, epoch=None):
        self.place, self.epoch = place, epoch
        self.happened = []

    def before_val(self, runner):
        done = int(runner.model.steps) // ITERS
        if (self.place, self.epoch) == ('before validation', done):
            raise KeyboardInterrupt
        self.happened.append(f'validation {done}')

    def after_train_iter(self, runner, batch_idx, **kwargs):
        done = (int(runner.model.steps) - 1) // ITERS
        if (self.place, self.epoch) == ('in the next epoch', done):
            raise KeyboardInterrupt
        self.happened.append('step')


def loader(dataset, batch_size=2, sampler='DefaultSampler'):
    return dict(
        batch_size=batch_size,
        num_workers=0,
        dataset=dataset,
        sampler=dict(type=sampler, shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
    )


def stopping(**kwargs):
    return dict(
        type='PersistentEarlyStoppingHook',
        monitor='auc/mean',
        rule='greater',
        patience=4,
        **kwargs,
    )


def make_runner(
    folder,
    hooks=(),
    model=None,
    epochs=12,
    train=None,
    val=None,
    scores=SCORES,
    train_cfg=None,
    checkpoint=None,
    sampler='DefaultSampler',
    **kwargs,
):
    return Runner(
        model=model or Toy(),
        work_dir=str(folder),
        train_dataloader=loader(train or Points(), sampler=sampler),
        val_dataloader=loader(val or Points()),
        val_evaluator=[Scripted(scores)],
        train_cfg=train_cfg or dict(by_epoch=True, max_epochs=epochs),
        val_cfg=dict(),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        param_scheduler=dict(
            type='ReduceOnPlateauLR',
            monitor='auc/mean',
            rule='greater',
            factor=0.5,
            patience=1,
        ),
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook',
                save_best='auc/mean',
                rule='greater',
                **(checkpoint or dict(interval=1)),
            )
        ),
        custom_hooks=list(hooks),
        # Runners of one second would otherwise share a message hub.
        experiment_name=uuid.uuid4().hex,
        **kwargs,
    )


def run_test(folder, hooks, scores=SCORES):
    """Test without training data; return the metrics."""
    return Runner(
        model=Toy(),
        work_dir=str(folder),
        test_dataloader=loader(Points()),
        test_evaluator=[Scripted(scores)],
        test_cfg=dict(),
        custom_hooks=hooks,
        experiment_name=uuid.uuid4().hex,
    ).test()


def state_of(runner):
    """All that decides how a run goes on."""
    hook = next(
        h for h in runner.hooks if isinstance(h, PersistentEarlyStoppingHook)
    )
    plateau = runner.param_schedulers[0]
    return dict(
        epoch=runner.epoch,
        iteration=runner.iter,
        lr=runner.optim_wrapper.get_lr()['lr'],
        plateau=(plateau.best, plateau.num_bad_epochs),
        early=(hook.best_score, hook.wait_count),
        best=runner.message_hub.get_info('best_score'),
        best_ckpt=Path(runner.message_hub.get_info('best_ckpt')).name,
        weights=runner.model.head.weight.detach().numpy().tolist(),
        stopped=runner.train_loop.stop_training,
    )


RESUME_HOOKS = (stopping(), dict(type='ValidateOnResumeHook'))
BY_ITERATION = dict(
    train_cfg=dict(by_epoch=False, max_iters=12 * ITERS, val_interval=ITERS),
    checkpoint=dict(interval=ITERS, by_epoch=False),
    sampler='InfiniteSampler',
)


def break_and_resume(folder, watch, hooks=(), **settings):
    """Break a run where ``watch`` says, resume it, return run and watch."""
    hooks = [*RESUME_HOOKS, *hooks]
    with pytest.raises(KeyboardInterrupt):
        make_runner(folder, [*hooks, watch], **settings).train()
    watch = Watch()
    resumed = make_runner(folder, [*hooks, watch], resume=True, **settings)
    resumed.train()
    return resumed, watch


@pytest.fixture(scope='module')
def uninterrupted(tmp_path_factory):
    states = {}
    for name, settings in (('epoch', {}), ('iteration', BY_ITERATION)):
        watch = Watch()
        runner = make_runner(
            tmp_path_factory.mktemp(name), [*RESUME_HOOKS, watch], **settings
        )
        runner.train()
        states[name] = state_of(runner)
        assert watch.happened.count('step') == 10 * ITERS
        assert states[name]['stopped']
    return states


@pytest.mark.parametrize('place', ['before validation', 'in the next epoch'])
@pytest.mark.parametrize(
    ('loop', 'epoch'),
    [('epoch', 1), ('epoch', 5), ('epoch', 9)]
    + [('iteration', 1), ('iteration', 9)],
)
def test_a_resumed_run_ends_in_the_state_of_an_uninterrupted_one(
    tmp_path, uninterrupted, place, loop, epoch
):
    settings = BY_ITERATION if loop == 'iteration' else {}
    resumed, watch = break_and_resume(
        tmp_path, Watch(place, epoch), **settings
    )
    assert watch.happened[:2] == [f'validation {epoch}', 'step']
    assert watch.happened.count('step') == (10 - epoch) * ITERS
    assert state_of(resumed) == uninterrupted[loop]


def test_broken_before_the_validation_that_stops_it_a_run_stops_at_once(
    tmp_path, uninterrupted
):
    resumed, watch = break_and_resume(tmp_path, Watch('before validation', 10))
    assert watch.happened == ['validation 10']
    assert state_of(resumed) == uninterrupted['epoch']


def test_an_epoch_that_is_not_validated_is_not_validated_on_resume(tmp_path):
    settings = dict(
        train_cfg=dict(by_epoch=True, max_epochs=4, val_interval=2)
    )
    _, watch = break_and_resume(
        tmp_path, Watch('in the next epoch', 3), **settings
    )
    assert watch.happened == ['step'] * ITERS + ['validation 4']


def test_a_checkpoint_within_an_epoch_is_not_validated_on_resume(tmp_path):
    # Epoch 2 was validated before iteration 5 was saved.
    settings = dict(
        epochs=4, checkpoint=dict(interval=2 * ITERS + 1, by_epoch=False)
    )
    _, watch = break_and_resume(
        tmp_path, Watch('before validation', 3), **settings
    )
    assert watch.happened[0] == 'step'


def test_a_run_that_is_not_resumed_does_not_validate_first(tmp_path):
    watch = Watch()
    make_runner(tmp_path, [*RESUME_HOOKS, watch], epochs=1).train()
    assert watch.happened == ['step'] * ITERS + ['validation 1']
    # Only weights are loaded here: the stopping state is not taken over.
    watch = Watch()
    loaded = make_runner(
        tmp_path / 'again',
        [*RESUME_HOOKS, watch],
        epochs=1,
        load_from=str(tmp_path / 'epoch_1.pth'),
    )
    loaded.train()
    assert watch.happened == ['step'] * ITERS + ['validation 2']


def test_the_stopping_state_stands_in_the_checkpoint(tmp_path):
    make_runner(tmp_path, RESUME_HOOKS, epochs=5).train()
    saved = torch.load(tmp_path / 'epoch_5.pth', weights_only=False)
    # As it was when epoch 5 had been trained and 4 epochs validated.
    assert saved['early_stopping'] == dict(best_score=60.0, wait_count=2)


def test_only_a_resumed_run_takes_the_stopping_state():
    saved = dict(early_stopping=dict(best_score=60.0, wait_count=2))
    arguments = {k: v for k, v in stopping().items() if k != 'type'}
    for resume, expected in ((True, (60.0, 2)), (False, (-math.inf, 0))):
        hook = PersistentEarlyStoppingHook(**arguments)
        hook.after_load_checkpoint(SimpleNamespace(_resume=resume), saved)
        assert (hook.best_score, hook.wait_count) == expected
    hook.after_load_checkpoint(SimpleNamespace(_resume=True), {})
    assert hook.wait_count == 0  # the checkpoint of another tool


def test_early_stopping_stands_beside_a_test_without_training_data(tmp_path):
    watch = Watch()
    hooks = [stopping(), dict(type='CheckLabelSpaceHook'), watch]
    assert run_test(tmp_path, hooks)['auc/mean'] == SCORES[0]
    hook = PersistentEarlyStoppingHook('auc/mean', rule='greater')
    without = SimpleNamespace(_train_loop={}, _train_dataloader=None)
    with pytest.raises(ValueError, match='no train_dataloader'):
        hook.before_run(without)


@pytest.mark.parametrize('bad', [math.nan, math.inf])
def test_bad_answers_stop_the_run_and_leave_the_checkpoints(tmp_path, bad):
    runner = make_runner(
        tmp_path,
        [dict(type='CheckFiniteHook')],
        model=Toy(nan_at=2 * ITERS + 2, bad=bad),
    )
    with pytest.raises(FloatingPointError) as caught:
        runner.train()
    message = str(caught.value)
    assert 'iteration 6 (epoch 3)' in message
    assert f'loss_bce={bad}' in message
    assert 'watched' not in message
    assert 'epoch_2.pth' in message
    saved = torch.load(tmp_path / 'epoch_2.pth', weights_only=False)
    assert saved['state_dict']['head.weight'].isfinite().all()
    assert not (tmp_path / 'epoch_3.pth').exists()
    kept = (tmp_path / 'last_checkpoint').read_text()
    assert kept.endswith('epoch_2.pth')


def test_bad_answers_before_the_first_checkpoint_are_said_too(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='CheckFiniteHook')], model=Toy(nan_at=1)
    )
    with pytest.raises(FloatingPointError, match='iteration 1 .*none yet'):
        runner.train()


def test_answers_are_checked_at_the_interval():
    hook = CheckFiniteHook(interval=3)
    outputs = dict(loss=torch.tensor(math.nan))
    for iteration in (0, 1, 3, 4):
        runner = SimpleNamespace(iter=iteration)
        hook.after_train_iter(runner, iteration, outputs=outputs)
    runner = SimpleNamespace(
        iter=2,
        epoch=0,
        message_hub=SimpleNamespace(get_info=lambda key: None),
    )
    with pytest.raises(FloatingPointError, match='iteration 3 '):
        hook.after_train_iter(runner, 2, outputs=outputs)


@pytest.mark.parametrize('other', [('b', 'a'), ('a', 'c'), ('a', 'b', 'c')])
@pytest.mark.parametrize('phase', ['train', 'val'])
def test_another_label_space_of_the_data_is_refused(tmp_path, other, phase):
    runner = make_runner(
        tmp_path,
        [dict(type='CheckLabelSpaceHook')],
        **{phase: Points(other)},
    )
    with pytest.raises(ValueError) as caught:
        runner.train() if phase == 'train' else runner.val()
    message = str(caught.value)
    assert f'the {phase} dataset has another label space' in message
    assert str(CLASSES) in message
    assert str(other) in message
    missing = [name for name in CLASSES if name not in other]
    extra = [name for name in other if name not in CLASSES]
    assert f'head.classes: {missing}; only in the dataset: {extra}' in message


@pytest.mark.parametrize('wrapped_for', ['ranks', 'test-time augmentation'])
def test_the_test_data_of_a_wrapped_model_are_checked_too(wrapped_for):
    if wrapped_for == 'ranks':
        model = nn.DataParallel(Toy())
    else:
        model = nn.Module()
        model.module = Toy()
    runner = SimpleNamespace(
        model=model,
        test_dataloader=SimpleNamespace(dataset=Points(('x', 'y'))),
    )
    with pytest.raises(ValueError, match='the test dataset has another'):
        CheckLabelSpaceHook().before_test(runner)


def test_labels_are_not_mixed_before_they_are_filled():
    model = Toy()
    model.head.loss_module = UnannotatedAsNegativeLoss()
    model.data_preprocessor.batch_augments = object()
    runner = SimpleNamespace(
        model=model, train_dataloader=SimpleNamespace(dataset=Points())
    )
    with pytest.raises(ValueError, match='expected no batch_augments'):
        CheckLabelSpaceHook().before_train(runner)
    model.data_preprocessor.batch_augments = None
    CheckLabelSpaceHook().before_train(runner)


def test_only_a_resume_in_another_label_space_is_refused():
    permuted = dict(dataset_meta=dict(classes=CLASSES[::-1]))
    equal = dict(dataset_meta=dict(classes=list(CLASSES)))
    hook = CheckLabelSpaceHook()
    resumed = SimpleNamespace(model=Toy(), _resume=True)
    with pytest.raises(ValueError, match='load_from in place of --resume'):
        hook.after_load_checkpoint(resumed, dict(meta=permuted))
    hook.after_load_checkpoint(resumed, dict(meta=equal))
    loaded = SimpleNamespace(model=Toy(), _resume=False)
    hook.after_load_checkpoint(loaded, dict(meta=permuted))


def test_equal_or_unknown_label_spaces_pass(tmp_path):
    for number, (model, train) in enumerate(
        [
            (Toy(), Points(list(CLASSES))),
            (Toy(classes=None), Points(('x', 'y'))),
        ]
    ):
        make_runner(
            tmp_path / str(number),
            [dict(type='CheckLabelSpaceHook')],
            model=model,
            train=train,
            val=train,
            epochs=1,
        ).train()


def find_table(log):
    return next(m for m in log.messages if m.startswith('auc in %'))


def test_a_run_ends_with_a_table_of_its_best_epoch_and_all_places(
    tmp_path, mm_log
):
    make_runner(tmp_path, [dict(type='RunSummaryHook')], epochs=4).train()
    table = find_table(mm_log)
    assert 'validation, epoch 2' in table.splitlines()[0]
    rows = {
        line.split('|')[1].strip(): [c.strip() for c in line.split('|')[2:-1]]
        for line in table.splitlines()
        if line.startswith('|')
    }
    assert rows == {
        'class': ['all', 'A', 'B'],
        'a': ['65.00', '65.00', '-'],
        'b': ['55.00', '-', '55.00'],
        'mean': ['60.00', '65.00', '55.00'],
    }
    places = next(
        m for m in mm_log.messages if m.startswith('Files of this run')
    )
    paths = {
        line.split(':', 1)[0].strip(): Path(line.split(':', 1)[1].strip())
        for line in places.splitlines()[1:]
    }
    assert paths['checkpoint'].name == 'best_auc_mean_epoch_2.pth'
    for key in ('checkpoint', 'log', 'figures'):
        assert paths[key].exists(), key


def test_the_figures_are_pictures_with_something_on_them(tmp_path):
    make_runner(tmp_path, [dict(type='RunSummaryHook')], epochs=3).train()
    figures = sorted((tmp_path / 'figures').glob('*.png'))
    names = [figure.name for figure in figures]
    assert names == ['auc_per_class.png', 'training.png']
    for figure in figures:
        with Image.open(figure) as image:
            assert np.asarray(image.convert('L')).std() > 1
    quiet = dict(type='RunSummaryHook', figures=False)
    make_runner(tmp_path / 'quiet', [quiet], epochs=1).train()
    assert not (tmp_path / 'quiet' / 'figures').exists()


def test_validations_without_a_value_do_not_hide_the_best(tmp_path, mm_log):
    make_runner(
        tmp_path,
        [dict(type='RunSummaryHook', figures=False)],
        scores=(0, math.nan, 70, 60, math.nan),
        epochs=4,
    ).train()
    assert 'validation, epoch 2' in find_table(mm_log)


def test_the_best_epoch_survives_a_resume(tmp_path, mm_log):
    hooks = [dict(type='RunSummaryHook', figures=False)]
    watch = Watch('in the next epoch', 3)
    break_and_resume(tmp_path, watch, hooks, epochs=4)
    assert 'validation, epoch 2' in find_table(mm_log)


def test_a_test_ends_with_its_table(tmp_path, mm_log):
    run_test(tmp_path, [dict(type='RunSummaryHook')], scores=(40,))
    table = find_table(mm_log)
    assert '(test)' in table
    assert '40.00' in table


def test_a_training_without_validation_ends_with_its_places(tmp_path, mm_log):
    Runner(
        model=Toy(),
        work_dir=str(tmp_path),
        train_dataloader=loader(Points()),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        custom_hooks=[dict(type='RunSummaryHook'), *RESUME_HOOKS],
        experiment_name=uuid.uuid4().hex,
    ).train()
    assert 'epoch_1.pth' in mm_log.text


def test_a_page_that_fails_costs_no_run(tmp_path, mm_log, monkeypatch):
    def fail(*args):
        raise LookupError('odd')

    monkeypatch.setattr('mmda.report.run_page.write_page', fail)
    hooks = [dict(type='RunReportHook')]
    make_runner(tmp_path / 'odd', hooks, epochs=1).train()
    assert 'no report: odd' in mm_log.text

    def fill_disk(*args):
        raise OSError(errno.ENOSPC, 'full')

    monkeypatch.setattr('mmda.report.run_page.write_page', fill_disk)
    with pytest.raises(OSError, match='full'):
        make_runner(tmp_path / 'full', hooks, epochs=1).train()


def test_a_model_of_another_kind_has_a_page_without_answers(tmp_path):
    make_runner(tmp_path, [dict(type='RunReportHook')], epochs=2).train()
    page = (tmp_path / 'report.html').read_text()
    assert 'mean AUC 60.00 % (validation, epoch 2)' in page
    assert 'no label report' in page


def test_the_ramp_up_of_a_run_starts_at_0_and_follows_its_progress():
    checkpoint = train_digits() / 'epoch_2.pth'
    saved = torch.load(checkpoint, weights_only=False)['message_hub']
    history = {
        key: list(values.data[0])
        for key, values in saved['log_scalars'].items()
    }
    consist = history['train/loss_consist']
    assert consist[0] == 0
    assert min(consist[1:]) > 0
    # 96 images with 5 and 96 with 4 of 7 classes annotated.
    fractions = history['train/annotated_fraction']
    assert np.mean(fractions) == pytest.approx(4.5 / 7)
    assert 0 < history['val/auc/mean'][-1] <= 100
