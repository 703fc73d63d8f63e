# Copyright (c) mmtips authors. All rights reserved.
"""The command-line tools, run as a user runs them, on a very small data set."""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmtips import cli
from mmtips.datasets.digits import write_scattered_digits
from mmtips.evaluation import PROTOCOLS
from mmtips.runners import latest_checkpoint

ROOT = Path(__file__).parent.parent
CONFIG = 'configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py'
CLS_CONFIG = 'configs/resnet/resnet18-w16_1xb64-20e_scattered-digits-64x64.py'

pytest.importorskip('mmseg.models')


def run(tool, *args, code=0, downsampler='tips'):
    environment = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT), DOWNSAMPLER=downsampler)
    done = subprocess.run([sys.executable, f'tools/{tool}.py', *map(str, args)], cwd=ROOT, env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == code or (code and done.returncode), done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture
def here(monkeypatch):
    """Run a tool in this process, since an interpreter takes seconds to start."""

    def here(tool, *args, downsampler='tips'):
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv('DOWNSAMPLER', downsampler)
        monkeypatch.setattr(sys, 'argv', [f'tools/{tool}.py', *map(str, args)])
        runpy.run_path(f'tools/{tool}.py', run_name='__main__')

    return here


@pytest.fixture
def fails(here):
    """Run a tool in this process and return its error."""

    def fails(*args, **options):
        with pytest.raises(Exception) as error:  # noqa: PT011 - whatever it is
            here(*args, **options)
        return str(error.value)

    return fails


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'digits'
    write_scattered_digits(folder, sizes={task: dict(train=20, val=10, test=10) for task in ('seg', 'cls')}, report=str)
    return folder


def on(data, *more):
    loaders = [f'{split}_dataloader.{key}' for split in ('train', 'val', 'test')
               for key in (f'dataset.data_root={data}', 'batch_size=5')]
    return ['--cfg-options', *loaders, *more]


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory):
    """A TIPS network after six iterations."""
    work_dir = tmp_path_factory.mktemp('trained')
    output = run('train', CONFIG, '--work-dir', work_dir,
                 *on(data, 'train_cfg.max_iters=6', 'train_cfg.val_interval=3', 'default_hooks.logger.interval=1',
                     'default_hooks.checkpoint.interval=3', 'default_hooks.checkpoint.max_keep_ckpts=5'))
    return work_dir, output


def test_train_logs_the_losses_and_keeps_checkpoints(trained):
    work_dir, output = trained
    assert ('downsampling of ResNetV1c: left as it is: stem.0; '
            'TIPS: maxpool, layer3.0.conv1, layer3.0.downsample.0') in output
    assert output.count('loss_tips_fm') == 6
    assert output.count('loss_tips_undo') == 3
    assert (work_dir / 'iter_6.pth').exists()


def test_resume_goes_on_from_the_last_checkpoint(trained, data, tmp_path):
    work_dir, straight = trained
    output = run('train', CONFIG, '--work-dir', tmp_path, '--resume', work_dir / 'iter_3.pth',
                 *on(data, 'train_cfg.max_iters=6', 'train_cfg.val_interval=3', 'default_hooks.logger.interval=1'))

    def losses(text):
        lines = [line.split('Iter(train)')[1] for line in text.splitlines() if 'Iter(train)' in line]
        return [line.split('  loss: ')[1].split()[0] for line in lines if int(line.split('[')[1].split('/')[0]) > 3]

    assert len(losses(output)) == 3
    assert losses(output) == losses(straight)


def test_test_prints_the_hosts_metrics(trained, data):
    output = run('test', CONFIG, trained[0] / 'iter_6.pth', '--work-dir', trained[0] / 'test', *on(data))
    assert 'mIoU:' in output


