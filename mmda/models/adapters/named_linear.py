"""A linear layer that knows the classes of its rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mmengine.registry import MODELS
from torch import Tensor, nn

from .named_classes import NamedClasses, check_num_classes


@MODELS.register_module()
class NamedLinear(NamedClasses, nn.Linear):
    """``torch.nn.Linear`` from a feature to one answer per class.

    The layer starts as ``torch.nn.Linear`` does, so that its answers have the
    scale of a dynamic adapter's answers. The stock head of mmpretrain draws
    its weights from Normal(0, 0.01).

    Args:
        in_channels (int): Dimension of the feature, m.
        num_classes (int, optional): Number of classes, C. Defaults to the
            number of ``classes``.
        classes (Sequence[str], optional): The label space. It is saved with
            the weights. A checkpoint with other or permuted classes is
            matched by name.

    Raises:
        ValueError: If ``classes`` and ``num_classes`` contradict each other.

    Examples:
        >>> NamedLinear(8, classes=('a', 'b')).weight.shape
        torch.Size([2, 8])
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        super().__init__(in_channels, check_num_classes(num_classes, classes))
        self.name_classes(num_classes, classes)

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Move the rows of the shared classes; see the base class."""
        old, new = self.match_classes(stored)
        for key in ('weight', 'bias'):
            self._take(state_dict, prefix + key, 0, old, new)

    def weights_of(self, names: Collection[str]) -> dict[str, Tensor]:
        """Find the rows of some classes; see the base class."""
        among = self._among(names)
        return dict(weight=among[:, None], bias=among)
