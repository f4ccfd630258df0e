"""Turn tables of one's own into the datasets of a config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmda.structures import LabelSpace

from .csv_label_dataset import CSVLabelDataset

#: Parts into which a table without a held-out table is divided. The first
#: part validates, the second one tests.
PARTS = 10
SPLITS = ('train', 'val', 'test')
#: Keys of a table that are arguments of PartialLabelDataset.
OF_WRAPPER = ('labeled_classes', 'contradictions', 'rules')
#: Its other arguments, and those of CSVLabelDataset that the config sets.
_NOT_A_KEY = (
    *('aliases', 'background_classes', 'exclusive', 'keep_apart', 'name'),
    *('num_samples', 'part', 'part_of', 'ann_file', 'pipeline', 'test_mode'),
)


class OwnSources(NamedTuple):
    """The sources of a config.

    Attributes:
        classes (tuple[str, ...] | str): The joint label space, or its file.
        train (list[dict]): Configs of the training datasets.
        val (list[dict]): Configs of the validation datasets.
        test (list[dict]): Configs of the test datasets.
    """

    classes: tuple[str, ...] | str
    train: list[dict[str, Any]]
    val: list[dict[str, Any]]
    test: list[dict[str, Any]]


def sources_of_tables(
    tables: Mapping[str, Mapping[str, Any]],
    data_root: str,
    train_pipeline: Sequence[dict],
    test_pipeline: Sequence[dict],
    aliases: Mapping[str, str] | str | None = None,
) -> OwnSources:
    """Write the datasets of a config from a table for each source.

    The joint label space is the union of the classes of the training tables,
    unless a file of ``mmda label_space`` says it.
    A source without a table for validation or for test gives a tenth of its
    patients, which no other split of the source has.

    Args:
        tables (Mapping[str, Mapping]): Name of a source -> ``train``, and
            perhaps ``val`` and ``test``: tables relative to ``data_root``.
            ``labeled_classes``, ``contradictions`` and ``rules`` are
            arguments of ``PartialLabelDataset``. All other keys, such as a
            ``data_root`` of its own, are arguments of
            :class:`CSVLabelDataset`. A source without ``val`` or
            ``test`` needs ``patient_column``; None says that no two images
            show one patient.
        data_root (str): Folder of the tables and of the images.
        train_pipeline (Sequence[dict]): Transforms of training images.
        test_pipeline (Sequence[dict]): Transforms of all other images.
        aliases (Mapping[str, str] | str, optional): Spelling of a source ->
            name in the label space. Or the file of ``mmda label_space``, such
            as 'space.json', which also gives the classes and the rules.

    Returns:
        OwnSources: The label space, and the configs of the datasets.

    Raises:
        FileNotFoundError: If a training table does not exist.
        ValueError: If a source has no ``train``, if it needs
            ``patient_column``, or if a key cannot be used here.
    """
    for name, table in tables.items():
        _check_table(name, table)
    tables = {n: {'data_root': data_root, **t} for n, t in tables.items()}
    own = {
        name: _classes_of(table, table['train'])
        for name, table in tables.items()
    }
    classes: tuple[str, ...] | str
    if isinstance(aliases, str):
        # `mmda label_space` reads this config before it writes the file.
        classes, aliases = aliases, None
    else:
        used = {
            n: t.get('labeled_classes') or own[n] for n, t in tables.items()
        }
        classes = LabelSpace.union(used, aliases).classes
    datasets: dict[str, list[dict]] = {split: [] for split in SPLITS}
    for name, table in tables.items():
        for split in SPLITS:
            is_train = split == 'train'
            file = table.get(split) or table['train']
            source = dict(
                type='CSVLabelDataset',
                ann_file=file,
                test_mode=not is_train,
                pipeline=list(train_pipeline if is_train else test_pipeline),
                **_arguments(table),
            )
            if table.get('label_column') and not table.get('classes'):
                # A list names the positive classes only. A class that no
                # image of this table has is still negative in it.
                more: Sequence[str] = ()
                path = Path(table['data_root'], file)
                if file != table['train'] and path.is_file():
                    more = _classes_of(table, file)
                source['classes'] = [*dict.fromkeys([*own[name], *more])]
            datasets[split].append(
                dict(
                    type='PartialLabelDataset',
                    name=name,
                    classes=classes,
                    aliases=dict(aliases or {}),
                    dataset=source,
                    **{key: table[key] for key in OF_WRAPPER if key in table},
                    **_part(table, split),
                )
            )
    return OwnSources(classes, **datasets)


def _check_table(name: str, table: Mapping[str, Any]) -> None:
    if not table.get('train'):
        raise ValueError(
            f'tables[{name!r}]: found {sorted(table)}, expected the key '
            '`train` with the name of a table'
        )
    wrong = [key for key in _NOT_A_KEY if key in table]
    if wrong:
        raise ValueError(
            f'tables[{name!r}]: found the key {wrong[0]!r}. Expected one of '
            f'{[*SPLITS, *OF_WRAPPER]} or an option of CSVLabelDataset. For '
            'all other options, write the PartialLabelDataset of each split '
            'into the config'
        )
    absent = [split for split in SPLITS if not table.get(split)]
    if absent and 'patient_column' not in table:
        raise ValueError(
            f'tables[{name!r}] has no table `{absent[0]}`, so its patients '
            'are divided. Expected `patient_column`, the column that names '
            'them; or patient_column=None if no two images show one patient'
        )


def _arguments(table: Mapping[str, Any]) -> dict[str, Any]:
    others = (*SPLITS, *OF_WRAPPER)
    return {key: v for key, v in table.items() if key not in others}


def _classes_of(table: Mapping[str, Any], file: str) -> Sequence[str]:
    dataset = CSVLabelDataset(file, lazy_init=True, **_arguments(table))
    # `classes` may be the name of a file, which the host reads.
    return dataset.metainfo.get('classes') or dataset.find_classes()


def _part(table: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Choose the images of a split from a table that serves several."""
    shared = [s for s in SPLITS if s == 'train' or not table.get(s)]
    if split not in shared or len(shared) == 1:
        return {}
    held_out = {'val': 0, 'test': 1}
    kept: Any = held_out.get(split)
    if split == 'train':
        taken = [held_out[s] for s in shared[1:]]
        kept = [k for k in range(PARTS) if k not in taken]
    by_patient = table['patient_column'] is not None
    return dict(
        part=(kept, PARTS), part_of='patients' if by_patient else 'images'
    )
