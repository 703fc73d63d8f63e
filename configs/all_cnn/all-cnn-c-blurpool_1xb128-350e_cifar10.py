# The base network of All-CNN-C on CIFAR-10, its max pools exchanged for BlurPool.
#
#   python tools/train.py configs/all_cnn/all-cnn-c-blurpool_1xb128-350e_cifar10.py
#
# Hardware: one GPU. Time and score: not measured by us yet.
_base_ = ['./all-cnn-c_1xb128-350e_cifar10.py', '../_base_/downsampler/blurpool.py']
model = dict(backbone=dict(reduce={{_base_.downsampler}}))
