# All-CNN-C on CIFAR-10 (Springenberg et al., 2015).
#
#   python tools/train.py configs/all_cnn/all-cnn-c_1xb128-350e_cifar10.py
#   DOWNSAMPLER=tips python tools/train.py configs/all_cnn/all-cnn-c_1xb128-350e_cifar10.py
#
# Hardware: one GPU. Time and score: not measured by us yet. The paper states 7.25 % error with augmentation. It chooses
# the rate among 0.25, 0.1, 0.05 and 0.01 and whitens the images; here the rate is 0.01 and images are normalised only,
# cropped by up to 4 pixels (5 in the paper) and flipped.
_base_ = [
    'mmpretrain::_base_/datasets/cifar10_bs16.py', '../_base_/runtimes/classification.py',
    '../_base_/models/all-cnn.py', '../_base_/schedules/schedule_350e.py'
]
train_dataloader = dict(batch_size=128)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
