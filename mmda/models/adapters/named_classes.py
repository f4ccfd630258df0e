"""A module that answers per class and knows the names of its classes."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn


def check_num_classes(
    num_classes: int | None, classes: Sequence[str] | None
) -> int:
    """Return the number of classes, which follows from the names.

    Args:
        num_classes (int, optional): Number of classes, C. It may be left out
            where ``classes`` is given.
        classes (Sequence[str], optional): Names of the classes.

    Returns:
        int: C.

    Raises:
        ValueError: If neither is given, or if the two contradict each other.

    Examples:
        >>> check_num_classes(None, ('Edema', 'Mass'))
        2
    """
    if classes is None:
        if num_classes is None:
            raise ValueError(
                'expected classes (the names) or num_classes, found neither'
            )
        return num_classes
    if num_classes not in (None, len(classes)):
        raise ValueError(
            f'classes has {len(classes)} names, expected num_classes='
            f'{num_classes}: {tuple(classes)}'
        )
    return len(classes)


def encode_names(classes: Sequence[str] | None) -> Tensor:
    """Write class names into a tensor (JSON in UTF-8).

    A checkpoint that holds the tensor says which class each weight serves.

    Args:
        classes (Sequence[str], optional): Names; None if they are not known.

    Returns:
        Tensor: uint8, one-dimensional; empty where ``classes`` is None.

    Examples:
        >>> decode_names(encode_names(['Edema', 'Mass']))
        ('Edema', 'Mass')
    """
    text = '' if classes is None else json.dumps(list(classes))
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def decode_names(names: Tensor) -> tuple[str, ...]:
    """Read class names back from a tensor.

    Args:
        names (Tensor): A result of :func:`encode_names`.

    Returns:
        tuple[str, ...]: The names; empty where none were known.
    """
    text = bytes(names.cpu().tolist()).decode()
    return tuple(json.loads(text)) if text else ()


class NamedClasses(nn.Module):
    """Mixin: save the class names with the weights and match them by name.

    Put the mixin before the module class, call :meth:`name_classes` in
    ``__init__`` and write :meth:`rearrange` and :meth:`weights_of`.

    Attributes:
        num_classes (int): Number of classes, C.
        classes (tuple[str, ...] | None): The label space. None until names
            are known: they may come from a checkpoint of as many classes.
        stored (tuple[str, ...] | None): The classes of the checkpoint that
            was loaded last. None if it has no class names.
    """

    num_classes: int
    classes: tuple[str, ...] | None
    class_names: Tensor
    stored: tuple[str, ...] | None = None

    def name_classes(
        self, num_classes: int | None, classes: Sequence[str] | None
    ) -> None:
        """Remember the label space.

        Args:
            num_classes (int, optional): Number of classes, C.
            classes (Sequence[str], optional): Their names.

        Raises:
            ValueError: See :func:`check_num_classes`.
        """
        self.num_classes = check_num_classes(num_classes, classes)
        self.classes = None if classes is None else tuple(classes)
        self.register_buffer('class_names', encode_names(self.classes))

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Rewrite the entries of a checkpoint for this label space, in place.

        Args:
            state_dict (dict[str, Tensor]): Weights for the classes
                ``stored``.
            prefix (str): What precedes the names of this module's entries.
            stored (tuple[str, ...]): The classes of the checkpoint. They
                differ from the classes of this module.
        """
        raise NotImplementedError

    def weights_of(self, names: Collection[str]) -> dict[str, Tensor]:
        """Find the weights on which the answers for some classes depend.

        While these stay as they are, so do the answers to the same features.

        Args:
            names (Collection[str]): Names of classes.

        Returns:
            dict[str, Tensor]: Name of each parameter -> bool mask, which
            broadcasts to the parameter.

        Raises:
            ValueError: If the module cannot keep a part of its classes.
        """
        raise ValueError(
            f'{type(self).__name__} cannot freeze a part of its classes'
        )

    def _among(self, names: Collection[str]) -> Tensor:
        """Tell which classes are among some names: bool (C,)."""
        return torch.tensor([name in names for name in self.classes or ()])

    def match_classes(self, stored: tuple[str, ...]) -> tuple[Tensor, Tensor]:
        """Find the classes that a checkpoint shares with this module.

        Args:
            stored (tuple[str, ...]): The classes of the checkpoint.

        Returns:
            tuple[Tensor, Tensor]: int64 (K,) each: indices of the K shared
            classes in the checkpoint, and in this module.
        """
        assert self.classes is not None
        kept = [name for name in stored if name in self.classes]
        old = [stored.index(name) for name in kept]
        new = [self.classes.index(name) for name in kept]
        return torch.tensor(old).long(), torch.tensor(new).long()

    def _take(
        self, state_dict: dict, key: str, dim: int, old: Tensor, new: Tensor
    ) -> None:
        """Put the entries ``old`` of a stored weight in the places ``new``.

        All other places keep this module's own weights.
        """
        name = key.rpartition('.')[2]
        own = self.get_parameter(name).detach().cpu().clone()
        given = state_dict[key].cpu().index_select(dim, old)
        state_dict[key] = own.index_copy_(dim, new, given.to(own))

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Match the classes of a checkpoint by name, then load as usual."""
        names = state_dict.get(prefix + 'class_names')
        self.stored = None
        if names is not None:
            stored = decode_names(names)
            if self.classes is None and len(stored) == self.num_classes:
                # From now on a check against the data can find a permuted
                # label space.
                self.classes = stored
                self.class_names = names.to(self.class_names.device)
            if stored and self.classes and stored != self.classes:
                with torch.no_grad():
                    self.rearrange(state_dict, prefix, stored)
                _report(stored, self.classes)
            self.stored = stored or None
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
