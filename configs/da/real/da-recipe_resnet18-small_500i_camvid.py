# CamVid: a pixel without an annotated class shows one of the other classes.
# The pseudo-labels and the marginal likelihood use that. One view is enough.
_base_ = 'da-bce_resnet18-small_500i_camvid.py'

model = dict(decode_head=dict(loss_decode=_base_.recipe_loss))
