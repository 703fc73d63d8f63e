# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch

from mmtips.downsampling import TIPS
from mmtips.evaluation import ShiftProtocol, draw_shifts
from mmtips.evaluation.exhibits import flicker_exhibits, mixing_layers
from tests.evaluation.toys import make_runner

CIRCULAR = ShiftProtocol('circular', 3)


def loop_of(tmp_path, kind, **options):
    runner = make_runner(tmp_path, kind, **options)
    runner.test()
    return runner.test_loop


def test_examples_count_where_pairs_differ(tmp_path):
    loop = loop_of(tmp_path, 'position')
    examples, none = flicker_exhibits(loop, [0, 2], [], CIRCULAR)
    assert none == []
    assert sorted(examples) == [0, 2]
    columns = draw_shifts(CIRCULAR, 2, (24, 32)).view(-1, 2, 2)[..., 1]
    expected = sum(((torch.arange(32) + a) % 32 % 3 != (torch.arange(32) + b) % 32 % 3).long() for a, b in columns)
    assert torch.equal(examples[2]['differ'], expected.expand(24, 32))
    assert examples[2]['seen'].unique().tolist() == [5]
    assert examples[2]['image'].shape == (3, 24, 32)
    assert examples[2]['truth'].shape == (24, 32)


def test_the_gallery_begins_with_what_flickers_most(tmp_path):
    loop = loop_of(tmp_path, 'position')
    shares = {int(record['index']): (record['circular'][0, 0] / record['circular'][0, 1]).item()
              for record in loop.metric.records}
    chosen = loop.metric.flickering('circular', 3)
    assert chosen == sorted(shares, key=shares.get)[:3]
    views = []
    hook = loop.runner.model.register_forward_pre_hook(lambda _, args: views.append(len(args[0])))
    examples, gallery = flicker_exhibits(loop, chosen[:1], chosen, CIRCULAR)
    hook.remove()
    assert sum(views) == 3 * 10  # the image that is in both is predicted once
    assert [entry['index'] for entry in gallery] == chosen
    entry = gallery[0]
    agreement = (entry['prediction_a'] == entry['prediction_b']).double().mean().item() * 100
    assert entry['agreement'] == pytest.approx(agreement)
    assert entry['image'] == f'image {chosen[0]}'
    moved = entry['view_a'].roll([-int(part) for part in entry['shifts'][0]], (1, 2))
    assert torch.equal(moved, examples[chosen[0]]['image'])
    assert entry['labels'] is None


def test_what_never_flickers_is_no_exhibit(tmp_path):
    assert loop_of(tmp_path, 'pixel').metric.flickering('standard', 3) == []


def test_the_gallery_of_a_classifier_names_the_labels(tmp_path):
    loop = loop_of(tmp_path, 'position', task='classification')
    _, (entry, ) = flicker_exhibits(loop, [], loop.metric.flickering('standard', 1), ShiftProtocol('standard', 3))
    assert entry['prediction_a'] is entry['truth'] is None
    assert entry['labels']['a'] != entry['labels']['b']
    assert entry['labels']['truth'] == ('background', 'bright', 'brighter')[entry['index'] % 3]
    assert entry['agreement'] == 0
    assert entry['view_a'].shape == (3, 18, 26)


def test_layers_are_spread_over_the_depth(tmp_path):
    loop = loop_of(tmp_path, 'pixel')
    model = loop.runner.model
    model.layers = torch.nn.ModuleList(TIPS(3) for _ in range(5))
    labels = model.labels

    def forward(x):
        for layer in model.layers:
            layer(x)
        return labels(x)

    model.labels = forward
    layers = mixing_layers(loop, 0)
    assert [layer['path'] for layer in layers] == ['layers.0', 'layers.2', 'layers.4']
    assert layers[0]['features'].shape == (3, 24, 32)
    torch.testing.assert_close(layers[1]['weights'].sum(1), torch.ones(3))
    assert not model.layers[0]._forward_pre_hooks
    del model.layers
    model.labels = labels
    assert mixing_layers(loop, 0) == []
