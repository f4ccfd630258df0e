"""What a module that answers per class does with the names of its classes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from .class_names import decode_names, encode_names


class NamedClasses(nn.Module):
    """Mixin: the label space is saved with the weights and matched by name.

    Put it before the module class, call :meth:`name_classes` in ``__init__``
    and write :meth:`rearrange`.

    Attributes:
        classes (tuple[str, ...] | None): The label space; None: no names,
            until a checkpoint that has as many is loaded.
    """

    num_classes: int
    classes: tuple[str, ...] | None
    class_names: Tensor

    def name_classes(
        self, num_classes: int, classes: Sequence[str] | None
    ) -> None:
        """Remember the label space.

        Args:
            num_classes (int): Number of classes, n.
            classes (Sequence[str], optional): Their names.

        Raises:
            ValueError: If ``classes`` does not have ``num_classes`` names.
        """
        if classes is not None and len(classes) != num_classes:
            raise ValueError(
                f'classes has {len(classes)} names, expected num_classes='
                f'{num_classes}: {tuple(classes)}'
            )
        self.num_classes = num_classes
        self.classes = None if classes is None else tuple(classes)
        self.register_buffer('class_names', encode_names(self.classes))

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Rewrite the entries of a checkpoint for this label space, in place.

        Args:
            state_dict (dict): Of a module with the classes ``stored``.
            prefix (str): What precedes this module's entries.
            stored (tuple[str, ...]): Other classes than this module's.
        """
        raise NotImplementedError

    def match_classes(self, stored: tuple[str, ...]) -> tuple[Tensor, Tensor]:
        """Find the classes that a checkpoint shares with this module.

        Args:
            stored (tuple[str, ...]): The checkpoint's classes.

        Returns:
            tuple[Tensor, Tensor]: Their indices there and here.
        """
        assert self.classes is not None
        kept = [name for name in stored if name in self.classes]
        old = [stored.index(name) for name in kept]
        new = [self.classes.index(name) for name in kept]
        return torch.tensor(old).long(), torch.tensor(new).long()

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Match the classes of a checkpoint by name, then load as usual."""
        names = state_dict.get(prefix + 'class_names')
        if names is not None:
            stored = decode_names(names)
            if self.classes is None and len(stored) == self.num_classes:
                # What the rows mean is known from now on, so that a check
                # against the data can find a permuted label space.
                self.classes = stored
                self.class_names = names.to(self.class_names.device)
            if stored and self.classes and stored != self.classes:
                with torch.no_grad():
                    self.rearrange(state_dict, prefix, stored)
                _report(stored, self.classes)
            state_dict[prefix + 'class_names'] = self.class_names
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _report(stored: tuple[str, ...], classes: tuple[str, ...]) -> None:
    """Log which classes were matched, initialised anew and left out."""
    kept = [name for name in classes if name in stored]
    added = [name for name in classes if name not in stored]
    dropped = [name for name in stored if name not in classes]
    message = (
        f'the checkpoint has other classes; matched by name: {kept}, '
        f'initialised anew: {added}, not in this label space: {dropped}'
    )
    level = logging.INFO if kept else logging.WARNING
    print_log(message, logger='current', level=level)
