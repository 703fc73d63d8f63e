# All-CNN-C: 1.4 million parameters, scores as the last map.
model = dict(
    type='ImageClassifier',
    backbone=dict(type='AllCNN', arch='C', reduce=dict(type='allconv'), num_classes=10),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
