"""Every kind of file against the pixels that were written into it."""

import struct
import sys
import zlib

import cv2
import numpy as np
import pytest
import torch
from hospital_files import write_dicom
from PIL import Image, TiffImagePlugin

from mmda.datasets import (
    CSVLabelDataset,
    LoadMedicalImage,
    PartialLabelDataset,
)
from mmda.datasets.broken_images import UnusableImageError
from mmda.datasets.images.dicom import decode_dicom
from mmda.models import DualViewDataPreprocessor

RAMP = np.linspace(0, 255, 48).round().astype(np.uint8).reshape(6, 8)


def deep(bits):
    """The ramp with more grey levels, of which 0 and the last one occur."""
    return np.linspace(0, 2**bits - 1, 48).round().reshape(6, 8)


def load(path, **options):
    return LoadMedicalImage(**options)(dict(img_path=str(path)))['img']


def assert_ramp(image, to=1):
    assert image.dtype == np.uint8 and image.shape == RAMP.shape
    np.testing.assert_allclose(image.astype(int), RAMP, atol=to)


@pytest.mark.parametrize('suffix', ['png', 'tif'])
@pytest.mark.parametrize('bits', [10, 12, 14, 16])
def test_grey_of_any_depth_keeps_its_range_and_one_channel(
    tmp_path, bits, suffix
):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(deep(bits).astype(np.uint16)).save(path)
    assert_ramp(load(path))
    exact = load(path, to_float32=True)
    np.testing.assert_allclose(
        exact, deep(bits).astype(int) * (255 / (2**bits - 1)), rtol=1e-6
    )
    assert len(np.unique(exact)) == 48


def test_files_of_8_bits_come_out_as_they_are(tmp_path):
    colour = np.stack([RAMP, RAMP[::-1], RAMP.T.reshape(6, 8)], 2)  # RGB
    alpha = np.full_like(RAMP, 9)
    grey = Image.fromarray(RAMP)
    modes = {
        'L': grey,
        'LA': Image.merge('LA', [grey, Image.fromarray(alpha)]),
        'RGB': Image.fromarray(colour),
        'RGBA': Image.fromarray(np.dstack([colour, alpha])),
        'grey P': grey.convert('P'),
        'P': Image.fromarray(colour).quantize(48),
        'float': Image.fromarray((RAMP / 255).astype(np.float32)),
        '1': grey.convert('1', dither=0),
    }
    for name, image in modes.items():
        path = tmp_path / ('a.tif' if name == 'float' else 'a.png')
        image.save(path)
        found = load(path)
        if name in ('L', 'LA', 'grey P', 'float'):
            np.testing.assert_array_equal(found, RAMP)
        elif name == '1':
            np.testing.assert_array_equal(found, 255 * (RAMP > 127))
        elif name == 'P':
            shown = np.asarray(image.convert('RGB'))
            np.testing.assert_array_equal(found, shown[..., ::-1])
        else:
            np.testing.assert_array_equal(found, colour[..., ::-1])
        assert load(path, color_type='grayscale').shape == (6, 8)
        assert load(path, color_type='color').shape == (6, 8, 3)


def test_colour_of_16_bits_keeps_its_levels(tmp_path):
    colour = np.stack([deep(12)] * 2 + [deep(12)[::-1]], 2).astype(np.uint16)
    for suffix in ('png', 'tif'):
        cv2.imwrite(str(tmp_path / f'a.{suffix}'), colour)
        found = load(tmp_path / f'a.{suffix}', to_float32=True)
        np.testing.assert_allclose(found, colour * (255 / 4095), rtol=1e-6)
    with Image.open(tmp_path / 'a.png') as image:  # Pillow keeps 8 bits
        with pytest.raises(UnusableImageError, match='path of the file'):
            LoadMedicalImage()(dict(img=image))