def test_eval_shift_prints_a_table_and_writes_a_result(trained, data, here, tmp_path, capsys):
    command = ['eval_shift', CONFIG, trained[0] / 'iter_6.pth', '--work-dir', tmp_path / 'work', '--pairs', 2,
               '--examples', 1, '--name', 'tiny', '--out', tmp_path / 'out/shift.json', *on(data)]
    output = run(*command)
    assert 'ETA' in output
    assert 'circular, foreground' in output
    assert re.search(r'\n(background|digit \d) +\d', output.split('Consistency by class')[1])
    result = json.loads((tmp_path / 'out/shift.json').read_text())
    assert result['name'] == 'tiny'
    assert result['data'].pop('absent') == []
    assert re.fullmatch('[0-9a-f]{64}', result['data'].pop('digest'))
    assert result['data'] == dict(dataset='ScatteredDigits', images=10, skipped=[], classes=11, background=0,
                                  ignore_index=255, border=3)
    assert result['model']['input_shape'] == [3, 128, 128]
    assert (tmp_path / 'out' / result['figures']['examples']['00']['flicker']).exists()
    here(*command)
    files = sorted((tmp_path / 'out').glob('shift*.json'))
    assert len(files) == 2  # the first result was kept
    first, second = (json.loads(path.read_text())['shift'] for path in files)
    assert first == second  # the views are the same from run to run

    page = tmp_path / 'report.html'
    capsys.readouterr()
    here('report', *files, '--out', page, '--report', tmp_path / 'folder', '--csv', tmp_path / 'a.csv')
    assert 'mIoU' in capsys.readouterr().out
    assert page.read_text().count('data:image/png') > 6
    assert page.read_text() == (tmp_path / 'folder/index.html').read_text()
    assert (tmp_path / 'a.csv').read_text().startswith('model,mIoU,')


def test_a_stock_and_a_tips_network_go_through_the_whole_report(trained, data, here, tmp_path):
    """Every protocol, the map, sampling, attacks and corruptions, into one page of both."""
    pytest.importorskip('foolbox')
    pytest.importorskip('imagecorruptions')
    few = on(data, 'test_dataloader.dataset.indices=3', 'train_cfg.max_iters=2', 'train_cfg.val_interval=2',
             'default_hooks.checkpoint.interval=2')
    here('train', CONFIG, '--work-dir', tmp_path / 'train', *few, downsampler='stock')
    results = []
    for name, checkpoint in dict(stock=tmp_path / 'train/iter_2.pth', tips=trained[0] / 'iter_6.pth').items():
        place = tmp_path / name
        here('eval_robustness', CONFIG, checkpoint, '--work-dir', place, '--attacks', 'FGSM:0,2', '--corruptions',
             'contrast', '--severities', 1, 5, *few, downsampler=name)
        here('eval_shift', CONFIG, checkpoint, '--work-dir', place, '--protocols', *PROTOCOLS, '--pairs', 1,
             '--shift-map', 4, '--map-step', 4, '--map-images', 2, '--sampling-images', 1, '--robustness',
             place / 'robustness.json', '--examples', 1, '--report', place / 'report', *few, downsampler=name)
        assert not list(place.glob('*.journal'))
        results.append(json.loads((place / 'shift.json').read_text()))
        assert list(results[-1]['shift']) == list(PROTOCOLS)
        assert len(results[-1]['shift_map']['overall']) == 3
        assert results[-1]['robustness']['attacks'][0]['accuracy'] == results[-1]['robustness']['clean']
        assert 'id="summary"' in (place / 'report/index.html').read_text()
    operators = [[site['operator'] for site in result['sampling']['sites']] for result in results]
    assert operators[0] == ['strided convolution', 'max pool', 'strided convolution', 'strided convolution']
    assert operators[1] == ['strided convolution', 'TIPS', 'TIPS', 'TIPS']
    assert [len(result['figures']['layers']) for result in results] == [0, 3]
    here('report', *(tmp_path / name / 'shift.json' for name in ('stock', 'tips')), '--report', tmp_path / 'both')
    page = (tmp_path / 'both/index.html').read_text()
    for section in ('summary', 'shifts', 'classes', 'gallery', 'depth', 'robustness', 'layers', 'protocol'):
        assert f'id="{section}"' in page, section


def test_another_checkpoint_in_the_config_does_not_slip_in(trained, data, here, tmp_path, capfd):
    """Neither ``load_from`` nor ``resume`` replaces the checkpoint that is named."""
    said = []
    for more in ([], [f"load_from={trained[0] / 'iter_3.pth'}", 'resume=True']):
        here('test', CONFIG, trained[0] / 'iter_6.pth', '--work-dir', tmp_path, *on(data, *more))
        said.append(''.join(capfd.readouterr()).split('mIoU: ')[1].split()[0])
    assert said[0] == said[1]


