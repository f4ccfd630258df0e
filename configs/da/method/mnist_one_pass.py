# The recipe with both views in one pass: they share batch statistics.
_base_ = '../table12/assemble.py'

model = dict(type='ImageClassifier')
