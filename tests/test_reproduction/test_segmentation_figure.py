import cv2
import numpy as np
import pytest
from reproduction.compare_segmentation import (
    check_same_image,
    find_images,
    main,
)
from reproduction.segmentation_figure import (
    ERRORS,
    Comparison,
    class_colors,
    draw_comparison,
    error_map,
    name_pixels,
)


def test_the_error_map_names_who_is_wrong_about_the_class():
    truth = np.array([['bus', 'bus', 'bus', 'car', 'car', '', '?']], object)
    a = np.array([['bus', 'car', '', 'bus', 'road', 'bus', 'bus']], object)
    b = np.array([['bus', 'bus', 'car', 'bus', '', '', '']], object)
    kinds = list(ERRORS)
    found = [kinds[code] for code in error_map(truth, a, b, 'bus')[0]]
    assert found == [
        'both right',
        'only A wrong',
        'both wrong',
        'both wrong',
        'both right',
        'only A wrong',
        'unknown',
    ]


def test_pixels_are_named_as_the_label_contract_says():
    label = np.array([[0, 1, 2, 254, 255]])
    found = name_pixels(label, ('bus', 'car')).tolist()
    assert found == [['bus', 'car', '', '', '?']]


def test_classes_of_cityscapes_have_their_own_colours():
    colors = class_colors(['bus', 'kiosk'])
    assert colors['bus'] == (0, 60, 100)
    assert len(set(colors.values())) == 4


def test_the_picture_shows_each_map_in_the_colours_of_its_classes(tmp_path):
    truth = np.full((40, 80), 'bus', dtype=object)
    row = Comparison(
        np.full((40, 80, 3), 200, np.uint8),
        truth,
        np.full((40, 80), 'car', dtype=object),
        truth,
        'frame',
    )
    path = tmp_path / 'new' / 'out.png'
    draw_comparison([row, row], ['bus', 'car'], ('x', 'y'), 'bus', path)
    pixels = cv2.imread(str(path))[..., ::-1].reshape(-1, 3)

    def area(color):
        return int((pixels == color).all(axis=1).sum())

    bus, car = (class_colors(['bus', 'car'])[n] for n in ('bus', 'car'))
    # Truth and B against A; the legend adds a little.
    assert area(bus) == pytest.approx(2 * area(car), rel=0.05)
    assert area(ERRORS['only A wrong']) == pytest.approx(area(car), rel=0.05)
    assert path.with_suffix('.pdf').is_file()


def test_images_are_found_by_position_or_name():
    paths = ['x/frankfurt_01.png', 'x/frankfurt_02.png', 'x/lindau_01.png']
    assert find_images(paths, ['2', '_02', 'lindau']) == [2, 1, 2]


@pytest.mark.parametrize('text', ['7', 'frankfurt', 'ulm'])
def test_a_text_that_does_not_name_one_image_is_an_error(text):
    paths = ['x/frankfurt_01.png', 'x/frankfurt_02.png']
    with pytest.raises(ValueError, match=f'--images {text}: expected'):
        find_images(paths, [text])


class Images(list):
    def get_data_info(self, index):
        return dict(img_path=self[index])


def test_two_models_are_drawn_only_on_the_same_image():
    a, b = Images(['x/1.png', 'x/2.png']), Images(['x/../x/1.png', 'x/3.png'])
    check_same_image(a, b, 0)
    with pytest.raises(ValueError, match='x/2.png for the first.*x/3.png'):
        check_same_image(a, b, 1)
    with pytest.raises(ValueError, match='None for the first'):
        check_same_image(Images(), b, 0)


def test_a_missing_file_of_the_second_model_ends_in_one_line(tmp_path, capsys):
    config, weights = tmp_path / 'a.py', tmp_path / 'a.pth'
    config.touch()
    weights.touch()
    for second, said in (
        (['no.py', str(weights)], 'there is no config no.py'),
        ([str(config), 'no.pth'], 'checkpoint: there is no checkpoint no.pth'),
    ):
        with pytest.raises(SystemExit) as exit_info:
            main([str(config), str(weights), *second])
        assert exit_info.value.code == 2
        assert said in capsys.readouterr().err.splitlines()[-1]
