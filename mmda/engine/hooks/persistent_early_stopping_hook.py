"""Early stopping that continues after a resume."""

from __future__ import annotations

from mmengine.hooks import EarlyStoppingHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class PersistentEarlyStoppingHook(EarlyStoppingHook):
    """``EarlyStoppingHook`` that saves its state in the checkpoint.

    When a run is resumed, the stock hook forgets the best score and the
    number of epochs without progress. It also builds the training data in a
    test.

    Takes the same arguments as ``EarlyStoppingHook``.
    """

    def before_run(self, runner: Runner) -> None:
        """Check the training data, if there is a training.

        Raises:
            ValueError: If the config has a training loop but no training
                data.
        """
        if runner._train_loop is not None and runner._train_dataloader is None:
            raise ValueError(
                'PersistentEarlyStoppingHook: train_cfg is given, but no '
                'train_dataloader'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write best score and number of waits into the checkpoint."""
        checkpoint['early_stopping'] = dict(
            best_score=float(self.best_score), wait_count=self.wait_count
        )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read both from the checkpoint, if the run is resumed."""
        state = checkpoint.get('early_stopping')
        if runner._resume and state is not None:
            self.best_score = state['best_score']
            self.wait_count = state['wait_count']
