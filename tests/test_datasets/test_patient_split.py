import numpy as np
import pytest

from mmda.datasets.tables.patient_split import (
    positions_with_sum,
    split_by_patient,
)


def patients_of(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize('seed', range(5))
def test_the_number_of_images_is_exact_and_patients_stay_whole(seed):
    generator = np.random.default_rng(seed)
    patients = patients_of(generator.geometric(0.3, 400))
    patients = generator.permutation(patients)
    wanted = len(patients) // 4
    chosen = split_by_patient(patients, wanted, seed)
    assert chosen.sum() == wanted
    assert not set(patients[chosen]) & set(patients[~chosen])


def test_a_first_choice_that_leaves_a_gap_is_replaced():
    # Only 6 + 10 makes 16. After 15 nothing fits.
    patients = patients_of([6, 10, 15])
    for seed in range(20):
        chosen = split_by_patient(patients, 16, seed)
        assert set(patients[chosen]) == {0, 1}


def test_every_number_that_some_choice_has_is_found():
    sizes = [2, 4, 4, 7, 11]
    sums = {
        sum(s for i, s in enumerate(sizes) if code >> i & 1)
        for code in range(1 << len(sizes))
    }
    patients = patients_of(sizes)
    for wanted in range(sum(sizes) + 1):
        if wanted in sums:
            assert split_by_patient(patients, wanted, 3).sum() == wanted
        else:
            with pytest.raises(ValueError, match=f'exactly {wanted} of the'):
                split_by_patient(patients, wanted, 3)


def test_many_patients_of_equal_size_are_no_obstacle():
    sizes = [7] * 20 + [11] * 20
    sums = {7 * a + 11 * b for a in range(21) for b in range(21)}
    for total in range(sum(sizes) + 1):
        found = positions_with_sum(sizes, total)
        assert (found is not None) == (total in sums)
        if found is not None:
            assert len(set(found)) == len(found)
            assert sum(sizes[position] for position in found) == total


def test_the_message_names_the_table():
    with pytest.raises(ValueError, match=r'a\.csv: no choice .* 1 of the 4'):
        split_by_patient(patients_of([2, 2]), 1, 0, 'a.csv')


def test_the_seed_decides_and_the_order_of_rows_does_not():
    patients = patients_of(np.random.default_rng(0).geometric(0.3, 300))
    first = split_by_patient(patients, 200, 1)
    assert (first == split_by_patient(patients, 200, 1)).all()
    assert (first != split_by_patient(patients, 200, 2)).any()
    backwards = split_by_patient(patients[::-1], 200, 1)
    assert (first == backwards[::-1]).all()


def test_the_chosen_patients_are_no_special_ones():
    sizes = np.random.default_rng(0).geometric(0.3, 3000)
    patients = patients_of(sizes)
    chosen = split_by_patient(patients, len(patients) // 4, 0)
    mean = chosen.sum() / len(set(patients[chosen]))
    # Standard error of the mean of 750 sizes is 2.8 / 750**0.5 = 0.1.
    assert mean == pytest.approx(sizes.mean(), abs=0.4)


def test_strings_are_patients_too():
    chosen = split_by_patient(np.array([b'a', b'b', b'a']), 1, 0)
    assert chosen.tolist() == [False, True, False]
