"""Which classes of a source the joint label space knows."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log

from mmda.structures import LabelSpace, nearest


def annotated_columns(
    source_classes: Sequence[str],
    joint_names: Sequence[str],
    space: LabelSpace,
    labeled_classes: Sequence[str] | None,
    source: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Match the classes that a source annotates with the joint label space.

    Args:
        source_classes (Sequence[str]): Names as the source spells them.
        joint_names (Sequence[str]): The same classes' names after aliasing.
        space (LabelSpace): The joint label space.
        labeled_classes (Sequence[str], optional): Classes whose labels are
            used, in either spelling; all that the space knows where None.
        source (str): Name of the source, for messages.

    Returns:
        tuple[ndarray, ndarray]: int64 arrays of equal length: positions among
        the source's own classes, and positions in the joint space.

    Raises:
        ValueError: If a labeled class is not one of the source or of the
            space, or stands there twice, if an alias leads out of the space,
            or if no class is left.

    Examples:
        >>> annotated_columns(['a', 'b'], ['a', 'b'], LabelSpace(('b', 'c')),
        ...                   ['b'], 'toy')
        (array([1]), array([0]))
    """
    if labeled_classes is None:
        wanted = list(range(len(joint_names)))
    else:
        wanted = _positions(
            labeled_classes, source_classes, joint_names, source
        )
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
                f'{source}: aliases and keep_apart make '
                f'{source_classes[position]!r} to {name!r}, which is not in '
                f'the label space{nearest(name, space.classes)}'
            )
        else:
            left_out.append(name)
    if not own:
        raise ValueError(
            f'{source} annotates no class of the label space '
            f'{space.classes}; its classes are {tuple(source_classes)}'
        )
    if left_out:
        _report_left_out(left_out, space, source)
    return np.asarray(own), np.asarray(joint)


def _report_left_out(
    names: Sequence[str], space: LabelSpace, source: str
) -> None:
    """Log classes that are not used; warn of those that look like others."""
    print_log(
        f'{source}: classes outside the label space are not used: '
        f'{list(names)}',
        logger='current',
    )
    for name in names:
        hint = nearest(name, space.classes)
        if hint.startswith('; nearest'):
            print_log(
                f'{source}: is {name!r} one of the label space{hint}? It is '
                'not used; `aliases` would join it',
                logger='current',
                level=logging.WARNING,
            )


def _positions(
    names: Sequence[str],
    source_classes: Sequence[str],
    joint_names: Sequence[str],
    source: str,
) -> list[int]:
    """Return the source's positions of classes named in either spelling."""
    index = {name: i for i, name in enumerate(joint_names)}
    index.update({name: i for i, name in enumerate(source_classes)})
    positions: list[int] = []
    for name in names:
        if name not in index:
            raise ValueError(
                f'labeled_classes of {source}: {name!r} is no class of this '
                f'source{nearest(name, source_classes)}'
            )
        if index[name] in positions:
            raise ValueError(
                f'labeled_classes of {source}: {name!r} stands there twice'
            )
        positions.append(index[name])
    return positions
