"""Match the classes of a source with the joint label space."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log

from mmda.structures import LabelSpace, class_indices, nearest


def annotated_columns(
    source_classes: Sequence[str],
    joint_names: Sequence[str],
    space: LabelSpace,
    labeled_classes: Sequence[str] | None,
    source: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the annotated classes of a source in the joint label space.

    Args:
        source_classes (Sequence[str]): Names as the source spells them.
        joint_names (Sequence[str]): Names of the same classes after aliasing.
        space (LabelSpace): The joint label space.
        labeled_classes (Sequence[str], optional): Classes whose labels are
            used, in either spelling. Defaults to None, all classes that the
            label space has.
        source (str): Name of the source, for messages.

    Returns:
        tuple[ndarray, ndarray]: int64 arrays of equal length: indices of the
        annotated classes in the source, and in the joint label space.

    Raises:
        ValueError: If a labeled class is unknown to the source or to the
            label space, or is given twice, if an alias is not in the label
            space, or if no class is left.

    Examples:
        >>> annotated_columns(['a', 'b'], ['a', 'b'], LabelSpace(('b', 'c')),
        ...                   ['b'], 'toy')
        (array([1]), array([0]))
    """
    if labeled_classes is None:
        wanted = list(range(len(joint_names)))
    else:
        where = f'labeled_classes of {source}'
        # A name is looked up in the spelling of the source first.
        spellings = [*joint_names, *source_classes]
        found = class_indices(labeled_classes, spellings, where)
        wanted = [index % len(joint_names) for index in found]
        for place, name in enumerate(labeled_classes):
            if wanted[place] in wanted[:place]:
                raise ValueError(f'{where}: {name!r} is given twice')
    own, joint, left_out = [], [], []
    for position in wanted:
        name = joint_names[position]
        if name in space:
            own.append(position)
            joint.append(space.index(name))
        elif labeled_classes is not None:
            raise ValueError(
                f'labeled_classes of {source}: {name!r} is not in the '
                f'label space{nearest(name, space.classes)}'
            )
        elif name != source_classes[position]:
            raise ValueError(
                f'{source}: aliases and keep_apart turn '
                f'{source_classes[position]!r} into {name!r}, which is not '
                f'in the label space{nearest(name, space.classes)}'
            )
        else:
            left_out.append(name)
    if not own:
        raise ValueError(
            f'{source} annotates no class of the label space '
            f'{space.classes}; its classes are {tuple(source_classes)}'
        )
    if left_out:
        print_log(
            f'{source}: classes outside the label space are not used: '
            f'{left_out}',
            logger='current',
        )
    for name in left_out:
        hint = nearest(name, space.classes)
        if hint.startswith('; nearest'):
            print_log(
                f'{source}: the class {name!r} is not used. If it is a class '
                f'of the label space, add it to `aliases`{hint}',
                logger='current',
                level=logging.WARNING,
            )
    return np.asarray(own), np.asarray(joint)