def test_a_tiff_whose_zero_is_white_is_inverted(tmp_path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    image = Image.fromarray(deep(12).astype(np.uint16))
    image.save(tmp_path / 'a.tif', tiffinfo=tags)
    content = bytearray((tmp_path / 'a.tif').read_bytes())
    entry = struct.pack('<HHL', 262, 3, 1)  # Pillow writes 1 whatever we ask
    place = content.index(entry) + len(entry)
    content[place : place + 2] = b'\0\0'
    (tmp_path / 'a.tif').write_bytes(content)
    assert_ramp(255 - load(tmp_path / 'a.tif'))


def test_percentiles_and_a_fixed_range(tmp_path):
    values = np.full((10, 100), 1000, np.uint16)
    values[0, :3], values[0, 3:6] = 0, 60000  # a few outliers
    values[5:] = 2000
    cv2.imwrite(str(tmp_path / 'a.png'), values)
    found = load(tmp_path / 'a.png', pixel_range='percentiles')
    assert [found[0, 0], found[1, 0], found[9, 0]] == [0, 0, 255]
    fixed = load(tmp_path / 'a.png', pixel_range=(0, 2000))
    assert [fixed[0, 0], fixed[1, 0], fixed[0, 5]] == [0, 128, 255]
    Image.new('I;16', (3, 2), 7).save(tmp_path / 'b.png')
    assert not load(tmp_path / 'b.png', pixel_range='percentiles').any()


def test_given_bits_read_a_dark_image_like_the_others(tmp_path):
    dark = np.full((4, 4), 200, np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), dark)
    assert load(tmp_path / 'a.png').max() == 200
    assert load(tmp_path / 'a.png', bits=12).max() == 12
    cv2.imwrite(str(tmp_path / 'a.png'), dark * 30)
    with pytest.raises(UnusableImageError, match='at most 4095 as bits=12'):
        load(tmp_path / 'a.png', bits=12)


def test_dicom_by_window_by_depth_and_inverted(tmp_path):
    path = tmp_path / 'no suffix'
    values = deep(12).astype(np.uint16)
    write_dicom(path, values)
    assert_ramp(load(path))
    write_dicom(path, values, window=(2048, 1024))
    window = (values - 2047.5) / 1023 + 0.5  # PS3.3 C.11.2.1.2.1
    expected = window.clip(0, 1) * 255
    np.testing.assert_allclose(
        load(path, to_float32=True), expected, atol=1e-3
    )
    assert_ramp(load(path, pixel_range='bit_depth'))
    write_dicom(
        path, values, (2048, 1024), PhotometricInterpretation='MONOCHROME1'
    )
    inverted = load(path, to_float32=True)
    np.testing.assert_allclose(inverted, 255 - expected, atol=1e-3)


