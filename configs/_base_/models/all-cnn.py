# All-CNN: scores as the last map. DOWNSAMPLER exchanges the max pools of its base network; stock is the published form.
_base_ = '../downsampler/{{$DOWNSAMPLER:stock}}.py'
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='AllCNN', arch='C', reduce={{_base_.downsampler}}, num_classes=10),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
