# Copyright (c) mmtips authors. All rights reserved.
"""What the command-line tools share."""

from mmtips.cli.configs import (
    add_host_arguments,
    config_files,
    enable_amp,
    load_config,
    recipe_downsampler,
    recipe_name,
    training_size,
)
from mmtips.cli.evaluation import (
    add_measure_arguments,
    count,
    leave_out_unreadable,
    pixels_or_share,
    require_files,
    require_writable,
    shift_config,
    take_images,
)
from mmtips.runners import build_runner, build_tester, build_trainer, resume_training

__all__ = [
    'add_host_arguments', 'add_measure_arguments', 'build_runner', 'build_tester', 'build_trainer', 'config_files',
    'count', 'enable_amp', 'leave_out_unreadable', 'load_config', 'pixels_or_share', 'recipe_downsampler',
    'recipe_name', 'require_files', 'require_writable', 'resume_training', 'shift_config', 'take_images',
    'training_size'
]
