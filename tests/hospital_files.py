"""Files as hospitals have them."""

import numpy as np


def write_dicom(path, pixels, window=None, **tags):
    """Write a grey DICOM file of 12 bits; ``tags`` are added or replaced."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = '1.2.3'
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, '1.2.3'
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    dataset.PhotometricInterpretation = 'MONOCHROME2'
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored = 12 if pixels.dtype.itemsize == 2 else 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == 'i')
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    if window is not None:
        dataset.WindowCenter, dataset.WindowWidth = window
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return dataset
