# CVC-ClinicDB for MMSegmentation: 612 images of colonoscopy, 2 classes, prepared like Kvasir-SEG. Made by
#   python tools/dataset_converters/published.py cvc_clinicdb ARCHIVE
_base_ = './kvasir_seg.py'
clinicdb = dict(type='CVCClinicDB', data_root='data/cvc_clinicdb')
train_dataloader = dict(dataset=clinicdb)
val_dataloader = dict(dataset=clinicdb)
test_dataloader = dict(dataset=clinicdb)
