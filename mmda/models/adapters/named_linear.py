"""A linear layer that knows the classes of its rows."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from .named_classes import NamedClasses


class NamedLinear(NamedClasses, nn.Linear):
    """``torch.nn.Linear`` from a feature to one answer per class.

    Args:
        in_channels (int): Dimension of the feature, m.
        num_classes (int): Number of classes, n.
        classes (Sequence[str], optional): The label space. It is saved with
            the weights; a checkpoint with other or permuted classes is then
            matched by name.

    Raises:
        ValueError: If ``classes`` does not have ``num_classes`` names.

    Examples:
        >>> NamedLinear(8, 2, classes=('a', 'b')).weight.shape
        torch.Size([2, 8])
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        classes: Sequence[str] | None = None,
    ) -> None:
        super().__init__(in_channels, num_classes)
        self.name_classes(num_classes, classes)

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Move the rows of the shared classes to their places here.

        Args:
            state_dict (dict): Of a layer with the classes ``stored``.
            prefix (str): What precedes this layer's entries.
            stored (tuple[str, ...]): Other classes than this layer's.
        """
        old, new = self.match_classes(stored)
        for key, value in self.named_parameters(recurse=False):
            own = value.detach().cpu().clone()
            own[new] = state_dict[prefix + key].cpu()[old]
            state_dict[prefix + key] = own
