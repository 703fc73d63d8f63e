# Copyright (c) mmtips authors. All rights reserved.
"""Networks that nobody ships: every way in which a map can be read, shared, kept and given on."""

import pytest
import torch
from torch import nn

from mmtips.downsampling import Downsampler
from mmtips.surgery import convert_downsampling, find_sites

SUBSAMPLE = dict(type='StridedConv')  # at its start the converted network computes what the network did


def conv(channels, outputs=4, kernel=3, stride=2):
    return nn.Conv2d(channels, outputs, kernel, stride, kernel // 2)


class Net(nn.Module):
    """A convolution of the image, and what a subclass makes of it."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.norm, self.relu, self.last = nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 1)
        self.main, self.skip, self.next = conv(4), conv(4, kernel=1), conv(4)

    def forward(self, x):
        return self.body(self.stem(x))


class Add(nn.Module):

    def forward(self, x, y):
        return x + y


class ReturnsTheMapItHandsOn(Net):

    def body(self, x):
        x = self.relu(self.norm(self.main(x)))
        return x, self.last(x)


class KeepsAMapThatIsChangedInPlace(Net):

    def body(self, x):
        x = self.main(x)
        kept = [x]
        return (*kept, self.last(self.relu(x)))


class AddsToAMapThatIsChangedInPlace(Net):

    def body(self, x):
        x = self.main(x)
        return x + self.last(self.relu(x))


class AddsInAHelper(Net):

    def __init__(self):
        super().__init__()
        self.add = Add()

    def body(self, x):
        return self.last(self.add(self.main(x), self.skip(x)))


class ReadsAMapTwice(Net):

    def __init__(self):
        super().__init__()
        self.add = Add()

    def body(self, x):
        x = self.norm(self.main(x))
        return self.last(self.add(x, x))


class KnowsItsSize(Net):

    def __init__(self):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(1, 4, 16, 16))

    def body(self, x):
        return self.last(self.main(x) + self.positions)


class NormsTheWholeMap(Net):

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm([4, 16, 16])

    def body(self, x):
        return self.last(self.norm(self.main(x)))


class LooksAtTheSize(Net):

    def body(self, x):
        x = self.main(x)
        rows, columns = x.shape[-2:]
        return self.norm(x).flatten(2).transpose(1, 2).reshape(len(x), rows, columns, 4)


class GivesATuple(Net):

    class Pair(nn.Module):

        def __init__(self):
            super().__init__()
            self.main = conv(4)

        def forward(self, x):
            return self.main(x), {'size': x.shape}

    def __init__(self):
        super().__init__()
        self.pair = self.Pair()

    def body(self, x):
        return self.pair(x)[0]


class HasADownsamplerOfItsOwn(Net):

    def __init__(self):
        super().__init__()
        self.last.downsampler = nn.Conv2d(4, 4, 1)

    def body(self, x):
        return self.last.downsampler(self.last(self.main(x)))


class SpectralNorm(Net):

    def __init__(self):
        super().__init__()
        self.main = nn.utils.parametrizations.spectral_norm(self.main)

    def body(self, x):
        return self.last(self.main(x))


class TakesASecondMap(Net):

    class Block(nn.Module):

        def __init__(self):
            super().__init__()
            self.main, self.skip = conv(4), conv(4, kernel=1)

        def forward(self, x, condition):
            return self.main(x) + self.skip(x) * condition

    def __init__(self):
        super().__init__()
        self.block = self.Block()

    def body(self, x):
        return self.last(self.block(x, x.mean((2, 3), keepdim=True)))


class TwoBlocksInOne(Net):

    def __init__(self):
        super().__init__()
        self.second, self.second_skip = conv(4), conv(4, kernel=1)

    def body(self, x):
        x = self.relu(self.main(x) + self.skip(x))
        return self.second(x) + self.second_skip(x)


class SharesAConvolution(Net):

    def body(self, x):
        return self.last(self.main(self.main(x)))


class TheSameModuleTwice(nn.Sequential):

    def __init__(self):
        shared = conv(4)
        super().__init__(nn.Conv2d(3, 4, 1), shared, nn.ReLU(), shared, nn.Conv2d(4, 2, 1))


class LaterBranchRunsFirst(Net):

    def body(self, x):
        main, skip = self.main(x), self.next(x)
        return self.norm(skip) + self.last(main)


NETS = [ReturnsTheMapItHandsOn, KeepsAMapThatIsChangedInPlace, AddsToAMapThatIsChangedInPlace, AddsInAHelper,
        ReadsAMapTwice, KnowsItsSize, NormsTheWholeMap, LooksAtTheSize, GivesATuple, HasADownsamplerOfItsOwn,
        SpectralNorm, TakesASecondMap, TwoBlocksInOne, SharesAConvolution, TheSameModuleTwice, LaterBranchRunsFirst]


@pytest.mark.parametrize('kind', NETS, ids=lambda kind: kind.__name__)
def test_any_way_of_reading_a_map(kind):
    """Subsampling after the convolution at stride 1 is the strided convolution, wherever the operator went."""
    stock, converted = kind().eval(), kind().eval()
    x = torch.randn(2, 3, 32, 32)
    convert_downsampling(converted, SUBSAMPLE, image=x)
    assert any(isinstance(module, Downsampler) for module in converted.modules())
    converted.load_state_dict(stock.state_dict(), strict=False)
    with torch.no_grad():
        for ours, theirs in zip(converted(x), stock(x), strict=True):
            torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize('kind', [AddsInAHelper, TakesASecondMap, TwoBlocksInOne, LaterBranchRunsFirst],
                         ids=lambda kind: kind.__name__)
def test_branches_share_their_phase(kind):
    """The mean of the output stays under circular shifts, which it does not where branches choose apart."""
    net = kind().eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d) and module.padding != (0, 0):
            module.padding_mode, module.padding = 'circular', (1, 1)
            module._reversed_padding_repeated_twice = [1, 1, 1, 1]
    convert_downsampling(net, dict(type='APS'))
    x = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        still, moved = net(x), net(x.roll((1, 3), (-2, -1)))
    torch.testing.assert_close(moved.mean((-2, -1)), still.mean((-2, -1)))


def test_two_blocks_in_one_forward_choose_for_themselves():
    net = TwoBlocksInOne()
    assert {site.strided: site.block for site in find_sites(net)} == {
        'main': 'main', 'skip': 'main', 'second': 'second', 'second_skip': 'second'}


class TestPools:

    def test_one_pool_for_maps_of_different_channels(self):

        class Tutorial(nn.Module):

            def __init__(self):
                super().__init__()
                self.first, self.second, self.pool = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)

            def forward(self, x):
                return self.pool(self.second(self.pool(self.first(x))))

        with pytest.raises(ValueError, match='pool: it runs several times, on maps of different channels: use'):
            convert_downsampling(Tutorial(), dict(type='TIPS'))

    def test_one_pool_at_two_places(self):
        pool = nn.MaxPool2d(2)
        net = nn.Sequential(nn.Conv2d(3, 4, 1), pool, nn.Conv2d(4, 4, 1), pool)
        convert_downsampling(net, dict(type='AvgPool'))
        assert not isinstance(net[1], nn.MaxPool2d)
        assert net[3] is net[1]

    def test_a_network_without_parameters(self):
        net = nn.Sequential(nn.AvgPool2d(2))
        convert_downsampling(net, dict(type='BlurPool'))
        assert net(torch.randn(1, 3, 8, 8)).shape == (1, 3, 4, 4)

    def test_indices(self):
        with pytest.raises(ValueError, match='0: MaxPool2d.* returns indices, which no operator has: leave it'):
            convert_downsampling(nn.Sequential(nn.MaxPool2d(2, return_indices=True)), dict(type='TIPS'))


def test_an_input_that_does_not_come_from_the_image():

    class Constant(nn.Module):

        def __init__(self):
            super().__init__()
            self.map, self.main = nn.Parameter(torch.randn(1, 4, 8, 8)), conv(4)

        def forward(self, x):
            return x[..., :4, :4].mean() + self.main(self.map)

    with pytest.raises(ValueError, match='main: what it reads could not be traced to the image: leave it as it is'):
        convert_downsampling(Constant(), dict(type='TIPS'), dict(stem_conv=dict(type='TIPS')))


def test_a_forward_that_runs_its_children_in_a_loop():
    """Here the operator would run twice: the sizes are compared at the end."""

    class Children(nn.Module):

        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

        def forward(self, x):
            y = x
            for child in self.children():
                y = child(y)
            return x.mean() + y

    net = nn.Sequential(nn.Conv2d(3, 4, 1), conv(4), Children())
    with pytest.raises(ValueError, match='Sequential: with its operators it gives maps of .* leave the site'):
        convert_downsampling(net, dict(type='BlurPool'))
