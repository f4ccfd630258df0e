"""Make up for the validation that a checkpoint of an epoch's end lacks."""

from __future__ import annotations

import math

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import IterBasedTrainLoop, Runner


@HOOKS.register_module()
class ValidateOnResumeHook(Hook):
    """Validate a resumed checkpoint before training goes on.

    The stock loops save the checkpoint of an epoch, or of an iteration,
    before they validate it. What validation decides (learning rate on
    plateau, early stopping, best checkpoint) is therefore missing from the
    checkpoint; a resumed run validates first, and goes on with the state of
    an uninterrupted one.
    """

    # After CheckpointHook (VERY_LOW) has found its folder and its best score.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._before_validation = False
        self._whole_epoch = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note at which point of the loop the checkpoint was saved."""
        meta = checkpoint.get('meta', {})
        hub = checkpoint.get('message_hub', {}).get('runtime_info', {})
        # The hub knows the iteration that ran last, the meta the next one;
        # the best checkpoint, saved after the validation, is further on.
        self._before_validation = (
            meta.get('iter') == hub.get('iter', math.nan) + 1
        )
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
