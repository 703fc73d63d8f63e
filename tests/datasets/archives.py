# Copyright (c) mmtips authors. All rights reserved.
"""Small archives in the layouts of the published ones."""

import io
import zipfile

import numpy as np
from PIL import Image


def encoded(pixels, kind):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=kind)
    return buffer.getvalue()


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def disc(height, width):
    """A mask in shades of grey: 255 inside, 0 outside, traces of compression in between."""
    row, column = np.ogrid[:height, :width]
    distance = np.hypot(row - height / 2, column - width / 2)
    return np.clip(255 * (height / 4 - distance) + 128, 0, 255).astype(np.uint8)


def write_zip(path, files):
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def kvasir_files(count=6):
    files = {'Kvasir-SEG/kavsir_bboxes.json': b'{}', '__MACOSX/Kvasir-SEG/images/._cju0.jpg': b'x'}
    for number in range(count):
        height, width = 40 + number, 50
        files[f'Kvasir-SEG/images/cju{number}.jpg'] = encoded(noise(height, width, number), 'JPEG')
        files[f'Kvasir-SEG/masks/cju{number}.jpg'] = encoded(disc(height, width), 'JPEG')
    return files


def clinicdb_files(count=12, kind='tif'):
    files = {'CVC-ClinicDB/README.txt': b'frames'}
    for number in range(1, count + 1):
        for folder, pixels in (('Original', noise(36, 48, number)), ('Ground Truth', disc(36, 48))):
            files[f'CVC-ClinicDB/{folder}/{number}.{kind}'] = encoded(pixels, {'tif': 'TIFF', 'png': 'PNG'}[kind])
    return files


def tiny_files(classes=('n00000001', 'n00000002'), train=3, val=4):
    files = {'tiny/wnids.txt': '\n'.join(classes), 'tiny/test/images/test_0.JPEG': b'unlabelled',
             'tiny/words.txt': '\n'.join(f'{name}\tthing, {name}' for name in (*classes, 'n00000009'))}
    for name in classes:
        for number in range(train):
            files[f'tiny/train/{name}/images/{name}_{number}.JPEG'] = encoded(noise(64, 64, number), 'JPEG')
    lines = []
    for number in range(val):
        files[f'tiny/val/images/val_{number}.JPEG'] = encoded(noise(64, 64, 100 + number), 'JPEG')
        lines.append(f'val_{number}.JPEG\t{classes[number % len(classes)]}\t0\t0\t62\t62')
    files['tiny/val/val_annotations.txt'] = '\n'.join(lines)
    return files
