# Copyright (c) mmtips authors. All rights reserved.
import hashlib
import re
import shutil
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'mmtips/version.py').read_text()).group(1)

# The hosts are extras: a community fork publishes the same import names under other distribution names,
# and a hard requirement would overwrite its files.
UPSTREAM = ['mmengine>=0.10', 'mmcv-lite>=2.0,<2.2', 'mmsegmentation>=1.2', 'mmpretrain>=1.2', 'ftfy', 'regex']
# mmcv is left out here: mmcv-lite asks for the upstream mmengine, which would overwrite the fork's. See the README.
ONEDL = ['onedl-mmengine>=0.10.12', 'onedl-mmsegmentation>=1.4', 'onedl-mmpretrain>=1.3']
# Attacks and corruptions: about 240 MB, most of it numba's compiler, which glass blur is drawn with.
ROBUSTNESS = ['foolbox>=3.3.4', 'imagecorruptions-imaug>=1.1.5']

# The operation of TIPS in C. Without a compiler, or with one that lacks OpenMP, the package does without: PyTorch's own
# operations compute the same, more slowly. No OpenMP library is linked: the one that PyTorch has loaded is found, and
# both share their threads. The file knows nothing of Python, so that one serves every version.
NATIVE = 'mmtips/downsampling/kernels/native'
TEXTS = sorted((ROOT / NATIVE).glob('*.[ch]'))
# By this the package recognises a library that was compiled from others: kernels/native/library.py.
SOURCES = hashlib.sha256(b''.join(path.read_bytes() for path in TEXTS)).hexdigest()[:16]
PLANES = Extension(
    f'{NATIVE}/planes'.replace('/', '.'), sources=[f'{NATIVE}/planes.c'],
    depends=[str(path.relative_to(ROOT)) for path in TEXTS], define_macros=[('SOURCES', SOURCES)],
    extra_compile_args=['-O3', '-fopenmp', '-fno-math-errno', '-Wno-psabi'], py_limited_api=True, optional=True)


class BuildWithRecipes(build_py):
    """Puts recipes, tools and their index where OpenMIM looks for them: into `.mim` of the installed package."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        place = Path(self.build_lib) / 'mmtips/.mim'
        for name in ('configs', 'tools'):
            shutil.copytree(ROOT / name, place / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns('__pycache__'))
        shutil.copy(ROOT / 'model-index.yml', place)


setup(
    cmdclass=dict(build_py=BuildWithRecipes),
    name='mmtips',
    version=VERSION,
    description='Exchangeable, shift-aware downsampling for MMSegmentation and MMPretrain',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    author='mmtips authors',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.10',
    ext_modules=[PLANES],
    options=dict(bdist_wheel=dict(py_limited_api='cp310')),
    packages=find_packages(include=['mmtips', 'mmtips.*']),
    package_data={'mmtips.report': ['*.json'], 'mmtips.report.page': ['templates/*']},
    install_requires=[
        'torch>=2.7', 'torchvision', 'numpy', 'setuptools<82', 'scikit-learn', 'scipy', 'pillow', 'matplotlib',
        'jinja2', 'jsonschema'
    ],
    extras_require=dict(upstream=UPSTREAM, onedl=ONEDL, robustness=ROBUSTNESS),
    classifiers=[
        'License :: OSI Approved :: Apache Software License',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
)