def test_classification_end_to_end(data, here, tmp_path):
    pytest.importorskip('mmpretrain.models')
    here('train', CLS_CONFIG, '--work-dir', tmp_path, *on(data, 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1'))
    output = run('eval_shift', CLS_CONFIG, tmp_path / 'epoch_1.pth', '--work-dir', tmp_path, '--pairs', 2, *on(data))
    assert 'accuracy/top1' in output
    result = json.loads((tmp_path / 'shift.json').read_text())
    assert result['name'] == f'{Path(CLS_CONFIG).stem}, TIPS'
    assert result['config'] == Path(CLS_CONFIG).name
    assert result['downsampler'] == dict(type='TIPS')
    assert result['figures']['examples'] == {}
    assert result['figures']['gallery'][0]['labels']['a'] in map(str, [f'digit {digit}' for digit in range(10)])
    assert result['shift']['standard']['per_class'] == {}
    assert 'foreground' not in result['shift']['standard']


def test_describe_shows_what_was_and_what_is(tmp_path):
    config = 'configs/deeplabv3plus/deeplabv3plus_r50-d8_4xb2-80k_cityscapes-512x1024.py'
    output = run('describe', config, '--size', '128', '256', '--json', tmp_path / 'a.json', '--figure',
                 tmp_path / 'a.png')
    before, after = re.split(r'\nafter\n', output)
    assert re.search(r'backbone.maxpool +MaxPool2d .* 64 x 128 +32 x 64 .*! nothing is filtered', before)
    assert re.search(r'backbone.maxpool +TIPS .* 64 x 128 +32 x 64 .*guarantee: none', after)
    assert set(json.loads((tmp_path / 'a.json').read_text())['networks']) == {'before', 'after'}
    assert (tmp_path / 'a.png').is_file()


def test_describe_of_a_stock_network_with_the_size_of_its_config():
    output = run('describe', CLS_CONFIG, downsampler='stock')
    assert 'An image of 64 x 64: 9 changes' in output
    assert '\nnetwork\n' in output


def test_checkpoint_of_another_architecture_lists_the_keys(trained, data, fails, tmp_path):
    weights = torch.load(trained[0] / 'iter_6.pth')['state_dict']
    torch.save(dict(state_dict=weights), tmp_path / 'weights.pth')  # which does not say how it was trained
    output = fails('eval_shift', CONFIG, tmp_path / 'weights.pth', '--work-dir', tmp_path, *on(data),
                   downsampler='stock')
    assert 'is not a checkpoint of this EncoderDecoder' in output
    assert '6 unexpected: backbone.layer3.0.conv2.downsampler.score_scale' in output


def test_hostile_checkpoint_is_refused(data, tmp_path, fails):

    class Hostile:

        def __reduce__(self):
            return os.system, (f'touch {tmp_path}/ran', )

    torch.save(dict(state_dict=dict(x=Hostile())), tmp_path / 'hostile.pth')
    output = fails('eval_shift', CONFIG, tmp_path / 'hostile.pth', '--work-dir', tmp_path, *on(data))
    assert 'weights_only' in output or 'Weights only' in output
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(('args', 'message'), [
    (['train', 'configs/none.py'], 'config: no file configs/none.py'),
    (['train', CONFIG, '--cfg-options', 'train_dataloader.dataset.data_root=nowhere'],
     'no folder nowhere/seg/img_dir/train. Make the data set with: python tools/dataset_converters'),
    (['train', CONFIG, '--cfg-options', 'model.backbone.downsampler.type=TIPSY'],
     "downsampler type 'TIPSY' is not registered"),
])
def test_bad_input(args, message, tmp_path, data, fails):
    if len(args) > 2 and 'data_root' not in args[3]:
        args = [*args[:3], *on(data)[1:], args[3]]
    assert message in fails(*args, '--work-dir', tmp_path)


def test_loss_hook_on_a_stock_network(tmp_path, data, fails):
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = '{ROOT / CONFIG}'\ncustom_hooks = [dict(type='TIPSLossHook')]\n")
    output = fails('train', config, '--work-dir', tmp_path, *on(data), downsampler='stock')
    assert 'EncoderDecoder has no TIPS operator: give its backbone downsampler=' in output


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_amp_without_a_gpu(tmp_path, fails):
    assert '--amp: mmengine trains in mixed precision on a GPU only' in fails(
        'train', CONFIG, '--amp', '--work-dir', tmp_path)


def is_distributed(name):
    try:
        return bool(importlib.metadata.distribution(name))
    except importlib.metadata.PackageNotFoundError:
        return False


def test_the_tool_of_the_host_trains_a_config(data, tmp_path):
    """Its own program from the installed package, as it is."""
    tool = Path(importlib.util.find_spec('mmseg').origin).parent / '.mim/tools/train.py'
    if not tool.is_file():
        pytest.skip('this mmseg comes without its tools')
    config = tmp_path / 'config.py'
    bases = [str(ROOT / CONFIG)]
    if not importlib.util.find_spec('pkg_resources') or not is_distributed('mmsegmentation'):
        # On these stacks the mends are needed before the config is read, see docs/compatibility.md.
        (tmp_path / 'mends.py').write_text("__import__('mmtips')\n")
        bases.insert(0, './mends.py')
    config.write_text(f'_base_ = {bases}\n')
    done = subprocess.run([sys.executable, tool, config, '--work-dir', tmp_path,
                           *on(data, 'train_cfg.max_iters=1', 'train_cfg.val_interval=1')], cwd=tmp_path,
                          env=dict(os.environ, OMP_NUM_THREADS='1', DOWNSAMPLER='tips'), capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'downsampling of ResNetV1c: left as it is: stem.0; TIPS: maxpool' in done.stdout + done.stderr
    assert (tmp_path / 'iter_1.pth').exists()


def test_checkpoint_of_another_downsampler(trained, data, fails):
    """Most operators have no parameters that would tell."""
    output = fails('test', CONFIG, trained[0] / 'iter_6.pth', '--work-dir', trained[0] / 'z', *on(data),
                   downsampler='blurpool')
    assert "was trained with downsampler=dict(type='TIPS'), and the config says downsampler=dict(type='Blur" in output


@pytest.mark.parametrize(('change', 'said'), [
    ("downsampler=dict(placement='before')", "says downsampler=dict(placement='before', type='TIPS'): take the config"),
    ("sites=dict(_delete_=True, stem_conv=dict(type='APS'))",
     "says downsampler=dict(type='TIPS'), sites=dict(stem_conv=dict(type='APS')): take the config"),
])
def test_checkpoint_of_other_operators_anywhere_in_the_model(trained, data, fails, tmp_path, change, said):
    (tmp_path / 'mine.py').write_text(f"_base_ = '{ROOT / CONFIG}'\nmodel = dict(backbone=dict({change}))\n")
    assert said in fails('test', tmp_path / 'mine.py', trained[0] / 'iter_6.pth', '--work-dir', tmp_path, *on(data))


def test_checkpoint_of_a_network_that_was_converted_by_a_hook(tmp_path, monkeypatch):
    """Neither a border nor a decode has parameters that would tell."""
    monkeypatch.setenv('DOWNSAMPLER', 'stock')
    config, path = Config.fromfile(ROOT / CONFIG), str(tmp_path / 'iter_1.pth')
    torch.save(dict(state_dict={}, meta=dict(cfg="custom_hooks = [dict(type='ExactEquivarianceHook')]\n")), path)
    config.update(resume=True, load_from=path, custom_hooks=[dict(type='CircularPaddingHook')])
    with pytest.raises(ValueError, match=r"custom_hooks: .* was trained with \['AlignedDecodeHook'\], and the "):
        cli.build_trainer(config)
    with pytest.raises(ValueError, match=r'was trained with'):
        cli.build_tester(config, path)
    torch.save(dict(state_dict={}, meta=dict(cfg='custom_hooks = [')), path)  # no config that can be read
    with pytest.raises(RuntimeError, match='is not a checkpoint of this EncoderDecoder'):
        cli.build_tester(config, path)


def test_a_training_does_not_go_on_from_another_downsampler(trained, data, fails):
    """The latest of the work dir, or the one that is named."""
    before = sorted(trained[0].glob('*.pth'))
    for resume in (['--resume'], ['--resume', trained[0] / 'iter_3.pth']):
        output = fails('train', CONFIG, '--work-dir', trained[0], *resume, *on(data), downsampler='blurpool')
        assert "was trained with downsampler=dict(type='TIPS'), and the config says downsampler=dict(" in output
    assert sorted(trained[0].glob('*.pth')) == before


def test_a_config_that_inherits_a_recipe_has_a_work_dir_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv('DOWNSAMPLER', 'aps')
    (tmp_path / 'mine.py').write_text(f"_base_ = '{ROOT / CONFIG}'\n")
    rest = dict(cfg_options=None, work_dir=None, launcher='none', local_rank=0)
    folders = [cli.load_config(argparse.Namespace(config=path, **rest)).work_dir
               for path in (ROOT / CONFIG, tmp_path / 'mine.py')]
    assert folders == [f'work_dirs/{Path(CONFIG).stem}/aps', 'work_dirs/mine/aps']


def configured(config, work_dir=None, **cfg_options):
    return cli.load_config(argparse.Namespace(config=config, cfg_options=cfg_options, work_dir=work_dir,
                                              launcher='none', local_rank=0))


@pytest.mark.parametrize('own', ['schedule_2k/first', 'runs/first'])
def test_a_work_dir_of_ones_own_stays_as_it_is(tmp_path, own):
    """Also where a part of it is called like a file that the recipe inherits."""
    (tmp_path / 'mine.py').write_text(f"_base_ = '{ROOT / CONFIG}'\nwork_dir = '{own}'\n")
    assert configured(tmp_path / 'mine.py').work_dir == own
    assert configured(ROOT / CONFIG, work_dir=own).work_dir == own
    assert cli.load_config(argparse.Namespace(config=ROOT / CONFIG, cfg_options=dict(work_dir=own), work_dir=None,
                                              launcher='none', local_rank=0)).work_dir == own


def test_workers_live_as_long_as_a_training():
    """Started for each epoch they would draw the same augmentation in each."""
    pytest.importorskip('mmpretrain.models')
    assert configured(ROOT / 'configs/resnet/resnet18_1xb256-20e_cifar10.py').train_dataloader.persistent_workers
    assert 'persistent_workers' not in configured(ROOT / CLS_CONFIG).train_dataloader  # which has no workers
    chosen = {'train_dataloader.num_workers': 2, 'train_dataloader.persistent_workers': False}
    assert configured(ROOT / CLS_CONFIG, **chosen).train_dataloader.persistent_workers is False


def test_a_recipe_is_called_by_the_operator_that_its_network_has(monkeypatch):
    monkeypatch.setenv('DOWNSAMPLER', 'tips')
    taps = configured(ROOT / CONFIG, **{'model.backbone.downsampler.taps': 4})
    assert cli.recipe_downsampler(taps) == dict(type='TIPS', taps=4)
    assert cli.recipe_name(taps) == f'{Path(CONFIG).stem}, TIPS(taps=4)'
    monkeypatch.setenv('DOWNSAMPLER', 'blurpool')
    assert cli.recipe_downsampler(configured(ROOT / 'configs/all_cnn/all-cnn-c-w16_1xb16-1k_scattered-digits-32x32.py')
                                  ) == dict(type='BlurPool')
    monkeypatch.delenv('DOWNSAMPLER')
    stock = configured(ROOT / CONFIG)
    assert (cli.recipe_downsampler(stock), cli.recipe_name(stock)) == (None, Path(CONFIG).stem)


def test_a_fine_tuning_that_is_told_to_resume_begins_with_what_it_names(tmp_path):
    config = Config(dict(work_dir=str(tmp_path), load_from='published.pth'))
    cli.resume_training(config)
    assert (config.resume, config.load_from) == (False, 'published.pth')
    cli.resume_training(config, 'named.pth')
    assert (config.resume, config.load_from) == (True, 'named.pth')
    (tmp_path / 'last_checkpoint').write_text('elsewhere/latest.pth')  # the work dir has been moved
    torch.save({}, tmp_path / 'latest.pth')
    cli.resume_training(config)
    assert (config.resume, config.load_from) == (True, str(tmp_path / 'latest.pth'))


def test_a_training_that_was_stopped_while_it_saved_goes_on(tmp_path):
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_500.pth'))  # removed for the next one, which is torn
    assert latest_checkpoint(str(tmp_path)) is None
    for number in (90, 100, 1000):
        torch.save(dict(x=torch.zeros(1000)), tmp_path / f'iter_{number}.pth')
    (tmp_path / 'iter_1000.pth').write_bytes((tmp_path / 'iter_1000.pth').read_bytes()[:-100])
    assert latest_checkpoint(str(tmp_path)) == str(tmp_path / 'iter_100.pth')
    with pytest.raises(ValueError, match=r'checkpoint: .*iter_1000.pth is not whole: remove it'):
        cli.build_tester(Config(), str(tmp_path / 'iter_1000.pth'))


@pytest.mark.parametrize(('recipe', 'expected'), [
    (CONFIG, (64, 64)), (CLS_CONFIG, (64, 64)), ('configs/resnet/resnet18_1xb256-20e_cifar10.py', (32, 32)),
    ('configs/resnet/resnet18_8xb32_in1k.py', (224, 224)),
    ('configs/deeplabv3plus/deeplabv3plus_r50-d8_4xb2-80k_cityscapes-512x1024.py', (512, 1024))])
def test_the_size_of_training_images(recipe, expected):
    assert cli.training_size(Config.fromfile(ROOT / recipe)) == expected


def test_where_a_size_is_said():
    resized = dict(type='Repeated', dataset=dict(pipeline=[dict(type='Resize', scale=(64, 32)), dict(type='Pack')]))
    assert cli.training_size(Config(dict(model={}, train_dataloader=dict(dataset=resized)))) == (32, 64)
    assert cli.training_size(Config(dict(model={}))) is None


def test_a_config_may_quote_itself(tmp_path):
    path = tmp_path / 'self.py'
    path.write_text("# python tools/train.py 'self.py'\n_base_ = './base.py'\n")
    (tmp_path / 'base.py').write_text("x = 'self.py'\n")
    assert list(cli.config_files(path)) == [path, tmp_path / 'base.py']


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_processes_need_gpus(fails):
    assert '--launcher: mmengine gives each process a GPU, and none is here' in fails(
        'train', CONFIG, '--launcher', 'pytorch')


def test_unknown_downsampler(fails):
    output = fails('train', CONFIG, downsampler='tipsy')
    assert "DOWNSAMPLER: expected one of ['aps', 'aps-exact', " in output
    assert "got 'tipsy'" in output


def test_too_large_a_shift(trained, data, fails):
    output = fails('eval_shift', CONFIG, trained[0] / 'iter_6.pth', '--max-shift', 64, '--work-dir',
                   trained[0] / 'y', *on(data))
    assert 'max_shift=64 is too large for images of 128 x 128' in output


@pytest.mark.parametrize('base', ["'mmseg::unet/x.py'", '["mmseg::unet/x.py"]', "['./other.py']"])
def test_config_of_a_missing_host(tmp_path, base):
    (tmp_path / 'config.py').write_text(f'_base_ = {base}\n')
    (tmp_path / 'other.py').write_text("_base_ = 'mmseg::unet/x.py'\n")
    code = ("import importlib.util as u; find = u.find_spec\n"
            "u.find_spec = lambda name, *a: None if name == 'mmseg' else find(name, *a)\n"
            "import argparse, pathlib; from mmtips import cli\n"
            f"cli.load_config(argparse.Namespace(config=pathlib.Path('{tmp_path}/config.py')))")
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert 'config.py needs mmseg, which is not installed: pip install mmsegmentation' in done.stderr


def test_an_evaluation_is_profiled(trained, data, here, tmp_path, capsys, monkeypatch):
    few = ('--pairs', '1', '--sampling-images', '1', '--examples', '1')
    monkeypatch.setattr('mmtips.benchmark.shares.DEMO_OPTIONS', few)
    here('profile_shares', '--out', tmp_path, 'evaluation', CONFIG, trained[0] / 'iter_6.pth', '--images', 2, *on(data))
    assert "the model's predictions are" in capsys.readouterr().out
    result = json.loads((tmp_path / 'profile-evaluation.json').read_text())
    row, = result['rows']
    assert row['condition'].startswith('2 images')
    assert row['name'] == 'TIPS'
    # Each of them was watched where it runs.
    assert min(row['parts'].values()) > 0
    assert row['parts']['network'] > row['parts']['rendering and placing views']
