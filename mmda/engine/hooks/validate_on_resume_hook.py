"""Run the validation that a resumed checkpoint still lacks."""

from __future__ import annotations

import math

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import IterBasedTrainLoop, Runner


@HOOKS.register_module()
class ValidateOnResumeHook(Hook):
    """Validate a resumed checkpoint before the training continues.

    The stock loops save a checkpoint before they validate it. So the
    checkpoint lacks what the validation decides: learning rate on plateau,
    early stopping and best checkpoint. With this hook, a resumed run
    validates first. Then its state equals the state of an uninterrupted run.
    """

    # CheckpointHook (VERY_LOW) must find its folder and its best score first.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._before_validation = False
        self._whole_epoch = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note at which point of the loop the checkpoint was saved."""
        meta = checkpoint.get('meta', {})
        hub = checkpoint.get('message_hub', {}).get('runtime_info', {})
        # Before the validation, the hub holds the last iteration and meta the
        # next one. This does not hold in a checkpoint that was saved after
        # the validation, such as the best one.
        self._before_validation = meta.get('iter') == hub.get(
            'iter', math.nan
        ) + 1 and not checkpoint.get('validated', False)
        self._whole_epoch = meta.get('epoch') == hub.get('epoch', math.nan) + 1

    def before_train(self, runner: Runner) -> None:
        """Validate where the loop would have done so."""
        loop = runner.train_loop
        if not runner._resume or runner.val_loop is None:
            return
        if isinstance(loop, IterBasedTrainLoop):
            due, unit = self._before_validation, 'iteration'
            done, last = loop.iter, loop.max_iters
        else:
            due, unit = self._before_validation and self._whole_epoch, 'epoch'
            done, last = loop.epoch, loop.max_epochs
        if not due or done < loop.val_begin:
            return
        loop._decide_current_val_interval()
        if done % loop.val_interval == 0 or done == last:
            runner.logger.info(f'Validating the resumed {unit} {done} first')
            runner.val_loop.run()
