# 1,000 chest X-rays, overlapping halves of the findings annotated: the recipe.
_base_ = [
    '../../_base_/datasets/nih64.py',
    '../../_base_/models/dynamic_adapter_small_cnn16.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/keep_last_500i_runtime.py',
]

# Parameters you are likely to change
# A strong view for X-rays: another position, exposure, contrast, sharpness.
strong_view = [
    dict(
        type='RandomAffine',
        degrees=10,
        translate=(0.05, 0.05),
        scale=(0.9, 1.1),
        p=1.0,
    ),
    dict(type='RandomGamma', gamma=(0.7, 1.5), p=0.8),
    dict(type='RandomBrightness', brightness=(0.8, 1.2), p=0.8),
    dict(type='RandomContrast', contrast=(0.7, 1.3), p=0.8),
    dict(
        type='RandomGaussianBlur', kernel_size=(3, 3), sigma=(0.1, 1.0), p=0.3
    ),
    dict(type='RandomErasing', scale=(0.02, 0.1), p=0.5),
]

model = dict(
    data_preprocessor=dict(strong_view=strong_view),
    head=dict(classes=_base_.classes),
)
