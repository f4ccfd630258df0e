"""Divide a model between processes, and resume its training."""

from __future__ import annotations

from typing import Any

from mmengine._strategy import FSDPStrategy
from mmengine.device import get_device
from mmengine.registry import STRATEGIES
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel


def is_sharded(model: nn.Module) -> bool:
    """Say whether a process holds only a part of the weights.

    Args:
        model (Module): A model, with its wrappers.

    Returns:
        bool: Whether FSDP has divided the weights.

    Examples:
        >>> is_sharded(nn.Linear(2, 1))
        False
    """
    return any(
        isinstance(m, FullyShardedDataParallel) for m in model.modules()
    )


@STRATEGIES.register_module()
class ResumableFSDPStrategy(FSDPStrategy):
    """``FSDPStrategy`` that resumes a training, on a CPU too.

    A config takes it with ``runner_type='FlexibleRunner'`` and
    ``strategy=dict(type='ResumableFSDPStrategy')``. Three things differ from
    the stock class. A checkpoint is one file with all weights, so every
    command of mmda and every model without FSDP can load it. The state of the
    optimizer can be loaded: the stock class gives it to torch in the place of
    the model. Without an accelerator, the weights stay on the CPU.

    Args:
        model_wrapper (dict, optional): As in ``FSDPStrategy``.
        state_dict_cfg (str | dict): As in ``FSDPStrategy``. Defaults to
            'full'.
        **kwargs: Other arguments of ``FSDPStrategy``.
    """

    def __init__(
        self,
        *,
        model_wrapper: dict | None = None,
        state_dict_cfg: str | dict = 'full',
        **kwargs: Any,
    ) -> None:
        wrapper = dict(type='MMFullyShardedDataParallel')
        if get_device() == 'cpu':
            wrapper['device_id'] = 'cpu'
        super().__init__(
            model_wrapper={**wrapper, **(model_wrapper or {})},
            state_dict_cfg=state_dict_cfg,
            **kwargs,
        )

    def optim_state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer and of its wrapper.

        Returns:
            dict: With the names of the weights. With ``full``, only the main
            process gets the tensors.
        """
        optimizer = self.optim_wrapper.optimizer
        state = FullyShardedDataParallel.optim_state_dict(
            self.model, optimizer
        )
        own = optimizer.state_dict()
        wrapper = self.optim_wrapper.state_dict()
        more = {k: v for k, v in wrapper.items() if k not in own}
        return {**state, **more}

    def load_optim_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of the optimizer and of its wrapper.

        Args:
            state_dict (dict): A result of :meth:`optim_state_dict` from the
                main process.
        """
        optimizer = self.optim_wrapper.optimizer
        own = {key: state_dict[key] for key in ('state', 'param_groups')}
        state = FullyShardedDataParallel.optim_state_dict_to_load(
            self.model, optimizer, own
        )
        self.optim_wrapper.load_state_dict({**state_dict, **state})
