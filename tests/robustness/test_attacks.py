# Copyright (c) mmtips authors. All rights reserved.
import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel, ImgDataPreprocessor
from mmengine.structures import BaseDataElement, PixelData
from torch import nn

from mmtips.robustness import Attack, Victim, attack_images
from mmtips.robustness.attacks import cross_entropy, random_start
from mmtips.robustness.victims import require_pixels, truths

pytest.importorskip('foolbox')
ALL = [Attack('FGSM', 4), Attack('PGD-linf', 4, steps=3), Attack('PGD-l2', 1.5, steps=3)]


class Linear(BaseModel):
    """Logits that are linear in the inputs, so that gradients are known; or whatever a test makes of them."""

    def __init__(self, classes=3, change=None):
        super().__init__(ImgDataPreprocessor(mean=[100., 110., 120.], std=[50., 60., 70.]))
        self.layer = nn.Linear(3 * 5 * 6, classes)
        self.change = change

    def forward(self, inputs, data_samples=None, mode='tensor'):
        logits = self.layer(inputs.flatten(1))
        return logits if self.change is None else self.change(logits)


def batch(model, count=4):
    images = [torch.randint(0, 256, (3, 5, 6), dtype=torch.uint8) for _ in range(count)]
    # What files were like before a resizing says nothing of where padding begins.
    samples = [BaseDataElement(gt_label=torch.tensor([n % 3]), metainfo=dict(img_shape=(2, 2))) for n in range(count)]
    data = model.data_preprocessor(dict(inputs=images, data_samples=samples))
    return torch.stack(images).float() / 255, data['inputs'], samples


def test_pixels_are_the_image_and_no_change_changes_nothing():
    model = Linear().eval()
    images, inputs, samples = batch(model)
    victim = Victim(model, inputs, (5, 6))
    torch.testing.assert_close(victim.pixels, images, atol=1e-6, rtol=0)
    assert torch.equal(victim.network_inputs(victim.pixels), inputs)  # to the last bit
    other = torch.rand_like(images)
    expected = model.data_preprocessor(dict(inputs=list(other * 255)))['inputs']
    torch.testing.assert_close(victim.network_inputs(other), expected, atol=1e-5, rtol=0)


def test_fgsm_is_the_sign_of_a_gradient_by_hand():
    model = Linear().eval()
    images, inputs, samples = batch(model)
    labels = truths(samples, (5, 6), (5, 6))
    victim = Victim(model, inputs, (5, 6))
    attacked = attack_images(Attack('FGSM', 8), victim, labels, range(4))
    # d CE / d inputs = W^T (softmax - onehot); the std is positive and changes no sign.
    error = model.layer(inputs.flatten(1)).softmax(1) - torch.eye(3)[labels]
    sign = (error @ model.layer.weight).sign().reshape(images.shape)
    torch.testing.assert_close(attacked, (images + 8 / 255 * sign).clamp(0, 1), atol=1e-6, rtol=0)


@pytest.mark.parametrize('attack', ALL, ids=lambda attack: attack.name)
def test_bounds_padding_and_what_is_left_alone(attack):
    model = Linear().eval()
    model.layer.bias.requires_grad_(False)
    _, inputs, samples = batch(model)
    before = copy.deepcopy(model.state_dict())
    victim = Victim(model, inputs, (4, 3))  # the rest is padding
    state = torch.get_rng_state()
    attacked = attack_images(attack, victim, truths(samples, (4, 3), (5, 6)), range(4))
    change = attacked - victim.pixels
    if attack.name == 'PGD-l2':
        sizes = change.flatten(1).norm(dim=1)
        assert sizes.max() <= 1.5 + 1e-5
        assert sizes.min() > 0.3
    else:
        assert 3.99 / 255 < change.abs().max() <= 4 / 255 + 1e-6
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert not change[:, :, 4:].any()
    assert not change[:, :, :, 3:].any()
    assert torch.equal(victim.network_inputs(attacked)[:, :, 4:], inputs[:, :, 4:])
    assert not attacked.requires_grad
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert [parameter.requires_grad for parameter in model.parameters()] == [True, False]


