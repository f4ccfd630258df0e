# CamVid, pseudo-labels for pixels of exactly one unannotated class. One view
# is enough.
_base_ = 'da-bce_resnet18-small_500i_camvid.py'

loss = dict(exactly_one=True, distance='bce', pseudo_weight=0.2)
model = dict(decode_head=dict(loss_decode=loss))
