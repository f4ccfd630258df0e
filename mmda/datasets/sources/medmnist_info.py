"""Classes, channels and download size of the 2D data sets of MedMNIST.

From the metadata that the ``medmnist`` package carries (3.0.2), so that the
package is needed for a download only.
"""

from __future__ import annotations

from typing import NamedTuple

#: Where the ``.npz`` files are.
RECORD = 'https://zenodo.org/records/10519652/files/'


class MedMNISTInfo(NamedTuple):
    """What is known of one data set.

    Attributes:
        classes (tuple[str, ...]): Names in the order of the labels.
        size (str): Of the file with 28x28 pixels, roughly.
        multi_label (bool): Whether an image has several classes.
    """

    classes: tuple[str, ...]
    size: str
    multi_label: bool = False


_ORGANS = (
    'bladder',
    'femur-left',
    'femur-right',
    'heart',
    'kidney-left',
    'kidney-right',
    'liver',
    'lung-left',
    'lung-right',
    'pancreas',
    'spleen',
)

MEDMNIST_INFO = {
    'pathmnist': MedMNISTInfo(
        (
            'adipose',
            'background',
            'debris',
            'lymphocytes',
            'mucus',
            'smooth muscle',
            'normal colon mucosa',
            'cancer-associated stroma',
            'colorectal adenocarcinoma epithelium',
        ),
        '206 MB',
    ),
    'chestmnist': MedMNISTInfo(
        (
            'atelectasis',
            'cardiomegaly',
            'effusion',
            'infiltration',
            'mass',
            'nodule',
            'pneumonia',
            'pneumothorax',
            'consolidation',
            'edema',
            'emphysema',
            'fibrosis',
            'pleural',
            'hernia',
        ),
        '83 MB',
        multi_label=True,
    ),
    'dermamnist': MedMNISTInfo(
        (
            'actinic keratoses and intraepithelial carcinoma',
            'basal cell carcinoma',
            'benign keratosis-like lesions',
            'dermatofibroma',
            'melanoma',
            'melanocytic nevi',
            'vascular lesions',
        ),
        '20 MB',
    ),
    'octmnist': MedMNISTInfo(
        (
            'choroidal neovascularization',
            'diabetic macular edema',
            'drusen',
            'normal',
        ),
        '55 MB',
    ),
    'pneumoniamnist': MedMNISTInfo(('normal', 'pneumonia'), '4 MB'),
    'retinamnist': MedMNISTInfo(('0', '1', '2', '3', '4'), '3 MB'),
    'breastmnist': MedMNISTInfo(('malignant', 'normal, benign'), '1 MB'),
    'bloodmnist': MedMNISTInfo(
        (
            'basophil',
            'eosinophil',
            'erythroblast',
            'immature granulocytes(myelocytes, metamyelocytes and '
            'promyelocytes)',
            'lymphocyte',
            'monocyte',
            'neutrophil',
            'platelet',
        ),
        '36 MB',
    ),
    'tissuemnist': MedMNISTInfo(
        (
            'Collecting Duct, Connecting Tubule',
            'Distal Convoluted Tubule',
            'Glomerular endothelial cells',
            'Interstitial endothelial cells',
            'Leukocytes',
            'Podocytes',
            'Proximal Tubule Segments',
            'Thick Ascending Limb',
        ),
        '125 MB',
    ),
    'organamnist': MedMNISTInfo(_ORGANS, '38 MB'),
    'organcmnist': MedMNISTInfo(_ORGANS, '16 MB'),
    'organsmnist': MedMNISTInfo(_ORGANS, '17 MB'),
}
