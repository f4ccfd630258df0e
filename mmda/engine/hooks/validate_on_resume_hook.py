"""Make up for the validation that a checkpoint of an epoch's end lacks."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class ValidateOnResumeHook(Hook):
    """Validate a resumed checkpoint before training goes on.

    The stock loop saves the checkpoint of an epoch before it validates that
    epoch. What validation decides (learning rate on plateau, early stopping,
    best checkpoint) is therefore missing from the checkpoint; a resumed run
    validates first, and goes on with the state of an uninterrupted one.
    """

    # After CheckpointHook (VERY_LOW) has found its folder and its best score.
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Validate where the loop would have done so."""
        loop = runner.train_loop
        if not runner._resume or not loop.epoch or runner.val_loop is None:
            return
        if loop.epoch >= loop.val_begin and (
            loop.epoch % loop.val_interval == 0
            or loop.epoch == loop.max_epochs
        ):
            runner.logger.info(
                f'Validating the resumed epoch {loop.epoch} first'
            )
            runner.val_loop.run()
