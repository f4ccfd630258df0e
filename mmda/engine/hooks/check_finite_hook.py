"""Stop a training whose loss is not finite."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class CheckFiniteHook(Hook):
    """Stop a training whose loss is NaN or infinite.

    All checkpoints stay. The message names the newest one.

    Args:
        interval (int): Number of iterations between two checks. Defaults to
            1.
    """

    def __init__(self, interval: int = 1) -> None:
        self.interval = interval

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Check the terms of the loss.

        Raises:
            FloatingPointError: If a term is not finite. The message names the
                term, the iteration and the checkpoint to resume.
        """
        if not outputs or not self.every_n_train_iters(runner, self.interval):
            return
        bad = [
            f'{key}={float(torch.as_tensor(value).detach().mean())}'
            for key, value in outputs.items()
            if 'loss' in key
            and not torch.isfinite(torch.as_tensor(value)).all()
        ]
        if bad:
            saved = runner.message_hub.get_info('last_ckpt')
            raise FloatingPointError(
                f'the loss is not finite at '
                f'iteration {runner.iter + 1} (epoch {runner.epoch + 1}): '
                f'{", ".join(bad)}. Newest checkpoint: {saved or "none yet"}. '
                'A lower learning rate or clip_grad in optim_wrapper may help'
            )
