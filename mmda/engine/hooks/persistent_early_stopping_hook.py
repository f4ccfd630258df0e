"""Early stopping whose state survives a resume."""

from __future__ import annotations

from mmengine.hooks import EarlyStoppingHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class PersistentEarlyStoppingHook(EarlyStoppingHook):
    """``EarlyStoppingHook`` that is saved in the checkpoint.

    The stock hook forgets the best score and the count of epochs without
    progress when a run is resumed, and asks for the training loop (and with
    it the training data) even in a test. The arguments are its.
    """

    def before_run(self, runner: Runner) -> None:
        """Check the training loop, where there is a training."""
        if runner._train_loop is not None and runner._train_dataloader is None:
            raise ValueError(
                'PersistentEarlyStoppingHook: train_cfg is given, but no '
                'train_dataloader'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put the state into the checkpoint."""
        checkpoint['early_stopping'] = dict(
            best_score=float(self.best_score), wait_count=self.wait_count
        )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the state from the checkpoint of a resumed run."""
        state = checkpoint.get('early_stopping')
        if runner._resume and state is not None:
            self.best_score = state['best_score']
            self.wait_count = state['wait_count']
