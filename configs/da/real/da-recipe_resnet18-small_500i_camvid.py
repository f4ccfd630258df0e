# CamVid: a pixel without an annotated class shows one of the other classes.
# The pseudo-labels and the marginal likelihood use that. One view is enough.
_base_ = 'da-bce_resnet18-small_500i_camvid.py'

loss = dict(
    exactly_one=True, marginal_weight=1.0, distance='bce', pseudo_weight=0.2
)
model = dict(decode_head=dict(loss_decode=loss))
