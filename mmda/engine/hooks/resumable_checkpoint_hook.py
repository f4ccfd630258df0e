"""Save checkpoints from which a training goes on as if nothing happened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import (
    all_gather_object,
    get_rank,
    get_world_size,
    is_main_process,
)
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS
from mmengine.runner import IterBasedTrainLoop, Runner

from mmda.files import PART, write_text

from ..batch_seeds import BatchSeeds
from ..random_state import get_random_state, seed_rank, set_random_state
from ..whole_file_backend import BACKEND


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """``CheckpointHook`` whose checkpoints resume a training exactly.

    - A checkpoint also has the random states of all ranks. On the CPU, a
      training that was killed and resumed ends with the weights of an
      uninterrupted one, bit by bit.
    - Each process draws random numbers of its own, such as those of the strong
      views. The runner seeds all alike.
    - The stock hook saves a checkpoint again in the middle of the hooks that
      follow a validation. This hook does so after all of them, so that the
      checkpoint holds the whole effect of the validation.
    - Checkpoints and ``last_checkpoint`` are written whole or not at all. The
      stock hook deletes an old checkpoint before it writes the new one. This
      hook deletes it afterwards, so a full disk leaves the old one.

    Takes the same arguments as ``CheckpointHook``.
    """

    backend_args: dict[str, Any] | None
    _states: list[dict[str, Any]] | None = None
    _resumed: dict[str, Any] | None = None
    _seeds: BatchSeeds | None = None
    _improved = _validated = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the random states of a checkpoint to resume."""
        if not runner._resume:
            return
        self._resumed = checkpoint.get('random_state')
        if self._resumed is None:
            runner.logger.warning(
                'the checkpoint has no random states: the training goes on, '
                'but not as an uninterrupted one would'
            )
            return
        # Without `randomness.seed`, each run draws the order of its images.
        sampler = _sampler(runner)
        if hasattr(sampler, 'seed'):
            sampler.seed = self._resumed['sampler_seed']

    def before_train(self, runner: Runner) -> None:
        """Make the order of random numbers independent of interruptions."""
        if self.backend_args is None and self.file_client_args is None:
            if '://' not in str(self.out_dir or runner.work_dir):
                self.backend_args = dict(backend=BACKEND)
        super().before_train(runner)
        self._take_own_best(runner)
        if runner._resume:  # the checkpoint that a first validation may change
            self.last_ckpt = runner.message_hub.get_info('last_ckpt')
        if is_main_process():  # what a killed run has left
            for path in Path(self.out_dir).glob(f'{PART}*'):
                path.unlink(missing_ok=True)
        self._separate_loaders(runner)
        seed_rank(runner.seed, get_rank(), runner.model)
        if self._resumed is not None:
            self._restore(runner, self._resumed)

    def _take_own_best(self, runner: Runner) -> None:
        """Replace best checkpoints of this work directory only.

        A checkpoint stores paths, which a better validation would delete. They
        may be those of another training, or of anything.
        """
        own: dict[str, str | None] = {}
        for key, stored in self._best.items():
            name = Path(str(stored or '')).name
            path = self.file_backend.join_path(self.out_dir, name)
            is_own = name.startswith('best_') and self.file_backend.exists(
                path
            )
            own[key] = str(path) if is_own else None
            if is_own:
                info = f'best_ckpt_{key}' if key else 'best_ckpt'
                runner.message_hub.update_info(info, str(path))
        self._best = own

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell new workers of the data loader where they start."""
        if self._seeds is None:
            return
        if self._seeds.batches is None:
            self._seeds.start = (0, runner.iter)
        elif not isinstance(runner.train_loop, IterBasedTrainLoop):
            self._seeds.start = (runner.epoch, 0)
        # Otherwise the host loads all batches again up to the resumed one.

    def _separate_loaders(self, runner: Runner) -> None:
        """Let no data loader take random numbers from the training.

        A loader draws a seed when its workers start. After a resume, workers
        start once more.
        """
        loaders = [runner.train_dataloader]
        if runner.val_loop is not None:
            loaders.append(runner.val_dataloader)
        for loader in loaders:
            loader.generator = torch.Generator().manual_seed(runner.seed)
        train = loaders[0]
        if train.num_workers > 0:
            # The host moves such a sampler to the resumed iteration.
            endless = hasattr(train.sampler, 'skip') and train.batch_size
            is_loop = isinstance(runner.train_loop, IterBasedTrainLoop)
            self._seeds = BatchSeeds(
                train,
                _sampler_seed(runner),
                get_rank(),
                bool(endless),
                _sampler(runner) if is_loop and not endless else None,
            )

    def _restore(self, runner: Runner, saved: dict[str, Any]) -> None:
        states = saved['ranks']
        if len(states) != get_world_size():
            runner.logger.warning(
                f'the checkpoint is of {len(states)} processes, and there are '
                f'{get_world_size()}: the training does not go on as an '
                'uninterrupted one'
            )
            return
        try:
            set_random_state(states[get_rank()], runner.model)
        # Such as a model with another number of generators.
        except (LookupError, TypeError, ValueError, RuntimeError) as error:
            runner.logger.warning(
                'the random states of the checkpoint do not fit '
                f'({type(error).__name__}, {error}): the training does not go '
                'on as an uninterrupted one'
            )
        within = saved['iter'] % len(runner.train_dataloader)
        if within and not isinstance(runner.train_loop, IterBasedTrainLoop):
            runner.logger.warning(
                f'the checkpoint lies within an epoch, after {within} '
                'iterations. The host starts the epoch again, so the training '
                'does not go on as an uninterrupted one'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the random states into a checkpoint that can be resumed."""
        if self._validated:  # FlexibleRunner writes an epoch too many
            checkpoint['meta'].update(epoch=runner.epoch, iter=runner.iter)
        if self._states is not None:
            checkpoint['random_state'] = dict(
                ranks=self._states,
                iter=checkpoint['meta']['iter'],
                sampler_seed=_sampler_seed(runner),
            )
            checkpoint['validated'] = self._validated

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        # As in the host, but the old checkpoint goes last.
        old = self._keep(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._states = all_gather_object(get_random_state(runner.model))
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self._states = None
        if is_main_process():
            last = os.path.join(runner.work_dir, 'last_checkpoint')
            write_text(last, str(self.last_ckpt))
            if old is not None:
                self._remove(old)

    def _keep(self, runner: Runner, step: int) -> str | None:
        """Note a new checkpoint; return the old one that it replaces."""
        if self.max_keep_ckpts <= 0:
            return None
        kept, old = self.keep_ckpt_ids, None
        if not kept or kept[-1] != step:
            if len(kept) == self.max_keep_ckpts:
                name = self.filename_tmpl.format(kept.popleft())
                old = self.file_backend.join_path(self.out_dir, name)
            kept.append(step)
        runner.message_hub.update_info('keep_ckpt_ids', list(kept))
        return old

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        # The host deletes the best checkpoint before it writes a better one,
        # and it saves the last one again. It does neither to what it does not
        # know.
        old, last = self._best, self.last_ckpt
        self._best, self.last_ckpt = dict.fromkeys(old), None
        super()._save_best_checkpoint(runner, metrics)
        new, self.last_ckpt = self._best, last
        self._improved = last is not None and any(new.values())
        self._best = {key: new.get(key) or old[key] for key in old}
        for key, path in old.items():
            if path and path != self._best[key] and is_main_process():
                self._remove(path)

    def after_val(self, runner: Runner) -> None:
        """Save again what a better validation has changed."""
        if not self._improved:
            return
        step = runner.epoch if self.by_epoch else runner.iter
        meta = dict(epoch=runner.epoch, iter=runner.iter)
        self._improved, self._validated = False, True
        self._save_checkpoint_with_step(runner, step, meta)
        self._validated = False

    @property
    def _best(self) -> dict[str, str | None]:
        """dict: The best checkpoint of each metric of ``save_best``."""
        if hasattr(self, 'best_ckpt_path'):
            return {'': self.best_ckpt_path}
        return dict(getattr(self, 'best_ckpt_path_dict', {}))

    @_best.setter
    def _best(self, paths: dict[str, str | None]) -> None:
        if hasattr(self, 'best_ckpt_path'):
            self.best_ckpt_path = paths['']
        else:
            self.best_ckpt_path_dict = paths

    def _remove(self, path: str) -> None:
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):  # deepspeed saves folders
            self.file_backend.rmtree(path)


def _sampler(runner: Runner) -> Any:
    """Return what chooses the training images."""
    loader = runner.train_dataloader
    if hasattr(loader.sampler, 'seed'):
        return loader.sampler
    return getattr(loader.batch_sampler, 'sampler', loader.sampler)


def _sampler_seed(runner: Runner) -> int:
    return int(getattr(_sampler(runner), 'seed', runner.seed))