@pytest.mark.parametrize('attack', ALL, ids=lambda attack: attack.name)
def test_an_image_is_attacked_alike_in_any_batch(attack):
    model = Linear().eval()
    _, inputs, samples = batch(model)
    labels = truths(samples, (5, 6), (5, 6))
    together = attack_images(attack, Victim(model, inputs, (5, 6)), labels, range(4))
    alone = torch.cat([attack_images(attack, Victim(model, inputs[n:n + 1], (5, 6)), labels[n:n + 1], [n])
                       for n in range(4)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


@pytest.mark.parametrize('name', ['PGD-linf', 'PGD-l2'])
def test_starts_are_uniform_in_the_ball_and_differ_by_image_and_seed(name):
    starts = [random_start(Attack(name, 1), (3, 8, 8), index) for index in range(100)]
    assert len({start.sum().item() for start in starts}) == 100
    assert not torch.equal(starts[0], random_start(Attack(name, 1, seed=1), (3, 8, 8), 0))
    assert torch.equal(starts[5], random_start(Attack(name, 1), (3, 8, 8), 5))
    if name == 'PGD-linf':
        assert torch.stack(starts).std().item() == pytest.approx(1 / 255 / 3**0.5, rel=0.02)
    else:  # in a ball of two dimensions a quarter of the points lies within half the radius
        near = [random_start(Attack(name, 1), (2, 1, 1), index).norm().item() < 0.5 for index in range(1000)]
        assert sum(near) == pytest.approx(250, abs=45)


def test_the_loss_by_hand():
    logits = torch.zeros(2, 2, 1, 3)
    logits[0, 1] = torch.tensor([1., 2., 3.])
    labels = torch.tensor([[[0, 1, 9]], [[9, 9, 9]]])  # 9 is ignored; the second image has no truth
    one, two = 1 + torch.tensor(-1.).exp().log1p(), torch.tensor(-2.).exp().log1p()
    torch.testing.assert_close(cross_entropy(logits, labels, 9), (one + two) / 2)
    torch.testing.assert_close(cross_entropy(torch.zeros(3, 4), torch.tensor([0, 1, 2]), 9), 3 * torch.tensor(4.).log())
    labels[labels == 9] = 7  # no class either
    torch.testing.assert_close(cross_entropy(logits, labels, 9), (one + two) / 2)


def test_an_image_without_truth_is_left_alone():
    model = Linear(change=lambda logits: logits[..., None, None].expand(-1, -1, 5, 6)).eval()
    _, inputs, samples = batch(model)
    labels = torch.zeros(4, 5, 6).long()
    labels[1] = 255
    victim = Victim(model, inputs, (5, 6))
    change = attack_images(Attack('FGSM', 8), victim, labels, range(4)) - victim.pixels
    assert [bool(image.any()) for image in change] == [True, False, True, True]


@pytest.mark.parametrize(('name', 'epsilons'), [('FGSM', (0, 4, 16, 48)), ('PGD-linf', (0, 4, 24)),
                                                ('PGD-l2', (0, 1, 6))])
def test_the_score_falls_with_epsilon_and_begins_at_the_clean_one(tested, name, epsilons):
    clean, metrics = tested()
    assert clean > 70
    tests = [tested(attack=name, epsilon=epsilon, steps=3) for epsilon in epsilons]
    assert tests[0][1] == metrics  # all of them, to the last digit
    scores = [score for score, _ in tests]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < clean - 10


def test_pgd_is_stronger_than_fgsm_and_batches_do_not_matter(tested):
    fgsm, pgd = (tested(attack=name, epsilon=8)[0] for name in ('FGSM', 'PGD-linf'))
    assert pgd <= fgsm
    assert tested(attack='PGD-linf', epsilon=8, batch_size=7)[0] == pytest.approx(pgd, abs=1.7)


@pytest.mark.parametrize(('change', 'message'), [
    (lambda logits: (logits, logits), 'gives no logits .* but tuple: models that classify masks'),
    (lambda logits: logits[:, :1], 'has one output for two classes'),
])
def test_models_that_are_refused(change, message):
    model = Linear(change=change).eval()
    _, inputs, samples = batch(model)
    with pytest.raises(TypeError, match=message):
        attack_images(ALL[0], Victim(model, inputs, (5, 6)), truths(samples, (5, 6), (5, 6)), range(4))


def test_segmentors_that_are_refused():
    model = Linear().eval()
    _, inputs, samples = batch(model)
    model.test_cfg = Config(dict(mode='slide'))
    with pytest.raises(TypeError, match=r"predicts by slide.*set model.test_cfg.mode='whole'"):
        Victim(model, inputs, (5, 6))
    del model.test_cfg
    model.decode_head = nn.Module()
    model.decode_head.num_queries = 100
    with pytest.raises(TypeError, match='classifies masks: it has no logits of pixels'):
        Victim(model, inputs, (5, 6))
    model.decode_head = nn.ModuleList([nn.Module(), type('PointHead', (nn.Module, ), {})()])
    with pytest.raises(TypeError, match='Linear refines its prediction at points'):
        Victim(model, inputs, (5, 6))


def test_images_that_were_normalised_elsewhere():
    model = Linear().eval()
    _, inputs, samples = batch(model)
    with pytest.raises(ValueError, match='expected values from 0 to 255 once the mean and std .* are undone'):
        Victim(model, inputs * 2, (5, 6))


def test_padding_has_no_truth():
    sample = BaseDataElement(gt_sem_seg=PixelData(data=torch.ones(1, 4, 3).long()))
    expected = torch.full((5, 6), 9)
    expected[:4, :3] = 1
    assert torch.equal(truths([sample], (4, 3), (5, 6), 9), expected[None])


def test_images_of_an_unknown_range_are_refused():
    known, plain = Linear(), Linear()
    plain.data_preprocessor = ImgDataPreprocessor()
    whole, share = (dict(inputs=[torch.zeros(3, 5, 6, dtype=kind)]) for kind in (torch.uint8, torch.float32))
    for model, images in ((known, whole), (known, share), (plain, whole)):
        require_pixels(model, images)
    with pytest.raises(ValueError, match=r'inputs: expected uint8, or a data preprocessor with mean and std, got '):
        require_pixels(plain, share)


def test_samples_without_a_label():
    with pytest.raises(ValueError, match='attacks need the truth'):
        truths([BaseDataElement()], (5, 6), (5, 6))


@pytest.mark.parametrize(('options', 'message'), [
    (('CW', 1), "attack: expected one of .* got 'CW'"), (('FGSM', -1), 'epsilon: .* got -1'),
    (('FGSM', float('nan')), 'epsilon: .* got nan'), (('PGD-l2', 1, 0), 'steps: expected at least 1, got 0')])
def test_attacks_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Attack(*options)