def test_dicom_with_a_rescale_a_lut_or_a_sign(tmp_path):
    path = tmp_path / 'a.dcm'
    from pydicom.dataset import Dataset

    values = deep(12).astype(np.uint16)
    rescale = dict(RescaleSlope=1, RescaleIntercept=-1024)
    write_dicom(path, values, (1024, 1024), **rescale)
    hounsfield = (values - 1024.0 - 1023.5) / 1023 + 0.5
    found = load(path, to_float32=True)
    np.testing.assert_allclose(found, hounsfield.clip(0, 1) * 255, atol=1e-3)
    found = load(path, pixel_range=(-1024, 3071))
    assert_ramp(found)
    falling = dict(RescaleSlope=-1, RescaleIntercept=4095)
    write_dicom(path, values, (2048, 4096), **falling)
    windowed = load(path)
    write_dicom(path, values, **falling)
    assert np.abs(windowed.astype(int) - load(path)).max() <= 1
    write_dicom(path, (values.astype(int) - 2048).astype(np.int16))
    assert_ramp(load(path))
    lut = Dataset()
    lut.LUTDescriptor = [4096, 0, 16]
    table = np.arange(4096, dtype='<u2') // 2 + 100
    lut.LUTData = table.tobytes()
    write_dicom(path, values, VOILUTSequence=[lut])
    expected = (values // 2 + 100) * (255 / 65535)
    np.testing.assert_allclose(
        load(path, to_float32=True), expected, rtol=1e-5
    )


def test_dicom_where_pydicom_gives_other_values_than_the_standard(tmp_path):
    from pydicom.dataset import Dataset

    path = tmp_path / 'a.dcm'
    values = deep(12).astype(np.uint16)
    falling = dict(RescaleSlope=-1, RescaleIntercept=4095)
    write_dicom(path, values, (2048, 4096), **falling)
    assert_ramp(255 - load(path))
    lut = Dataset()
    lut.LUTDescriptor = [4096, 0, 8]
    lut.LUTData = (np.arange(4096, dtype='<u2') // 16).tobytes()
    write_dicom(path, values, VOILUTSequence=[lut])
    np.testing.assert_array_equal(load(path), values // 16)


def test_compressed_and_coloured_dicom(tmp_path):
    path = tmp_path / 'a.dcm'
    from pydicom.uid import RLELossless

    dataset = write_dicom(path, deep(12).astype(np.uint16))
    dataset.compress(RLELossless)
    dataset.save_as(path, enforce_file_format=True)
    assert_ramp(load(path))
    colour = np.stack([RAMP, RAMP[::-1], RAMP], 2)
    write_dicom(path, colour, PhotometricInterpretation='RGB')
    np.testing.assert_array_equal(load(path), colour[..., ::-1])


def test_dicom_without_pydicom_says_once_what_to_install(
    tmp_path, monkeypatch, mm_log
):
    write_dicom(tmp_path / 'a.dcm', deep(12).astype(np.uint16))
    (tmp_path / 'a.csv').write_text('path,Mass\n' + 'a.dcm,1\n' * 9)
    source = CSVLabelDataset(
        'a.csv', str(tmp_path), pipeline=[dict(type='LoadMedicalImage')]
    )
    dataset = PartialLabelDataset(source, ['Mass'])
    monkeypatch.setitem(sys.modules, 'pydicom', None)
    with pytest.raises(
        ImportError, match=r'a\.dcm: DICOM .*pip install pydicom'
    ):
        dataset[0]
    assert 'another image' not in mm_log.text


@pytest.mark.parametrize(
    ('name', 'values', 'message'),
    [
        ('a.tif', deep(12).astype(np.float32), 'choose pixel_range=\\(low'),
        ('a.tif', np.full((2, 2), np.nan, np.float32), 'nan to nan'),
        ('a.nii.gz', None, 'no reader for .nii.gz: expected PNG'),
    ],
)
def test_an_image_that_cannot_be_used_stops_with_its_line(
    tmp_path, name, values, message
):
    (tmp_path / name).write_bytes(b'any')
    if values is not None:
        Image.fromarray(values).save(tmp_path / name)
    (tmp_path / 'a.csv').write_text(f'path,Mass\n{name},1\n')
    source = CSVLabelDataset(
        'a.csv', str(tmp_path), pipeline=[dict(type='LoadMedicalImage')]
    )
    dataset = PartialLabelDataset(source, ['Mass'], name='A')
    message = rf'of A cannot be used \(.*a\.csv, line 2\): .*{message}'
    with pytest.raises(UnusableImageError, match=message):
        dataset[0]


def test_several_pages_or_frames_are_refused(tmp_path):
    page = Image.fromarray(RAMP)
    page.save(tmp_path / 'a.tif', save_all=True, append_images=[page])
    with pytest.raises(UnusableImageError, match='found 2 pages'):
        load(tmp_path / 'a.tif')
    write_dicom(tmp_path / 'a.dcm', RAMP, NumberOfFrames=3)
    with pytest.raises(UnusableImageError, match='found 3 frames'):
        load(tmp_path / 'a.dcm')


def test_a_file_that_ghostscript_would_draw_is_refused(tmp_path):
    program = b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n'
    (tmp_path / 'a.png').write_bytes(program)
    with pytest.raises(UnusableImageError, match='EPS, which another progr'):
        load(tmp_path / 'a.png')


def test_broken_and_huge_files_are_broken_images(tmp_path):
    Image.fromarray(deep(16).astype(np.uint16)).save(tmp_path / 'a.png')
    whole = (tmp_path / 'a.png').read_bytes()
    side = (40_000).to_bytes(4, 'big')
    header = b'IHDR' + side + side + whole[24:29]
    check = zlib.crc32(header).to_bytes(4, 'big')
    huge = whole[:12] + header + check + whole[33:]
    write_dicom(tmp_path / 'a.dcm', deep(12).astype(np.uint16))
    dicom = (tmp_path / 'a.dcm').read_bytes()
    files = {
        'half.png': whole[: len(whole) // 2],
        'huge.png': huge,
        'empty.png': b'',
        'page.png': b'<html>',
        'half.dcm': dicom[:-40],
        'head.dcm': dicom[:300],
        'page.dcm': b'<html>',
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises((OSError, Image.DecompressionBombError)) as caught:
            load(tmp_path / name)
        assert getattr(caught.value, 'errno', None) is None
        assert 'BytesIO' not in str(caught.value)
    dataset = write_dicom(tmp_path / 'a.dcm', RAMP)
    dataset.Rows = dataset.Columns = 40_000
    dataset.save_as(tmp_path / 'a.dcm', enforce_file_format=True)
    with pytest.raises(Image.DecompressionBombError):
        decode_dicom((tmp_path / 'a.dcm').read_bytes())


def test_the_preprocessor_widens_grey_to_the_channels_of_the_network():
    preprocessor = DualViewDataPreprocessor(
        mean=[1.0, 2.0, 3.0], std=[1.0, 1.0, 2.0], to_rgb=True
    )
    grey = torch.full((1, 2, 2), 5, dtype=torch.uint8)
    found = preprocessor(dict(inputs=[grey, grey.repeat(3, 1, 1)]))['inputs']
    assert found.shape == (2, 3, 2, 2)
    assert found[:, :, 0, 0].tolist() == [[4, 3, 1]] * 2


@pytest.mark.parametrize(
    'transform',
    [
        dict(type='ColorJitter', brightness=0.4, contrast=0.4),
        dict(type='ColorTransform', magnitude=0.5, prob=1.0),
        dict(type='RandomErasing', erase_prob=1.0),
        dict(type='Equalize', prob=1.0),
    ],
)
def test_a_transform_for_three_channels_says_so_on_a_grey_image(
    tmp_path, transform
):
    Image.fromarray(RAMP.repeat(8, 0).repeat(8, 1)).save(tmp_path / 'a.png')
    (tmp_path / 'a.csv').write_text('path,Mass\na.png,1\n')

    def first_image(color_type):
        source = dict(
            type='CSVLabelDataset',
            ann_file=str(tmp_path / 'a.csv'),
            data_root=str(tmp_path),
            pipeline=[
                dict(type='LoadMedicalImage', color_type=color_type),
                dict(transform, type=f'mmpretrain.{transform["type"]}'),
            ],
        )
        dataset = PartialLabelDataset(source, name='A', classes=['Mass'])
        return dataset[0]['img']

    with pytest.raises(ValueError, match=r"a\.png of A.*color_type='color'"):
        first_image('grayscale')
    assert first_image('color').shape == (48, 64, 3)


@pytest.mark.parametrize(
    ('option', 'value'),
    [
        ('color_type', 'grey'),
        ('pixel_range', 'window'),
        ('pixel_range', (5, 5)),
        ('percentiles', (1, 2, 3)),
        ('bits', 32),
    ],
)
def test_an_unknown_option_is_named(option, value):
    with pytest.raises(ValueError, match=f'{option} of LoadMed.*found .*exp'):
        LoadMedicalImage(**{option: value})
