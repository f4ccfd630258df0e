"""Which classes of a source the joint label space knows."""

from __future__ import annotations

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
            space, or if no class is left.

    Examples:
        >>> annotated_columns(['a', 'b'], ['a', 'b'], LabelSpace(('b', 'c')),
        ...                   ['b'], 'toy')
        (array([1]), array([0]))
    """
    own_index = {name: i for i, name in enumerate(joint_names)}
    own_index.update({name: i for i, name in enumerate(source_classes)})
    wanted = joint_names if labeled_classes is None else labeled_classes
    own, joint, left_out = [], [], []
    for name in wanted:
        if name not in own_index:
            raise ValueError(
                f'labeled_classes of {source}: {name!r} is no class of this '
                f'source{nearest(name, source_classes)}'
            )
        joint_name = joint_names[own_index[name]]
        if joint_name in space:
            own.append(own_index[name])
            joint.append(space.index(joint_name))
        elif labeled_classes is None:
            left_out.append(joint_name)
        else:
            raise ValueError(
                f'labeled_classes of {source}: {joint_name!r} is not in the '
                f'label space{nearest(joint_name, space.classes)}'
            )
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
    return np.asarray(own), np.asarray(joint)
